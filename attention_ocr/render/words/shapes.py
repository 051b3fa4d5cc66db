"""How a flat word comes to lie in a picture: bent, turned, seen from the side, and fitted to the picture's size."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

DETAIL = 2  # A word is warped at this many times the picture's size, then reduced.
STEP = 2  # Where its points come to lie is computed every so many pixels of the picture.
NARROWEST = 0.42  # Letters are pressed together to this share of their width before the line gets lower.


class Bend(NamedTuple):
    """What a line does instead of running straight.

    Attributes:
        kind: `straight`, `arc` (letters turn with it) or `sine` (letters stay upright).
        amount: the arc's angle in radians, or the sine's height as a share of the line's; signed.
            An arc takes no more than about the line's height.
        periods, phase: of the sine over the width.
        waves: of a fine waviness in both directions, as a share of the line's height.
    """

    kind: str = "straight"
    amount: float = 0.0
    periods: float = 1.0
    phase: float = 0.0
    waves: float = 0.0


class Pose(NamedTuple):
    """How a word is seen: turned and slanted by degrees, and from the side, -1..1 in either direction."""

    rotation: float = 0.0
    slant: float = 0.0
    sideways: float = 0.0
    upwards: float = 0.0


class Margins(NamedTuple):
    """Room around the word in shares of the picture's height; negative: the crop cuts into it."""

    left: float
    top: float
    right: float
    bottom: float


class Placing(NamedTuple):
    """How a word fills a picture that is wider than it needs: stretched by no more than `stretch`, at `place` 0..1."""

    stretch: float = 1.0
    place: float = 0.5


def draw_bend(random: np.random.Generator, curved: float, waves: float) -> Bend:
    """A bend; `curved` is the share that are not straight, `waves` how strong the fine waviness is (0..1)."""
    fine = waves * 0.035 * random.random() ** 2
    if random.random() >= curved:
        return Bend(waves=fine)
    sign = 1 if random.random() < 0.65 else -1  # more words arch up than hang down
    if random.random() < 0.6:
        return Bend("arc", sign * random.uniform(0.3, 1.3), waves=fine)
    return Bend("sine", random.uniform(0.1, 0.3), random.uniform(0.5, 1.1), random.uniform(0, 2 * np.pi), fine)


def draw_pose(random: np.random.Generator, rotation: float, perspective: float) -> Pose:
    """A pose; most words are turned by far less than `rotation` degrees."""
    turn = min(1.0, max(-1.0, random.normal(0, 0.4))) * rotation
    slant = random.uniform(-22, 22) if random.random() < 0.12 + 0.2 * perspective else 0.0
    sideways, upwards = (min(1.0, max(-1.0, random.normal(0, 0.5))) * perspective for _ in range(2))
    return Pose(turn, slant, sideways, upwards)


