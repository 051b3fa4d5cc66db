"""Where a street sign hangs: on a wall or a post, beside gutters, windows, netting and other signs.

What hangs by the plate is a list of flat shapes in the plate's own plane, so that every camera sees the same things
from its side; what is far behind differs from camera to camera.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from attention_ocr.render.signs.backgrounds import WALLS, Cloth, Colour, cloth, piece


class Shape(NamedTuple):
    """A filled convex polygon beside the plate: points [P, 2] in plate widths from the plate's centre, y down."""

    points: np.ndarray
    colour: Colour


def project(to_view: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where points [P, 2] of the plate's plane lie in the view of the homography `to_view`: [P, 2] pixels."""
    seen = points @ to_view[:, :2].T + to_view[:, 2]  # [P, 3]
    return seen[:, :2] / np.maximum(seen[:, 2:], 1e-3)


def fill(picture: np.ndarray, to_view: np.ndarray, shapes: list[Shape]) -> None:
    """Draws the shapes into the picture, uint8 [H, W, 3], in their order."""
    if not shapes:
        return
    seen = project(to_view, np.concatenate([shape.points for shape in shapes]))
    # A pixel's middle is a whole number to OpenCV; coordinates are in 1/16 pixel.
    seen = np.rint(np.clip(seen - 0.5, -2000, 2000) * 16).astype(np.int32)
    start = 0
    for shape in shapes:
        stop = start + len(shape.points)
        cv2.fillConvexPoly(picture, seen[start:stop], shape.colour, cv2.LINE_AA, 4)
        start = stop


def box(left: float, top: float, right: float, bottom: float, colour: Colour) -> Shape:
    """An upright rectangle; far-away edges are drawn in to 2.3 plate widths, which is outside every view."""
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
    return Shape(np.clip(corners, -2.3, 2.3), colour)


def _shaded(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255.0, light * channel) for channel in colour)
    return red, green, blue


def bar(left: float, top: float, right: float, bottom: float, colour: Colour, upright: bool = True) -> list[Shape]:
    """A post, pipe or ledge: lit on one side, dark on the other."""
    shapes = []
    for start, stop, light in ((0.0, 0.3, 0.82), (0.3, 0.75, 1.05), (0.75, 1.0, 0.6)):
        if upright:
            a, b = left + start * (right - left), left + stop * (right - left)
            shapes.append(box(a, top, b, bottom, _shaded(colour, light)))
        else:
            a, b = top + start * (bottom - top), top + stop * (bottom - top)
            shapes.append(box(left, a, right, b, _shaded(colour, 1.75 - light if stop < 1 else 0.5)))
    return shapes


_POSTS: tuple[Colour, ...] = (
    *((200, 202, 204), (172, 176, 178), (140, 144, 148), (208, 204, 192)),
    *((40, 40, 44), (26, 30, 34), (110, 72, 54), (52, 74, 62)),
)
# The strokes of letters on a grid 2 wide and 4 high, enough to look like writing from afar.
_STROKES = tuple(
    tuple(tuple(int(digit) for digit in stroke) for stroke in letter.split())
    for letter in (
        *("0410 1024 0222", "0400 0020 0222 0424", "0020 0400 0424", "0400 0010 1021 2123 2314 1404", "0400 0020 0212"),
        *("1410", "0400 0424", "0400 0012 1220 2024", "0400 0024 2420", "0020 2024 2404 0400", "0400 0020 2022 2202"),
        *("2000 0002 0222 2224 2404", "0020 1014", "0004 0424 2420", "0014 1420", "0400 0020 2022 2202 0224"),
    )
)


