"""Ground, shadow, outline and ink of a word, one over the other."""

from typing import Protocol

import cv2
import numpy as np

from attention_ocr.render.words.effects import Layers
from attention_ocr.render.words.grounds import Colours


class Look(Protocol):
    """What of a style matters here; see `pictures.WordStyle`."""

    @property
    def neighbours(self) -> float: ...
    @property
    def textures(self) -> float: ...


def composed(
    layers: Layers,
    texture: np.ndarray,
    colours: Colours,
    style: Look,
    random: np.random.Generator,
) -> np.ndarray:
    """The picture, its channels first: float32 [3, H, W], as `texture`; the layers are float32 [H, W] in 0..1."""
    ink, edge, shadow = layers
    height = texture.shape[1]
    ground, edge_colour, ink_colour = (colour[:, None, None] for colour in (colours.ground, colours.edge, colours.ink))
    picture = ground + texture
    if style.neighbours and random.random() < 0.4 * style.neighbours:
        _add_plate_edge(picture, random)
    dark = random.uniform(0.3, 0.9) if random.random() < 0.8 else -0.6
    if shadow is not None:
        picture *= 1 - np.float32(dark) * shadow
    if edge is not None:
        picture += edge * (edge_colour - picture)
    opaque = np.float32(1 if random.random() < 0.7 else random.uniform(0.75, 1))
    grain = np.float32(random.uniform(0, 0.8))
    paint = ink_colour + grain * texture
    if random.random() < 0.12:  # letters shaded from top to bottom
        paint = paint + _slope(random, -0.18, 0.18, height)[:, None]
    picture += (opaque * ink) * (paint - picture)
    if random.random() < 0.4 * style.textures:  # light that falls off to one side
        picture *= _slope(random, 0.6, 1.08, picture.shape[2])
    return picture


def _slope(random: np.random.Generator, least: float, most: float, length: int) -> np.ndarray:
    """Even steps between two values at random: float32 [length]."""
    first, last = random.uniform(least, most), random.uniform(least, most)
    return (first + np.arange(length, dtype=np.float32) * ((last - first) / length)).astype(np.float32)


def texture_strength(random: np.random.Generator) -> float:
    """Most signs and pages are plain; some grounds are strong."""
    return float(random.exponential(0.06)) if random.random() < 0.8 else float(random.uniform(0.1, 0.4))


def _add_plate_edge(picture: np.ndarray, random: np.random.Generator) -> None:
    """What lies beyond the plate or page, at one rim of a picture [3, H, W]."""
    height, width = picture.shape[1:]
    shade = random.random(3).astype(np.float32)
    deep = max(1, round(height * random.uniform(0.03, 0.12)))
    side = int(random.integers(4))
    lean = round(random.uniform(-1, 1) * deep)
    rims = (
        [(0, 0), (width, 0), (width, deep + lean), (0, deep)],
        [(0, height), (width, height), (width, height - deep - lean), (0, height - deep)],
        [(0, 0), (deep, 0), (deep + lean, height), (0, height)],
        [(width, 0), (width - deep, 0), (width - deep - lean, height), (width, height)],
    )
    for channel, value in zip(picture, shade.tolist(), strict=True):
        cv2.fillConvexPoly(channel, np.array(rims[side], np.int32), value, cv2.LINE_AA)
