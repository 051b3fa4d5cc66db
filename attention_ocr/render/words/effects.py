"""What letters look like beyond their font: width, weight, outline, shadow, lines beside and through them."""

from typing import NamedTuple

import cv2
import numpy as np


class Layers(NamedTuple):
    """A word's ink, outline and shadow, uint8 [h, w] each, 255 where it is; None: it has none."""

    ink: np.ndarray
    edge: np.ndarray | None = None
    shadow: np.ndarray | None = None

    def as_shares(self) -> "Layers":
        """The same as float32 in 0..1."""
        edge, shadow = (None if layer is None else _shares(layer) for layer in self[1:])
        return Layers(_shares(self.ink), edge, shadow)


def _shares(layer: np.ndarray) -> np.ndarray:
    return layer.astype(np.float32) * np.float32(1 / 255)


def widened(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Condensed and extended designs."""
    if random.random() < 0.6:
        return ink
    width = max(1, round(ink.shape[1] * random.uniform(0.7, 1.35)))
    return cv2.resize(ink, (width, ink.shape[0]), interpolation=cv2.INTER_LINEAR)


def weighted(ink: np.ndarray, em: int, random: np.random.Generator) -> np.ndarray:
    """Bolder strokes than the font's, or rubbed ones."""
    if random.random() < 0.8:
        return ink
    by = max(1, round(em * random.uniform(0.01, 0.05)))
    return cv2.dilate(cv2.copyMakeBorder(ink, by, by, by, by, cv2.BORDER_CONSTANT, value=0), _disc(by))


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def layered(
    ink: np.ndarray,
    box: tuple[int, int],
    em: int,
    outlines: float,
    shadows: float,
    is_dense: bool,
    random: np.random.Generator,
) -> Layers:
    """Ink, outline and shadow, the word in the middle.

    Args:
        ink: uint8 [height, width].
        box: width and height of the room the word takes.
        em: the font's size.
        outlines, shadows: how likely they are.
        is_dense: the characters have many strokes, such as Chinese ones: outlines are thin and never hollow.
        random: the source of every choice.
    """
    pad = round(0.45 * em)
    letters: np.ndarray = np.zeros((box[1] + 2 * pad, box[0] + 2 * pad), np.uint8)
    top, left = (letters.shape[0] - ink.shape[0]) // 2, (letters.shape[1] - ink.shape[1]) // 2
    letters[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    edge, shadow = None, None
    if random.random() < outlines:
        grown = cv2.dilate(letters, _disc(max(1, round(em * random.uniform(0.02, 0.03 if is_dense else 0.07)))))
        if random.random() < 0.2 and not is_dense:  # hollow: the outline is the ink
            letters = cv2.subtract(grown, letters)
        else:
            edge = grown
    if random.random() < shadows:
        shadow = _shadow(letters if edge is None else cv2.max(letters, edge), em, random)
    return Layers(letters, edge, shadow)


def _shadow(letters: np.ndarray, em: int, random: np.random.Generator) -> np.ndarray:
    """A shadow beside the letters, hard or soft, or the sides of letters that stand out of the wall."""
    across, down = (int(v) for v in np.rint(random.uniform(-0.1, 0.1, 2) * em))
    if random.random() < 0.35:
        reach = max(abs(across), abs(down), 1)
        trail = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
        cv2.line(trail, (reach, reach), (reach - across, reach - down), 1)
        return cv2.dilate(letters, trail)
    shadow = np.roll(letters, (down, across), (0, 1))
    reach = round(em * random.uniform(0, 0.12))
    return cv2.blur(shadow, (reach, reach)) if reach > 1 else shadow


def add_rules(ink: np.ndarray, box: tuple[int, int], em: int, random: np.random.Generator) -> None:
    """A line below or through the word, or lines above and below it, in place."""
    height, width = ink.shape
    thick = max(1, round(em * random.uniform(0.015, 0.06)))
    below = (height + box[1]) // 2 + round(em * random.uniform(0.02, 0.12))
    kind = random.random()
    if kind < 0.35:
        thick, rows = max(1, round(0.025 * em)), [height // 2 + round(random.uniform(-0.15, 0.15) * box[1])]
    else:
        rows = [below] if kind < 0.8 else [below, height - below - thick]
    inset = 0 if random.random() < 0.5 else (width - box[0]) // 2
    for row in rows:
        ink[row : row + thick, inset : width - inset] = 255
