"""Simple street signs seen from several sides, for the demo: one enamel plate, photographed once a view."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from attention_ocr.errors import UserError

STREET_NAMES = (
    "Rue Neuve",
    "Rue du Lac",
    "Place Verte",
    "Quai du Port",
    "Cour Royale",
    "Rue Jolie",
    "Passage Roux",
    "Rue des Bois",
)

# What Pillow's own font has, so that a seed gives the same picture on every machine; it has no accents.
_DRAWABLE = frozenset(map(chr, range(32, 127))) | frozenset("‘’“”«»°·…")
_PARTICLES = frozenset({"de", "du", "des", "la", "le", "les", "et", "aux", "sur", "en"})
_DETAIL = 3  # plates and views are drawn this many times larger, then reduced

Colour = tuple[int, int, int]
_ENAMELS: tuple[tuple[Colour, Colour], ...] = (  # plate, letters; blue is the commonest by far
    ((28, 62, 158), (244, 246, 250)),
    ((22, 44, 112), (240, 242, 246)),
    ((44, 92, 160), (240, 244, 248)),
    ((26, 36, 78), (236, 236, 232)),
    ((18, 88, 62), (240, 246, 240)),
    ((236, 234, 224), (24, 40, 100)),
)
_WALLS: tuple[Colour, ...] = ((206, 190, 160), (188, 136, 118), (150, 148, 142), (222, 216, 204), (120, 110, 92))


class _Line(NamedTuple):
    """A line of the plate and the share of the plate's height its letters may take."""

    text: str
    share: float


def draw_sign(
    text: str, random: np.random.Generator, height: int = 150, width: int = 150, num_views: int = 4
) -> Image.Image:
    """A street sign as FSNS stores one: views of the same plate side by side.

    Args:
        text: the name, its first word the type of way (`Rue du Lac`); letters of Pillow's own font (no accents).
        random: the source of every choice; the same state gives the same bytes.
        height: H of one view in pixels.
        width: W of one view in pixels.
        num_views: V.

    Returns:
        An RGB picture of num_views*width x height pixels.

    Raises:
        UserError: a character of `text` cannot be drawn.
    """
    unknown = sorted(set(text) - _DRAWABLE)
    if unknown:
        raise UserError(f"{text!r} has {' '.join(unknown)}, which the demo's font lacks; write it without accents")
    plate = _draw_plate(text, random, _DETAIL * height, _DETAIL * width)
    wall = _WALLS[random.integers(len(_WALLS))]
    strip = Image.new("RGB", (num_views * width, height))
    for view in range(num_views):
        strip.paste(_photograph(plate, wall, random, height, width), (view * width, 0))
    return strip


def _layout(text: str, capitals: bool) -> list[_Line]:
    """One to three lines: the type of way small, the name large, on two lines if it is long."""
    if capitals:
        text = " ".join(word if word in _PARTICLES else word.upper() for word in text.split())
    kind, _, name = " ".join(text.split()).partition(" ")
    if not name:
        return [_Line(kind, 0.42)]
    breaks = [index + 1 for index, character in enumerate(name) if character in " -"]
    if len(name) <= 13 or not breaks:
        return [_Line(kind, 0.23), _Line(name, 0.36)]
    middle = min(breaks, key=lambda index: abs(2 * index - len(name)))
    return [_Line(kind, 0.16), _Line(name[:middle].rstrip(), 0.23), _Line(name[middle:], 0.23)]


