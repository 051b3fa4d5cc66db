"""The order in which a page's lines are read: column by column, from the top, and from the left within a row."""

import itertools
from collections.abc import Sequence

import numpy as np

GUTTER = 1.0  # Columns are apart by at least so many times the usual height of a line.
LEAST_LINES = 2  # of a column
SAME_ROW = 0.5  # Lines are in one row if this share of the lower one's height is beside the other.
LEVEL = 30  # degrees: a page is levelled by lines that lean less


def blocks_of(corners: np.ndarray) -> list[list[int]]:
    """The numbers of the lines in blocks - columns, or what lies above and below them - in reading order.

    Args:
        corners: [N, 4, 2] in pixels, clockwise from the top left of each line.
    """
    if not len(corners):
        return []
    turned = np.asarray(corners, float) @ _level(corners)
    boxes = np.concatenate([turned.min(axis=1), turned.max(axis=1)], axis=1)  # left, top, right, bottom
    usual = float(np.median(np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])))
    return [_in_rows(boxes, block) for block in _parts(boxes, list(range(len(boxes))), usual)]


def _level(corners: np.ndarray) -> np.ndarray:
    """The matrix [2, 2] after which the lines lie level: they are turned by their median angle."""
    edges = np.asarray(corners, float)
    along = edges[:, 1] - edges[:, 0] + edges[:, 2] - edges[:, 3]  # [N, 2]
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    lying = np.abs(angles) < LEVEL
    angle = np.radians(np.median(angles[lying])) if lying.any() else 0.0
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _parts(boxes: np.ndarray, lines: list[int], usual: float) -> list[list[int]]:
    """Lines in blocks: on both sides of a gutter, or above and below what has one."""
    split = _columns(boxes, lines, usual) or _above_and_below(boxes, lines, usual)
    return [block for part in split for block in _parts(boxes, part, usual)] if split else [lines]


def _columns(boxes: np.ndarray, lines: list[int], usual: float) -> list[list[int]]:
    """The lines left and right of the widest gutter; empty: there is none."""
    widest, found = GUTTER * usual, []
    for first, second in _gaps(boxes, lines, axis=0):
        left, right = (np.array(side) for side in (first, second))
        gap = boxes[right, 0].min() - boxes[left, 2].max()
        beside = min(boxes[left, 3].max(), boxes[right, 3].max()) - max(boxes[left, 1].min(), boxes[right, 1].min())
        if gap > widest and min(_rows(boxes, first), _rows(boxes, second)) >= LEAST_LINES and beside > usual:
            widest, found = gap, [first, second]
    return found


def _above_and_below(boxes: np.ndarray, lines: list[int], usual: float) -> list[list[int]]:
    """The lines above, in and below the longest run that has columns; empty: none has."""
    edges = [0, *(len(above) for above, _ in _gaps(boxes, lines, axis=1)), len(lines)]
    ordered = sorted(lines, key=lambda line: boxes[line, 1])
    bands = [ordered[first:last] for first, last in itertools.pairwise(edges)]
    longest: tuple[int, int] = (0, 0)
    for start, band in enumerate(bands):
        run, end = list(band), start + 1
        while end < len(bands) and _widest_gap(boxes, [*run, *bands[end]]) > GUTTER * usual:
            run += bands[end]
            end += 1
        if len(run) > longest[1] - longest[0] and _columns(boxes, run, usual):
            longest = edges[start], edges[end]
    first, last = longest
    parts = [ordered[:first], ordered[first:last], ordered[last:]]
    return [part for part in parts if part] if 0 < last - first < len(lines) else []


def _widest_gap(boxes: np.ndarray, lines: list[int]) -> float:
    """The width of the widest gap between lines that goes from top to bottom; 0: there is none."""
    gaps = [boxes[right, 0].min() - boxes[left, 2].max() for left, right in _gaps(boxes, lines, axis=0)]
    return max(gaps, default=0.0)


def _gaps(boxes: np.ndarray, lines: list[int], axis: int) -> list[tuple[list[int], list[int]]]:
    """The lines before and after each place along an axis that no line covers."""
    ordered = sorted(lines, key=lambda line: boxes[line, axis])
    found, reached = [], -np.inf
    for number, line in enumerate(ordered):
        if number and boxes[line, axis] >= reached:
            found.append((ordered[:number], ordered[number:]))
        reached = max(reached, boxes[line, 2 + axis])
    return found


def _rows(boxes: np.ndarray, lines: Sequence[int]) -> int:
    return len(_grouped(boxes, lines))


def _in_rows(boxes: np.ndarray, lines: Sequence[int]) -> list[int]:
    """The lines of a block, from the top; those beside each other from the left."""
    return [line for row in _grouped(boxes, lines) for line in sorted(row, key=lambda line: boxes[line, 0])]


def _grouped(boxes: np.ndarray, lines: Sequence[int]) -> list[list[int]]:
    rows: list[list[int]] = []
    for line in sorted(lines, key=lambda line: boxes[line, 1] + boxes[line, 3]):
        if rows and _are_beside(boxes[rows[-1][-1]], boxes[line]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _are_beside(one: np.ndarray, other: np.ndarray) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return bool(shared > SAME_ROW * min(one[3] - one[1], other[3] - other[1]))
