"""Fonts for captions: one that has the glyphs of a text, or the text written as code points."""

import functools
import shutil
import subprocess

from PIL import Image, ImageDraw, ImageFont

# Asked by name where there is no fontconfig; Pillow looks in the system's font folders.
_KNOWN_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
)


@functools.lru_cache(maxsize=1024)
def drawable(text: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """`text` and a font that has all of it; what no font here has becomes its code point, [U+4E2D]."""
    font = default_font(size)
    if has(font, text):
        return text, font
    path, index = font_file("".join(sorted(set(text)))) or ("", 0)
    if not path:
        known = "".join(sorted({c for c in text if has(font, c) or font_file(c)}))
        text = "".join(c if c in known else f"[U+{ord(c):04X}]" for c in text)
        path, index = font_file("".join(sorted({*known, *"[U+0123456789ABCDEF]"}))) or ("", 0)
    if path:
        return text, ImageFont.truetype(path, size, index)
    return "".join(c if has(font, c) else f"[U+{ord(c):04X}]" for c in text), font


@functools.lru_cache(maxsize=64)
def default_font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def has(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether the font has every character, that is, draws none as it draws the non-character U+FFFF."""
    missing = _glyph(font, "\uffff")
    return all(c == " " or (c.isprintable() and _glyph(font, c) != missing) for c in text)


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    width, height = (int(edge) + 2 for edge in font.getbbox(character)[2:])
    picture = Image.new("L", (max(1, width), max(1, height)))
    ImageDraw.Draw(picture).text((0, 0), character, 255, font)
    return picture.size, picture.tobytes()


@functools.lru_cache(maxsize=4096)
def font_file(characters: str) -> tuple[str, int] | None:
    """The file and index of an installed font that has all `characters`, the plainest first."""
    codes = " ".join(f"{ord(character):x}" for character in characters)
    candidates = [(name, 0) for name in _KNOWN_FONTS]
    if shutil.which("fc-match"):
        command = ["fc-match", "-s", "-f", "%{file}\t%{index}\n", f"sans:charset={codes}"]
        try:
            found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
        except (OSError, subprocess.SubprocessError):
            found = ""
        lines = (line.partition("\t") for line in found.splitlines())
        candidates = [(path, int(index) & 0xFFFF) for path, _, index in lines if index.isdecimal()] + candidates
    for path, index in candidates[:12]:
        try:
            if has(ImageFont.truetype(path, 20, index), characters):
                return path, index
        except OSError:  # no such font, or one of fixed sizes
            continue
    return None
