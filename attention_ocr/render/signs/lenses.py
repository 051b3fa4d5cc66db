"""What makes a photograph of a picture: light, lens, exposure, noise, sharpening and JPEG, in a camera's order."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from attention_ocr.render.signs.scenes import Shape

GRAIN = 30.0  # the deviation of the kept noise: four of them do not overflow
EVEN = 230.0  # an even light: with 1.1 of it a byte does not overflow


class Lens(NamedTuple):
    """How a camera sees: everything that differs from photograph to photograph but the pose."""

    resolution: float  # pixels drawn for a pixel of the cell
    blur: float  # pixels
    motion: float  # pixels
    exposure: float
    noise: float
    sharpening: float
    quality: int


class Light(NamedTuple):
    """What the sign's photographs share: how bright, which tint, how much contrast, and a shadow across the plate."""

    exposure: float
    tint: np.ndarray  # [3]
    contrast: float
    haze: float  # 0 to 255, what black becomes
    shadow: Shape | None
    noise: float


def some_light(random: np.random.Generator, difficulty: float) -> Light:
    """The light of a sign's photographs."""
    dark = random.random() < 0.12 * difficulty
    warm = random.normal(0, 0.05)
    shadow = None
    if random.random() < 0.2 * difficulty:  # a half plane, or a bar of shade, at any angle
        turn, reach = random.uniform(0, 2 * np.pi), random.uniform(-0.4, 0.35)
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        far = reach + random.choice([0.08, 0.2, 2.0])
        corners = [
            along * reach - 2 * across,
            along * reach + 2 * across,
            along * far + 2 * across,
            along * far - 2 * across,
        ]
        shadow = Shape(np.array(corners), (random.uniform(90, 190),) * 3)
    return Light(
        exposure=random.uniform(0.3, 0.6) if dark else random.uniform(0.62, 0.98),
        tint=np.array([1 + warm, 1 + random.normal(0, 0.012), 1 - warm]),
        contrast=random.uniform(1.0, 1.6) if dark else random.uniform(0.85, 1.3),
        haze=random.uniform(0, 8) if dark else random.uniform(3, 22),
        shadow=shadow,
        noise=random.uniform(4, 10) if dark else random.uniform(0, 4),
    )


def some_lens(random: np.random.Generator, badness: float, light: Light, scale: float) -> Lens:
    """How the photograph is taken; the worse, the fewer pixels and the more blur; `scale` is the cell in 150 pixels."""
    blur = random.uniform(0.3, 0.8) + (random.uniform(0, 1.2) * badness if random.random() < 0.6 else 0)
    return Lens(
        resolution=float(np.clip(random.normal(1.0 - 0.5 * badness, 0.12), 0.8 if badness <= 0.25 else 0.38, 1.0)),
        blur=scale * blur,
        motion=scale * random.uniform(2, 6) if badness > 0.35 and random.random() < 0.2 else 0.0,
        exposure=float(np.exp(random.normal(0, 0.1 if random.random() < 0.8 else 0.3))),
        noise=light.noise * random.uniform(0.3, 1.2),
        sharpening=random.uniform(0, 0.7) if random.random() < 0.75 else random.uniform(0.7, 2.0),
        quality=int(random.integers(40, 92)),
    )


@lru_cache(maxsize=4)
def _grain(rows: int, columns: int) -> np.ndarray:
    """Noise of a sensor, uint8 [512*rows, 512*columns, 3], mean 128, deviation GRAIN: some grey, some coloured."""
    random = np.random.default_rng(1839)
    coloured = cv2.GaussianBlur(random.standard_normal((512, 512, 3), np.float32), (0, 0), 0.7)  # and coarser
    both = coloured / coloured.std() * 0.6 + random.standard_normal((512, 512, 1), np.float32) * 0.8
    return np.tile(np.clip(np.rint(128 + GRAIN * both), 0, 255).astype(np.uint8), (rows, columns, 1))


def develop(picture: np.ndarray, light: Light, lens: Lens, random: np.random.Generator) -> np.ndarray:
    """What lens, sensor and JPEG make of the light: uint8 [h, w, 3]."""
    if lens.blur > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), lens.blur)
    if lens.motion:
        picture = cv2.filter2D(picture, -1, _streak(lens.motion, random.uniform(-0.4, 0.4)))
    levels = np.arange(256)[:, None] / 255 * light.exposure * lens.exposure * light.tint * random.normal(1, 0.015, 3)
    middle = 0.4 * light.exposure
    levels = light.haze + (255 - light.haze) * (middle + (levels - middle) * light.contrast)
    curve = np.clip(np.where(levels > 210, 210 + 45 * np.tanh((levels - 210) / 45), levels), 0, 255)
    picture = cv2.LUT(picture, np.rint(curve).astype(np.uint8)[:, None])
    height, width = picture.shape[:2]
    falloff = np.rint(EVEN * random.uniform(0.9, 1.1, (2, 2))).astype(np.uint8)  # light is nowhere quite even
    picture = cv2.multiply(picture, cv2.merge([cv2.resize(falloff, (width, height))] * 3), scale=1 / EVEN)
    if lens.noise > 0.5:
        grain = _grain(-(-height // 512), -(-width // 512))
        y, x = random.integers(grain.shape[0] - height + 1), random.integers(grain.shape[1] - width + 1)
        share = lens.noise / GRAIN
        picture = cv2.addWeighted(picture, 1, grain[y : y + height, x : x + width], share, -128 * share)
    if lens.sharpening > 0.1:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = cv2.addWeighted(picture, 1 + lens.sharpening, soft, -lens.sharpening, 0)
    picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    file = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, lens.quality))[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB))


def _streak(length: float, angle: float) -> np.ndarray:
    """The kernel of a camera that moves `length` pixels at an angle to the horizon."""
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    end = length / 2 * np.array([np.cos(angle), np.sin(angle)])
    corners = np.rint((size // 2 + np.array([-end, end])) * 16).astype(int).tolist()
    cv2.line(kernel, tuple(corners[0]), tuple(corners[1]), 1.0, 1, cv2.LINE_8, 4)
    return kernel / kernel.sum()


def smear(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A part blurred away, as the makers of the photographs blur faces and number plates."""
    height, width = picture.shape[:2]
    soft = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.04, 0.08) * height)
    y, x = np.ogrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]  # type: ignore[misc]
    away = np.hypot((x - random.normal(0, 0.1)) / 0.45, (y - random.uniform(-0.05, 0.2)) / random.uniform(0.3, 0.6))
    share = np.clip(3 * (1 - away), 0, 1)[..., None].astype(np.float32)
    return (picture * (1 - share) + soft * share).astype(np.uint8)
