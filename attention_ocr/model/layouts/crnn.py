"""The layers of the convolutions over a line of text, columns four pixels apart: CRNN's, and those of two relatives."""

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.layout import Axis, Layout

EPSILON = 1e-5  # of batch norm
POOL, WIDE_POOL = "pool", "wide_pool"  # the second one's windows overlap by a column and reach over both sides
# Filters, kernel, padding, batch norm; or a pooling with its window, which is its stride too.
LAYERS = {
    # Shi et al. 2015, arXiv 1507.05717, table 1 from the bottom.
    "crnn": (
        (64, 3, "same", False),
        (POOL, (2, 2)),
        (128, 3, "same", False),
        (POOL, (2, 2)),
        (256, 3, "same", False),
        (256, 3, "same", False),
        (POOL, (2, 1)),
        (512, 3, "same", True),
        (512, 3, "same", True),
        (POOL, (2, 1)),
        (512, 2, "valid", False),
    ),
    # Guo and Deng's Attention-OCR, which slides it over the word.
    "sliding": (
        (64, 3, "same", False),
        (POOL, (2, 2)),
        (128, 3, "same", False),
        (POOL, (2, 2)),
        (256, 3, "same", True),
        (256, 3, "same", False),
        (POOL, (2, 1)),
        (512, 3, "same", True),
        (512, 3, "same", False),
        (POOL, (2, 1)),
        (512, 2, "valid", True),
    ),
    # The PyTorch attention OCR for Chinese lines.
    "wide_crnn": (
        (64, 3, "same", False),
        (POOL, (2, 2)),
        (128, 3, "same", False),
        (POOL, (2, 2)),
        (256, 3, "same", True),
        (256, 3, "same", False),
        (WIDE_POOL, (2, 1)),
        (512, 3, "same", True),
        (512, 3, "same", False),
        (WIDE_POOL, (2, 1)),
        (512, 2, "valid", True),
    ),
}


class CrnnLayout(Layout):
    """Sizes of CRNN's features.

    Args:
        kind: which of LAYERS.
    """

    masks = True
    least = (32, 8)
    cells = None  # rows and columns are spaced differently

    def __init__(self, kind: str):
        self.layers = LAYERS[kind]

    @property
    def spacing(self) -> tuple[Axis, Axis]:
        wide = sum(layer[0] == WIDE_POOL for layer in self.layers)  # each adds half a column on either side
        return (16, 16), (4 - 2 * wide, 4)

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        h, w = height, width
        for layer in self.layers:
            h, w = side_after(h, layer, 0), side_after(w, layer, 1)
        if h < 1 or w < 1:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for these convolutions, which need "
                f"{self.least[0]} x {self.least[1]}; make records with a larger --image_height"
            )
        return h, w


def side_after(side, layer, axis):
    """Rows (axis 0) or columns (axis 1) after a layer."""
    if layer[0] == WIDE_POOL and axis == 1:
        return side + 1
    if layer[0] in (POOL, WIDE_POOL):
        return side // layer[1][axis]
    return side - layer[1] + 1 if layer[2] == "valid" else side
