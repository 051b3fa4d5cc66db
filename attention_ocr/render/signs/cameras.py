"""Photographs of one plate by several cameras, as FSNS stores them: side by side, some useless, some missing.

A view is drawn no larger than its camera sees it and only then enlarged to its cell, so that many are soft, as the
crops of FSNS are. The order is a camera's: scene, light, lens, exposure, noise, sharpening, JPEG, crop, enlargement.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from attention_ocr.render.signs.backgrounds import cloth, piece
from attention_ocr.render.signs.lenses import Lens, Light, develop, smear, some_lens, some_light
from attention_ocr.render.signs.scenes import Scene, Shape, bar, fill, project, surroundings

_MISSING_SHARES = (0.85, 0.07, 0.04, 0.04)  # of signs without 0, 1, 2, 3 of their views; FSNS leaves out the last ones
_STRIP_SHARE = 0.12  # of views narrower than their cell
_READABLE = 6.0  # pixels of letter that the best view aims at; 5 can be read


@dataclass(frozen=True, slots=True)
class Views:
    """The photographs of one sign.

    Attributes:
        pixels: uint8 [H, V*W, 3] RGB, the views side by side as FSNS stores them.
        letter_heights: of each view, how many pixels high a letter that is `letter_height` high on the plate is in
            it; 0 for a missing view. It says nothing of blur.
        places: float32 [n, V, 2], where each of the plate's places is, (x, y) in pixels of its view; NaN in a missing
            view.
    """

    pixels: np.ndarray
    letter_heights: tuple[float, ...]
    places: np.ndarray


class _Plate(NamedTuple):
    """The plate with its colours multiplied by its alpha."""

    sizes: list[np.ndarray]  # uint8 [h, w, 4], then each half as large as the one before, as far as they were needed
    half: tuple[float, float]  # of its size in plate widths (0.5, half height)


class _Pose(NamedTuple):
    """Where a camera stands: angles in radians, distance in plate widths, the plate's place in the cell."""

    yaw: float
    pitch: float
    roll: float
    distance: float
    share: float  # of the cell that the plate takes
    offset: tuple[float, float]  # of the plate's middle from the cell's, in cells


def photograph(
    plate: np.ndarray,
    letter_height: float,
    random: np.random.Generator,
    height: int = 150,
    width: int = 150,
    num_views: int = 4,
    difficulty: float = 1.0,
    places: np.ndarray | None = None,
) -> Views:
    """The plate in some place, seen by several cameras; at least one of them sees it well.

    Args:
        plate: uint8 [h, w, 4] RGBA, about 320 to 420 pixels wide; alpha is its outline.
        letter_height: pixels of a letter that must be readable, on the plate.
        random: the source of every choice; the same state gives the same bytes.
        height: H of one view in pixels.
        width: W of one view in pixels.
        num_views: V; one view is never missing.
        difficulty: from 0 (clear pictures from the front) to 1 (as FSNS has them).
        places: [n, 2], points (x, y) of the plate in pixels to find again in the views.
    """
    half_height = plate.shape[0] / plate.shape[1] / 2
    scene, light = surroundings(random, half_height), some_light(random, difficulty)
    alpha = plate[..., 3]
    # Without its colours where it is clear, so that none of them bleeds in when it is reduced.
    opaque = cv2.merge([alpha, alpha, alpha, np.full_like(alpha, 255)])
    flat = _Plate([cv2.multiply(plate, opaque, scale=1 / 255)], (0.5, half_height))
    present = max(1, num_views - int(np.searchsorted(np.cumsum(_MISSING_SHARES), difficulty * random.random())))
    best, letter = int(random.integers(present)), letter_height / plate.shape[1]
    askew = difficulty * (random.normal(0, 3) if random.random() < 0.94 else random.uniform(-45, 45))
    pixels = np.empty((height, num_views * width, 3), np.uint8)
    letter_heights, badness, pose, place = [0.0] * num_views, 0.0, None, 0
    points = np.zeros((0, 2)) if places is None else places / plate.shape[1] - (0.5, half_height)
    seen = np.full((len(points), num_views, 2), np.nan, np.float32)
    for view in range(num_views):
        cell = pixels[:, view * width : (view + 1) * width]
        if view >= present:
            cell[...] = random.integers(0, 256, cell.shape, np.uint8)
            continue
        repeated = pose is not None and view != best and random.random() < 0.35
        if pose is not None and repeated:
            pose = _nudged(pose, random)
        else:
            place, badness = int(random.integers(1 << 62)), difficulty * random.uniform(0, 0.25 if view == best else 1)
            pose = _pose(random, badness, askew, difficulty)
        to_cell = _homography(pose, flat.half, height, width)
        if view == best:
            pose, to_cell = _near_enough(pose, to_cell, letter, flat.half, height, width)
        letter_heights[view] = _letter_pixels(to_cell, letter)
        seen[:, view] = project(to_cell, points)
        lens = some_lens(random, badness, light, min(height, width) / 150)
        mishaps = 0.0 if view == best else difficulty
        cell[...] = _view(flat, scene, light, to_cell, lens, place, random, height, width, mishaps)
        if random.random() < _STRIP_SHARE * difficulty:
            _cut(cell, project(to_cell, _corners(flat.half)), lens.resolution, random)
    return Views(pixels, tuple(letter_heights), seen)


