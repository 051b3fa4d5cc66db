"""A text and its font -> its letters in white on black, tight around the ink, letter by letter."""

import bisect
import copy
import functools
import itertools
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import ImageFont, features

from attention_ocr.errors import UserError
from attention_ocr.render.fonts.files import FontFile, characters_of, load, require_covering
from attention_ocr.render.fonts.glyphs import draw_glyph, draw_text, kerning

# Scripts whose letters change with their neighbours or run from right to left: Hebrew, Arabic, those of India, Khmer.
SHAPED = ((0x0590, 0x08FF), (0x0900, 0x109F), (0x1780, 0x18AF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))

MOST_SETS = 1024  # of fonts, whose weights are kept

glyph = functools.lru_cache(maxsize=16384)(draw_glyph)


class Setting(NamedTuple):
    """How letters are set, lengths in shares of the font's size.

    Attributes:
        spacing: more room between two letters; negative: less.
        jitter: the standard deviation of the letters' heights above the line.
        small_capitals: the size of all capitals but the first of a word; 1: all are the same.
    """

    spacing: float = 0.0
    jitter: float = 0.0
    small_capitals: float = 1.0


class FontChoice:
    """Which fonts may draw a text; families count alike, however many fonts each has.

    Args:
        fonts: those to choose from.
        characters: all that texts may have.

    Raises:
        UserError: a character is in none of the fonts.
    """

    def __init__(self, fonts: Sequence[FontFile], characters: Iterable[str]) -> None:
        self.fonts = list(fonts)
        families: dict[str, int] = defaultdict(int)
        for font in self.fonts:
            families[_family(font)] += 1
        self._weights = [families[_family(font)] ** -0.6 for font in self.fonts]
        # A set of fonts is a number, of which bit n is font n: few sets come up again and again.
        self._every = self._preferred = (1 << len(self.fonts)) - 1
        self._covers: dict[str, int] = {}
        self._totals: dict[int, list[float]] = {}
        require_covering(self.fonts, "".join(c for c in sorted(set(characters)) if not self._covering(c)))

    def preferring(self, number: int, random: np.random.Generator) -> "FontChoice":
        """The same choice, made among so many of the fonts where they have the characters."""
        other = copy.copy(self)
        if number < len(self.fonts):
            shares = np.array(self._weights) / np.sum(self._weights)
            chosen = random.choice(len(self.fonts), number, replace=False, p=shares)
            other._preferred = sum(1 << place for place in chosen.tolist())
        return other

    def draw(self, text: str, random: np.random.Generator) -> list[FontFile]:
        """A font for each character of `text`: one for all where there is one, else one for each kind of character.

        Raises:
            UserError: a character is in none of the fonts, or letters that join are in no single one.
        """
        usable = self._every
        for character in set(text):
            usable &= self._covering(character)
        font = self._chosen(usable & self._preferred, text, random)
        if not font and self._preferred != self._every:
            font = self._chosen(usable, text, random)
        if font:
            return [font] * len(text)
        if is_shaped(text):
            require_covering(self.fonts, text)
        chosen: list[FontFile] = []
        for character in text:
            able = next((f for f in chosen if ord(character) in characters_of(f) and not _lacks(f, character)), None)
            able = able or self._chosen(self._covering(character), character, random)
            if able is None:
                raise UserError(
                    f"{text!r}: no font draws {character!r}; take one that does (--fonts), or leave the text out"
                )
            chosen.append(able)
        return chosen

    def _chosen(self, usable: int, text: str, random: np.random.Generator) -> FontFile | None:
        """One of the usable fonts whose letters of `text` have ink, whatever was drawn before."""
        while usable:
            if usable not in self._totals:
                if len(self._totals) >= MOST_SETS:
                    self._totals.clear()
                weights = (weight * (usable >> place & 1) for place, weight in enumerate(self._weights))
                self._totals[usable] = list(itertools.accumulate(weights))
            totals = self._totals[usable]
            place = bisect.bisect_right(totals, random.random() * totals[-1])
            if not any(_lacks(self.fonts[place], character) for character in text):
                return self.fonts[place]
            usable &= ~(1 << place)
        return None

    def _covering(self, character: str) -> int:
        """Which fonts draw a character."""
        if character not in self._covers:
            code, blank = ord(character), character.isspace()
            able = (blank or code in characters_of(font) for font in self.fonts)
            self._covers[character] = sum(1 << place for place, is_able in enumerate(able) if is_able)
        return self._covers[character]


