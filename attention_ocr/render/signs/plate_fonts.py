"""The fonts of street plates: plain, upright ones of known families, whatever else there is."""

import functools
from collections.abc import Sequence

import numpy as np

from attention_ocr.render.fonts.files import FontFile, covering, require_covering
from attention_ocr.render.signs.street_words import names_of, words_of

ACCENTED = "ÀÂÇÉÈÊËÎÏÔÙÛÜŒàâçéèêëîïôùûüœ'’-"
THIN_WORDS, HEAVY_WORDS = ("light", "thin", "hairline"), ("black", "heavy", "extrabold")
# Without these words a family's name is that of its design, in any width and weight.
WIDTHS_AND_WEIGHTS = words_of(
    "condensed semicondensed extracondensed cond cn narrow semi extra regular book medium semibold demi bold"
)
PLATE_FAMILIES = names_of(
    """Alte DIN 1451 Mittelschrift|Anton|Antonio|Archivo|Arial|Arimo|Avenir|Avenir Next|Bahnschrift|Barlow
    |Bitstream Vera Sans|Calibri|Cantarell|Carlito|Clear Sans|DejaVu Sans|DejaVu Serif|DIN|DIN Alternate|Fira Sans
    |Fjalla One|Franklin Gothic|FreeSans|Futura|Gill Sans|Gill Sans MT|Gillius ADF|Helvetica|Helvetica Neue
    |IBM Plex Sans|Inter|Josefin Sans|Jost|Lato|League Gothic|Liberation Sans|Liberation Serif|Libre Franklin|Lora
    |Montserrat|National Park|Nimbus Sans|Noto Sans|Open Sans|OSP-DIN|Oswald|Overpass|PT Sans|PT Serif|Public Sans
    |Roboto|Roboto Slab|Saira|Segoe UI|Source Sans 3|Source Sans Pro|Switzera ADF|Tahoma|TeX Gyre Adventor
    |TeX Gyre Heros|Tinos|Trebuchet MS|Ubuntu|Universalis ADF Std|URW Gothic|Verdana|Work Sans"""
)


def plate_fonts(fonts: Sequence[FontFile]) -> tuple[FontFile, ...]:
    """Those of `fonts` that plates are set in; they have accented capitals.

    Where none is of `PLATE_FAMILIES`, as in a folder that someone chose, any that are upright; else all there are.
    """
    fit = [font for font in fonts if _fitness(font) > 0]
    known = [font for font in fit if design_of(font) in PLATE_FAMILIES]
    return tuple(covering(known, ACCENTED) or covering(fit, ACCENTED) or covering(fonts, ACCENTED) or fonts)


def design_of(font: FontFile) -> str:
    """The family's name without words for widths and weights: `Barlow` of `Barlow Semi Condensed`."""
    return " ".join(word for word in font.family.split() if word.lower() not in WIDTHS_AND_WEIGHTS)


def choose_font(
    fonts: Sequence[FontFile], others: Sequence[FontFile], texts: Sequence[str], random: np.random.Generator
) -> FontFile:
    """One of `fonts` that has all of `texts`, fit ones more often; one of `others` where none has.

    Raises:
        UserError: neither has one.
    """
    fonts, text = tuple(fonts), "".join(texts)
    chances = _chances(fonts)
    chosen = fonts[int(np.searchsorted(chances[:-1], random.random() * chances[-1], side="right"))]
    if covering([chosen], text):
        return chosen
    left = covering(fonts, text) or covering(others, text)
    if not left:
        for each in (*texts, text):
            require_covering(others or fonts, each)
    return left[random.integers(len(left))]


def _fitness(font: FontFile) -> float:
    """How well a font fits a plate: bold and condensed letters best, 0 not at all."""
    style = f"{font.family} {font.style}".lower()
    if font.is_monospaced or font.is_slanted or any(word in style for word in THIN_WORDS):
        return 0.0
    fitness = (4.0 if font.is_bold else 1.0) * (1.5 if font.is_condensed else 1.0) * (0.4 if font.is_serif else 1.0)
    return fitness * (0.3 if any(word in style for word in HEAVY_WORDS) else 1.0)


@functools.lru_cache(maxsize=16)
def _chances(fonts: tuple[FontFile, ...]) -> np.ndarray:
    """Up to each font the share of plates: families alike, within them the fitter more often."""
    fitness = np.array([max(0.01, _fitness(font)) for font in fonts])
    families = [font.family for font in fonts]
    sizes = np.array([sum(fitness[i] for i in range(len(fonts)) if families[i] == family) for family in families])
    return np.cumsum(fitness / np.sqrt(sizes))