def _pose(random: np.random.Generator, badness: float, askew: float, difficulty: float) -> _Pose:
    """A camera; the worse, the further to the side; the easier, the nearer and the more alike."""
    spread, share = 0.3 + 0.7 * difficulty, 0.88 - 0.17 * difficulty
    roll = askew * random.uniform(0.8, 1.2) + random.normal(0, 2 * spread)
    if badness < 0.25:
        roll = min(12.0, max(-12.0, roll))
    side = 1 if random.random() < 0.5 else -1
    return _Pose(
        yaw=math.radians(side * min(60.0, (6 + 78 * badness) * random.uniform(0.25, 1))),
        pitch=math.radians(random.normal(6, 9) * spread),
        roll=math.radians(roll),
        distance=random.uniform(2.6, 7),
        share=min(0.95, max(0.35, random.normal(share, 0.1 * spread))),
        offset=(random.normal(0, 0.04 * spread), random.normal(0, 0.04 * spread)),
    )


def _nudged(pose: _Pose, random: np.random.Generator) -> _Pose:
    """Nearly the same camera: the next picture of a car that drives by."""
    yaw, pitch, roll, distance, share, offset = pose
    yaw, pitch, roll = (angle + random.normal(0, 0.05) for angle in (yaw, pitch, roll))
    moved = (offset[0] + random.normal(0, 0.03), offset[1] + random.normal(0, 0.03))
    return _Pose(yaw, pitch, roll, distance, min(0.97, share * random.uniform(0.92, 1.08)), moved)


def _homography(pose: _Pose, half: tuple[float, float], height: int, width: int) -> np.ndarray:
    """[3, 3], from plate widths (origin in the plate's middle, y down) to pixels of the cell."""
    (sin_y, sin_p, sin_r), (cos_y, cos_p, cos_r) = (tuple(map(turn, pose[:3])) for turn in (math.sin, math.cos))
    # Yaw, then pitch, then roll; the plate has no third coordinate.
    rows = (
        (cos_r * cos_y - sin_r * sin_p * sin_y, -sin_r * cos_p, 0.0),
        (sin_r * cos_y + cos_r * sin_p * sin_y, cos_r * cos_p, 0.0),
        (-cos_p * sin_y, sin_p, pose.distance),
    )
    across, down = [], []
    for x, y in ((-half[0], -half[1]), (half[0], -half[1]), half, (-half[0], half[1])):
        seen_x, seen_y, depth = (row[0] * x + row[1] * y + row[2] for row in rows)
        across.append(seen_x / depth)
        down.append(seen_y / depth)
    left, right, top, bottom = min(across), max(across), min(down), max(down)
    scale = pose.share * min(width / (right - left), height / (bottom - top))
    shift_x = width * (0.5 + pose.offset[0]) - scale * (left + right) / 2
    shift_y = height * (0.5 + pose.offset[1]) - scale * (top + bottom) / 2
    first, second, third = rows
    return np.array(
        [
            [scale * a + shift_x * c for a, c in zip(first, third, strict=True)],
            [scale * b + shift_y * c for b, c in zip(second, third, strict=True)],
            third,
        ]
    )


def _corners(half: tuple[float, float]) -> np.ndarray:
    """[4, 2] the plate's corners in plate widths, clockwise from the top left."""
    return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half


def _letter_pixels(to_cell: np.ndarray, letter: float) -> float:
    """How long a stroke of `letter` plate widths upright in the plate's middle is in the cell."""
    (_, a, x), (_, b, y), (_, c, depth) = to_cell.tolist()
    half = letter / 2
    above, below = depth - half * c, depth + half * c
    return math.hypot((x + half * a) / below - (x - half * a) / above, (y + half * b) / below - (y - half * b) / above)


def _near_enough(
    pose: _Pose, to_cell: np.ndarray, letter: float, half: tuple[float, float], height: int, width: int
) -> tuple[_Pose, np.ndarray]:
    """The camera brought nearer until its letters can be read or the plate fills its cell, which cuts nothing off."""
    want = pose.share * _READABLE / max(1e-6, _letter_pixels(to_cell, letter))
    share = min(0.95, max(want, pose.share))
    room = (1 - share) / 2
    x, y = (min(room, max(-room, place)) for place in pose.offset)
    pose = pose._replace(share=share, offset=(x, y))
    return pose, _homography(pose, half, height, width)


