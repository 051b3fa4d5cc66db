"""Quadrangles cut out of a photograph and made straight."""

import numpy as np

from attention_ocr.records.frames import Box

LEAST = 2  # pixels of a side


def cut_out(pixels: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a quadrangle shows, as a rectangle.

    Args:
        pixels: uint8 [height, width, 3].
        corners: [4, 2], clockwise from the top left; they may lie outside the picture.

    Returns:
        uint8 [h, w, 3], the sides as long as the longer ones of the quadrangle, and the matrix [3, 3] that leads from
        its pixels to those of the picture.
    """
    import cv2  # here, as lines that are pictures of their own are read where it is not installed

    corners = np.asarray(corners, np.float32)
    width, height = (max(LEAST, round(side)) for side in sides(corners))
    rectangle = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(rectangle, corners)
    # OpenCV counts from the middle of a pixel, corners from its edge.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    centred = np.linalg.inv(half) @ matrix @ half
    cut = cv2.warpPerspective(pixels, centred, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cut, matrix


def sides(corners: np.ndarray) -> tuple[float, float]:
    """Width and height in pixels of a quadrangle: the longer of two opposite sides."""
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(max(top, bottom)), float(max(left, right))


def around(box: Box, matrix: np.ndarray) -> Box:
    """The box around a box whose corners are moved by a matrix [3, 3]."""
    left, top, right, bottom = box
    corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]], float)
    x, y, scale = matrix @ corners.T
    x, y = x / scale, y / scale
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
