"""Where a network looked for each character, in one picture: each character has a colour."""

import colorsys

import numpy as np

from attention_ocr.reading.attention_pictures import Cells, heat_map

GOLDEN = 0.618034  # of the hues, from one character to the next: neighbours are far apart
FAINT = 0.3  # share of the picture's contrast that stays


def colours(number: int) -> list[tuple[int, int, int]]:
    """A colour for each character of a text."""
    found = (colorsys.hsv_to_rgb((0.58 + GOLDEN * step) % 1, 0.78, 0.95) for step in range(number))
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in found]


def css(colour: tuple[int, int, int]) -> str:
    """A colour as style sheets write it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def overlay(
    picture: np.ndarray,
    attention: np.ndarray,
    num_views: int,
    feature_grid: tuple[int, int],
    cells: Cells,
) -> np.ndarray:
    """The picture, dark and faint, with each character's colour where the network looked for it: uint8 [H, V*W, 3].

    Args:
        picture: uint8 [H, V*W, 3].
        attention: [T, N], of the steps to show.
        num_views, feature_grid, cells: as `attention_pictures.heat_map` takes them.
    """
    height, width, _ = picture.shape
    grey = picture.mean(axis=2, keepdims=True) / 255.0 * FAINT  # [H, V*W, 1]
    found = np.broadcast_to(grey, picture.shape).copy()
    for weights, colour in zip(attention, colours(len(attention)), strict=True):
        heat = heat_map(weights, num_views, feature_grid, height, width, cells)[..., None]
        found = np.maximum(found, heat * (0.55 * np.array(colour) / 255.0 + 0.45 / FAINT * grey))
    return np.clip(found * 255 + 0.5, 0, 255).astype(np.uint8)
