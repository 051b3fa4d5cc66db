"""Whether a font's letters are letters. Drawn with one whose are not, a picture does not show its label.

Each glyph is cut out, brought to one size and compared, by normalised correlation, with the same character of fonts
that look as different as fonts for reading do.
"""

import functools

import cv2
import numpy as np
from PIL import ImageFont

from attention_ocr.render.fonts.bundled import bundled_family
from attention_ocr.render.fonts.files import FontFile, characters_of, load

VERSION = 1  # Of what is measured; another one has all fonts measured anew.

CAPITALS, SMALL, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
UNLIKE = "abdeghnqrt"  # Small letters that are not their capitals made smaller.
SIZE, CELL, BLUR = 48, 20, 1.2  # pixels of the font, of a cut-out glyph; against differences in weight
LEAST_LETTERS = 6  # A font with fewer of a kind is for another script, and is not judged by them.
LIKE, MOST_LIKE = 0.85, 2  # A small letter looks like its capital from here on; one or two may.
READABLE = 0.45  # The median likeness of letters to known ones, from here on.
STRANGE, MOST_STRANGE = 0.3, 0.22  # A letter like no known one; the share that may be so.
RECOGNISED = 0.25  # The share of letters that are most like the right known one: upside-down ones are not.
SAME = 0.95  # The median likeness of letters to each other, from here on.

UNDRAWABLE = "cannot be drawn"
NO_LETTERS = "letters are pictures"
NO_DIGITS = "digits are pictures"
ONE_CASE = "small letters look like capitals"
FAULTS = (ONE_CASE, NO_LETTERS, NO_DIGITS, UNDRAWABLE)


def fault_of(font: FontFile) -> str:
    """Why a font is left out, one of `FAULTS`; empty: it is not."""
    codes = characters_of(font)
    kinds = ["".join(c for c in kind if ord(c) in codes) for kind in (CAPITALS, SMALL, DIGITS)]
    try:
        opened = load(font, SIZE)
        capitals, small, digits = ({c: _shape(opened, c) for c in kind} for kind in kinds)
    except (OSError, ValueError):
        return UNDRAWABLE
    if not codes:
        return UNDRAWABLE
    if not _readable(capitals) or not _readable(small):
        return NO_LETTERS
    if not _readable(digits):
        return NO_DIGITS
    alike = [c for c in UNLIKE if c in small and c.upper() in capitals and small[c] @ capitals[c.upper()] > LIKE]
    return ONE_CASE if len(alike) > MOST_LIKE else ""


def _readable(shapes: dict[str, np.ndarray]) -> bool:
    """Whether most shapes are like the same character of a known font, few are like none, and they differ."""
    if len(shapes) < LEAST_LETTERS:
        return True
    known, drawn = _known_shapes(), np.stack(list(shapes.values()))
    likeness = np.stack([(known[character] @ drawn.T).max(axis=0) for character in shapes])  # [known, drawn]
    own = np.diag(likeness)
    recognised = likeness.argmax(axis=0) == np.arange(len(drawn))
    return bool(
        np.median(own) >= READABLE
        and np.mean(own < STRANGE) <= MOST_STRANGE
        and np.mean(recognised) >= RECOGNISED
        and np.median(drawn @ drawn.T) < SAME
    )


@functools.cache
def _known_shapes() -> dict[str, np.ndarray]:
    """Of each letter and digit its shapes in the fonts to compare with: float32 [fonts, CELL * CELL]."""
    packages = ("roboto", "lora", "playfair_display", "jetbrains_mono", "caveat", "dancing_script", "lobster")
    fonts = [font for package in (*packages, "alfa_slab_one") for font in bundled_family(f"fontpkg_{package}")]
    opened = [load(font, SIZE) for font in fonts]
    return {c: np.stack([_shape(font, c) for font in opened]) for c in CAPITALS + SMALL + DIGITS}


def _shape(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray:
    """A glyph's ink at one size, of mean 0 and norm 1: float32 [CELL * CELL]; zeros where there is no ink."""
    mask = font.getmask(character)
    width, height = mask.size
    if not width or not height:
        return np.zeros(CELL * CELL, np.float32)
    ink = np.array(mask, np.uint8).reshape(height, width)
    x, y, width, height = cv2.boundingRect(ink)
    if not width:
        return np.zeros(CELL * CELL, np.float32)
    cell = cv2.resize(ink[y : y + height, x : x + width], (CELL, CELL), interpolation=cv2.INTER_AREA)
    cell = cv2.GaussianBlur(cell.astype(np.float32), (0, 0), BLUR, borderType=cv2.BORDER_CONSTANT).ravel()
    cell -= cell.mean()
    return cell / max(float(np.linalg.norm(cell)), 1e-6)
