"""Font files made for tests: of boxes, or of another font's glyphs under other characters."""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from attention_ocr.render.fonts.bundled import bundled_family

EM, ASCENT = 1000, 880


def font_of_boxes(path, glyphs, family="Boxes", style="Regular"):
    """A font whose glyphs are boxes; what it lacks is drawn as nothing.

    Args:
        path: the file to write.
        glyphs: character -> boxes (left, bottom, right, top) in 1000ths of the font's size, from the baseline.
        family, style: its names.
    """
    names = {character: f"uni{ord(character):04X}" for character in glyphs}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    drawn = {names[character]: _glyph(boxes) for character, boxes in glyphs.items()}
    builder.setupGlyf({".notdef": _glyph([]), **drawn})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (EM, 0)))
    builder.setupHorizontalHeader(ascent=ASCENT, descent=ASCENT - EM)
    builder.setupNameTable({"familyName": family, "styleName": style})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return Path(path)


def font_of_other_glyphs(path, changed, package="fontpkg_barlow_condensed", family="Changed"):
    """The first font of a bundled family under another name, some characters with the glyph of another.

    Args:
        path: the file to write.
        changed: character -> whose glyph it has; None: an empty one.
        package: of the family.
        family: the new name.
    """
    with TTFont(bundled_family(package)[0].path) as font:
        glyphs = dict(font.getBestCmap())
        for table in font["cmap"].tables:
            table.cmap |= {ord(c): glyphs[ord(source or " ")] for c, source in changed.items() if ord(c) in table.cmap}
        for record in (1, 16):
            font["name"].setName(family, record, 3, 1, 0x409)
        font.save(path)
    return Path(path)


def _glyph(boxes):
    pen = TTGlyphPen(None)
    for left, bottom, right, top in boxes:
        pen.moveTo((left, bottom))
        for corner in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()
