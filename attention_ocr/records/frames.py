"""Where the pixels of a picture fitted to views were in the picture as it was given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.records.pictures import TURNS, UPRIGHT, fits, is_turned, scaled_size, shows_one_view

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels; 0 is the edge of the first
# EXIF's orientation of a picture -> that of the same file if it is turned to the left besides.
TURNED_LEFT = {1: 8, 8: 3, 3: 6, 6: 1, 2: 5, 5: 4, 4: 7, 7: 2}


@dataclass(frozen=True)
class Source:
    """A picture as its file has it.

    Attributes:
        width, height: in pixels, before it is turned upright.
        orientation: as EXIF numbers it; 1 is upright.
    """

    width: int
    height: int
    orientation: int = UPRIGHT

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        turned = self.orientation >= 5
        return (self.height, self.width) if turned else (self.width, self.height)


@dataclass(frozen=True)
class Frame:
    """Where one view's pixels come from.

    Attributes:
        area: the box that the picture fills in the fitted view; the rest is padding.
        matrix: [3, 3], from (x, y, 1) in the fitted view to that in the picture as given.
    """

    area: Box
    matrix: np.ndarray

    def box(self, box: Box) -> Box:
        """A box of the fitted view in pixels of the picture as given, without what lies beyond the picture."""
        left, top, right, bottom = self.area
        xs, ys = np.clip(box[::2], left, right), np.clip(box[1::2], top, bottom)
        x, y, _ = self.matrix @ np.stack([xs, ys, np.ones(2)])
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def upside_down(self) -> "Frame":
        """That of the same view with what fills its area turned by 180 degrees."""
        left, top, right, bottom = self.area
        turn = np.array([[-1, 0, left + right], [0, -1, top + bottom], [0, 0, 1]], float)
        return Frame(self.area, self.matrix @ turn)


def turned_source(source: Source, degrees: int) -> Source:
    """Of an upright picture that was turned counterclockwise by a multiple of 90 degrees.

    Args:
        source: what the picture was before.
        degrees: from 0.
    """
    orientation = source.orientation if source.orientation in TURNS else UPRIGHT
    for _ in range(degrees // 90 % 4):
        orientation = TURNED_LEFT[orientation]
    return Source(source.width, source.height, orientation)


def frames_of(source: Source | Sequence[Source], spec: DatasetSpec, is_padded: bool) -> list[Frame]:
    """The frame of each view.

    Args:
        source: one picture, or one for each view.
        spec: what it is fitted to.
        is_padded: whether the fitted views have the spec's padding, as those of `fit`; or not, as `fit_unpadded`'s.
    """
    if not isinstance(source, Source):
        return [_of_view(one, (0, 0, *one.size), spec, is_padded) for one in source]
    (width, height), V = source.size, spec.num_views
    if shows_one_view(height, width, spec):
        return [_of_view(source, (0, 0, width, height), spec, is_padded)] * V
    if width < V or (is_padded and fits(width, height, spec)):  # stretched as a whole, or left as it is
        return [_stretched(source, (v * width / V, 0, (v + 1) * width / V, height), spec) for v in range(V)]
    wide = width // V
    return [_of_view(source, (v * wide, 0, (v + 1) * wide, height), spec, is_padded) for v in range(V)]


def whole(height: int, width: int, num_views: int = 1) -> list[Frame]:
    """The frames of a picture that is taken as it is, [height, V*width, 3]."""
    return [Frame((0, 0, width, height), _moved(view * width, 0)) for view in range(num_views)]


def _of_view(source: Source, part: Box, spec: DatasetSpec, is_padded: bool) -> Frame:
    """That of a part of the upright picture, fitted as `fit_views` or `fit_unpadded` does it."""
    left, top, right, bottom = part
    width, height = right - left, bottom - top
    turn = np.eye(3)
    if is_turned(int(height), int(width), spec):
        turn = np.array([[0, -1, width], [1, 0, 0], [0, 0, 1]])  # what was to the right is at the top
        width, height = height, width
    rows, columns = scaled_size(int(height), int(width), spec)
    above = (spec.image_height - rows) // 2 if is_padded else 0
    scale = np.diag([width / columns, height / rows, 1])
    matrix = _upright(source) @ _moved(left, top) @ turn @ scale @ _moved(0, -above)
    return Frame((0, above, columns, above + rows), matrix)


def _stretched(source: Source, part: Box, spec: DatasetSpec) -> Frame:
    H, W = spec.image_height, spec.image_width
    left, top, right, bottom = part
    matrix = _upright(source) @ _moved(left, top) @ np.diag([(right - left) / W, (bottom - top) / H, 1])
    return Frame((0, 0, W, H), matrix)


def _moved(across: float, down: float) -> np.ndarray:
    return np.array([[1, 0, across], [0, 1, down], [0, 0, 1]], float)


def _upright(source: Source) -> np.ndarray:
    """From the upright picture to that of the file: the opposite of its turn in `pictures.TURNS`."""
    W, H = source.width, source.height
    return np.array(
        {
            1: [[1, 0, 0], [0, 1, 0]],
            2: [[-1, 0, W], [0, 1, 0]],
            3: [[-1, 0, W], [0, -1, H]],
            4: [[1, 0, 0], [0, -1, H]],
            5: [[0, 1, 0], [1, 0, 0]],
            6: [[0, 1, 0], [-1, 0, H]],
            7: [[0, -1, W], [-1, 0, H]],
            8: [[0, -1, W], [1, 0, 0]],
        }[source.orientation if source.orientation in TURNS else UPRIGHT]
        + [[0, 0, 1]],
        float,
    )
