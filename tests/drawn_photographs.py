"""Photographs of several drawn words on a ground, each a little turned and in perspective, with where they are."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from attention_ocr.config import RenderConfig, WordsConfig
from attention_ocr.render.renderers import word_renderer
from attention_ocr.render.words.grounds import texture_bank

WIDTH, HEIGHT = 1200, 900
COLUMNS, ROWS = 2, 4
LISTED = (
    "BOULANGERIE Hotel SORTIE Parking 24h Musée LIBRAIRIE Exit Pharmacie 1984 Garage TAXI Bistro OPEN Police Station "
    "Market COFFEE Galerie Central 75011 Berlin ENTRANCE Toilets Platform Danger Closed SALE Bakery Menu Theatre Kiosk "
    "Avenue PLAZA Airport Terminal Bridge Harbour Kitchen STUDIO Repair Flowers Books Optique Coiffeur ÉCOLE Mairie"
)
WORDS = LISTED.split(" ")


@dataclass(frozen=True)
class Placed:
    """A word in a photograph: its text, and its picture's corners [4, 2], clockwise from the top left."""

    text: str
    corners: np.ndarray


def photograph(seed, turned=7.0):
    """uint8 [HEIGHT, WIDTH, 3], and the words in it; a seed draws the same everywhere."""
    random = np.random.default_rng(seed)
    picture, placed = _ground(random), []
    cells = random.permutation(COLUMNS * ROWS)[: random.integers(5, COLUMNS * ROWS + 1)]
    for cell, word in zip(cells, _words(seed, len(cells)), strict=True):
        corners = _corners(int(cell), word.pixels.shape, random, turned)
        _paste(picture, word.pixels, corners)
        placed.append(Placed(word.text, corners))
    noisy = picture + random.normal(0, 3, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), placed


def _words(seed, number):
    """Drawn words with their own grounds, as signs have them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.txt"
        path.write_text("\n".join(WORDS), encoding="utf-8")
        config = RenderConfig(seed=seed, text_file=str(path), difficulty=0.4, output="pictures")
        style = WordsConfig(image_height=64, image_width=0, max_width=420, curved=0.0, rotation=2.0)
        renderer = word_renderer(config, style)[0]
        return [renderer.draw(place) for place in range(number)]


def _ground(random):
    """Walls and shapes in two colours, out of focus, lit from a side."""
    first, second = (texture_bank()[index] for index in random.integers(0, len(texture_bank()), 2))
    colour = random.uniform(60, 200, 3)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    light = (columns / WIDTH - 0.5) * random.uniform(-60, 60) + (rows / HEIGHT - 0.5) * random.uniform(-60, 60)
    picture = np.tile(colour.astype(np.float32), (HEIGHT, WIDTH, 1)) + light[..., None]
    for texture, strength in ((first, 14), (second, 9)):
        large = cv2.resize(texture.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        large = np.clip((large - large.mean()) / (large.std() + 1e-6), -2.5, 2.5)
        picture += strength * large[..., None] * random.uniform(0.6, 1.4, 3).astype(np.float32)
    return cv2.GaussianBlur(picture, (0, 0), 1.2)


def _corners(cell, shape, random, turned):
    """Where a word's picture lies: in a cell of the photograph, turned and seen from a side."""
    height, width = shape[:2]
    room = np.array([WIDTH / COLUMNS, HEIGHT / ROWS])
    scale = min(random.uniform(0.7, 1.6), 0.8 * room[0] / width, 0.6 * room[1] / height)
    half = scale * np.array([width, height]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    angle = np.radians(random.uniform(-turned, turned))
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners * (1 + random.uniform(-0.06, 0.06, (4, 1)))
    free = np.maximum(room / 2 - np.abs(corners).max(axis=0) - 4, 0)
    centre = (np.array([cell % COLUMNS, cell // COLUMNS]) + 0.5) * room
    return corners + centre + random.uniform(-1, 1, 2) * free


def _paste(picture, word, corners):
    height, width = word.shape[:2]
    rectangle = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(rectangle, corners.astype(np.float32))
    size = (WIDTH, HEIGHT)
    seen = cv2.warpPerspective(
        word.astype(np.float32), matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, size)[..., None]
    picture[:] = mask * seen + (1 - mask) * picture
