"""Walls, hedges, roads and skies to put behind text, all drawn: nothing is downloaded.

A bank of grey textures is made once per process from a fixed seed; a background is a part of one, scaled, turned over
and given colours.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

Colour = tuple[float, float, float]
Palette = tuple[Colour, ...]  # what a texture's dark, middle and light become
_TILE = 512


class _Kind(NamedTuple):
    """One sort of background: who draws its texture, and the colours it comes in."""

    draw: Callable[[np.random.Generator], np.ndarray]
    palettes: tuple[Palette, ...]
    is_wall: bool = False


def _fractal(random: np.random.Generator, cells: int, octaves: int, fade: float) -> np.ndarray:
    """Noise of several scales, float32 [512, 512], mean 0 and deviation 1; `cells` counts the coarsest scale's."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for octave in range(octaves):
        size = min(_TILE, cells << octave)
        noise = random.standard_normal((size, size), np.float32)
        total += fade**octave * cv2.resize(noise, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC)
    return (total - total.mean()) / total.std()


def _grey(values: np.ndarray, spread: float = 48.0) -> np.ndarray:
    return np.clip(128 + spread * values, 0, 255).astype(np.uint8)


def _plaster(random: np.random.Generator) -> np.ndarray:
    return _grey(_fractal(random, 3, 8, random.uniform(0.55, 0.8)))


def _roughcast(random: np.random.Generator) -> np.ndarray:
    grain = cv2.GaussianBlur(random.standard_normal((_TILE, _TILE), np.float32), (0, 0), random.uniform(0.8, 1.4))
    lit = grain - np.roll(grain, (1, 1), (0, 1))  # bumps with light from above
    return _grey(0.8 * lit / lit.std() + 0.5 * _fractal(random, 3, 4, 0.6), 34)


def _courses(random: np.random.Generator, height: tuple[int, int], length: tuple[int, int]) -> np.ndarray:
    """Blocks in rows, each of its own shade, with joints between them."""
    blocks = np.full((_TILE, _TILE), random.uniform(-1.6, 1.2), np.float32)
    joint = int(random.integers(1, 3))
    y = 0
    while y < _TILE:
        tall = int(random.integers(*height))
        x = -int(random.integers(length[1]))
        while x < _TILE:
            long = int(random.integers(*length))
            blocks[y : y + tall - joint, max(0, x) : max(0, x + long - joint)] = random.normal(0, 0.6)
            x += long
        y += tall
    return _grey(cv2.GaussianBlur(blocks, (0, 0), 0.8) + 0.45 * _fractal(random, 8, 6, 0.8), 42)


def _brick(random: np.random.Generator) -> np.ndarray:
    tall = int(random.integers(13, 18))
    return _courses(random, (tall, tall + 1), (3 * tall, 3 * tall + 2))


def _stone(random: np.random.Generator) -> np.ndarray:
    tall = int(random.integers(24, 60))
    return _courses(random, (tall, 2 * tall), (tall, 4 * tall))


def _panels(random: np.random.Generator) -> np.ndarray:
    """Flat surfaces that meet in straight edges: shutters, doors, a bus's flank."""
    flat = np.zeros((_TILE, _TILE), np.float32)
    for _ in range(int(random.integers(8, 20))):
        x, y = random.integers(-80, _TILE, 2)
        wide, tall = random.integers(30, 260, 2)
        corner = (int(x + wide), int(y + tall))
        cv2.rectangle(flat, (int(x), int(y)), corner, float(random.choice([-1.8, -0.6, 0.3, 0.9, 1.6])), -1)
        cv2.rectangle(flat, (int(x), int(y)), corner, float(random.uniform(-2, 2)), int(random.integers(1, 6)))
    return _grey(flat + 0.12 * _fractal(random, 3, 7, 0.7))


def _leaves(random: np.random.Generator) -> np.ndarray:
    """Leaf upon leaf, the upper ones lighter, with dark holes between."""
    picture = np.full((_TILE, _TILE), 10, np.uint8)
    shade = _grey(_fractal(random, 6, 6, 0.8), 70)
    size = random.uniform(2, 5)
    count = int(60000 / size**1.6)
    centres, turns = random.integers(0, _TILE, (count, 2)), random.uniform(0, 180, count)
    lights = np.linspace(10, 120, count) + random.normal(0, 34, count)
    lengths = size * random.uniform(0.6, 1.6, count)
    for (x, y), turn, light, long in zip(centres.tolist(), turns, lights, lengths, strict=True):
        value = min(255.0, max(0.0, float(light * shade[y, x] / 110)))
        cv2.ellipse(picture, ((x, y), (1.6 * long, 0.8 * long), turn), value, -1)
    return picture