def _draw_plate(text: str, random: np.random.Generator, height: int, width: int) -> Image.Image:
    """The plate from the front, RGBA, transparent outside its rounded corners, to fit a view of height x width."""
    lines = _layout(text, capitals=bool(random.random() < 0.6))
    plate_width = round(0.86 * width)
    plate_height = min(round(plate_width * random.uniform(0.58, 0.72)), round(0.8 * height))
    enamel, ink = _ENAMELS[min(random.geometric(0.35), len(_ENAMELS)) - 1]
    unit = max(1, min(plate_height, plate_width) // 40)
    plate = Image.new("RGBA", (plate_width, plate_height), (*enamel, 0))
    draw = ImageDraw.Draw(plate)
    corner = unit * int(random.integers(2, 6))
    draw.rounded_rectangle((0, 0, plate_width - 1, plate_height - 1), corner, fill=enamel)
    frame = (2 * unit, 2 * unit, plate_width - 1 - 2 * unit, plate_height - 1 - 2 * unit)
    draw.rounded_rectangle(frame, corner, outline=ink, width=unit)
    _write_lines(draw, lines, ink, (plate_width, plate_height), margin=5 * unit)
    for x in (4.5 * unit, plate_width - 4.5 * unit):  # rivets
        for y in (4.5 * unit, plate_height - 4.5 * unit):
            draw.ellipse((x - unit, y - unit, x + unit, y + unit), fill=(150, 150, 150))
    return _with_gloss(plate, random)


def _write_lines(
    draw: ImageDraw.ImageDraw, lines: list[_Line], ink: Colour, size: tuple[int, int], margin: int
) -> None:
    """Writes the lines centred on a plate of `size`, each as large as its share of the height and the width allow."""
    width, height = size
    gap = 0.06 * height
    y = (height - sum(line.share for line in lines) * height - gap * (len(lines) - 1)) / 2
    for line in lines:
        room = line.share * height
        pixels = max(4.0, 1.05 * room)  # capitals are 0.7 of a font's size, descenders need the rest
        length = ImageFont.load_default(pixels).getlength(line.text)
        pixels *= min(1.0, (width - 2 * margin) / max(1.0, 1.05 * length))
        font = ImageFont.load_default(pixels)
        place = (width / 2, y + room / 2)
        draw.text(place, line.text, ink, font, anchor="mm", stroke_width=pixels / 50)
        y += room + gap


def _with_gloss(plate: Image.Image, random: np.random.Generator) -> Image.Image:
    """The plate with light falling off across it, as on curved enamel."""
    pixels = np.asarray(plate).astype(np.float32)
    y, x = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]  # type: ignore[misc]
    angle = random.uniform(0, 2 * np.pi)
    light = 1 + 0.12 * (np.cos(angle) * x + np.sin(angle) * y)
    pixels[..., :3] *= light[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _photograph(plate: Image.Image, wall: Colour, random: np.random.Generator, height: int, width: int) -> Image.Image:
    """One view: the plate askew on its wall, in its own light, slightly out of focus."""
    size = (_DETAIL * width, _DETAIL * height)
    corners = _corners(plate.size, size, random)
    seen = plate.transform(
        size, Image.Transform.PERSPECTIVE, _perspective(corners, plate.size), Image.Resampling.BICUBIC
    )
    mask = seen.getchannel("A")
    view = _draw_wall(wall, random, size)
    offset = (round(0.012 * size[0]), round(0.02 * size[1]))
    shadow = Image.new("L", size)
    shadow.paste(mask.point(lambda value: value * 0.5), offset)
    view.paste((25, 22, 20), mask=shadow.filter(ImageFilter.GaussianBlur(0.01 * size[0])))
    view.paste(seen, mask=mask)
    view = view.resize((width, height), Image.Resampling.BOX)
    view = view.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.005) * min(height, width)))
    light = random.uniform(0.65, 1.1) * random.uniform(0.97, 1.03, 3)
    pixels = np.asarray(view) * light + random.normal(0, 3, (height, width, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _draw_wall(colour: Colour, random: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Plaster: coarse stains and fine grain of one colour."""
    width, height = size
    texture = np.zeros((height, width), np.float32)
    for cells, strength in ((3, 14), (12, 5), (75, 6)):
        noise = Image.fromarray(random.normal(0, strength, (cells, cells)).astype(np.float32))
        texture += np.asarray(noise.resize(size, Image.Resampling.BILINEAR))
    return Image.fromarray(np.clip(np.array(colour) + texture[..., None], 0, 255).astype(np.uint8))


def _corners(plate_size: tuple[int, int], size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Where a view has the plate's corners: [4, 2] x and y, clockwise from the top left, all inside the view."""
    half_width, half_height = plate_size[0] / 2, plate_size[1] / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (half_width, half_height)
    corners[:, 0] *= random.uniform(0.78, 1.0)  # seen from the side
    far = random.uniform(0.82, 1.0)  # the end further off is smaller
    corners[np.sign(corners[:, 0]) == random.choice([-1, 1]), 1] *= far
    angle = np.deg2rad(random.uniform(-7, 7))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners @ turn * random.uniform(0.86, 1.0)
    room = np.array(size) / 2 - 2
    corners *= min(1.0, *(room / np.abs(corners).max(axis=0)))
    spare = room - np.abs(corners).max(axis=0)
    return corners + np.array(size) / 2 + random.uniform(-0.7, 0.7, 2) * spare


def _perspective(corners: np.ndarray, plate_size: tuple[int, int]) -> list[float]:
    """The eight numbers of Pillow's PERSPECTIVE that take `corners` of the view to the plate's corners."""
    width, height = plate_size
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (width, 0), (width, height), (0, height)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows, float), np.array(values, float)).tolist()