def variable_width(box: tuple[int, int], bend: Bend, pose: Pose, margins: Margins, height: int, most: int) -> int:
    """The width of a picture of `height` that holds a word whose box is (width, height), no more than `most`."""
    low, high = _extent(box, bend, _projection(box, pose))
    wide, tall = high - low
    room = height * max(0.3, 1 - margins.top - margins.bottom)
    width = wide * room / tall + height * (margins.left + margins.right)
    return int(np.clip(round(width), height // 2, most))


def warp(
    layers: Sequence[np.ndarray | None],
    box: tuple[int, int],
    bend: Bend,
    pose: Pose,
    margins: Margins,
    placing: Placing,
    size: tuple[int, int],
) -> list[np.ndarray | None]:
    """The layers as the picture sees them.

    Args:
        layers: uint8 [h, w] each, the word's box in their middle; None stays None.
        box: width and height of the part that the picture has to hold.
        bend, pose: the word's shape.
        margins: around the box.
        placing: where the picture is wider than the word.
        size: (width, height) of the picture.

    Returns:
        uint8 [height, width] each.
    """
    height = size[1]
    projection = _projection(box, pose)
    low, high = _extent(box, bend, projection)
    seen = _fit(low, high, margins, placing, size) @ projection
    x, y = _seen_points(cv2.invert(seen)[1].astype(np.float32), box, bend, size)
    rows, columns = next(layer.shape for layer in layers if layer is not None)
    x += np.float32(columns / 2 - 0.5)
    y += np.float32(rows / 2 - 0.5)
    # Letters much larger than the picture needs would lose their thin strokes between two samples.
    scale = float(np.hypot(np.diff(x[height], axis=0), np.diff(y[height], axis=0)).mean())

    def seen_layer(layer: np.ndarray) -> np.ndarray:
        layer = cv2.blur(layer, (round(scale), 1)) if scale > 1.5 else layer
        large = cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        return cv2.resize(large, size, interpolation=cv2.INTER_AREA)

    return [None if layer is None else seen_layer(layer) for layer in layers]


def _seen_points(
    back: np.ndarray, box: tuple[int, int], bend: Bend, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The straight word's x and y at the middle of each of the DETAIL x DETAIL parts of the picture's pixels.

    They change little from pixel to pixel: they are computed for the middles of STEP x STEP pixels, of one such square
    more around the picture, and interpolated.
    """
    width, height = size
    wide, tall = (-(-length // STEP) for length in size)
    across, down = ((np.arange(-1, number + 1, dtype=np.float32) + 0.5) * STEP for number in (wide, tall))
    depth, x, y = (row[0] * across + (row[1] * down + row[2])[:, None] for row in (back[2], back[0], back[1]))
    depth = 1 / depth
    x, y = _unbent(x * depth, y * depth, box, bend)
    times = DETAIL * STEP
    larger = (times * (wide + 2), times * (tall + 2))
    rows, columns = slice(times, times + DETAIL * height), slice(times, times + DETAIL * width)
    x, y = (cv2.resize(found, larger, interpolation=cv2.INTER_LINEAR)[rows, columns] for found in (x, y))
    return x, y


def _fit(low: np.ndarray, high: np.ndarray, margins: Margins, placing: Placing, size: tuple[int, int]) -> np.ndarray:
    """The 3 x 3 scaling and shift that brings the extent low..high between the margins."""
    width, height = size
    wide, tall = high - low
    unit = min(width, height)
    room_x = max(0.3 * width, width - unit * (margins.left + margins.right))
    room_y = max(0.3 * height, height - unit * (margins.top + margins.bottom))
    scale_x = scale_y = room_y / tall if width >= height else room_x / wide
    if width >= height:  # the line runs along the longer side; the other one is filled
        scale_x, spare_x = _along(wide, scale_y, room_x, placing)
        scale_y = min(scale_y, scale_x / NARROWEST)
        spare_y = room_y - scale_y * tall
    else:
        scale_y, spare_y = _along(tall, scale_x, room_y, placing)
        scale_x = min(scale_x, scale_y / NARROWEST)
        spare_x = room_x - scale_x * wide
    left = margins.left * unit + spare_x * (placing.place if width >= height else 0.5)
    top = margins.top * unit + spare_y * (0.5 if width >= height else placing.place)
    return np.array([[scale_x, 0, left - low[0] * scale_x], [0, scale_y, top - low[1] * scale_y], [0, 0, 1]])


def _along(length: float, scale: float, room: float, placing: Placing) -> tuple[float, float]:
    """The scale along the line and what it leaves of the room."""
    if length * scale >= room:
        return room / length, 0.0
    stretched = min(scale * placing.stretch, room / length)
    return stretched, room - stretched * length


def _extent(box: tuple[int, int], bend: Bend, projection: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest x and y of the shaped box, its middle being the origin."""
    width, height = box
    if bend.kind == "straight":
        (a, b, c), (d, e, f), (g, h, i) = projection.tolist()
        seen_x, seen_y = [], []
        for right, down in ((-width, -height), (width, -height), (-width, height), (width, height)):
            depth = (g * right + h * down) / 2 + i
            seen_x.append(((a * right + b * down) / 2 + c) / depth)
            seen_y.append(((d * right + e * down) / 2 + f) / depth)
        return np.array([min(seen_x), min(seen_y)]), np.array([max(seen_x), max(seen_y)])
    x = np.linspace(-width / 2, width / 2, 17)
    x, y = np.concatenate([x, x]), np.repeat([-height / 2, height / 2], 17)
    x, y = _bent(x, y, box, bend)
    seen = projection @ np.stack([x, y, np.ones_like(x)])
    corners = seen[:2] / seen[2]
    return corners.min(axis=1), corners.max(axis=1)


def _projection(box: tuple[int, int], pose: Pose) -> np.ndarray:
    """The 3 x 3 homography of a pose about the box's middle."""
    width, height = box
    angle, slant = math.radians(pose.rotation), math.tan(math.radians(pose.slant))
    sine, cosine = math.sin(angle), math.cos(angle)
    side = 0.5 * pose.sideways * min(1.0, height / width * 5) / width  # the far end of a long line would vanish
    up = 0.5 * pose.upwards * min(1.0, height / width * 2) / height  # and its ends would lean
    narrow = 1 - 0.35 * abs(pose.sideways)
    return np.array(  # turned @ seen from the side @ slanted
        [
            [cosine * narrow, cosine * narrow * slant - sine, 0],
            [sine * narrow, sine * narrow * slant + cosine, 0],
            [side, side * slant + up, 1],
        ]
    )


def _radius(box: tuple[int, int], bend: Bend) -> float:
    width, height = box
    # The inner edge keeps a radius above 0; and a long line is not made tiny by the height its arc takes.
    angle = min(abs(bend.amount), width / (1.1 * height), 7 * height / width)
    return float(np.copysign(width / max(angle, 1e-3), bend.amount))


def _bent(x: np.ndarray, y: np.ndarray, box: tuple[int, int], bend: Bend) -> tuple[np.ndarray, np.ndarray]:
    """Where the straight word's points come to lie."""
    if bend.kind == "arc":
        radius = _radius(box, bend)
        return (radius - y) * np.sin(x / radius), radius - (radius - y) * np.cos(x / radius)
    if bend.kind == "sine":
        return x, y + bend.amount * box[1] * np.sin(x * (2 * np.pi * bend.periods / box[0]) + bend.phase)
    return x, y


def _unbent(x: np.ndarray, y: np.ndarray, box: tuple[int, int], bend: Bend) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of `_bent`, and the fine waviness: float32 throughout."""
    width, height = box
    if bend.kind == "arc":
        radius = np.float32(_radius(box, bend))
        sign = np.copysign(np.float32(1), radius)
        down = radius - y
        x, y = radius * np.arctan2(sign * x, sign * down), radius - sign * np.sqrt(x * x + down * down)
    elif bend.kind == "sine":
        turns = np.float32(2 * np.pi * bend.periods / width)
        y = y - np.float32(bend.amount * height) * np.sin(x * turns + np.float32(bend.phase))
    if bend.waves > 0.002:
        reach, pace = np.float32(bend.waves * height), np.float32(2 * np.pi / (1.3 * height))
        shift = reach * np.sin(y * pace + np.float32(bend.phase))
        y = y + reach * np.sin(x * pace + np.float32(2 * bend.phase + 1))
        x = x + shift
    return x, y
