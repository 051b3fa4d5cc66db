"""A word cut out of a photograph: the smallest rectangle around a polygon, turned so that it reads to the right."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from attention_ocr.errors import UserError

MOST_OUTSIDE = 2  # Times width and height of the picture; more is a mistake, and memory may not hold it.


def crop_region(image: Image.Image, region: Sequence[float]) -> Image.Image:
    """The smallest rectangle, at any angle, around a polygon.

    Its upper edge runs as the polygon's first half does. What of it lies outside the picture repeats the border.

    Args:
        image: the photograph, RGB.
        region: corners x, y, x, y, ... in pixels, clockwise from where reading begins.

    Raises:
        UserError: the region is less than a pixel high or wide, far larger than the picture, or lies outside it.
    """
    points = np.asarray(region, np.float32).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    size_of_picture = f"the picture of {image.width} x {image.height}"
    if not (high - low < MOST_OUTSIDE * (image.width + image.height)).all():  # not a number comes here too
        raise UserError(f"its region {_shown(points)} is far larger than {size_of_picture}")
    if high[0] <= 0 or high[1] <= 0 or low[0] >= image.width or low[1] >= image.height:
        raise UserError(f"its region {_shown(points)} lies outside {size_of_picture}")
    end_of_first_half = max(1, len(points) // 2 - 1) % len(points)
    corners = _reading_to_the_right(_smallest_rectangle(points), points[end_of_first_half] - points[0])
    width, height = (int(np.linalg.norm(corners[index + 1] - corners[index]) + 0.5) for index in (0, 1))
    if width < 1 or height < 1:
        raise UserError(f"its region {_shown(points)} is {width} x {height} pixels; it must be at least 1 x 1")
    upright = np.array([[0, 0], [width, 0], [width, height]], np.float32)
    # A pixel's place is its middle, so that 0, 0 of the corners is the upper left of the pixel at 0, 0.
    transform = cv2.getAffineTransform(corners[:3].astype(np.float32) - 0.5, upright - 0.5)
    return Image.fromarray(cv2.warpAffine(np.array(image), transform, (width, height), borderMode=cv2.BORDER_REPLICATE))


def rectangle_along(region: Sequence[float], direction: Sequence[float]) -> tuple[float, ...]:
    """The corners x, y, ... of the rectangle around a polygon whose upper edge runs in a direction.

    Args:
        region: corners x, y, x, y, ... in pixels, in any order.
        direction: x and y of a vector along the text; one much shorter than the region tells nothing, and the rectangle
            is then the smallest one, reading to the right.

    Returns:
        Four corners, clockwise from the upper left as the text stands.
    """
    points = np.asarray(region, np.float64).reshape(-1, 2)
    along = np.asarray(direction, np.float64)
    if np.linalg.norm(along) < np.ptp(points, axis=0).max() / 2:
        corners = _reading_to_the_right(_smallest_rectangle(points.astype(np.float32)), np.array([1.0, 0.0]))
        return tuple(map(float, corners.ravel()))
    axes = np.stack([along, (-along[1], along[0])]) / np.linalg.norm(along)  # to the right, and down
    (left, top), (right, bottom) = (points @ axes.T).min(axis=0), (points @ axes.T).max(axis=0)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) @ axes
    return tuple(map(float, corners.ravel()))


def _smallest_rectangle(points: np.ndarray) -> np.ndarray:
    """[4, 2] corners, clockwise as seen (y points down)."""
    corners = cv2.boxPoints(cv2.minAreaRect(points))
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    return corners if first[0] * second[1] - first[1] * second[0] >= 0 else corners[::-1]


def _reading_to_the_right(corners: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The corners from the one whose edge to the next runs most in `direction`."""
    edges = np.roll(corners, -1, axis=0) - corners
    along = edges @ direction / np.maximum(np.linalg.norm(edges, axis=1), 1e-6)
    return np.roll(corners, -int(along.argmax()), axis=0)


def _shown(points: np.ndarray) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
