"""What stands behind a word, and colours that let it be read: drawn textures or cuttings of photographs."""

import bisect
import functools
import itertools
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from attention_ocr.config import MAX_PIXELS
from attention_ocr.errors import UserError
from attention_ocr.picture_paths import picture_paths

BANK_HEIGHT, BANK_WIDTH = 192, 1024  # of a drawn texture
BANK_SIZE = 48
BANK_SEED = 20160407
MOST_PHOTOGRAPHS = 500  # kept in memory, 512 pixels a side at most: 400 MB
PHOTOGRAPH_SIDE = 512
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# Grounds of signs, packages and pages, with how often each is seen; what is left are colours at random.
GROUNDS: tuple[tuple[float, tuple[int, int, int]], ...] = (
    (5, (250, 250, 250)),
    (3, (232, 228, 216)),
    (3, (200, 198, 192)),
    (4, (20, 20, 24)),
    (3, (50, 50, 56)),
    (2, (24, 40, 96)),
    (2, (30, 90, 170)),
    (2, (90, 160, 210)),
    (2, (196, 24, 32)),
    (2, (110, 20, 36)),
    (2, (20, 100, 60)),
    (2, (250, 210, 30)),
    (1, (240, 130, 30)),
    (2, (120, 90, 60)),
    (2, (130, 130, 130)),
)
INKS = ((255, 255, 255), (12, 12, 14), (250, 214, 40), (190, 22, 34), (24, 50, 130), (16, 96, 56), (214, 180, 110))


class Colours(NamedTuple):
    """RGB in 0..1, float32 [3] each."""

    ground: np.ndarray
    ink: np.ndarray
    edge: np.ndarray


def brightness(colour: np.ndarray) -> float:
    """How bright a colour is, 0..1."""
    return float(colour @ LUMA)


def draw_colours(random: np.random.Generator, coloured: float, contrast: float, ground: np.ndarray | None) -> Colours:
    """A ground, an ink that differs from it by `contrast` in brightness and an outline that differs from the ink.

    Args:
        random: the source of every choice.
        coloured: the share of pictures with colours rather than greys.
        contrast: 0..1; it is lowered to what the ground leaves room for.
        ground: the mean colour of a photograph; None: one is drawn.
    """
    has_colours = random.random() < coloured
    if ground is None:
        ground = _ground(random)
        if not has_colours:
            ground = np.full(3, brightness(ground), np.float32)
    level = brightness(ground)
    contrast = min(contrast, 0.95 * max(level, 1 - level))
    up = level + contrast <= 1 and (level - contrast < 0 or random.random() < 0.5)
    ink = _at_brightness(_hue(random) if has_colours else np.ones(3, np.float32), level, contrast, up, random)
    other = level if random.random() < 0.25 else (0.04 if brightness(ink) > 0.5 else 0.97)
    edge = _blend(np.full(3, other, np.float32), _random_colour(random), 0.25 if has_colours else 0.0)
    return Colours(ground, ink, edge)


def _ground(random: np.random.Generator) -> np.ndarray:
    if random.random() < 0.3:
        return _random_colour(random)
    base = _BASES[bisect.bisect_right(_TOTALS, random.random() * _TOTALS[-1])]
    light = np.float32(random.uniform(0.7, 1.1) if random.random() < 0.5 else 1.0)
    return _within(base * light + random.normal(0, 0.03, 3).astype(np.float32))


_TOTALS = list(itertools.accumulate(share for share, _ in GROUNDS))
_BASES = [np.array(colour, np.float32) / 255 for _, colour in GROUNDS]


def _within(colour: np.ndarray) -> np.ndarray:
    """The colour, no channel beyond 0..1; `np.clip` takes several times as long for three numbers."""
    return np.minimum(np.maximum(colour, 0), 1)


def _random_colour(random: np.random.Generator) -> np.ndarray:
    grey = random.random()
    return _within(grey + random.normal(0, 0.16, 3)).astype(np.float32)


def _hue(random: np.random.Generator) -> np.ndarray:
    if random.random() < 0.45:
        return np.ones(3, np.float32)
    if random.random() < 0.6:
        return np.array(INKS[int(random.integers(len(INKS)))], np.float32) / 255
    return _random_colour(random)


