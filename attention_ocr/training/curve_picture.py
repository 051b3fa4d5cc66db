"""A curve over a logarithmic axis as a picture, for TensorBoard."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT, EDGE = 720, 400, 48  # pixels
COLOURS = ("#c8c8c8", "#1f6fb4")
MARK = "#d1495b"
LARGEST = 3.0  # times the first value: what is higher is cut


def curve_picture(places: Sequence[float], curves: Sequence[Sequence[float]], marked: float | None) -> np.ndarray:
    """Curves on white, uint8 [HEIGHT, WIDTH, 3].

    Args:
        places: above 0 and rising; they lie on a logarithmic axis.
        curves: a value at each place; the last curve is drawn over the others.
        marked: a place to mark by a line and its number.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    first, last = math.log10(places[0]), math.log10(places[-1])
    highest = LARGEST * max(abs(curve[0]) for curve in curves)
    shown = np.minimum(np.asarray(curves, float), highest)
    low, high = float(shown.min()), float(shown.max())

    def x_of(place):
        return EDGE + (WIDTH - 2 * EDGE) * (math.log10(place) - first) / ((last - first) or 1.0)

    def y_of(value):
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / ((high - low) or 1.0)

    for power in range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1):
        x = x_of(10.0**power)
        draw.line([(x, EDGE), (x, HEIGHT - EDGE)], "#e8e8e8")
        draw.text((x, HEIGHT - EDGE + 8), f"1e{power}", "black", anchor="mt")
    for value in np.linspace(low, high, 5):
        draw.line([(EDGE, y_of(value)), (WIDTH - EDGE, y_of(value))], "#e8e8e8")
        draw.text((EDGE - 6, y_of(value)), f"{value:.3g}", "black", anchor="rm")
    for colour, curve in zip(COLOURS[-len(curves) :], shown, strict=True):
        draw.line([(x_of(place), y_of(value)) for place, value in zip(places, curve, strict=True)], colour, 2)
    if marked is not None:
        draw.line([(x_of(marked), EDGE), (x_of(marked), HEIGHT - EDGE)], MARK, 2)
        draw.text((x_of(marked), EDGE - 8), f"{marked:.1g}", MARK, anchor="mb")
    return np.asarray(picture)
