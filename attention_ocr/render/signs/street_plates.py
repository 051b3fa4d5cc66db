"""French street plates, seen from the front: enamel, border, text, and what the years have done to them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from attention_ocr.errors import UserError
from attention_ocr.render.fonts.files import FontFile
from attention_ocr.render.signs import plate_damage
from attention_ocr.render.signs.plate_fonts import choose_font
from attention_ocr.render.signs.plate_layout import PIXEL, SetPlate, set_plate
from attention_ocr.render.signs.plate_styles import ENAMELS, PlateStyle, choose_style
from attention_ocr.render.signs.plate_text import APOSTROPHE, lines_of

Colour = tuple[int, int, int]

GREEN, DARK, LIGHT = (30, 96, 66), (26, 28, 34), (218, 220, 216)
ARMS: tuple[Colour, ...] = ((168, 36, 40), (232, 234, 236), (38, 70, 150), (206, 168, 60), (40, 100, 60))
CURVE = np.linspace(0, np.pi / 2, 9)


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as seen from the front.

    Attributes:
        pixels: uint8 [h, w, 4], RGBA; clear outside the plate's outline.
        letter_height: median height in pixels of the capitals of the label's smallest line.
        places: float32 [characters of the label, 2], the middle (x, y) of each in pixels; NaN for what is not drawn: a
            blank, a hyphen left out.
    """

    pixels: np.ndarray
    letter_height: float
    places: np.ndarray


