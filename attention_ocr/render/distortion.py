"""A picture that is used again is seen a little differently: shifted, lighter or darker, with more or less contrast."""

import cv2
import numpy as np

from attention_ocr.render.batches import Example

SHIFT = 16  # the largest shift is this part of the view's shorter side
CONTRAST, BRIGHTNESS = (0.7, 1.3), 0.1  # the range of the factor; the largest change, 1 being black to white
VALUES = np.arange(256, dtype=np.float32)


def seen_again(example: Example, num_views: int, random: np.random.Generator) -> Example:
    """The example with each view shifted and its light changed; the same state of `random` gives the same bytes.

    One that is not painted stays as it is: it is painted anew each time.

    Args:
        example: its pixels are not changed.
        num_views: V.
        random: the source of every choice.
    """
    if example.is_unpainted:
        return example
    height, width = example.pixels.shape[:2]
    side = width // num_views
    most = min(height, side) // SHIFT
    shifts = random.integers(-most, most + 1, (num_views, 2))
    contrast, brightness = random.uniform(*CONTRAST, num_views), random.uniform(-BRIGHTNESS, BRIGHTNESS, num_views)
    pixels = np.empty_like(example.pixels)
    for view in range(num_views):
        own = slice(view * side, (view + 1) * side)
        lit = _lit(example.pixels[:, own], contrast[view], 255 * brightness[view])
        pixels[:, own] = _shifted(lit, int(shifts[view, 0]), int(shifts[view, 1]), most)
    places = None if example.places is None else example.places + shifts.astype(np.float32)
    return Example(pixels, example.ids, places)


def _lit(view: np.ndarray, contrast: float, brightness: float) -> np.ndarray:
    """Contrast about the mean, then brightness: uint8 like `view`."""
    mean = cv2.mean(np.ascontiguousarray(view[::2, ::2]))
    middle = sum(mean[:3]) / 3
    table = np.clip((VALUES - middle) * np.float32(contrast) + np.float32(middle + brightness) + 0.5, 0, 255)
    return cv2.LUT(np.ascontiguousarray(view), table.astype(np.uint8))


def _shifted(view: np.ndarray, across: int, down: int, most: int) -> np.ndarray:
    """The view moved by some pixels; what comes in at the rim is mirrored."""
    height, width = view.shape[:2]
    padded = cv2.copyMakeBorder(view, most, most, most, most, cv2.BORDER_REFLECT)
    return padded[most - down : most - down + height, most - across : most - across + width]