def _twigs(random: np.random.Generator) -> np.ndarray:
    """Bare branches, light and dark, before undergrowth."""
    picture = _grey(_fractal(random, 5, 7, 0.85), 34)
    for _ in range(int(random.integers(60, 160))):
        place, heading = random.uniform(0, _TILE, 2), random.uniform(0, 2 * np.pi)
        turns = heading + np.cumsum(random.normal(0, 0.25, 12))
        path = place + np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]) * random.uniform(6, 22), 0)
        light, thick = float(random.choice([20, 60, 190, 235])), int(min(random.geometric(0.6), 5))
        cv2.polylines(picture, [np.rint(path).astype(np.int32)], False, light, thick, cv2.LINE_AA)
    return picture


def _grass(random: np.random.Generator) -> np.ndarray:
    noise = random.standard_normal((_TILE, _TILE), np.float32)
    blades = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.9, sigmaY=random.uniform(1.2, 4))
    return _grey(0.8 * blades / blades.std() + 0.9 * _fractal(random, 6, 5, 0.8), 40)


def _road(random: np.random.Generator) -> np.ndarray:
    picture = _grey(0.5 * _fractal(random, 2, 3, 0.5) + 0.25 * _fractal(random, 128, 3, 0.8), 30)
    for _ in range(int(random.integers(0, 3))):  # white lines and kerbs
        ends = random.integers(-100, _TILE + 100, 4).tolist()
        cv2.line(
            picture, tuple(ends[:2]), tuple(ends[2:]), float(random.uniform(160, 255)), int(random.integers(4, 16))
        )
    return picture


def _sky(random: np.random.Generator) -> np.ndarray:
    slope = np.linspace(-1.3, 1.3, _TILE, dtype=np.float32)[:, None]
    return _grey(slope + random.uniform(0.05, 0.6) * _fractal(random, 2, 5, 0.45))


_KINDS: dict[str, _Kind] = {
    "plaster": _Kind(
        _plaster,
        (
            ((150, 126, 96), (176, 152, 120), (196, 176, 146)),
            ((160, 118, 96), (184, 140, 116), (204, 164, 140)),
            ((150, 148, 140), (176, 174, 166), (200, 198, 190)),
            ((176, 166, 140), (204, 194, 168), (226, 218, 196)),
        ),
        True,
    ),
    "roughcast": _Kind(
        _roughcast,
        (
            ((120, 88, 66), (168, 128, 102), (206, 170, 144)),
            ((128, 116, 96), (176, 162, 138), (216, 204, 182)),
            ((116, 116, 112), (160, 160, 154), (204, 204, 198)),
        ),
        True,
    ),
    "brick": _Kind(
        _brick,
        (
            ((84, 46, 36), (150, 84, 64), (196, 150, 126)),
            ((110, 80, 62), (168, 124, 96), (206, 184, 160)),
        ),
        True,
    ),
    "stone": _Kind(
        _stone,
        (
            ((92, 82, 66), (160, 146, 120), (208, 198, 172)),
            ((76, 74, 72), (134, 132, 126), (186, 184, 178)),
        ),
        True,
    ),
    "painted": _Kind(
        _panels,
        (
            ((128, 142, 140), (168, 182, 178), (196, 208, 204)),
            ((170, 160, 138), (196, 186, 164), (222, 214, 196)),
            ((140, 104, 90), (166, 126, 110), (190, 150, 134)),
        ),
        True,
    ),
    "hedge": _Kind(
        _leaves,
        (
            ((6, 10, 6), (44, 62, 28), (136, 160, 76)),
            ((8, 8, 8), (62, 70, 44), (160, 166, 118)),
            ((14, 16, 8), (60, 84, 30), (190, 196, 90)),
            ((20, 14, 8), (92, 74, 44), (196, 166, 110)),
        ),
    ),
    "twigs": _Kind(
        _twigs,
        (
            ((14, 12, 8), (78, 66, 42), (176, 158, 116)),
            ((20, 22, 14), (86, 88, 56), (170, 166, 136)),
            ((8, 8, 6), (40, 40, 26), (124, 116, 92)),
        ),
    ),
    "grass": _Kind(
        _grass,
        (
            ((44, 54, 24), (96, 110, 56), (160, 172, 104)),
            ((56, 46, 26), (122, 108, 66), (188, 172, 120)),
            ((50, 54, 40), (110, 114, 84), (170, 168, 136)),
        ),
    ),
    "dark": _Kind(_leaves, (((2, 3, 3), (10, 14, 10), (48, 58, 34)), ((4, 6, 8), (14, 18, 22), (40, 46, 48)))),
    "road": _Kind(
        _road,
        (
            ((92, 94, 98), (146, 148, 150), (226, 226, 222)),
            ((110, 106, 98), (170, 164, 152), (234, 230, 220)),
        ),
    ),
    "sky": _Kind(
        _sky, (((110, 146, 200), (160, 184, 220), (226, 232, 240)), ((176, 182, 190), (206, 210, 214), (240,) * 3))
    ),
    "panels": _Kind(
        _panels,
        (
            ((24, 26, 30), (120, 124, 128), (214, 216, 216)),
            ((40, 30, 26), (130, 104, 88), (206, 196, 180)),
            ((22, 34, 48), (90, 112, 132), (200, 208, 212)),
        ),
    ),
}
KINDS = tuple(_KINDS)
WALLS = tuple(name for name, kind in _KINDS.items() if kind.is_wall)
_TILES_PER_KIND = 6