class Name(Protocol):
    """What `street_names.StreetName` has that a plate shows."""

    @property
    def type_of_way(self) -> str: ...
    @property
    def particle(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...


def draw_plate(
    name: Name,
    random: np.random.Generator,
    fonts: Sequence[FontFile],
    difficulty: float = 1.0,
    other_fonts: Sequence[FontFile] = (),
    scale: float = 1.0,
) -> Plate:
    """The plate of a street, once.

    Args:
        name: what it reads; see `street_names.StreetName`.
        random: the source of every choice; the same state and fonts give the same bytes.
        fonts: one of those that have all the characters is taken.
        difficulty: from 0 (clean, nothing but the name) to 1 (as worn and crowded as in the streets).
        other_fonts: taken where none of `fonts` has all the characters.
        scale: how large it is drawn; 1: as large as can be of use, 0.5: for views of 150 pixels.

    Raises:
        UserError: no font has all the characters, or there are none.
    """
    if not name.label.strip():
        raise UserError("a street plate needs a name, but the text is empty; leave the line out")
    style = choose_style(random, difficulty)
    parts = (name.type_of_way, name.particle, name.name)
    drawn = "".join(line.text for line in lines_of(*parts, style.text))
    font = choose_font(fonts, other_fonts, (name.label.replace(APOSTROPHE, "'"), drawn), random)
    placed = set_plate(parts, style, font, random, scale)
    places = places_of(name.label, placed.letters, placed.places)
    return Plate(paint(placed, style, random), placed.letter_height, places)


def places_of(label: str, letters: str, places: Sequence[tuple[float, float]]) -> np.ndarray:
    """Where each character of a label is, float32 [characters, 2]; NaN for what is not drawn.

    Args:
        label: `Rue de l‘Œillet`.
        letters: as drawn, without blanks, maybe in capitals and without accents: `RUEDEL'OEILLET`.
        places: of the letters.
    """
    found = np.full((len(label), 2), np.nan, np.float32)
    drawn = 0
    for index, character in enumerate(label):
        plain = plain_letters(character)
        if character == " " or (character == "-" and letters[drawn : drawn + 1] != "-"):
            continue
        count = len(plain) if plain_letters(letters[drawn : drawn + len(plain)]) == plain else 1
        if character != APOSTROPHE and count == 1 and plain_letters(letters[drawn : drawn + 1]) != plain:
            return np.full_like(found, np.nan)  # spelt in another way
        (left, y), (right, _) = places[drawn], places[drawn + count - 1]
        found[index] = (left + right) / 2, y
        drawn += count
    return found if drawn == len(letters) else np.full_like(found, np.nan)


def plain_letters(text: str) -> str:
    """Capitals without accents and ligatures."""
    text = text.upper().replace("Œ", "OE").replace("Æ", "AE")
    return "".join(part for part in unicodedata.normalize("NFD", text) if not unicodedata.combining(part))


def paint(placed: SetPlate, style: PlateStyle, random: np.random.Generator) -> np.ndarray:
    """The pixels of a plate whose text is set: uint8 [h, w, 4], RGBA."""
    height, width = placed.label.shape
    pairs = ENAMELS[style.enamel][1]
    enamel, ink = (_varied(colour, random) for colour in pairs[random.integers(len(pairs))])
    radius = width * random.uniform(0.03, 0.075)
    letters = cv2.max(cv2.max(placed.label, placed.extra), _border(placed, style, radius, random))
    letters = plate_damage.faded_ink(letters, style.wear, random)
    share = np.linspace(0, 1, 256)[:, None]
    table = (np.array(enamel) * (1 - share) + np.array(ink) * share).astype(np.uint8)
    pixels = cv2.LUT(cv2.merge([letters] * 3), table[None])  # [h, w, 3]
    _paint_frame(pixels, style, radius, random)
    if placed.mark:
        _paint_arms(pixels, placed.mark, style.mark, random)
    screws = _screws(placed, style, random)
    _paint_screws(pixels, screws, enamel, ink, random.uniform(2.6, 5.5) * PIXEL * width, random)
    plate_damage.corrode(pixels, style.wear, screws, random)
    if style.sticker:
        plate_damage.stick(pixels, random.uniform(0.6, 1.05) * placed.letter_height, random)
    return cv2.merge([*_lit(pixels, style, random), _outline_mask(height, width, style, radius)])


def _varied(colour: Colour, random: np.random.Generator) -> Colour:
    """The colour, a little lighter or darker and of another hue."""
    values = np.array(colour) * random.uniform(0.85, 1.12) + random.normal(0, 3.5, 3)
    red, green, blue = np.clip(values, 4, 250).astype(int).tolist()
    return red, green, blue


def outline(left: float, top: float, right: float, bottom: float, corner: str, radius: float) -> np.ndarray:
    """Points around a rectangle whose corners are `square`, `rounded` or `notched` (cut out round): [n, 2]."""
    if corner == "square":
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    points = []
    for x, y, across, down in ((left, top, 1, 1), (right, top, -1, 1), (right, bottom, -1, -1), (left, bottom, 1, -1)):
        angles = CURVE if across * down > 0 else CURVE[::-1]
        cosine, sine = np.cos(angles), np.sin(angles)
        if corner == "rounded":
            arc = np.stack([x + across * radius * (1 - cosine), y + down * radius * (1 - sine)], axis=1)
        else:
            arc = np.stack([x + across * radius * sine, y + down * radius * cosine], axis=1)
        points.append(arc)
    return np.concatenate(points)


def _fixed(points: np.ndarray) -> list[np.ndarray]:
    """The points as OpenCV wants them for `shift=4`."""
    return [np.round(points * 16).astype(np.int32)]


def _outline_mask(height: int, width: int, style: PlateStyle, radius: float) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    reach = 0.8 * radius if style.outline != "square" else 0.0
    points = outline(0.5, 0.5, width - 1.5, height - 1.5, style.outline, reach)
    cv2.fillPoly(mask, _fixed(points), 255, cv2.LINE_AA, 4)
    return mask


def _border(placed: SetPlate, style: PlateStyle, radius: float, random: np.random.Generator) -> np.ndarray:
    """Ink of the border line or lines, open where a header stands."""
    height, width = placed.label.shape
    mask = np.zeros((height, width), np.uint8)
    thick = max(1, round(width * random.uniform(0.006, 0.014)))
    inset = placed.inset
    if placed.rule:
        cv2.line(mask, (inset, placed.rule), (width - inset, placed.rule), 240, max(1, thick - 1), cv2.LINE_AA)
    if style.border == "none":
        return mask
    insets = [float(inset)] if style.border == "single" else [float(inset), inset + 2.2 * thick]
    for each in insets:
        points = outline(each, each, width - 1 - each, height - 1 - each, style.corner, radius)
        cv2.polylines(mask, _fixed(points), True, 255, thick, cv2.LINE_AA, 4)
    if placed.opening:
        left, right = placed.opening
        mask[: inset + 3 * thick, max(0, left) : right] = 0
    return mask


def _paint_frame(pixels: np.ndarray, style: PlateStyle, radius: float, random: np.random.Generator) -> None:
    """The rim of the plate: its folded edge, or the green frame of Paris."""
    if style.frame == "none":
        return
    height, width = pixels.shape[:2]
    thick = round(width * (random.uniform(0.024, 0.04) if style.frame == "green" else random.uniform(0.01, 0.024)))
    reach = 0.8 * radius if style.outline != "square" else 0.0
    points = outline(0.5, 0.5, width - 1.5, height - 1.5, style.outline, reach)
    colour = {"green": GREEN, "dark": DARK, "light": LIGHT}[style.frame]
    cv2.polylines(pixels, _fixed(points), True, colour, thick, cv2.LINE_AA, 4)


def _paint_arms(pixels: np.ndarray, room: tuple[int, int, int, int], kind: str, random: np.random.Generator) -> None:
    """A town's arms, or the stripes of a region: shapes as simple as they look from the street."""
    left, top, wide, tall = room
    first, second, third = (ARMS[index] for index in random.permutation(len(ARMS))[:3])
    field = np.full((tall, wide, 3), first, np.uint8)
    pattern = random.integers(5) if kind == "shield" else 1
    bar = max(2, wide // 6)
    if pattern == 0:
        field[:, wide // 2 - bar // 2 :][:, :bar] = second
        field[tall // 3 :][:bar] = second
    elif pattern == 1:
        for x in range(bar // 2, wide, 2 * bar):
            field[:, x : x + bar] = second
    elif pattern == 2:
        field[: tall // 3] = second
        cv2.circle(field, (wide // 2, round(0.66 * tall)), wide // 5, third, -1, cv2.LINE_AA)
    elif pattern == 3:
        tip = np.array([[0, tall], [wide // 2, tall // 3], [wide, tall]])
        cv2.fillPoly(field, [tip], second, cv2.LINE_AA)
    else:
        for across, down in ((0.3, 0.3), (0.7, 0.3), (0.5, 0.62)):
            cv2.rectangle(
                field,
                (round(across * wide) - bar // 2, round(down * tall) - bar),
                (round(across * wide) + bar // 2, round(down * tall) + bar // 2),
                second,
                -1,
            )
    mask = np.zeros((tall, wide), np.uint8)
    if kind == "shield":
        side = np.array([[0, 0], [1, 0], [1, 0.55], [0.88, 0.8], [0.5, 1], [0.12, 0.8], [0, 0.55]])
        cv2.fillPoly(mask, _fixed(side * (wide - 1, tall - 1)), 255, cv2.LINE_AA, 4)
        cv2.polylines(field, _fixed(side * (wide - 1, tall - 1)), True, LIGHT, max(2, wide // 14), cv2.LINE_AA, 4)
    else:
        mask[:] = 255
    cv2.copyTo(field, mask, pixels[top : top + tall, left : left + wide])


def _screws(placed: SetPlate, style: PlateStyle, random: np.random.Generator) -> list[tuple[int, int]]:
    """Where the plate is screwed on: its corners, or the middles of its edges."""
    height, width = placed.label.shape
    if not style.screws:
        return []
    near = round(max(placed.inset + 2 * PIXEL * width, 0.03 * width))
    if style.corner == "notched":
        near = round(0.028 * width)
    if random.random() < 0.25:
        return [(width // 2, near), (width // 2, height - near)]
    return [(x, y) for x in (near, width - near) for y in (near, height - near)]


def _paint_screws(
    pixels: np.ndarray,
    screws: Sequence[tuple[int, int]],
    enamel: Colour,
    ink: Colour,
    radius: float,
    random: np.random.Generator,
) -> None:
    pixel = PIXEL * pixels.shape[1]
    colours = (enamel, ink, (150, 152, 150), (70, 66, 64), (112, 112, 116))
    colour = colours[random.integers(len(colours))]
    for x, y in screws:
        shade = tuple(value // 2 for value in enamel)
        below = (round(16 * (x + 0.75 * pixel)), round(16 * (y + pixel)))
        cv2.circle(pixels, below, round(16 * (radius + pixel)), shade, -1, cv2.LINE_AA, 4)
        cv2.circle(pixels, (16 * x, 16 * y), round(16 * radius), colour, -1, cv2.LINE_AA, 4)


def _lit(pixels: np.ndarray, style: PlateStyle, random: np.random.Generator) -> list[np.ndarray]:
    """The plate's channels in the light: brighter towards one side, a sheen, dirt; its edge lit above, dark below."""
    height, width = pixels.shape[:2]
    gloss = random.uniform(0, 0.16) if random.random() < 0.4 else 0.0
    bright, sheen = plate_damage.light(height, width, random, gloss)
    plate_damage.dirty(bright, sheen, style.wear, random)
    rim, strength = max(1, round(random.uniform(1.5, 5.5) * PIXEL * width)), random.uniform(0.06, 0.5)
    side = 1 if random.random() < 0.5 else -1
    for edge, change in (
        (bright[:rim], strength / 2),
        (bright[-rim:], -strength),
        (bright[:, :rim], side * strength / 3),
        (bright[:, -rim:], -side * strength / 3),
    ):
        edge[:] = np.minimum(edge * (1 + change), 255)
    return [cv2.add(cv2.multiply(channel, bright, scale=1 / 128), sheen) for channel in cv2.split(pixels)]
