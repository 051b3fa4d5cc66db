"""Font files: what is in them, how their letters look, which characters they have. A glyph is never drawn as a box."""

import contextlib
import dataclasses
import functools
import logging
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont
from PIL import ImageFont

from attention_ocr.errors import UserError

# What names say of letters.
BOLD_WORDS = ("bold", "black", "heavy")
CONDENSED_WORDS = ("cond", "narrow", "compressed")
SLANTED_WORDS = ("italic", "oblique")
SERIF_WORDS = ("serif", "roman", "slab", "times", "libertine", "garamond", "baskerville", "caslon", "lora", "playfair")

COLLECTIONS = (".ttc", ".otc")
BOLD, NORMAL_WIDTH = 600, 5  # of OS/2: SemiBold; medium width
FACE = 0xFFFF  # The lower half of a font's index names the face; the upper, the instance of a variable font.
MOST_NAMED = 20  # Characters in a message.

# fontTools reports each odd table of each font of the machine.
logging.getLogger("fontTools").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font of a file.

    Attributes:
        path: the file.
        index: which font of the file, as FreeType counts: the face, and 65,536 times the instance of a variable font.
        family: its name, such as `DejaVu Sans`.
        style: such as `Condensed Bold`.
        is_bold, is_condensed, is_slanted, is_monospaced, is_serif: how its letters look.
    """

    path: str
    index: int
    family: str
    style: str
    is_bold: bool = False
    is_condensed: bool = False
    is_slanted: bool = False
    is_monospaced: bool = False
    is_serif: bool = False

    def __hash__(self) -> int:
        """That of what tells fonts apart: each letter is looked up by its font."""
        return hash((self.path, self.index))


def read_fonts(path: str) -> list[FontFile]:
    """The fonts of a file, of a variable one its named instances; none of a file that is broken."""
    try:
        with _opened(path) as faces:
            return [font for number, face in enumerate(faces) for font in _fonts_of_face(path, number, face)]
    except Exception:  # fontTools has no common error: a broken table raises whatever reading it met
        return []


def covering(fonts: Iterable[FontFile], text: str) -> list[FontFile]:
    """Those of `fonts` that have a glyph for each character of `text`; blanks need none."""
    codes = {ord(character) for character in text if not character.isspace()}
    return [font for font in fonts if codes <= characters_of(font)]


def require_covering(fonts: Sequence[FontFile], text: str) -> list[FontFile]:
    """As `covering`, but at least one.

    Raises:
        UserError: no font has all of `text`.
    """
    found = covering(fonts, text)
    if found:
        return found
    missing = lacking(fonts, text)
    lack = f"has {_named(missing)}" if missing else f"has all of {_named(sorted(set(text)))}"
    raise UserError(
        f"{text!r}: none of {len(fonts)} fonts {lack}; take more fonts with --fonts=installed (those of this machine) "
        "or --fonts=FOLDER, or leave the text out"
    )


def lacking(fonts: Sequence[FontFile], characters: Iterable[str]) -> list[str]:
    """Those of `characters` that none of `fonts` has, sorted; blanks need none."""
    wanted = sorted({character for character in characters if not character.isspace()})
    return [character for character in wanted if not any(ord(character) in characters_of(font) for font in fonts)]


def characters_of(font: FontFile) -> frozenset[int]:
    """The code points that a font has glyphs for; none of a file that cannot be read."""
    return _characters(font.path, font.index & FACE)


@functools.lru_cache(maxsize=512)
def load(font: FontFile, size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    return ImageFont.truetype(font.path, size, font.index, layout_engine=ImageFont.Layout.BASIC)


def _named(characters: Sequence[str]) -> str:
    characters = [character for character in characters if not character.isspace()]
    more = " ..." if len(characters) > MOST_NAMED else ""
    return " ".join(characters[:MOST_NAMED]) + more


@contextlib.contextmanager
def _opened(path: str) -> Iterator[list[TTFont]]:
    """The faces of a file, read as they are asked for."""
    with Path(path).open("rb") as file:  # fontTools leaves a file open that it cannot read
        yield TTCollection(file, lazy=True).fonts if path.lower().endswith(COLLECTIONS) else [TTFont(file, lazy=True)]


@functools.lru_cache(maxsize=4096)
def _characters(path: str, face: int) -> frozenset[int]:
    try:
        with _opened(path) as faces:
            return _shared(frozenset(faces[face].getBestCmap() or ()))
    except Exception:  # as in read_fonts
        return frozenset()


@functools.lru_cache(maxsize=4096)
def _shared(codes: frozenset[int]) -> frozenset[int]:
    """The first set equal to `codes`: many of Noto CJK's 30 fonts have the same 45,000 characters, 140 MB in all."""
    return codes


def _fonts_of_face(path: str, number: int, face: TTFont) -> Iterator[FontFile]:
    names, instances = face["name"], face["fvar"].instances if "fvar" in face else []
    family = names.getDebugName(16) or names.getDebugName(1) or ""
    if not instances:
        yield _described(face, FontFile(path, number, family, names.getDebugName(17) or names.getDebugName(2) or ""))
    for place, instance in enumerate(instances, start=1):
        font = FontFile(path, place << 16 | number, family, names.getDebugName(instance.subfamilyNameID) or "")
        yield _described(face, font, instance.coordinates)


def _described(face: TTFont, font: FontFile, axes: dict[str, float] | None = None) -> FontFile:
    """The font with what its tables, its place on the axes of a variable font and its names tell."""
    axes = axes or {}
    names = f"{font.family} {font.style}".lower()
    table, panose = face["OS/2"], face["OS/2"].panose
    angle, is_fixed = struct.unpack(">4xi4xI", face.reader["post"][:16])  # the whole table is slow to read
    is_narrow = axes["wdth"] < 100 if "wdth" in axes else table.usWidthClass < NORMAL_WIDTH
    has_serifs = panose.bFamilyType == 2 and 2 <= panose.bSerifStyle <= 10 and "sans" not in names
    return dataclasses.replace(
        font,
        is_bold=axes.get("wght", table.usWeightClass) >= BOLD or _says(names, BOLD_WORDS),
        is_condensed=is_narrow or _says(names, CONDENSED_WORDS),
        is_slanted=bool(angle or table.fsSelection & 1) or _says(names, SLANTED_WORDS),
        is_monospaced=bool(is_fixed or panose.bProportion == 9) or "mono" in names,
        is_serif=has_serifs or _says(names.replace("sans serif", ""), SERIF_WORDS),
    )


def _says(names: str, words: Iterable[str]) -> bool:
    return any(word in names for word in words)
