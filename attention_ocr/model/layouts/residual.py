"""The stages of the residual encoder."""

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.layout import Layout

# For each stage: the features' channels divided by its own, its blocks, and its stride (down, across).
STAGES = ((8, 1, (1, 1)), (4, 2, (2, 2)), (2, 2, (2, 1)), (1, 2, (2, 1)))
EPSILON = 1e-5  # of batch norm
STRIDE = (16, 4)  # pixels from one row of features to the next, from one column to the next


class ResidualLayout(Layout):
    """Sizes of the residual encoder's features."""

    masks = True
    cells = None  # rows and columns are spaced differently
    # A "same" convolution of stride 2 looks around the second of each two pixels; rows lie between that and shortcuts.
    spacing = ((12, 16), (3.5, 4))
    multiple = STRIDE
    least = STRIDE

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        if height < STRIDE[0] or width < STRIDE[1]:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for --encoder=residual, which "
                f"needs {STRIDE[0]} x {STRIDE[1]}; make records with a larger --image_height"
            )
        return -(-height // STRIDE[0]), -(-width // STRIDE[1])