def _writing(
    random: np.random.Generator, left: float, right: float, top: float, tall: float, ink: Colour
) -> list[Shape]:
    """A row of letters that say nothing."""
    shapes, x, half = [], left, tall * random.uniform(0.045, 0.07)
    while x + 0.6 * tall < right:
        for x0, y0, x1, y1 in _STROKES[random.integers(len(_STROKES))] if random.random() < 0.88 else ():
            a = np.array([x + 0.28 * tall * x0, top + 0.25 * tall * y0])
            b = np.array([x + 0.28 * tall * x1, top + 0.25 * tall * y1])
            along = (b - a) / max(1e-6, float(np.hypot(*(b - a)))) * half
            across = np.array([-along[1], along[0]])
            corners = [a - along - across, b + along - across, b + along + across, a - along + across]
            shapes.append(Shape(np.array(corners), ink))
        x += 0.86 * tall
    return shapes


def _second_sign(random: np.random.Generator, edge: float) -> list[Shape]:
    """Another sign above or below the plate, whose half height is `edge`: the view's rim will often cut it."""
    sign, ink = (((232, 234, 236), (24, 26, 34)), ((30, 54, 140), (236, 238, 242)), ((226, 222, 208), (30, 40, 90)))[
        random.integers(3)
    ]
    wide, tall = random.uniform(0.6, 1.15), random.uniform(0.22, 0.45)
    left, gap = random.uniform(-0.6, 0.6) - wide / 2, random.uniform(0.01, 0.08)
    top = edge + gap if random.random() < 0.4 else -edge - gap - tall
    shapes = [box(left, top, left + wide, top + tall, _shaded(sign, 0.7))]
    shapes.append(box(left + 0.012, top + 0.012, left + wide - 0.012, top + tall - 0.012, sign))
    rows = int(random.integers(0, 3))
    for row in range(rows):
        room = tall / rows
        indent = random.uniform(0.05, 0.2)
        shapes += _writing(random, left + indent, left + wide - indent, top + room * (row + 0.24), 0.5 * room, ink)
    return shapes


def _beside_wall(random: np.random.Generator, edge: float) -> list[Shape]:
    """Gutters, ledges, mouldings, windows and corners of a wall, some of them or none."""
    shapes: list[Shape] = []
    tone: Colour = tuple(random.uniform(90, 215) * random.uniform(0.94, 1.04, 3))  # type: ignore[assignment]
    side = random.choice([-1, 1])
    x = side * random.uniform(0.56, 1.1)
    fate = random.random()
    if fate < 0.16:
        shapes += bar(x, -9, x + random.uniform(0.06, 0.16), 9, tone)
    elif fate < 0.30:  # the wall ends, or another begins
        shapes.append(box(x, -9, side * 9, 9, tone))
        shapes.append(box(x, -9, x + 0.03 * side, 9, _shaded(tone, random.choice([0.5, 1.2]))))
    elif fate < 0.42:  # a window or door
        far = x + side * 0.9
        top, bottom = np.sort(random.uniform(-2, 2, 2))
        shapes += [
            box(x, top, far, bottom, _shaded(tone, 1.2)),
            box(x + 0.06 * side, top + 0.06, far, bottom, (34, 38, 44)),
        ]
        shapes.append(box(x + 0.34 * side, top, x + 0.4 * side, bottom, _shaded(tone, 1.1)))
    for _ in range(int(random.integers(-2, 3))):  # ledges above or below
        y = random.choice([-1, 1]) * (edge + random.uniform(0.02, 0.5))
        shapes += bar(-9, y, 9, y + random.uniform(0.02, 0.09), tone, upright=False)
    return shapes


def _on_post(random: np.random.Generator, edge: float) -> list[Shape]:
    """What holds a plate that hangs on no wall: one post, two, or a broad pillar."""
    colour = _shaded(_POSTS[random.integers(len(_POSTS))], random.uniform(0.8, 1.1))
    above = (-edge - random.uniform(0.02, 0.16), -9.0, 0.0)[random.integers(3)]
    if random.random() < 0.12:
        x, wide = random.uniform(0.32, 0.42), random.uniform(0.06, 0.1)
        return bar(-x - wide, above, -x, 9, colour) + bar(x, above, x + wide, 9, colour)
    wide = random.uniform(0.09, 0.2) if random.random() < 0.8 else random.uniform(0.25, 0.4)
    x = random.normal(0, 0.1) - wide / 2
    return bar(x, above, x + wide, 9, colour)