@functools.lru_cache(maxsize=65536)
def _lacks(font: FontFile, character: str) -> bool:
    """Whether the font's glyph of a character that is seen is empty."""
    if character.isspace() or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return False
    return not load(font, 32).getmask(character).getbbox()


def is_shaped(text: str) -> bool:
    """Whether letters of `text` join, reorder or run from right to left, so that it is drawn as a whole."""
    if text.isascii():
        return False
    return any(first <= ord(c) <= last for c in text if ord(c) > 0x0590 for first, last in SHAPED) or any(
        unicodedata.combining(c) for c in text if ord(c) > 0x02FF
    )


def is_upright(text: str) -> bool:
    """Whether a column of `text` stacks its characters: Chinese, Japanese, Korean ones are among them."""
    return not text.isascii() and any(unicodedata.east_asian_width(c) in "WF" for c in text)


def line(text: str, fonts: Sequence[FontFile], size: int, setting: Setting, random: np.random.Generator) -> np.ndarray:
    """The letters on a line: uint8 [height, width], 255 where there is ink."""
    if is_shaped(text):
        return _shaped_line(text, fonts[0], size)
    pen, placed, before = 0.0, [], None
    for number, (character, font) in enumerate(zip(text, fonts, strict=True)):
        is_small = character.isupper() and number > 0 and not text[number - 1].isspace()
        pixels = max(4, round(size * setting.small_capitals)) if is_small else size
        drawn = glyph(font, pixels, character)
        if before is not None and before == (font, pixels):
            pen += kerning(font, pixels, text[number - 1] + character)
        lift = random.normal(0, setting.jitter * size) if setting.jitter else 0.0
        placed.append((round(pen) + drawn.left, drawn.top - round(lift), drawn.ink))
        pen += drawn.advance + setting.spacing * size
        before = (font, pixels)
    return assembled(placed)


def column(text: str, fonts: Sequence[FontFile], size: int, setting: Setting) -> np.ndarray:
    """The characters one below the other, their middles on a line: uint8 [height, width]."""
    pen, placed = 0.0, []
    for character, font in zip(text, fonts, strict=True):
        drawn = glyph(font, size, character)
        height = size if is_upright(character) else 0.8 * size
        place = round(pen + (height - drawn.ink.shape[0]) / 2)
        if is_upright(character):  # its own place in its square: a comma stays in the corner
            place = round(pen) + drawn.top + round(0.88 * size)
        left = round(drawn.left - drawn.advance / 2)
        placed.append((left, place, drawn.ink))
        pen += (0.5 * size if character.isspace() else height) + setting.spacing * size
    return assembled(placed)


def assembled(placed: Sequence[tuple[int, int, np.ndarray]]) -> np.ndarray:
    """Letters at (left, top), brought together on a canvas that is as large as they need."""
    placed = [part for part in placed if part[2].size] or [(0, 0, np.zeros((1, 1), np.uint8))]
    left = min(part[0] for part in placed)
    top = min(part[1] for part in placed)
    right = max(x + ink.shape[1] for x, _, ink in placed)
    bottom = max(y + ink.shape[0] for _, y, ink in placed)
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    for x, y, ink in placed:
        part = canvas[y - top : y - top + ink.shape[0], x - left : x - left + ink.shape[1]]
        np.maximum(part, ink, out=part)
    return canvas


def _shaped_line(text: str, font: FontFile, size: int) -> np.ndarray:
    if not features.check("raqm"):
        raise UserError(f"{text!r}: its letters join or run from right to left; this Pillow was built without Raqm")
    return draw_text(text, _load_shaping(font, size))[0]


@functools.lru_cache(maxsize=128)
def _load_shaping(font: FontFile, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font.path, size, font.index, layout_engine=ImageFont.Layout.RAQM)


def _family(font: FontFile) -> str:
    """The name without what tells fonts of one design apart, as in Noto Sans CJK JP and Open Sans Condensed."""
    words = font.family.split()
    return " ".join(words[:3] if "CJK" in words else words[:2])


def paste(canvas: np.ndarray, ink: np.ndarray, left: int, top: int) -> None:
    """Adds ink to a canvas in place, as far as it lies on it."""
    rows, columns = canvas.shape
    y, x = max(0, top), max(0, left)
    part = canvas[y : max(0, min(rows, top + ink.shape[0])), x : max(0, min(columns, left + ink.shape[1]))]
    if part.size:
        np.maximum(part, ink[y - top : y - top + part.shape[0], x - left : x - left + part.shape[1]], out=part)
