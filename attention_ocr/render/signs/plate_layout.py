"""The size of a street plate and where its text stands."""

import statistics
from dataclasses import dataclass, replace

import cv2
import numpy as np

from attention_ocr.render.fonts.files import FontFile, covering
from attention_ocr.render.signs.plate_styles import PlateStyle, footer_of, header_of
from attention_ocr.render.signs.plate_text import NARROWEST, Line, letters_of, lines_of, put, thickening, width_of

WIDTHS = (320, 420)  # of a plate in pixels, drawn as large as can be of use
PIXEL = 1 / 370  # of such a plate by its width
LETTERS = (0.125, 0.185)  # height of the name's capitals by the plate's width
TALLEST = 0.92  # of the plate by its width
FLATTEST = 0.48


@dataclass(frozen=True, slots=True)
class SetPlate:
    """A plate's text in place.

    Attributes:
        label: ink of the label, uint8 [h, w].
        extra: ink of what is not read, uint8 [h, w].
        inset: of the border line in pixels.
        opening: where the border line is broken for a header, (left, right) or None.
        rule: row of a line across the plate, or 0.
        mark: room of the shield or flag, (left, top, width, height), or None.
        letter_height: median height of the capitals of the label's smallest line.
        letters: of the label, without blanks, as drawn.
        places: the middle (x, y) of each of them in pixels.
    """

    label: np.ndarray
    extra: np.ndarray
    inset: int
    opening: tuple[int, int] | None
    rule: int
    mark: tuple[int, int, int, int] | None
    letter_height: float
    letters: str
    places: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Row:
    """A line in its font, `height` pixels high, and the room below it."""

    line: Line
    font: FontFile
    height: float
    squeeze: float
    spacing: float
    below: float
    is_label: bool = True


def set_plate(
    parts: tuple[str, str, str], style: PlateStyle, font: FontFile, random: np.random.Generator, scale: float = 1.0
) -> SetPlate:
    """The size of a plate and its text in place.

    Args:
        parts: type of way, particle, name.
        style: of the plate.
        font: of the label's text; it has all its characters.
        random: source of the sizes.
        scale: how large it is drawn, 1: as `WIDTHS` says.
    """
    width = round(scale * random.integers(*WIDTHS, endpoint=True))
    inset = round(width * random.uniform(0.018, 0.05))
    margin = random.uniform(0.04, 0.08) + (0.03 if style.border == "double" else 0.0)
    room = width - 2 * (inset + width * margin)
    rows = _rows(parts, style, font, room, width * random.uniform(*LETTERS), random)
    pad = inset + random.uniform(0.55, 1.1) * max(row.height for row in rows)
    tall = _tall(rows)
    shrink = min(1.0, (TALLEST * width - 2 * pad) / tall)
    rows = [replace(row, height=row.height * shrink, below=row.below * shrink) for row in rows]
    height = round(max(FLATTEST * width, tall * shrink + 2 * pad))
    return _placed(rows, style, (width, height), inset, room, random)


def _rows(
    parts: tuple[str, str, str],
    style: PlateStyle,
    font: FontFile,
    room: float,
    largest: float,
    random: np.random.Generator,
) -> list[_Row]:
    text = style.text
    lines = lines_of(*parts, text)
    gap = random.uniform(0.45, 1.0)
    rows = []
    spacing = text.spacing + 0.7 * thickening(font, text.thicken, text.squeeze)  # thicker strokes need room
    for line in lines:
        natural = width_of(line, font, spacing)
        squeeze = max(min(text.squeeze, NARROWEST), min(text.squeeze, room / (natural * line.scale * largest)))
        height = min(line.scale * largest, room / (natural * squeeze))
        rows.append(_Row(line, font, height, squeeze, spacing, below=0.0))
    lowest = min(row.height / row.line.scale for row in rows)
    rows = [replace(row, height=min(row.height, 1.4 * lowest * row.line.scale)) for row in rows]
    tallest = max(row.height for row in rows)
    rows = [replace(row, below=gap * max(row.height, 0.7 * tallest)) for row in rows]
    smallest = _letter_height(rows)
    header, footer = header_of(style.header, random), footer_of(style.footer, random)
    small = _small_font(font, header, footer)
    if header and small:
        height = smallest * random.uniform(0.42, 0.62 if style.header == "town ruled" else 0.56)
        below = (1.7 if style.header == "town ruled" else 1.05) * height
        rows.insert(0, _Row(header, small, height, 0.9, random.uniform(0.02, 0.2), below, is_label=False))
    if footer and small:
        height = min(smallest * random.uniform(0.38, 0.55), 0.4 * tallest)
        rows.append(_Row(footer, small, height, 0.9, 0.06, 0.0, is_label=False))
    return [_fitting(row, room) for row in rows]


