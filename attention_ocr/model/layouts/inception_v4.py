"""The layers of Inception-v4 as arXiv 1912.04561 cuts it: 8 pixels from cell to cell."""

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.layout import Layout

AVERAGE, MAXIMUM = "average", "maximum"
SMALLEST = 16  # pixels of a side: two cells


def _conv(name, kernel, filters, stride=1):
    return name, kernel, filters, stride


def _average(name):
    return name, 3, AVERAGE, 1


def _maximum(name, stride):
    return name, 3, MAXIMUM, stride


# Name, kernel or window, filters or which pooling, stride; all padding is "same".
STEM = (
    _conv("Conv2d_1a_3x3", 3, 32, 2),
    _conv("Conv2d_2a_3x3", 3, 32),
    _conv("Conv2d_2b_3x3", 3, 64),
)

BLOCK_A = (
    (_conv("Conv2d_0a_1x1", 1, 96),),
    (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96)),
    (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96), _conv("Conv2d_0c_3x3", 3, 96)),
    (_average("AvgPool_0a_3x3"), _conv("Conv2d_0b_1x1", 1, 96)),
)

BLOCK_B = (
    (_conv("Conv2d_0a_1x1", 1, 384),),
    (
        _conv("Conv2d_0a_1x1", 1, 192),
        _conv("Conv2d_0b_1x7", (1, 7), 224),
        _conv("Conv2d_0c_7x1", (7, 1), 256),
    ),
    (
        _conv("Conv2d_0a_1x1", 1, 192),
        _conv("Conv2d_0b_7x1", (7, 1), 192),
        _conv("Conv2d_0c_1x7", (1, 7), 224),
        _conv("Conv2d_0d_7x1", (7, 1), 224),
        _conv("Conv2d_0e_1x7", (1, 7), 256),
    ),
    (_average("AvgPool_0a_3x3"), _conv("Conv2d_0b_1x1", 1, 128)),
)

# Block -> branches -> layers in order; the names are slim's, which checkpoints use.
BLOCKS = {
    "Mixed_3a": ((_maximum("MaxPool_0a_3x3", 2),), (_conv("Conv2d_0a_3x3", 3, 96, 2),)),
    "Mixed_4a": (
        (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_1a_3x3", 3, 96)),
        (
            _conv("Conv2d_0a_1x1", 1, 64),
            _conv("Conv2d_0b_1x7", (1, 7), 64),
            _conv("Conv2d_0c_7x1", (7, 1), 64),
            _conv("Conv2d_1a_3x3", 3, 96),
        ),
    ),
    "Mixed_5a": ((_conv("Conv2d_1a_3x3", 3, 192, 2),), (_maximum("MaxPool_1a_3x3", 2),)),
    **{f"Mixed_5{letter}": BLOCK_A for letter in "bcde"},
    # A stride of 1 here, and "same" above: arXiv 1912.04561. slim has 2, and "valid" wherever sizes change.
    "Mixed_6a": (
        (_conv("Conv2d_1a_3x3", 3, 384),),
        (_conv("Conv2d_0a_1x1", 1, 192), _conv("Conv2d_0b_3x3", 3, 224), _conv("Conv2d_1a_3x3", 3, 256)),
        (_maximum("MaxPool_1a_3x3", 1),),
    ),
    **{f"Mixed_6{letter}": BLOCK_B for letter in "bcdefgh"},
}
LAST = "Mixed_6h"
STRIDE = 8  # pixels from cell to cell


class InceptionV4Layout(Layout):
    """Sizes of Inception-v4's features."""

    masks = True
    multiple = (STRIDE, STRIDE)
    least = (SMALLEST, SMALLEST)
    # Of an even number of cells, "same" pads none at the left: a stride of 2 looks around the second of each two,
    # so the first cell is at 1 + 2 + 4. Sides that are no multiples of 8 are off by a few pixels.
    cells = (7, STRIDE)
    spacing = ((7.5, STRIDE), (7.5, STRIDE))

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        if min(height, width) < SMALLEST:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for --encoder=inception_v4, which "
                f"needs {SMALLEST} x {SMALLEST}; use larger pictures"
            )
        return -(-height // STRIDE), -(-width // STRIDE)
