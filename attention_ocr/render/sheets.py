"""Contact sheets: many pictures in one, to look at."""

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr import files
from attention_ocr.picture_paths import picture_paths
from attention_ocr.records.pictures import open_image

log = logging.getLogger(__name__)
GAP = 4  # Pixels between two pictures.
GROUND = (40, 40, 40)


def contact_sheet(pictures: Sequence[np.ndarray], columns: int = 0) -> Image.Image:
    """The pictures in rows, from left to right and from top to bottom, each in a cell of the largest one's size.

    Args:
        pictures: uint8 [height, width, 3] each, of any size.
        columns: 0: about as wide as high.
    """
    height = max(picture.shape[0] for picture in pictures) + GAP
    width = max(picture.shape[1] for picture in pictures) + GAP
    columns = columns or max(1, round(math.sqrt(len(pictures) * height / width)))
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), GROUND)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        sheet.paste(Image.fromarray(picture), (column * width + GAP, row * height + GAP))
    return sheet


def write_sheet(path: str, renderer: Any, number: int, difficulty: float, beside: str = "") -> None:
    """Draws `number` pictures of a renderer onto one, with real ones among them; logs what is where.

    Args:
        path: the file to write.
        renderer: has `draw(number, difficulty)`.
        number: how many to draw.
        difficulty: for the renderer.
        beside: a pattern of real pictures to mix in, unmarked; empty: none.

    Raises:
        UserError: there is no real picture, or the sheet cannot be written.
    """
    drawn = [renderer.draw(index, difficulty) for index in range(number)]
    texts = [picture.text for picture in drawn]
    pictures = [picture.pixels for picture in drawn]
    if beside:
        real = [np.array(open_image(file)) for file in picture_paths(beside)]
        texts += [file.name for file in picture_paths(beside)]
        order = np.random.default_rng(renderer.seed).permutation(len(texts))
        pictures = [[*pictures, *real][index] for index in order]
        texts = [texts[index] if index < number else f"real: {texts[index]}" for index in order]
    with files.replacing(path) as temporary:
        contact_sheet(pictures).save(temporary)
    log.info("%s: %d pictures, row by row: %s", path, len(pictures), "; ".join(texts))
