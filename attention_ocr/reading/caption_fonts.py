"""Fonts for captions: one that has the glyphs of a text, or the text written as code points.

Bundled fonts come first, so that a caption looks the same on every machine; for what they lack, such as Chinese, the
machine's own are asked.
"""

import functools
import shutil
import subprocess
from pathlib import Path

from PIL import ImageFont

from attention_ocr.render.fonts.bundled import bundled_family
from attention_ocr.render.fonts.files import FACE, FontFile, characters_of, load
from attention_ocr.render.fonts.folders import installed_files

PLAIN = ("fontpkg_roboto", "fontpkg_arimo")  # Latin, Greek, Cyrillic; Hebrew
# Asked first where no fontconfig tells which of a machine's fonts are plain.
PLAIN_FILES = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc"),
    *("Arial Unicode.ttf", "arial.ttf", "msyh.ttc"),
)
MOST_MATCHES = 12


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
    if font in _bundled():
        return text, load(font, size)
    return text, ImageFont.truetype(font.path, size, font.index)


def font_of(text: str) -> FontFile | None:
    """A font that has all of `text`: a bundled one, else one of this machine."""
    if not all(c == " " or c.isprintable() for c in text):
        return None
    return next((font for font in _bundled() if has(font, text)), None) or machine_font("".join(sorted(set(text))))


def has(font: FontFile, text: str) -> bool:
    """Whether the font has every character; a space needs none."""
    return set(map(ord, text)) - {ord(" ")} <= characters_of(font)


@functools.lru_cache(maxsize=4096)
def machine_font(characters: str) -> FontFile | None:
    """A font of this machine that has all `characters`, the plainest first."""
    for font in _matches(characters) if shutil.which("fc-match") else _plain_first():
        try:
            if has(font, characters) and ImageFont.truetype(font.path, 20, font.index):
                return font
        except OSError:  # gone, or of fixed sizes
            continue
    return None


def _code_point(character: str) -> str:
    return f"[U+{ord(character):04X}]"


@functools.cache
def _bundled() -> list[FontFile]:
    return [font for package in PLAIN for font in bundled_family(package) if font.style == "Regular"]


def _matches(characters: str) -> list[FontFile]:
    """What fontconfig finds for some characters."""
    codes = " ".join(f"{ord(character):x}" for character in characters)
    command = ["fc-match", "-s", "-f", "%{file}\t%{index}\n", f"sans:charset={codes}"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    lines = [line.partition("\t") for line in found.splitlines()[:MOST_MATCHES]]
    return [FontFile(path, int(index) & FACE, "", "") for path, _, index in lines if index.isdecimal()]


def _plain_first() -> list[FontFile]:
    """The machine's fonts, those of `PLAIN_FILES` first."""
    paths = sorted(installed_files(), key=lambda path: Path(path).name not in PLAIN_FILES)
    return [FontFile(path, 0, "", "") for path in paths]
