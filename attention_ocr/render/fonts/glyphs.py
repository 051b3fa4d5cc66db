"""Letters of a font as pixels, and where the pen is between them."""

import functools
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from attention_ocr.render.fonts.files import FontFile, load


class Glyph(NamedTuple):
    """A letter: uint8 [height, width], where its corner is from the pen on the baseline, how far the pen moves."""

    ink: np.ndarray
    left: int
    top: int
    advance: float


def draw_glyph(font: FontFile, size: int, character: str) -> Glyph:
    """One letter, without the empty pixels around it. Callers keep those they need again."""
    return Glyph(*draw_text(character, load(font, size)), advance(font, size, character))


def draw_text(text: str, loaded: ImageFont.FreeTypeFont) -> tuple[np.ndarray, int, int]:
    """The ink of a text, and its left and top edge from the pen on the baseline."""
    left, top, right, bottom = (round(edge) for edge in loaded.getbbox(text, anchor="ls"))
    if right - left < 1 or bottom - top < 1:
        return np.zeros((0, 0), np.uint8), 0, 0
    canvas = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, 255, loaded, anchor="ls")
    ink = np.asarray(canvas)
    x, y, width, height = cv2.boundingRect(ink)
    if not width:
        return np.zeros((0, 0), np.uint8), 0, 0
    return np.ascontiguousarray(ink[y : y + height, x : x + width]), left - 2 + x, top - 2 + y


@functools.lru_cache(maxsize=65536)
def advance(font: FontFile, size: int, character: str) -> float:
    """How far the pen moves for a character, in pixels."""
    return load(font, size).getlength(character)


@functools.lru_cache(maxsize=65536)
def kerning(font: FontFile, size: int, pair: str) -> float:
    """How much nearer (negative) a pair of letters stands than their advances say."""
    return load(font, size).getlength(pair) - advance(font, size, pair[0]) - advance(font, size, pair[1])


def pens(font: FontFile, size: int, text: str, spacing: float = 0.0) -> list[float]:
    """Where the pen is before each letter and after the last, in pixels; `spacing` is added after each letter."""
    found = [0.0]
    for number, character in enumerate(text):
        nearer = kerning(font, size, text[number - 1] + character) if number else 0.0
        found[-1] += nearer
        found.append(found[-1] + advance(font, size, character) + spacing)
    return found
