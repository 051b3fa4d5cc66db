"""The fonts of this machine, and which of them have the glyphs of a text. A glyph is never drawn as a box."""

import functools
import importlib.util
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

from attention_ocr.errors import UserError

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
LISTING = "%{file}\t%{index}\t%{family[0]}\t%{style[0]}\t%{weight}\t%{width}\t%{slant}\t%{spacing}\n"
BOLD_WEIGHT, NORMAL_WIDTH, MONOSPACED = 180, 100, 100  # fontconfig's numbers


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font of a file.

    Attributes:
        path: the file.
        index: which font of the file.
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


@functools.cache
def installed_fonts() -> tuple[FontFile, ...]:
    """The outline fonts that fontconfig knows, sorted by path; without fontconfig those that matplotlib brings.

    Raises:
        UserError: there is none.
    """
    found = _of_fontconfig() or _of_matplotlib()
    if not found:
        raise UserError(
            "no font is installed; install some (apt-get install fontconfig fonts-dejavu fonts-roboto-unhinted), or "
            "matplotlib, which brings DejaVu (pip install matplotlib)"
        )
    return tuple(sorted(found, key=lambda font: (font.path, font.index)))


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
    if not found:
        best = max(fonts, key=lambda font: len(set(map(ord, text)) & characters_of(font)))
        missing = sorted(c for c in set(text) if not c.isspace() and ord(c) not in characters_of(best))
        raise UserError(
            f"{text!r}: none of {len(fonts)} fonts has all its characters ({best.family} lacks "
            f"{' '.join(missing[:10])}); install a font that has them, such as fonts-noto-cjk, or leave the text out"
        )
    return found


@functools.lru_cache(maxsize=4096)
def characters_of(font: FontFile) -> frozenset[int]:
    """The code points that a font has glyphs for; none of a file that cannot be read."""
    try:
        if font.path.lower().endswith(("ttc", "otc")):
            with TTCollection(font.path, lazy=True) as collection:
                return _shared(frozenset(collection.fonts[font.index].getBestCmap() or ()))
        with TTFont(font.path, lazy=True) as opened:
            return _shared(frozenset(opened.getBestCmap() or ()))
    except (OSError, TTLibError, IndexError, KeyError):
        return frozenset()


@functools.lru_cache(maxsize=4096)
def _shared(codes: frozenset[int]) -> frozenset[int]:
    """The first set equal to `codes`: many of Noto CJK's 30 fonts have the same 45,000 characters, 140 MB in all."""
    return codes


@functools.lru_cache(maxsize=512)
def load(font: FontFile, size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    return ImageFont.truetype(font.path, size, font.index, layout_engine=ImageFont.Layout.BASIC)


def _of_fontconfig() -> list[FontFile]:
    if not shutil.which("fc-list"):
        return []
    try:
        listing = subprocess.run(
            ["fc-list", "-f", LISTING], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    found = {}
    for line in listing.splitlines():
        path, index, family, style, weight, width, slant, spacing = line.split("\t")
        number = int(index or 0)
        if (
            not path.lower().endswith(SUFFIXES) or number > 0xFFFF
        ):  # the upper half names an instance of a variable font
            continue
        found[path, number] = _described(
            FontFile(
                path,
                number,
                family,
                style,
                is_bold=_number(weight) >= BOLD_WEIGHT,
                is_condensed=_number(width, NORMAL_WIDTH) < NORMAL_WIDTH,
                is_slanted=_number(slant) > 0,
                is_monospaced=_number(spacing) >= MONOSPACED,
            )
        )
    return list(found.values())


def _of_matplotlib() -> list[FontFile]:
    package = importlib.util.find_spec("matplotlib")
    if not package or not package.origin:
        return []
    folder = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf"
    names = [(path, path.stem.partition("-")) for path in sorted(folder.glob("DejaVu*.ttf"))]
    return [_described(FontFile(str(path), 0, family, style or "Book")) for path, (family, _, style) in names]


def _described(font: FontFile) -> FontFile:
    """The font with what its names tell."""
    names = f"{font.family} {font.style}".lower()
    return FontFile(
        font.path,
        font.index,
        font.family,
        font.style,
        font.is_bold or any(word in names for word in ("bold", "black", "heavy")),
        font.is_condensed or any(word in names for word in ("condensed", "narrow", "compressed")),
        font.is_slanted or any(word in names for word in ("italic", "oblique")),
        font.is_monospaced or "mono" in names,
        "serif" in names.replace("sans serif", "")
        or any(word in names for word in ("roman", "libertine", "slab", "times")),
    )


def _number(text: str, default: float = 0) -> float:
    """fontconfig writes a range as [100 900]."""
    digits = text.strip("[]").split()
    try:
        return float(digits[-1]) if digits else default
    except ValueError:
        return default
