"""Fonts for captions: one that has the glyphs of a text, or the text written as code points.

Bundled fonts come first, so that a caption looks the same on every machine; for what they lack, such as Chinese, the
machine's own are asked.
"""

import functools
import importlib.resources
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from PIL import ImageFont

from attention_ocr.render.fonts.folders import installed_files

PLAIN = ("fontpkg_roboto", "fontpkg_arimo")  # Latin, Greek, Cyrillic; Hebrew
# Asked first where no fontconfig tells which of a machine's fonts are plain.
PLAIN_FILES = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc"),
    *("Arial Unicode.ttf", "arial.ttf", "msyh.ttc"),
)
MOST_MATCHES = 12
FACE = 0xFFFF  # the lower half of fontconfig's index names the face; the upper, the instance of a variable font
NO_CHARACTER = "\uffff"  # Unicode has none there, so no font has a glyph for it
SMALL = 20  # pixels, at which glyphs are compared


@dataclass(frozen=True)
class Face:
    """A font of a file.

    Attributes:
        path: the file.
        index: which of its fonts.
    """

    path: str
    index: int


@functools.lru_cache(maxsize=1024)
def drawable(text: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """`text` and a font that has all of it; what no font here has becomes its code point, [U+4E2D]."""
    font = font_of(text)
    if not font:
        text = "".join(c if font_of(c) else _code_point(c) for c in text)
        font = font_of(text)
    if not font:  # each character has a font, but they have none in common
        font = _bundled()[0]
        text = "".join(c if has(font, c) else _code_point(c) for c in text)
    layout = ImageFont.Layout.BASIC if font in _bundled() else None
    return text, ImageFont.truetype(font.path, size, font.index, layout_engine=layout)


def font_of(text: str) -> Face | None:
    """A font that has all of `text`: a bundled one, else one of this machine."""
    if not all(c == " " or c.isprintable() for c in text):
        return None
    return next((font for font in _bundled() if has(font, text)), None) or machine_font("".join(sorted(set(text))))


def has(font: Face, text: str) -> bool:
    """Whether the font has every character, that is draws it otherwise than what it lacks; a space needs no glyph.

    Raises:
        OSError: the font cannot be read.
    """
    return all(character == " " or _glyph(font, character) != _glyph(font, NO_CHARACTER) for character in text)


@functools.lru_cache(maxsize=4096)
def machine_font(characters: str) -> Face | None:
    """A font of this machine that has all `characters`, the plainest first."""
    for font in _matches(characters) if shutil.which("fc-match") else _plain_first():
        try:
            if has(font, characters):
                return font
        except OSError:  # gone, or of fixed sizes
            continue
    return None


def _code_point(character: str) -> str:
    return f"[U+{ord(character):04X}]"


@functools.lru_cache(maxsize=16384)
def _glyph(font: Face, character: str) -> tuple:
    small = _small(font)
    mask = small.getmask(character)
    return mask.size, bytes(mask), small.getlength(character)


@functools.lru_cache(maxsize=256)
def _small(font: Face) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font.path, SMALL, font.index, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _bundled() -> list[Face]:
    """The upright font of each of `PLAIN`."""
    folders = [Path(str(importlib.resources.files(package))) / "files" for package in PLAIN]
    faces = [Face(str(path), 0) for folder in folders for path in sorted(folder.glob("*.ttf"))]
    return [face for face in faces if _small(face).getname()[1] == "Regular"]


def _matches(characters: str) -> list[Face]:
    """What fontconfig finds for some characters."""
    codes = " ".join(f"{ord(character):x}" for character in characters)
    command = ["fc-match", "-s", "-f", "%{file}\t%{index}\n", f"sans:charset={codes}"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    lines = [line.partition("\t") for line in found.splitlines()[:MOST_MATCHES]]
    return [Face(path, int(index) & FACE) for path, _, index in lines if index.isdecimal()]


def _plain_first() -> list[Face]:
    """The machine's fonts, those of `PLAIN_FILES` first."""
    paths = sorted(installed_files(), key=lambda path: Path(path).name not in PLAIN_FILES)
    return [Face(path, 0) for path in paths]
