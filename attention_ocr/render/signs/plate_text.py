"""The text of a street plate: which words on which line, how large, and their letters. Layout of French sign makers."""

import functools
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from attention_ocr.render.fonts.files import FontFile, load
from attention_ocr.render.fonts.glyphs import draw_glyph, pens

APOSTROPHE = "‘"  # as FSNS writes it
NARROWEST = 0.56  # letters squeezed more than this are made smaller instead
SIZES = (24, 48, 96, 160)  # of fonts; letters are drawn once at each, and reduced
MEASURED_SIZE = 64
_glyph = functools.lru_cache(maxsize=16384)(draw_glyph)
ELISION = re.compile(f"((?:[dDlL]|qu|Qu){APOSTROPHE})(?=.)")


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a plate spells and sizes its text.

    Attributes:
        case: `capitals`, `capital name` (`Rue PERREYON`) or `mixed`.
        particle: `capitals`, `lower` (`de PORT`), `small` (`DE L' AURORE`) or `alone` (on a line of its own).
        first_name: `same`, `small`, `small capitals` or `lower`: the words before the last of a name.
        keeps_accents: on capitals.
        keeps_hyphens: between the words of a name.
        apostrophe: what an elision is drawn with.
        way_scale: height of the type of way by that of the name.
        small_scale: height of small words by that of the name.
        squeeze: width of the letters by the font's.
        spacing: between letters, by their height.
        line_length: characters at which a line is broken.
        one_line: whether a short name stands beside its type of way.
        thicken: strokes of a font that is not bold, by the letters' height.
    """

    case: str = "capitals"
    particle: str = "capitals"
    first_name: str = "same"
    keeps_accents: bool = True
    keeps_hyphens: bool = True
    apostrophe: str = "'"
    way_scale: float = 0.8
    small_scale: float = 0.65
    squeeze: float = 0.85
    spacing: float = 0.05
    line_length: int = 15
    one_line: bool = False
    thicken: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one size.

    Attributes:
        text: with the blank that follows it.
        scale: height of its capitals by that of the line.
        rise: of its baseline, by the line's height (`15e` has its e high).
    """

    text: str
    scale: float = 1.0
    rise: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """Runs on one baseline.

    Attributes:
        runs: from left to right.
        scale: height of its capitals by that of the name's.
    """

    runs: tuple[Run, ...]
    scale: float = 1.0

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word or a part of one before its hyphen; what it is (`way`, `particle`, `first`, `main`); is a blank next?"""

    text: str
    role: str
    blank: bool = True

    @property
    def may_end_line(self) -> bool:
        return self.blank or self.text.endswith("-")


def lines_of(type_of_way: str, particle: str, name: str, style: TextStyle) -> list[Line]:
    """The lines of a plate, top to bottom; read one after the other they are the label."""
    if not style.keeps_hyphens:
        name = name.replace("-", " ")
    way = [_Word(text, "way") for text in type_of_way.split()]
    particles = [word for text in particle.split() for word in _elided(text, "particle")]
    words = _words_of_name(name, has_particle=bool(particles))
    rows = _rows(way, particles, words, style)
    return [_line(row, style) for row in rows if row]


def _words_of_name(name: str, has_particle: bool) -> list[_Word]:
    texts = name.split()
    found = []
    for index, text in enumerate(texts):
        role = "main" if has_particle or index == len(texts) - 1 else "first"
        pieces = [piece for piece in re.split(r"(?<=\w\w\w-)(?=\w\w\w)", text) if piece]
        for piece in pieces:
            found += _elided(piece, "particle" if text.islower() and index < len(texts) - 1 else role)
    return found


def _elided(text: str, role: str) -> list[_Word]:
    """`d‘Orbey` as two words without a blank between them."""
    found = ELISION.match(text)
    if found:
        return [_Word(found[1], "particle", blank=False), _Word(text[found.end() :], role)]
    return [_Word(text, role, blank=not text.endswith((APOSTROPHE, "-")))]


def _rows(way: list[_Word], particles: list[_Word], words: list[_Word], style: TextStyle) -> list[list[_Word]]:
    everything = way + particles + words
    if style.one_line and _length(everything) <= style.line_length:
        return [everything]
    if style.particle == "alone" and particles and particles[-1].blank:
        return [way, particles, *_broken(words, style.line_length)]
    if particles and _length(particles + words) > style.line_length >= _length(words) and particles[-1].blank:
        return [way + particles, words]
    return [way, *_broken(particles + words, style.line_length)]


def _length(words: Sequence[_Word]) -> int:
    return sum(len(word.text) + word.blank for word in words)


def _broken(words: list[_Word], limit: int) -> list[list[_Word]]:
    """The words on as many lines of like length as `limit` characters a line ask for, at most three."""
    count = min(3, -(-_length(words) // limit))
    places = [index for index, word in enumerate(words) if index and words[index - 1].may_end_line]
    count = min(count, len(places) + 1)
    if count <= 1:
        return [words]

    def rows(cuts: tuple[int, ...]) -> list[list[_Word]]:
        return [words[start:end] for start, end in itertools.pairwise((0, *cuts, len(words)))]

    choices = itertools.combinations(places[:16], count - 1)
    return min(map(rows, choices), key=lambda found: max(map(_length, found)))


def _line(words: list[_Word], style: TextStyle) -> Line:
    runs = [run for word in words for run in _runs(word, style)]
    runs[-1] = Run(runs[-1].text.rstrip(), runs[-1].scale)
    roles = {word.role for word in words}
    if roles <= {"particle"}:
        return Line(tuple(Run(run.text) for run in runs), style.small_scale)
    if "way" in roles and "main" not in roles:
        return Line(tuple(runs), style.way_scale)
    return Line(tuple(runs))


def _runs(word: _Word, style: TextStyle) -> list[Run]:
    blank = " " if word.blank else ""
    text = word.text.replace(APOSTROPHE, style.apostrophe)
    high = _capitals(text, style.keeps_accents) + blank
    if word.role == "particle":
        if style.case == "mixed" or style.particle in ("lower", "alone"):
            return [Run(text.lower() + blank)]
        return [Run(high, style.small_scale if style.particle == "small" else 1.0)]
    if style.case == "mixed" or (style.case == "capital name" and word.role == "way"):
        return [Run(text + blank)]
    if word.role == "first" and style.first_name == "lower" and not text.isupper():
        return [Run(text + blank, 0.9)]
    if word.role == "first" and style.first_name == "small":
        return [Run(high, style.small_scale)]
    if word.role == "first" and style.first_name == "small capitals" and len(text) > 2:
        return [Run(high[0]), Run(high[1:], max(0.72, style.small_scale))]
    return [Run(high)]


def _capitals(text: str, keeps_accents: bool) -> str:
    text = text.upper()
    if keeps_accents:
        return text
    text = text.replace("Œ", "OE").replace("Æ", "AE")
    return "".join(part for part in unicodedata.normalize("NFD", text) if not unicodedata.combining(part))


@functools.lru_cache(maxsize=1024)
def capital_share(font: FontFile) -> float:
    """Height of a font's capitals by its size."""
    _, top, _, bottom = load(font, MEASURED_SIZE).getbbox("H", anchor="ls")
    return max(0.3, (bottom - top) / MEASURED_SIZE)


