"""LCNetV4's layers and those of PP-OCRv6's neck, in three sizes."""

from dataclasses import dataclass

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.layout import Axis, Layout

STRIDE = (16, 4)  # pixels from one row of features to the next, from one column to the next
# Pixels of a line that the network with the neck sees at least: what is missing on the right is grey, and its columns
# are read too. It learned from lines padded to 320. Of ICDAR 2015's training words it reads 84.7% so, 83.4% without.
LEAST_LINE = 128


@dataclass(frozen=True)
class Block:
    """A depthwise 3 x 3 convolution, maybe squeeze and excitation, and a 1 x 1 convolution to twice as many channels
    and back, beside a shortcut where its input has the shape of its output.

    Attributes:
        before: channels of its input.
        channels: of its output.
        down: stride of the rows; the columns' is 1.
        excites: whether it has squeeze and excitation.
    """

    before: int
    channels: int
    down: int
    excites: bool

    @property
    def has_shortcut(self) -> bool:
        return self.down == 1 and self.before == self.channels


@dataclass(frozen=True)
class LightSvtr:
    """A neck of transformer blocks over columns (after SVTR, arXiv 2205.00159) beside a linear layer.

    Attributes:
        channels: C of its output.
        widened: channels between the two layers of a block's perceptron.
        blocks, heads: of attention.
    """

    channels: int
    widened: int
    blocks: int = 2
    heads: int = 8


@dataclass(frozen=True)
class Guide:
    """A neck of two convolutions over columns and a linear layer to `channels`."""

    channels: int


@dataclass(frozen=True)
class Size:
    """How large a network is.

    Attributes:
        branches: whether the stem is a branching one, or two convolutions.
        stem: its channels, inside and after it.
        stages: of each one the channels and, a letter a block, which ones excite (`e`) and which do not (`-`). Stages
            after the first two begin with half as many rows.
        neck: what makes one row of columns of its features.
    """

    branches: bool
    stem: tuple[int, int]
    stages: tuple[tuple[int, str], ...]
    neck: LightSvtr | Guide

    @property
    def blocks(self) -> list[Block]:
        found, before = [], self.stem[1]
        for stage, (channels, excites) in enumerate(self.stages):
            for number, letter in enumerate(excites):
                found.append(Block(before, channels, 2 if stage > 1 and number == 0 else 1, letter == "e"))
                before = channels
        return found

    @property
    def channels(self) -> int:
        """C of the features before the neck."""
        return self.stages[-1][0]


SIZES = {
    "tiny": Size(False, (24, 48), ((48, "e"), (48, "-"), (96, "-e-"), (160, "-e--")), Guide(80)),
    "small": Size(True, (48, 96), ((96, "e"), (96, "--"), (192, "-e-e-e-"), (384, "-e-")), LightSvtr(120, 240)),
    "medium": Size(True, (64, 128), ((128, "e"), (256, "--e"), (512, "-e-e-e-"), (768, "-e-")), LightSvtr(192, 768)),
}


@dataclass(frozen=True)
class Part:
    """A layer with weights.

    Attributes:
        name: its path in the tower.
        kind: `convolution`, `depthwise`, `linear` or `norm`.
        shape: of its kernel as Keras has it, (rows, columns, inputs, outputs) or (inputs, outputs); a norm's (C,).
    """

    name: str
    kind: str
    shape: tuple[int, ...]


def parts(size: Size) -> list[Part]:
    """All layers with weights, the neck's too, in the order in which they compute."""
    found = _stem_parts(size)
    for number, block in enumerate(size.blocks, start=1):
        name, before, middle = f"block_{number}", block.before, 2 * block.before
        found.append(Part(f"{name}/depthwise", "depthwise", (3, 3, before, 1)))
        if block.excites:
            found.append(Part(f"{name}/squeeze", "convolution", (1, 1, before, before // 4)))
            found.append(Part(f"{name}/excite", "convolution", (1, 1, before // 4, before)))
        found.append(Part(f"{name}/widen", "convolution", (1, 1, before, middle)))
        found.append(Part(f"{name}/narrow", "convolution", (1, 1, middle, block.channels)))
    neck = size.neck
    return found + (_guide_parts(neck, size) if isinstance(neck, Guide) else _light_svtr_parts(neck, size))


def _stem_parts(size: Size) -> list[Part]:
    inside, after = size.stem
    if not size.branches:
        layers = [("first", 3, 3, inside), ("second", 3, inside, after)]
    else:
        layers = [
            ("first", 3, 3, inside),
            ("branch_1", 2, inside, inside // 2),
            ("branch_2", 2, inside // 2, inside),
            ("second", 3, 2 * inside, inside),
            ("third", 1, inside, after),
        ]
    return [Part(f"stem/{name}", "convolution", (side, side, read, made)) for name, side, read, made in layers]


def _light_svtr_parts(neck: LightSvtr, size: Size) -> list[Part]:
    C = neck.channels
    found = [
        Part("neck/beside", "convolution", (1, 1, size.channels, C)),
        Part("neck/reduce", "convolution", (1, 1, size.channels, C)),
        Part("neck/local", "depthwise", (1, 7, C, 1)),
    ]
    for number in range(1, neck.blocks + 1):
        name = f"neck/block_{number}"
        found += [
            Part(f"{name}/norm_1", "norm", (C,)),
            Part(f"{name}/asked", "linear", (C, 3 * C)),
            Part(f"{name}/answer", "linear", (C, C)),
            Part(f"{name}/norm_2", "norm", (C,)),
            Part(f"{name}/widen", "linear", (C, neck.widened)),
            Part(f"{name}/narrow", "linear", (neck.widened, C)),
        ]
    return [*found, Part("neck/norm", "norm", (C,))]


def _guide_parts(neck: Guide, size: Size) -> list[Part]:
    C = size.channels
    return [
        Part("neck/local", "depthwise", (1, 5, C, 1)),
        Part("neck/mix", "convolution", (1, 1, C, C)),
        Part("neck/reduce", "linear", (C, neck.channels)),
    ]


class LcNetLayout(Layout):
    """Sizes of LCNet's features.

    Args:
        has_neck: whether the neck follows, which makes one row of columns eight pixels apart of them.
    """

    masks = True
    cells = None  # rows and columns lie differently far apart
    multiple = STRIDE
    least = STRIDE

    def __init__(self, has_neck: bool):
        self.has_neck = has_neck

    @property
    def spacing(self) -> tuple[Axis, Axis]:
        return (8, 16), ((4, 8) if self.has_neck else (2, 4))

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        if height < STRIDE[0] or width < STRIDE[1]:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for --encoder=lcnet, which needs "
                f"{STRIDE[0]} x {STRIDE[1]}; make records with a larger --image_height"
            )
        if self.has_neck:
            return 1, -(-max(width, LEAST_LINE) // STRIDE[1]) // 2
        return -(-height // STRIDE[0]), -(-width // STRIDE[1])