def _mesh(random: np.random.Generator) -> list[Shape]:
    """Wire netting behind the plate."""
    tone: Colour = (float(random.uniform(40, 170)),) * 3
    step, half, shapes = random.uniform(0.07, 0.15), random.uniform(0.003, 0.008), []
    for place in np.arange(-3, 3, step):
        for lean in (-1.6, 1.6):
            corners = [
                (place - half, -1.4),
                (place + half, -1.4),
                (place + half + lean, 1.4),
                (place - half + lean, 1.4),
            ]
            shapes.append(Shape(np.array(corners), tone))
    return shapes


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a sign hangs; `on_wall` says whether its plate throws a shadow on what is behind."""

    on_wall: bool
    cloths: tuple[Cloth, ...]
    density: float  # texture pixels in a plate's width
    shapes: list[Shape]

    def draw(self, to_view: np.ndarray, random: np.random.Generator, height: int, width: int) -> np.ndarray:
        """The scene without the plate, uint8 [height, width, 3]; `to_view` takes plate widths to pixels."""
        if self.on_wall:
            back, wall = 1 / self.density, self.cloths[0]
            from_tile = np.array([[back, 0, -256 * back], [0, back, -256 * back], [0, 0, 1]])
            tile = cv2.warpPerspective(wall.tile, to_view @ from_tile, (width, height), borderMode=cv2.BORDER_REFLECT)
            picture = cv2.applyColorMap(tile, wall.colours)
        else:
            picture = self._far(random, height, width)
        fill(picture, to_view, self.shapes)
        return picture

    def _far(self, random: np.random.Generator, height: int, width: int) -> np.ndarray:
        """Two things far behind, one above the other or side by side: other ones for another camera."""
        zoom = random.uniform(0.45, 1.0) * height / 150
        first, second = random.permutation(len(self.cloths))[:2]
        picture = piece(self.cloths[first], random, height, width, zoom)
        if random.random() < 0.3:
            return picture
        rough = piece(self.cloths[second], random, height, width, zoom)
        bump = cv2.resize(self.cloths[second].tile[:256, :256], (width, height))
        turn = random.normal(0, 0.15) + (np.pi / 2 if random.random() < 0.3 else 0)
        x = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.sin(turn))
        y = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.cos(turn))
        rough_by = random.uniform(0, 0.004)
        edge = cv2.scaleAdd(bump.astype(np.float32), rough_by, np.add.outer(y, x))
        least = random.uniform(-0.35, 0.4) + 128 * rough_by
        mask = cv2.blur(cv2.threshold(edge, least, 1, cv2.THRESH_BINARY)[1], (2, 2))
        return cv2.blendLinear(rough, picture, mask, 1 - mask)


_FAR = ("hedge", "grass", "dark", "twigs", "road", "panels", "sky")
_FAR_SHARES = (0.3, 0.22, 0.14, 0.14, 0.11, 0.06, 0.03)


def surroundings(random: np.random.Generator, edge: float) -> Scene:
    """A place for a plate of half height `edge`, in plate widths."""
    on_wall = bool(random.random() < 0.45)
    kinds = [WALLS[random.integers(len(WALLS))]] if on_wall else random.choice(_FAR, 3, replace=False, p=_FAR_SHARES)
    shapes = _beside_wall(random, edge) if on_wall else _on_post(random, edge)
    if not on_wall and random.random() < 0.12:
        shapes = _mesh(random) + shapes
    if random.random() < (0.08 if on_wall else 0.25):
        shapes += _second_sign(random, edge)
    cloths = tuple(cloth(kind, random) for kind in kinds)
    return Scene(on_wall, cloths, random.uniform(80, 150), shapes)
