"""The layers of Inception-v3 as slim builds it."""

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.layout import Axis, Layout

EPSILON = 0.001  # of batch norm, Inception-v4's too
# The stem: name, kernel, stride, padding, filters (0: max pooling).
STEM = (
    ("Conv2d_1a_3x3", 3, 2, "valid", 32),
    ("Conv2d_2a_3x3", 3, 1, "valid", 32),
    ("Conv2d_2b_3x3", 3, 1, "same", 64),
    ("MaxPool_3a_3x3", 3, 2, "valid", 0),
    ("Conv2d_3b_1x1", 1, 1, "valid", 80),
    ("Conv2d_4a_3x3", 3, 1, "valid", 192),
    ("MaxPool_5a_3x3", 3, 2, "valid", 0),
)


def _conv(name, kernel, filters, stride=1):
    return name, kernel, filters, stride, "same" if stride == 1 else "valid"


def _block_35(pool, one="Conv2d_0a_1x1", five="Conv2d_0b_5x5"):
    return (
        (_conv("Conv2d_0a_1x1", 1, 64),),
        (_conv(one, 1, 48), _conv(five, 5, 64)),
        (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96), _conv("Conv2d_0c_3x3", 3, 96)),
        ("average", _conv("Conv2d_0b_1x1", 1, pool)),
    )


def _block_17(width):
    return (
        (_conv("Conv2d_0a_1x1", 1, 192),),
        (
            _conv("Conv2d_0a_1x1", 1, width),
            _conv("Conv2d_0b_1x7", (1, 7), width),
            _conv("Conv2d_0c_7x1", (7, 1), 192),
        ),
        (
            _conv("Conv2d_0a_1x1", 1, width),
            _conv("Conv2d_0b_7x1", (7, 1), width),
            _conv("Conv2d_0c_1x7", (1, 7), width),
            _conv("Conv2d_0d_7x1", (7, 1), width),
            _conv("Conv2d_0e_1x7", (1, 7), 192),
        ),
        ("average", _conv("Conv2d_0b_1x1", 1, 192)),
    )


def _block_8(second):
    return (
        (_conv("Conv2d_0a_1x1", 1, 320),),
        (_conv("Conv2d_0a_1x1", 1, 384), (_conv("Conv2d_0b_1x3", (1, 3), 384), _conv(second, (3, 1), 384))),
        (
            _conv("Conv2d_0a_1x1", 1, 448),
            _conv("Conv2d_0b_3x3", 3, 384),
            (_conv("Conv2d_0c_1x3", (1, 3), 384), _conv("Conv2d_0d_3x1", (3, 1), 384)),
        ),
        ("average", _conv("Conv2d_0b_1x1", 1, 192)),
    )


# Block -> branches -> layers in order. "average" and "max" pool; a tuple of layers in a tuple is a fork whose
# outputs are joined. slim's layer names are irregular; checkpoints use them, so they stay.
BLOCKS = {
    "Mixed_5b": _block_35(32),
    "Mixed_5c": _block_35(64, "Conv2d_0b_1x1", "Conv_1_0c_5x5"),
    "Mixed_5d": _block_35(64),
    "Mixed_6a": (
        (_conv("Conv2d_1a_1x1", 3, 384, 2),),
        (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96), _conv("Conv2d_1a_1x1", 3, 96, 2)),
        ("max",),
    ),
    "Mixed_6b": _block_17(128),
    "Mixed_6c": _block_17(160),
    "Mixed_6d": _block_17(160),
    "Mixed_6e": _block_17(192),
    "Mixed_7a": (
        (_conv("Conv2d_0a_1x1", 1, 192), _conv("Conv2d_1a_3x3", 3, 320, 2)),
        (
            _conv("Conv2d_0a_1x1", 1, 192),
            _conv("Conv2d_0b_1x7", (1, 7), 192),
            _conv("Conv2d_0c_7x1", (7, 1), 192),
            _conv("Conv2d_1a_3x3", 3, 192, 2),
        ),
        ("max",),
    ),
    "Mixed_7b": _block_8("Conv2d_0b_3x1"),
    "Mixed_7c": _block_8("Conv2d_0c_3x1"),
}

REDUCTIONS = ("Mixed_6a", "Mixed_7a")


class InceptionV3Layout(Layout):
    """Sizes of Inception-v3's features.

    Args:
        final_endpoint: the last block, Mixed_5b to Mixed_7c.
    """

    masks = False  # the reference knows pictures of one size

    def __init__(self, final_endpoint: str):
        self.final_endpoint = final_endpoint

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        h, w = self._side(height), self._side(width)
        if h < 1 or w < 1:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for "
                f"--final_endpoint={self.final_endpoint}; use larger pictures or an earlier endpoint"
            )
        return h, w

    @property
    def cells(self) -> tuple[int, int]:
        first, stride = 0, 1
        for _, kernel, step, padding, _ in STEM:
            first += (kernel - 1) // 2 * stride if padding == "valid" else 0
            stride *= step
        for block in blocks_to(self.final_endpoint):
            if block in REDUCTIONS:
                first, stride = first + stride, 2 * stride
        return first, stride

    @property
    def spacing(self) -> tuple[Axis, Axis]:
        first, stride = self.cells
        return (first + 0.5, stride), (first + 0.5, stride)

    def _side(self, side: int) -> int:
        side = stem_side(STEM, side)
        for block in blocks_to(self.final_endpoint):
            side = (side - 3) // 2 + 1 if block in REDUCTIONS else side
        return side


def blocks_to(final_endpoint: str) -> list[str]:
    """The names of the blocks up to the last one."""
    names = list(BLOCKS)
    return names[: names.index(final_endpoint) + 1]


def stem_side(layers, side):
    """Rows or columns of `side` pixels after layers of the stem."""
    for _, kernel, stride, padding, _ in layers:
        side = (side - kernel) // stride + 1 if padding == "valid" else side
    return side


def convolutions_of(step):
    """The convolutions of a branch's step: one, a fork's several, or none for a pooling."""
    if isinstance(step, str):
        return ()
    return step if isinstance(step[0], tuple) else (step,)
