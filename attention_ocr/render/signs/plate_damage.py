"""What weather and people do to a street plate: rust, dirt, chips, stickers, and the light that falls on it."""

import functools
from collections.abc import Sequence

import cv2
import numpy as np

BANK_SIZE = (448, 448)  # rows, columns of a texture; at least the largest plate
SEED = 1802  # of the bank: the same textures always
TEXTURES = {"cloud": 12, "mottle": 10, "flake": 10, "streak": 8, "grain": 4}
RUSTS = ((96, 52, 28), (122, 70, 36), (78, 44, 30), (140, 86, 50))
STICKERS = ((206, 208, 204), (226, 224, 216), (190, 188, 180), (214, 202, 120))
CORES = ((38, 36, 38), (56, 36, 28), (44, 34, 32))


def is_small(height: int, width: int) -> bool:
    """Whether a plate is drawn at about half of the full size: what has a size in pixels is then half as large."""
    return 2 * height <= BANK_SIZE[0] and 2 * width <= BANK_SIZE[1]


@functools.cache
def small_bank() -> dict[str, tuple[np.ndarray, ...]]:
    """The masks of `bank` at half their size."""
    half = (BANK_SIZE[1] // 2, BANK_SIZE[0] // 2)
    return {
        kind: tuple(_even(cv2.resize(mask, half, interpolation=cv2.INTER_AREA)) for mask in masks)
        for kind, masks in bank().items()
    }


@functools.cache
def bank() -> dict[str, tuple[np.ndarray, ...]]:
    """Noise masks of each kind of `TEXTURES`, uint8 `BANK_SIZE`, each value as common as any other."""
    random = np.random.default_rng(SEED)
    cells = {
        "cloud": ((3, 1.0), (6, 0.6), (14, 0.4), (40, 0.22), (112, 0.12)),
        "mottle": ((8, 0.5), (20, 0.8), (56, 0.7), (150, 0.4)),
        "flake": ((9, 0.9), (30, 0.6), (84, 0.55), (220, 0.5), (448, 0.25)),
        "grain": ((150, 0.6), (448, 1.0)),
    }
    made: dict[str, tuple[np.ndarray, ...]] = {}
    for kind, count in TEXTURES.items():
        if kind == "streak":
            made[kind] = tuple(
                _even(_noise(random, (3, 90), 1.0) + _noise(random, (4, 6), 0.9) + _noise(random, (6, 200), 0.7))
                for _ in range(count)
            )
        else:
            made[kind] = tuple(
                _even(np.sum([_noise(random, (side, side), strength) for side, strength in cells[kind]], axis=0))
                for _ in range(count)
            )
    return made


def _noise(random: np.random.Generator, cells: tuple[int, int], strength: float) -> np.ndarray:
    coarse = random.normal(0, strength, cells).astype(np.float32)
    return cv2.resize(coarse, BANK_SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def _even(values: np.ndarray) -> np.ndarray:
    order = np.empty(values.size, np.float32)
    order[np.argsort(values, axis=None)] = np.linspace(0, 255, values.size)
    return order.reshape(values.shape).astype(np.uint8)


def texture(kind: str, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """A mask of the bank, flipped and shifted: uint8 [height, width], 0..255 evenly."""
    masks = (small_bank() if is_small(height, width) else bank())[kind]
    mask = masks[random.integers(len(masks))]
    if height > mask.shape[0] or width > mask.shape[1]:
        mask = cv2.resize(mask, (max(width, mask.shape[1]), max(height, mask.shape[0])))
    top, left = random.integers(mask.shape[0] - height + 1), random.integers(mask.shape[1] - width + 1)
    mask = mask[top : top + height, left : left + width]
    return mask[:, ::-1] if random.random() < 0.5 else mask


def above(mask: np.ndarray, level: float, softness: float = 12, most: float = 255) -> np.ndarray:
    """`mask` cut at `level`: 0 below, rising over `softness` to `most`."""
    table = np.clip((np.arange(256) - level) / softness, 0, 1) * most
    return cv2.LUT(np.ascontiguousarray(mask), table.astype(np.uint8))


def edge_nearness(height: int, width: int, reach: float) -> np.ndarray:
    """255 at the edges of a plate down to 0 at `reach` pixels from them, uint8 [height, width]."""
    y = np.minimum(np.arange(height), np.arange(height)[::-1]).astype(np.float32)
    x = np.minimum(np.arange(width), np.arange(width)[::-1]).astype(np.float32)
    near = np.minimum(y[:, None], x[None]) / reach
    return (255 * np.clip(1 - near, 0, 1)).astype(np.uint8)


def faded_ink(ink: np.ndarray, wear: float, random: np.random.Generator) -> np.ndarray:
    """The ink with what has flaked off or grown pale left out."""
    height, width = ink.shape
    if wear <= 0.1:
        return ink
    flakes = texture("flake", height, width, random)
    kept = 255 - above(flakes, 248 - 24 * wear, 22, random.uniform(90, 235))
    if random.random() < 0.5 * wear:
        gone = above(texture("cloud", height, width, random), 225 - 20 * wear, 25, random.uniform(60, 170))
        kept = cv2.subtract(kept, gone)
    return cv2.multiply(ink, kept, scale=1 / 255)


def corrode(pixels: np.ndarray, wear: float, screws: Sequence[tuple[int, int]], random: np.random.Generator) -> None:
    """Rust and chips on a plate, in place.

    Args:
        pixels: the plate, uint8 [h, w, 3].
        wear: from 0 to 1.
        screws: where rust begins: (x, y).
        random: the source of every choice.
    """
    height, width = pixels.shape[:2]
    rust, core = [], []
    if random.random() < 0.8 * wear:
        pixel = 0.5 if is_small(height, width) else 1.0
        near = edge_nearness(height, width, pixel * random.uniform(4, 8 + 14 * wear))
        both = cv2.addWeighted(near, 0.5, texture("mottle", height, width, random), 0.5, 0)
        rust.append(above(both, 190 - 30 * wear, 40, 220))
        core.append(above(both, 215 - 20 * wear, 20, 190))
    if screws and random.random() < 0.1 + 0.8 * wear:
        both = _rust_at_screws(height, width, wear, screws, random)
        rust.append(above(both, 80, 80, 230))
        core.append(above(both, 165, 40, 200))
    if wear > 0.35 and random.random() < 0.5:
        rust.append(_rust_stain(height, width, wear, random))
    if wear > 0.3 and random.random() < 0.3:
        both = _chips(height, width, random)
        rust.append(above(both, 233 - 12 * wear, 8, 200))
        core.append(above(both, 240 - 12 * wear, 8, 220))
    for colours, masks in ((RUSTS, rust), (CORES, core)):
        if masks:
            blend(pixels, _one_of(random, colours), functools.reduce(cv2.max, masks))


def blend(pixels: np.ndarray, colour: tuple[int, int, int], mask: np.ndarray) -> None:
    """Paints `colour` where `mask` (uint8 [h, w]) says, in place; quick where that is a small part."""
    flat = pixels.reshape(-1, 3)
    places = np.flatnonzero(mask)
    share = mask.reshape(-1)[places, None].astype(np.float32) * (1 / 255)
    under = flat[places].astype(np.float32)
    flat[places] = under + share * (np.array(colour, np.float32) - under)


def dirty(bright: np.ndarray, sheen: np.ndarray, wear: float, random: np.random.Generator) -> None:
    """Streaks and dust make the plate darker, the sun bleaches it: changes the maps of `light` in place."""
    height, width = bright.shape
    if random.random() < 0.5 * wear:
        mask = above(texture("cloud", height, width, random), 90, 160, random.uniform(15, 55) * wear)
        cv2.add(sheen, mask, sheen)
    if random.random() < 0.25 + 0.5 * wear:
        mask = above(texture("streak", height, width, random), 150, 105, random.uniform(12, 42) * wear)
        cv2.subtract(bright, mask, bright)
    if random.random() < 0.35:
        mask = above(texture("cloud", height, width, random), 110, 145, random.uniform(20, 50) * wear)
        cv2.subtract(bright, mask, bright)
    if random.random() < 0.35:  # dust at the bottom or the top
        ramp = np.linspace(-1, 1, height, dtype=np.float32) * random.choice([-1, 1])
        ramp = (np.clip(ramp, 0, 1) ** 2 * 60 * wear).astype(np.uint8)
        cv2.subtract(bright, np.repeat(ramp[:, None], width, axis=1), bright)


def _one_of(random: np.random.Generator, colours: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    return colours[int(random.integers(len(colours)))]


def _rust_at_screws(
    height: int, width: int, wear: float, screws: Sequence[tuple[int, int]], random: np.random.Generator
) -> np.ndarray:
    """Around some screws, and running down from them; drawn at a quarter of the full size, then broken up by noise."""
    by = 2 if is_small(height, width) else 4
    heat: np.ndarray = np.zeros((height // by + 1, width // by + 1), np.uint8)
    for x, y in screws:
        if random.random() < 0.65:
            radius = random.uniform(1.0, 1.8 + 2.6 * wear)
            cv2.circle(heat, (x // by, y // by), round(radius), 255, -1)
            end = (x // by, round(y / by + random.uniform(0, 16) * wear))
            cv2.line(heat, (x // by, y // by), end, 190, max(1, round(radius * 0.7)))
    heat = cv2.resize(cv2.GaussianBlur(heat, (0, 0), 1.6), (width, height))
    both = cv2.addWeighted(heat, 0.75, texture("mottle", height, width, random), 0.3, 0)
    return cv2.min(both, above(heat, 4, 40))


def _rust_stain(height: int, width: int, wear: float, random: np.random.Generator) -> np.ndarray:
    """Blotches that have eaten through the letters."""
    by = 4 if is_small(height, width) else 8
    heat: np.ndarray = np.zeros((height // by + 1, width // by + 1), np.uint8)
    for _ in range(random.integers(1, 5)):
        centre = (int(random.integers(heat.shape[1])), int(random.integers(heat.shape[0])))
        axes = (round(random.uniform(0.6, 2.4)), round(random.uniform(1.5, 5.0)))
        cv2.ellipse(heat, centre, axes, random.uniform(-15, 15), 0, 360, 255, -1)
    heat = cv2.resize(cv2.GaussianBlur(heat, (0, 0), 1.1), (width, height))
    both = cv2.addWeighted(heat, 0.6, texture("mottle", height, width, random), 0.4, 0)
    return above(cv2.min(both, above(heat, 10, 50)), 110, 80, 130 + 70 * wear)


def _chips(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Enamel knocked off, mostly near the edges."""
    near = edge_nearness(height, width, 0.25 * height)
    return cv2.addWeighted(near, 0.3, texture("mottle", height, width, random), 0.74, 0)


def stick(pixels: np.ndarray, size: float, random: np.random.Generator) -> None:
    """Sticks a torn piece of paper about `size` pixels wide on a plate, in place."""
    height, width = pixels.shape[:2]
    centre = np.array([random.uniform(0.08, 0.92) * width, random.uniform(0.15, 0.9) * height])
    sides = np.array([[-0.5, -0.6], [0.1, -0.62], [0.5, -0.55], [0.52, 0.2], [0.45, 0.6], [-0.5, 0.58]])
    angle = random.uniform(-0.6, 0.6)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = (sides + random.normal(0, 0.05, sides.shape)) * size @ turn + centre
    mask: np.ndarray = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    torn = above(texture("mottle", height, width, random), 242, 10, 255)
    mask = cv2.subtract(mask, torn)
    below = 1 if is_small(height, width) else 2
    shadow = np.roll(mask, (below, below), (0, 1)) // 3
    blend(pixels, (10, 10, 14), shadow)
    blend(pixels, _one_of(random, STICKERS), cv2.multiply(mask, 255 - torn // 3, scale=0.97 / 255))


def light(height: int, width: int, random: np.random.Generator, gloss: float) -> tuple[np.ndarray, np.ndarray]:
    """How the light falls: brightness (uint8 [h, w], 128 leaves as is) and sheen (uint8 [h, w], white on top)."""
    y, x = np.mgrid[-1:1:18j, -1:1:24j].astype(np.float32)  # type: ignore[misc]
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0.02, 0.16)
    across = np.cos(angle) * x + np.sin(angle) * y
    brightness = 128 * (1 + strength * across)
    bent = across + random.uniform(-0.4, 0.4) * x - random.uniform(-1.2, 1.2)
    sheen = gloss * 255 * np.exp(-((bent / random.uniform(0.25, 0.9)) ** 2))
    bright, shine = (
        cv2.resize(np.clip(values, 0, 255).astype(np.uint8), (width, height)) for values in (brightness, sheen)
    )
    grain = texture("grain", height, width, random)
    return cv2.addWeighted(bright, 1.0, grain, random.uniform(0.005, 0.035), -2), shine