def _fitting(row: _Row, room: float) -> _Row:
    width = width_of(row.line, row.font, row.spacing) * row.height * row.squeeze
    return row if width <= room else replace(row, squeeze=row.squeeze * room / width)


def _tall(rows: list[_Row]) -> float:
    return sum(row.height + row.below for row in rows) - rows[-1].below


def _small_font(font: FontFile, *lines: Line | None) -> FontFile | None:
    """The font if it has what is not read as well."""
    return font if covering([font], "".join(line.text for line in lines if line)) else None


def _placed(
    rows: list[_Row],
    style: PlateStyle,
    size: tuple[int, int],
    inset: int,
    room: float,
    random: np.random.Generator,
) -> SetPlate:
    width, height = size
    label, extra = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    y = (height - _tall(rows)) / 2
    askew = random.uniform(-0.5, 0.5) if random.random() < 0.15 else 0.0
    opening, rule, boxes = None, 0, []
    letters, places = "", []
    for row in rows:
        is_header = row is rows[0] and not row.is_label
        top = y - 0.35 * (y - inset) * is_header
        ink, baseline, middles = letters_of(
            row.line, row.font, row.height, row.squeeze, row.spacing, style.text.thicken if row.is_label else 0.0
        )
        slack = max(0.0, (room - ink.shape[1]) / 2)
        x = round((width - ink.shape[1]) / 2 + askew * slack)
        above = round(top + row.height) - baseline
        put(label if row.is_label else extra, ink, x, above)
        if row.is_label:
            letters += row.line.text.replace(" ", "")
            places += [(x + middle, above + y_middle) for middle, y_middle in middles]
        boxes.append((x, round(top - 0.3 * row.height), ink.shape[1], round(1.4 * row.height)))
        if is_header:
            beside = round(8 * PIXEL * width)
            opening = (x - beside, x + ink.shape[1] + beside) if random.random() < 0.5 else None
            rule = round(top + row.height + 0.42 * (y - top + row.below)) if style.header == "town ruled" else 0
            if style.header == "district":  # underlined
                line = extra[round(top + 1.3 * row.height) :, max(0, x) : x + ink.shape[1]]
                line[: max(2, round(0.1 * row.height))] = 240
        if row is rows[-1] and style.footer == "arrow" and not row.is_label:
            _draw_arrow(extra, x, round(y), ink.shape[1], round(row.height), random)
        y += row.height + row.below
    mark = _mark_room(style, boxes, size, inset)
    return SetPlate(label, extra, inset, opening, rule, mark, _letter_height(rows), letters, places)


def _draw_arrow(ink: np.ndarray, left: int, top: int, width: int, height: int, random: np.random.Generator) -> None:
    arrow = np.array([[0, 0.38], [0.7, 0.38], [0.7, 0], [1, 0.5], [0.7, 1], [0.7, 0.62], [0, 0.62]])
    if random.random() < 0.5:
        arrow[:, 0] = 1 - arrow[:, 0]
    points = np.round((arrow * (width, height) + (left, top)) * 16).astype(np.int32)
    cv2.fillPoly(ink, [points], 255, cv2.LINE_AA, 4)


def _letter_height(rows: list[_Row]) -> float:
    """Of the label's smallest line: the median height of its capitals; of all its letters where no line has any."""
    found = []
    for row in rows:
        capitals = [run.scale for run in row.line.runs for letter in run.text if letter.isupper() or letter.isdigit()]
        if row.is_label and capitals:
            found.append(row.height * statistics.median(capitals))
    return min(found) if found else min(row.height for row in rows if row.is_label)


def _mark_room(
    style: PlateStyle, boxes: list[tuple[int, int, int, int]], size: tuple[int, int], inset: int
) -> tuple[int, int, int, int] | None:
    """Where a shield or flag has room at the top left, not on the text: (left, top, width, height)."""
    if style.mark == "none":
        return None
    width, height = size
    left, top = inset + width // 40, inset + width // 40
    wide = round(0.15 * width)
    tall = round(1.2 * wide)
    for x, y, box_width, box_height in boxes:
        if x < left + wide + 4 and y < top + tall and y + box_height > top and box_width:
            wide = min(wide, x - left - 6)
            tall = round(1.2 * wide)
    return (left, top, wide, min(tall, height // 2)) if wide > 0.07 * width else None
