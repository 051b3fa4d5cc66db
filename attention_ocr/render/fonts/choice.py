"""--fonts: the fonts to draw with."""

import logging

from attention_ocr.errors import UserError
from attention_ocr.render.fonts.bundled import bundled_fonts
from attention_ocr.render.fonts.examination import examine
from attention_ocr.render.fonts.files import FontFile
from attention_ocr.render.fonts.folders import files_in, installed_files

logger = logging.getLogger(__name__)


def fonts_of(choice: str) -> tuple[FontFile, ...]:
    """The fonts to draw with; prints how many of a machine's or folder's are left out, and why.

    Args:
        choice: `bundled`, the same on every machine; `installed`, these and the machine's own; or a folder.

    Raises:
        UserError: the folder is missing or has no font that can be drawn with; a bundled font is missing.
    """
    if choice == "bundled":
        return bundled_fonts()
    found = examine(installed_files() if choice == "installed" else files_in(choice))
    logger.info("--fonts=%s: %s", choice, found.summary())
    if choice != "installed" and not found.fonts:
        raise UserError(f"--fonts={choice}: no font to draw with, {found.summary()}")
    bundled = bundled_fonts() if choice == "installed" else ()
    own = {font.path for font in bundled}
    return (*bundled, *(font for font in found.fonts if font.path not in own))