def _at_brightness(
    colour: np.ndarray, level: float, contrast: float, up: bool, random: np.random.Generator
) -> np.ndarray:
    """The colour, made lighter or darker until it differs from `level` by `contrast` or some more."""
    least = level + contrast if up else level - contrast
    wanted = random.uniform(least, 1.0) if up else random.uniform(0.0, max(0.0, least))
    wanted = 0.5 * (wanted + least) if random.random() < 0.6 else wanted
    bright = brightness(colour)
    if bright > wanted:
        return colour * np.float32(wanted / max(bright, 1e-3))
    return 1 - (1 - colour) * np.float32((1 - wanted) / max(1 - bright, 1e-3))


def _blend(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    return first * np.float32(1 - share) + second * np.float32(share)


class Grounds:
    """Parts of textures and photographs.

    Args:
        background_dir: a folder, glob or file of pictures; empty: textures are drawn.

    Raises:
        UserError: there is no picture, or one cannot be read.
    """

    def __init__(self, background_dir: str = ""):
        self.photographs: list[np.ndarray] = []
        if background_dir:
            try:
                paths = picture_paths(background_dir)
            except UserError as error:
                raise UserError(
                    f"--background_dir={background_dir}: no picture in it; give a folder of them"
                ) from error
            self.photographs = [_photograph(str(path)) for path in paths[:MOST_PHOTOGRAPHS]]

    def cut(self, random: np.random.Generator, width: int, height: int) -> tuple[np.ndarray, np.ndarray | None]:
        """A patch of any place, size and side.

        Returns:
            float32 [3, height, width] deviations about 0 (1: black to white), and the mean colour of a photograph
            [3], None for a drawn texture, which goes with any colour.
        """
        if self.photographs:
            source = self.photographs[int(random.integers(len(self.photographs)))]
            patch = _patch(source, random, width, height, random.uniform(1.0, 4.0))
            patch = np.stack(cv2.split(patch)).astype(np.float32) / 255
            mean = patch.mean(axis=(1, 2))
            patch -= mean[:, None, None]
            most = random.uniform(0.03, 0.15)  # the deviation that letters on it stand
            return patch * np.float32(min(1.0, most / max(1e-3, float(patch.std())))), mean
        bank = texture_bank()
        patch = _patch(bank[int(random.integers(len(bank)))], random, width, height, random.uniform(0.6, 2.0))
        tint = 1 + random.normal(0, 0.12, 3).astype(np.float32)
        return (patch.astype(np.float32) * np.float32(1 / 127) - 1) * tint[:, None, None], None


def _patch(source: np.ndarray, random: np.random.Generator, width: int, height: int, zoom: float) -> np.ndarray:
    """A rectangle of the picture's shape, `zoom` times as large where there is room, reduced to its size."""
    rows, columns = source.shape[:2]
    zoom = min(zoom, rows / height, columns / width)
    high, wide = max(1, int(height * zoom)), max(1, int(width * zoom))
    top, left = int(random.integers(rows - high + 1)), int(random.integers(columns - wide + 1))
    part = source[top : top + high, left : left + wide]
    if random.random() < 0.5:
        part = part[:, ::-1]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if zoom > 1 else cv2.INTER_LINEAR)


def _photograph(path: str) -> np.ndarray:
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (PHOTOGRAPH_SIDE, PHOTOGRAPH_SIDE))  # of a JPEG, no more pixels than needed
            if opened.width * opened.height > MAX_PIXELS:
                raise UserError(f"{path}: has more than {MAX_PIXELS:,} pixels; shrink it")
            picture = opened.convert("RGB")
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: is no picture that can be read; --background_dir takes photographs") from error
    shrink = max(picture.size) / PHOTOGRAPH_SIDE
    if shrink > 1:
        size = (max(1, round(picture.width / shrink)), max(1, round(picture.height / shrink)))
        picture = picture.resize(size, Image.Resampling.BOX)
    return np.ascontiguousarray(np.asarray(picture))


@functools.cache
def texture_bank() -> list[np.ndarray]:
    """Grey textures of mean 127, the same in every process: uint8 [192, 1024] each."""
    random = np.random.default_rng(BANK_SEED)
    makers = (_plaster, _plaster, _brushed, _stripes, _bricks, _shapes, _shapes, _engraving)
    return [_levelled(makers[number % len(makers)](random)) for number in range(BANK_SIZE)]


