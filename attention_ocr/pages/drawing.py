"""A photograph with its lines outlined and what was read in each."""

import numpy as np
from PIL import Image, ImageDraw

from attention_ocr.pages.page import Line, Page
from attention_ocr.reading import caption_fonts
from attention_ocr.reading.attention_pictures import confidence_colour

LONGEST = 2000  # pixels of a drawing's longer side
SMOOTH = 2  # outlines are drawn this many times larger, then reduced
SIZES = (13, 30)  # of captions, in pixels
GROUND = (20, 22, 28, 215)


def draw_page(picture: Image.Image, page: Page) -> Image.Image:
    """The upright picture with each line's quadrangle, its number in reading order and its text above it.

    Green is sure, red is likely wrong.
    """
    scale = min(1.0, LONGEST / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    drawn = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    outlines = Image.new("RGBA", (size[0] * SMOOTH, size[1] * SMOOTH))
    pen = ImageDraw.Draw(outlines)
    for line in page.lines:
        corners = [tuple(corner) for corner in line.corners * scale * SMOOTH]
        colour = confidence_colour(line.confidence)
        pen.line([*corners, *corners[:2]], (0, 0, 0, 160), 5 * SMOOTH, "curve")
        pen.line([*corners, *corners[:2]], (*colour, 255), 2 * SMOOTH + 1, "curve")
    layer = outlines.resize(size, Image.Resampling.BOX)
    taken: list[tuple[float, float, float, float]] = []
    for number, line in enumerate(page.lines, start=1):
        _caption(layer, f"{number}  {line.text or 'nothing read'}", line, scale, taken)
    drawn.paste(layer, mask=layer)
    return drawn


def _caption(layer: Image.Image, text: str, line: Line, scale: float, taken: list) -> None:
    """Writes above the line, or below it, where least is covered of captions that are there."""
    left, top, _, bottom = (side * scale for side in line.box)
    height = float(np.clip(0.55 * _height(line) * scale, *SIZES))
    shown, font = caption_fonts.drawable(text, round(height))
    width, deep = font.getlength(shown) + 10, height * 1.35
    x = float(np.clip(left, 0, max(0.0, layer.width - width)))
    places = [(x, y, x + width, y + deep) for y in (top - deep - 3, bottom + 3, (top + bottom - deep) / 2)]
    inside = [place for place in places if place[1] >= 0 and place[3] <= layer.height] or places[2:]
    place = min(inside, key=lambda one: sum(_shared(one, other) for other in taken))
    taken.append(place)
    pen = ImageDraw.Draw(layer)
    pen.rounded_rectangle(place, 4, GROUND)
    pen.text((place[0] + 5, (place[1] + place[3]) / 2), shown, confidence_colour(line.confidence), font, anchor="lm")


def _height(line: Line) -> float:
    edges = np.linalg.norm(np.roll(line.corners, -1, axis=0) - line.corners, axis=1)
    return float(min(max(edges[0], edges[2]), max(edges[1], edges[3])))


def _shared(one: tuple, other: tuple) -> float:
    """The area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)
