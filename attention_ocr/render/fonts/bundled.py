"""The fonts that come with this package, each from a package of its own: drawing needs no other, and is repeatable."""

import functools
import importlib.resources
from pathlib import Path

from attention_ocr import extras
from attention_ocr.errors import UserError
from attention_ocr.render.fonts.files import FontFile, read_fonts

# Package: its styles that are drawn with. All are under the Open Font License.
BUNDLED = {
    "fontpkg_roboto": (
        *("Light", "Regular", "Medium", "Bold", "Black", "Italic", "Bold Italic"),
        *("Condensed Regular", "Condensed Medium", "Condensed Bold"),
    ),
    "fontpkg_arimo": ("Regular", "Bold", "Italic", "Bold Italic"),
    "fontpkg_overpass": ("Regular", "SemiBold", "Bold"),
    "fontpkg_jost": ("Light", "Regular", "Medium", "Bold"),
    "fontpkg_comfortaa": ("Regular", "Bold"),
    "fontpkg_oswald": ("Light", "Regular", "Medium", "Bold"),
    "fontpkg_barlow_condensed": ("Regular", "Medium", "SemiBold", "Bold"),
    "fontpkg_fjalla_one": ("Regular",),
    "fontpkg_roboto_slab": ("Light", "Regular", "Bold", "Black"),
    "fontpkg_alfa_slab_one": ("Regular",),
    "fontpkg_lora": ("Regular", "Bold", "Italic", "Bold Italic"),
    "fontpkg_playfair_display": ("Regular", "Bold", "Black", "Italic"),
    "fontpkg_jetbrains_mono": ("Regular", "Bold", "Italic"),
    "fontpkg_caveat": ("Regular", "Bold"),
    "fontpkg_dancing_script": ("Regular", "Bold"),
    "fontpkg_lobster": ("Regular",),
}


@functools.cache
def bundled_fonts() -> tuple[FontFile, ...]:
    """The fonts that come with this package, in the same order on every machine.

    Raises:
        UserError: one is missing.
    """
    return tuple(font for package in BUNDLED for font in bundled_family(package))


@functools.cache
def bundled_family(package: str) -> tuple[FontFile, ...]:
    """The fonts of one of `BUNDLED`, in the order of its styles.

    Raises:
        UserError: one is missing.
    """
    try:
        folder = Path(str(importlib.resources.files(package))) / "files"
    except ModuleNotFoundError as error:
        raise extras.missing(error, "drawing") or error from None
    found = {font.style: font for path in sorted(folder.iterdir()) for font in read_fonts(str(path))}
    missing = [style for style in BUNDLED[package] if style not in found]
    if missing:
        raise UserError(
            f"{folder}: has no {missing[0]}; install the version of {package.replace('_', '-')} that this package names"
        )
    return tuple(found[style] for style in BUNDLED[package])