def _levelled(texture: np.ndarray) -> np.ndarray:
    texture = texture - texture.mean()
    return np.clip(127 + texture * (45 / max(1e-6, texture.std())), 0, 255).astype(np.uint8)


def _noise(random: np.random.Generator, cells: float) -> np.ndarray:
    """Smooth noise whose hills are about `cells` pixels wide."""
    rows, columns = max(2, int(BANK_HEIGHT / cells)), max(2, int(BANK_WIDTH / cells))
    return cv2.resize(
        random.normal(0, 1, (rows, columns)).astype(np.float32),
        (BANK_WIDTH, BANK_HEIGHT),
        interpolation=cv2.INTER_CUBIC,
    )


def _plaster(random: np.random.Generator) -> np.ndarray:
    fade = random.uniform(0.4, 0.9)
    return np.sum(
        [np.float32(fade**n) * _noise(random, cells) for n, cells in enumerate((90, 40, 16, 6, 2.5, 1))], axis=0
    )


def _brushed(random: np.random.Generator) -> np.ndarray:
    """Wood or brushed metal: noise drawn out along one direction."""
    fine = cv2.blur(_noise(random, 1), (61, 1)) * 6 + cv2.blur(_noise(random, 4), (201, 1)) * 4
    return fine + _noise(random, 60)


def _stripes(random: np.random.Generator) -> np.ndarray:
    rows, columns = np.mgrid[:BANK_HEIGHT, :BANK_WIDTH].astype(np.float32)
    angle, period = random.uniform(0, np.pi), random.uniform(6, 60)
    waves = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * (2 * np.pi / period))
    return np.clip(waves * random.uniform(1, 6), -1, 1) + 0.4 * _plaster(random)


def _bricks(random: np.random.Generator) -> np.ndarray:
    high, wide = int(random.integers(14, 40)), int(random.integers(30, 90))
    shades = random.normal(0, 0.4, (BANK_HEIGHT // high + 2, BANK_WIDTH // wide + 3))
    rows, columns = np.mgrid[:BANK_HEIGHT, :BANK_WIDTH]
    course = rows // high
    place = columns + (course % 2) * (wide // 2)
    joint = (rows % high < 2) | (place % wide < 2)
    return np.where(joint, -1.5, shades[course, place // wide]).astype(np.float32) + 0.4 * _plaster(random)


def _shapes(random: np.random.Generator) -> np.ndarray:
    """Patches with straight and round edges: plates, windows, pictures, out of focus or not."""
    canvas = np.zeros((BANK_HEIGHT, BANK_WIDTH), np.float32)
    for _ in range(int(random.integers(10, 60))):
        centre = (int(random.integers(BANK_WIDTH)), int(random.integers(BANK_HEIGHT)))
        axes, turn = (int(random.integers(5, 120)), int(random.integers(5, 70))), float(random.uniform(0, 180))
        shade = float(random.normal())
        if random.random() < 0.5:
            cv2.ellipse(canvas, centre, axes, turn, 0, 360, shade, -1, cv2.LINE_AA)
        else:
            corners = cv2.boxPoints((centre, axes, turn)).astype(np.int32)
            cv2.fillConvexPoly(canvas, corners, shade, cv2.LINE_AA)
    return cv2.GaussianBlur(canvas, (0, 0), random.uniform(0.4, 6)) + 0.2 * _plaster(random)


def _engraving(random: np.random.Generator) -> np.ndarray:
    """Fine wavy lines, as on certificates and bank notes."""
    rows, columns = np.mgrid[:BANK_HEIGHT, :BANK_WIDTH].astype(np.float32)
    total = np.zeros_like(rows)
    for _ in range(2):
        angle, period, length = random.uniform(0, np.pi), random.uniform(4, 9), random.uniform(30, 120)
        across = rows * np.cos(angle) + columns * np.sin(angle)
        along = columns * np.cos(angle) - rows * np.sin(angle)
        waved = across + random.uniform(2, 12) * np.sin(along * (2 * np.pi / length))
        total -= np.maximum(0, np.sin(waved * (2 * np.pi / period)) - 0.4)
    return total + 0.1 * _plaster(random)