def _view(
    plate: _Plate,
    scene: Scene,
    light: Light,
    to_cell: np.ndarray,
    lens: Lens,
    place: int,
    random: np.random.Generator,
    height: int,
    width: int,
    mishaps: float,
) -> np.ndarray:
    """One photograph, uint8 [height, width, 3]; `mishaps` 0: nothing hides the plate, 1: as often as in FSNS.

    Cameras at the same `place` have the same things far behind the plate.
    """
    rows, columns = max(8, round(lens.resolution * height)), max(8, round(lens.resolution * width))
    to_view = np.diag([columns / width, rows / height, 1.0]) @ to_cell
    picture = scene.draw(to_view, np.random.default_rng(place), rows, columns)
    if scene.on_wall:
        _cast_shadow(picture, plate, to_view, random)
    picture = _hang(picture, plate, to_view)
    if light.shadow:
        _darken(picture, to_view, light.shadow)
    if random.random() < 0.1 * mishaps:
        picture = _hide(picture, to_view, random)
    picture = develop(picture, light, lens, random)
    if random.random() < 0.03 * mishaps:
        picture = smear(picture, random)
    return picture if (rows, columns) == (height, width) else cv2.resize(picture, (width, height))


def _hang(picture: np.ndarray, plate: _Plate, to_view: np.ndarray) -> np.ndarray:
    """The picture with the plate in it, taken from the plate halved as often as its size there allows."""
    half_x, half_y = plate.half
    middle = project(to_view, np.array([[-half_x, 0], [half_x, 0], [0, -half_y], [0, half_y]]))
    size = float(np.hypot(*(middle[1::2] - middle[::2]).T).max())
    times = max(0, math.floor(math.log2(plate.sizes[0].shape[1] / max(size, 4.0))))
    while len(plate.sizes) <= times:
        wide, tall = (-(-side // 2) for side in plate.sizes[-1].shape[1::-1])
        plate.sizes.append(cv2.resize(plate.sizes[-1], (wide, tall), interpolation=cv2.INTER_AREA))
    small = plate.sizes[times]
    rows, columns = small.shape[:2]
    # Pixels of the small plate to plate widths; a pixel's middle is a whole number to OpenCV, on both sides.
    from_small = np.array(
        [
            [2 * half_x / columns, 0, half_x / columns - half_x],
            [0, 2 * half_y / rows, half_y / rows - half_y],
            [0, 0, 1],
        ]
    )
    to_middles = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ to_view
    red, green, blue, alpha = cv2.split(cv2.warpPerspective(small, to_middles @ from_small, picture.shape[1::-1]))
    clear = cv2.bitwise_not(alpha)
    behind = cv2.multiply(picture, cv2.merge([clear, clear, clear]), scale=1 / 255)
    return cv2.add(behind, cv2.merge([red, green, blue]))


def _darken(picture: np.ndarray, to_view: np.ndarray, shape: Shape) -> None:
    """Makes what lies in the shape as dark as its colour."""
    mask = np.full(picture.shape[:2], 255, np.uint8)
    fill(mask, to_view, [shape])
    cv2.multiply(picture, cv2.merge([cv2.blur(mask, (3, 3))] * 3), dst=picture, scale=1 / 255)


def _cast_shadow(picture: np.ndarray, plate: _Plate, to_view: np.ndarray, random: np.random.Generator) -> None:
    """The dark rim that a plate throws on its wall."""
    shift = np.array([random.normal(0, 0.006), random.uniform(0.0, 0.02)])
    _darken(picture, to_view, Shape(_corners(plate.half) * 1.005 + shift, (random.uniform(90, 190),) * 3))


def _hide(picture: np.ndarray, to_view: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A post or leaves before the plate."""
    if random.random() < 0.35:
        x, tone = random.uniform(-0.55, 0.5), random.uniform(20, 180)
        fill(picture, to_view, bar(x, -9, x + random.uniform(0.04, 0.14), 9, (tone, tone, tone)))
        return picture
    leaves = cloth("hedge", random)
    height, width = picture.shape[:2]
    x, y = project(to_view, random.uniform(-0.55, 0.55, (1, 2)))[0]
    across, down = np.arange(width) - x, np.arange(height)[:, None] - y
    nearness = 1.3 - np.hypot(across, down * random.uniform(0.8, 2)) / (random.uniform(0.12, 0.35) * width)
    front = piece(leaves, random, height, width, random.uniform(0.6, 1.2))
    seen = (front[..., 1] > 100 * (1 - nearness) + 30).astype(np.float32)
    share = cv2.blur(seen, (3, 3))[..., None]
    return (picture * (1 - share) + front * share).astype(np.uint8)


def _cut(picture: np.ndarray, corners: np.ndarray, resolution: float, random: np.random.Generator) -> None:
    """Noise where the photograph ended before its cell did, left or right of the plate; enlarged as the picture is."""
    height, width = picture.shape[:2]
    left, right = corners[:, 0].min(), width - corners[:, 0].max()
    room = max(0.0, left if (on_left := bool(random.random() < 0.5)) else right) + 0.02 * width
    strip = max(1, round(min(random.uniform(0.03, 0.35) * width, room)))
    small = random.integers(
        0, 256, (max(1, round(resolution * height)), max(1, round(resolution * strip)), 3), np.uint8
    )
    noise = cv2.resize(small, (strip, height))
    picture[:, slice(0, strip) if on_left else slice(width - strip, width)] = noise