@cache
def _bank(kind: str) -> list[np.ndarray]:
    """The textures of a kind, uint8 [512, 512]; made at first use, the same in every process."""
    random = np.random.default_rng([1901, KINDS.index(kind)])
    return [_KINDS[kind].draw(random) for _ in range(_TILES_PER_KIND)]


class Cloth(NamedTuple):
    """A texture with its colours, as one scene has it."""

    kind: str
    tile: np.ndarray  # uint8 [512, 512]
    colours: np.ndarray  # uint8 [256, 1, 3]


def cloth(kind: str, random: np.random.Generator) -> Cloth:
    tiles, ramps = _bank(kind), _ramps(kind)
    tile = tiles[random.integers(len(tiles))]
    ramp = ramps[random.integers(len(ramps))]
    light, warmth = random.uniform(0.8, 1.12), random.uniform(-0.05, 0.05)
    colours = ramp * np.array([light * (1 + warmth), light, light * (1 - warmth)], np.float32)
    return Cloth(kind, tile, np.minimum(colours, 255).astype(np.uint8)[:, None])


@cache
def _ramps(kind: str) -> list[np.ndarray]:
    """The colours of each palette of a kind from dark to light, float32 [256, 3]."""
    ramps = []
    for palette in _KINDS[kind].palettes:
        steps = np.linspace(0, 255, len(palette))
        channels = [np.interp(np.arange(256), steps, channel) for channel in np.array(palette, float).T]
        ramps.append(np.stack(channels, -1).astype(np.float32))
    return ramps


def piece(chosen: Cloth, random: np.random.Generator, height: int, width: int, zoom: float) -> np.ndarray:
    """A part of the texture of height x width; `zoom` 2 shows it twice as large."""
    rows, columns = (min(_TILE, max(2, round(size / zoom))) for size in (height, width))
    y, x = random.integers(_TILE - rows + 1), random.integers(_TILE - columns + 1)
    part = chosen.tile[y : y + rows, x : x + columns]
    if random.random() < 0.5:
        part = part[:, ::-1]
    method = cv2.INTER_AREA if zoom < 0.5 else cv2.INTER_LINEAR  # which sees every pixel of what is halved
    return cv2.applyColorMap(
        cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=method), chosen.colours
    )


def background(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A picture of some wall, greenery, road or sky: uint8 [height, width, 3]."""
    chosen = cloth(KINDS[random.integers(len(KINDS))], random)
    return piece(chosen, random, height, width, random.uniform(0.6, 2.0) * max(1.0, max(height, width) / 300))