def thickening(font: FontFile, wanted: float, squeeze: float) -> float:
    """By how much strokes are thickened, by the height of capitals: so that an H stays as open as its strokes are wide.

    Args:
        font: a bold one has strokes that are thick enough.
        wanted: by the height of capitals.
        squeeze: width of the letters by the font's.
    """
    stem, counter = _stem_and_counter(font)
    return 0.0 if font.is_bold else min(wanted, max(0.0, (counter - stem) * squeeze / 2))


@functools.lru_cache(maxsize=1024)
def _stem_and_counter(font: FontFile) -> tuple[float, float]:
    """Width of an H's stem, and of the room between its two, by its height."""
    ink = draw_glyph(font, MEASURED_SIZE, "H").ink
    if not ink.size:  # a font without capitals
        return 0.0, 0.0
    height, row = ink.shape[0], ink[ink.shape[0] // 4] / 255
    within = np.trim_zeros(row)  # serifs reach further out
    return float(within.sum()) / 2 / height, float((1 - within).sum()) / height


def width_of(line: Line, font: FontFile, spacing: float) -> float:
    """Width of a line by the height of its capitals, before squeezing."""
    share = capital_share(font) * MEASURED_SIZE
    return sum(pens(font, MEASURED_SIZE, run.text, spacing * share)[-1] / share * run.scale for run in line.runs)


def letters_of(
    line: Line, font: FontFile, height: float, squeeze: float, spacing: float, thicken: float = 0.0
) -> tuple[np.ndarray, int, list[tuple[float, float]]]:
    """A line whose capitals are `height` pixels high.

    Returns:
        Its ink, uint8 [h, w]; the row of its baseline; the middle (x, y) of each of its letters that is no blank.
    """
    width = max(1, round(width_of(line, font, spacing) * height * squeeze)) + 4
    ink: np.ndarray = np.zeros((round(2.1 * height), width), np.uint8)
    baseline = round(1.5 * height)
    x, middles = 2.0, []
    for run in line.runs:
        glyphs, above, pens = _glyphs(run.text, font, height * run.scale, squeeze, spacing)
        put(ink, glyphs, round(x), baseline - above - round(run.rise * height))
        y = baseline - (0.5 * run.scale + run.rise) * height
        pairs = zip(run.text, itertools.pairwise(pens), strict=True)
        middles += [(x + (start + end) / 2, y) for letter, (start, end) in pairs if letter != " "]
        x += pens[-1]
    stroke = round(thickening(font, thicken, squeeze) * height)
    if stroke >= 1:
        ink = cv2.dilate(ink, np.ones((stroke, stroke + 1), np.uint8))
    return ink, baseline, middles


def put(canvas: np.ndarray, ink: np.ndarray, x: int, y: int) -> None:
    """Adds `ink` to `canvas` with its corner at (x, y); what lies outside is left out."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(ink.shape[1], canvas.shape[1] - x), min(ink.shape[0], canvas.shape[0] - y)
    if right > left and bottom > top:
        place = canvas[y + top : y + bottom, x + left : x + right]
        np.maximum(place, ink[top:bottom, left:right], out=place)


def _glyphs(
    text: str, font: FontFile, height: float, squeeze: float, spacing: float
) -> tuple[np.ndarray, int, np.ndarray]:
    """Ink of one run, rows above its baseline, and where the pen is before each letter and after the last."""
    wanted = height / capital_share(font)
    size = next((size for size in SIZES if size >= wanted), SIZES[-1])
    places = pens(font, size, text, spacing * capital_share(font) * size)
    ink: np.ndarray = np.zeros((round(1.6 * size), int(places[-1]) + 8), np.uint8)
    baseline = round(1.15 * size)
    for letter, place in zip(text, places, strict=False):
        drawn = _glyph(font, size, letter)
        put(ink, drawn.ink, round(2 + place) + drawn.left, baseline + drawn.top)
    ratio = wanted / size
    reduced = (max(1, round(ink.shape[1] * ratio * squeeze)), max(1, round(ink.shape[0] * ratio)))
    return (
        cv2.resize(ink, reduced, interpolation=cv2.INTER_AREA),
        round(baseline * ratio),
        np.array(places) * ratio * squeeze,
    )
