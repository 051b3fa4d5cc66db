"""Where characters are, by where a model looked: boxes in a fitted view."""

from dataclasses import dataclass

import numpy as np

from attention_ocr.records.frames import Box

SHARE = 0.2  # of the weight of the hottest cell: what has less does not count
WIDEST = 0.75  # of the usual distance between characters: as far as a character reaches from its centre
ALONE = 0.25  # of the view's height: as far as a character without others reaches from its centre


@dataclass(frozen=True)
class Place:
    """Where a character is.

    Attributes:
        view: which one, from 0.
        box: in pixels of the fitted view, after the network's crop.
    """

    view: int
    box: Box


def places_of(
    attention: np.ndarray,
    num_views: int,
    feature_grid: tuple[int, int],
    spacing: tuple[tuple[float, float] | None, tuple[float, float]],
    height: float,
) -> list[Place | None]:
    """The place of each character; None where the model looked nowhere.

    A character is as wide and as high as the cells that it was looked at in: as a row of equal weights would be that
    spreads as much. Where features are a single row, nothing is known of the height, and CTC shows a character often in
    a single column: there characters reach half way to their neighbours, and over the whole height.

    Args:
        attention: [T', N], a row for each character; position n = v*h*w + y*w + x.
        num_views: V.
        feature_grid: h and w of one view's features.
        spacing: `Geometry.spacing`.
        height: of a view in pixels.
    """
    rows, columns = feature_grid
    weights = np.nan_to_num(np.asarray(attention, np.float64)).reshape(-1, num_views, rows, columns)
    down, across = spacing
    views = weights.sum(axis=(2, 3)).argmax(axis=1)
    places: list[Place | None] = []
    for view, looked in zip(views, weights, strict=True):
        seen = np.where(looked[view] >= SHARE * looked[view].max(), looked[view], 0)
        if not seen.sum() > 0:
            places.append(None)
            continue
        left, right = _extent(seen.sum(axis=0), across)
        top, bottom = _extent(seen.sum(axis=1), down) if down and rows > 1 else (0.0, float(height))
        places.append(Place(int(view), (left, top, right, bottom)))
    if rows > 1:
        return places
    for view in range(num_views):
        there = [number for number, place in enumerate(places) if place and place.view == view]
        wider = _up_to_neighbours([place.box for place in places if place and place.view == view], height)
        for number, box in zip(there, wider, strict=True):
            places[number] = Place(view, box)
    return places


def _extent(weights: np.ndarray, axis: tuple[float, float]) -> tuple[float, float]:
    """The first and the last pixel of a row of cells of equal weight that has the same centre and spread.

    Args:
        weights: [cells], not all 0.
        axis: the centre of the first cell in pixels, and the distance to the next.
    """
    first, stride = axis
    share, cells = weights / weights.sum(), np.arange(len(weights))
    centre = share @ cells
    spread = share @ (cells - centre) ** 2 + 1 / 12  # of equal weight on a cell
    half = np.sqrt(3 * spread)  # half the width of an interval that spreads as much
    return float(first + stride * (centre - half)), float(first + stride * (centre + half))


def _up_to_neighbours(boxes: list[Box], height: float) -> list[Box]:
    """Boxes in a row, each widened to the middle between its centre and those of its neighbours."""
    if not boxes:
        return []
    edges = np.array([(left, right) for left, _, right, _ in boxes])
    order = np.argsort(edges.mean(axis=1), kind="stable")
    centres = edges.mean(axis=1)[order]
    gaps = np.diff(centres)
    if len(gaps):
        reach = np.minimum(gaps / 2, WIDEST * np.median(gaps))
        before, after = np.append(reach[0], reach), np.append(reach, reach[-1])
    else:
        before = after = np.full(1, ALONE * height)
    lefts, rights = np.empty(len(boxes)), np.empty(len(boxes))
    lefts[order], rights[order] = centres - before, centres + after
    lefts, rights = np.minimum(lefts, edges[:, 0]), np.maximum(rights, edges[:, 1])
    return [
        (float(left), top, float(right), bottom)
        for left, right, (_, top, _, bottom) in zip(lefts, rights, boxes, strict=True)
    ]
