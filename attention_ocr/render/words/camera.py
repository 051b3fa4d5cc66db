"""What a camera and a file do to a picture of a word: haze, blur, few pixels, noise, sharpening, JPEG."""

import functools
from typing import Protocol

import cv2
import numpy as np

GRAIN = (256, 1024)  # rows and columns of the kept noise
GRAIN_SEED = 1888


class Faults(Protocol):
    """The shares of pictures that have a fault, 0..1."""

    @property
    def haze(self) -> float: ...
    @property
    def blur(self) -> float: ...
    @property
    def noise(self) -> float: ...
    @property
    def low_resolution(self) -> float: ...
    @property
    def jpeg(self) -> float: ...


def photograph(picture: np.ndarray, faults: Faults, clear: float, random: np.random.Generator) -> np.ndarray:
    """The picture with a camera's faults.

    Args:
        picture: float32 [H, W, 3] RGB in about 0..1.
        faults: how often each happens.
        clear: 0..1, how large and how strong letters are; faint or small ones get fewer and weaker faults, so that
            they stay readable.
        random: the source of every choice.

    Returns:
        uint8 [H, W, 3].
    """
    if random.random() < faults.haze:
        picture, left = _hazy(picture, clear, random)
        clear *= left
    if random.random() < faults.low_resolution * clear:
        picture = _few_pixels(picture, random)
    if random.random() < faults.blur:
        picture = _blurred(picture, clear, random)
    if random.random() < faults.noise:
        picture = _noisy(picture, clear, random)
    pixels = cv2.addWeighted(picture, 255, picture, 0, 0, dtype=cv2.CV_8U)  # what is beyond 0..255 is cut off
    if random.random() < faults.jpeg:
        pixels = _compressed(pixels, random)
    return pixels


def _hazy(picture: np.ndarray, clear: float, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """Neither black nor white, as under a dull light or behind glass, with its tint; and what contrast is left."""
    black, white = random.uniform(0, 0.25 * clear), 1 - random.uniform(0, 0.35 * clear)
    tint = 1 + random.normal(0, 0.04, 3).astype(np.float32)
    return np.float32(black) + picture * (np.float32(white - black) * tint), white - black


def _few_pixels(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Seen from afar and enlarged; the letters keep at least 11 pixels of the line's height."""
    height, width = picture.shape[:2]
    least = min(0.9, 11 / min(height, width))
    share = random.uniform(least, 0.9)
    small = cv2.resize(
        picture, (max(1, round(width * share)), max(1, round(height * share))), interpolation=cv2.INTER_AREA
    )
    way = cv2.INTER_CUBIC if random.random() < 0.5 else cv2.INTER_LINEAR
    return cv2.resize(small, (width, height), interpolation=way)


def _blurred(picture: np.ndarray, clear: float, random: np.random.Generator) -> np.ndarray:
    unit = min(picture.shape[:2]) / 32
    kind = random.random()
    if kind < 0.6:
        return cv2.GaussianBlur(picture, (0, 0), unit * random.uniform(0.3, 0.3 + 0.8 * clear))
    if kind < 0.8:  # sharpened, with light rims
        soft = cv2.GaussianBlur(picture, (0, 0), unit * random.uniform(0.6, 1.2))
        return picture + np.float32(random.uniform(0.4, 1.5)) * (picture - soft)
    reach = max(2, round(unit * random.uniform(1.5, 1.5 + 2.5 * clear)))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = random.uniform(0, np.pi)
    half = np.array([np.cos(angle), np.sin(angle)]) * reach / 2
    ends = [tuple(np.rint((reach + side * half) * 16).astype(int).tolist()) for side in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def _noisy(picture: np.ndarray, clear: float, random: np.random.Generator) -> np.ndarray:
    strength = clear * min(0.08, random.exponential(0.014))
    is_coloured, is_clumped = random.random() < 0.5, random.random() < 0.6
    height, width = picture.shape[:2]
    grain = _grain(is_coloured, is_clumped, -(-height // GRAIN[0]), -(-width // GRAIN[1]))
    y, x = random.integers(grain.shape[0] - height + 1), random.integers(grain.shape[1] - width + 1)
    return cv2.scaleAdd(grain[y : y + height, x : x + width], strength, picture)


@functools.lru_cache(maxsize=8)
def _grain(is_coloured: bool, is_clumped: bool, rows: int, columns: int) -> np.ndarray:
    """Noise of deviation 1 to cut pieces from, which is quicker than new one: float32 [rows, columns, 3] of `GRAIN`."""
    random = np.random.default_rng([GRAIN_SEED, is_coloured, is_clumped])
    noise = random.standard_normal((*GRAIN, 3 if is_coloured else 1), np.float32)
    if is_clumped:  # as in a reduced or compressed picture
        noise = 2 * np.asarray(cv2.blur(noise, (2, 2)), np.float32).reshape(noise.shape)
    return np.tile(np.broadcast_to(noise, (*GRAIN, 3)), (rows, columns, 1))


def _compressed(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    quality = int(random.integers(25, 92))
    stream = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(stream, cv2.IMREAD_COLOR_RGB))
