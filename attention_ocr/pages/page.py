"""read_page: a photograph or a scanned page -> its lines in reading order, each with its text and its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.pages.cutting import around, cut_out
from attention_ocr.pages.detection import detector
from attention_ocr.pages.order import blocks_of
from attention_ocr.reading import given_pictures
from attention_ocr.reading.reader import Reader, Reading
from attention_ocr.records.frames import Box
from attention_ocr.records.pictures import TALL

Detect = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
MOST_NARROW = 16  # times as long as wide: the detector enlarges a picture until its short side has 736 pixels


@dataclass(frozen=True)
class PageWord:
    """A word of a line.

    Attributes:
        text: its characters.
        confidence: the geometric mean of theirs, in [0, 1].
        box: around it in pixels of the upright picture; None: the model does not tell.
    """

    text: str
    confidence: float
    box: Box | None


@dataclass(frozen=True)
class Line:
    """A line of text on a page.

    Attributes:
        text: what was read; it may be empty.
        confidence: in [0, 1], as a Reading's.
        turned: by how many degrees counterclockwise the quadrangle was turned before it was read.
        corners: float [4, 2] in pixels of the upright picture, clockwise from what the detector takes for its top left.
        found: how sure the detector is that there is text, in [0, 1].
        words: those of the text.
    """

    text: str
    confidence: float
    turned: int
    corners: np.ndarray
    found: float
    words: list[PageWord]

    @property
    def box(self) -> Box:
        """Around it, in pixels of the upright picture."""
        (left, top), (right, bottom) = self.corners.min(axis=0), self.corners.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 6),
            "turned": self.turned,
            "corners": [[round(float(side), 1) for side in corner] for corner in self.corners],
            "words": [
                {"text": word.text, "confidence": round(word.confidence, 6)}
                | ({"box": [round(side, 1) for side in word.box]} if word.box else {})
                for word in self.words
            ],
        }


@dataclass(frozen=True)
class Page:
    """A picture and the lines that were read in it.

    Attributes:
        width, height: of the upright picture in pixels.
        blocks: columns, and what lies above or below them, in reading order; of each its lines.
    """

    width: int
    height: int
    blocks: list[list[Line]]

    @property
    def lines(self) -> list[Line]:
        """All lines in reading order."""
        return [line for block in self.blocks for line in block]

    @property
    def text(self) -> str:
        """A line of text for each, and an empty one between blocks."""
        return "\n\n".join("\n".join(line.text for line in block) for block in self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        blocks = [{"lines": [line.to_dict() for line in block]} for block in self.blocks]
        return {"width": self.width, "height": self.height, "blocks": blocks}


def check_shape(picture: Image.Image, name: str) -> None:
    """Raises a UserError of a picture that is so long that finding its lines would take minutes."""
    if max(picture.size) > MOST_NARROW * min(picture.size):
        raise UserError(
            f"{name}: is {picture.width} x {picture.height} pixels, no shape of a page; read it as a line, or cut it "
            f"into parts at most {MOST_NARROW} times as long as wide"
        )


def read_page(reader: Reader, picture: Any, name: str = "", batch_size: int = 32, detect: Detect | None = None) -> Page:
    """The lines of a photograph or a page, found by RapidOCR's detector and read by a reader.

    Quadrangles are cut out straight. Tall ones are read as the reader's orientation tells: with `upright` they are
    turned to the left.

    Args:
        reader: a reader of lines; load it with `orientation="auto"` where lines may stand on their side or their head.
        picture: what `Reader.prepare` takes.
        name: how messages call it.
        batch_size: lines read at a time.
        detect: what finds lines; None: RapidOCR's detector.

    Raises:
        UserError: the picture cannot be read or has no shape of a page, or the package rapidocr is missing.
    """
    name = name or given_pictures.name_of(picture)
    opened, _ = given_pictures.opened(picture, name, reader.max_pixels)
    check_shape(opened, name)
    detect = detect or detector()
    pixels = np.asarray(opened)
    corners, scores = detect(pixels)
    blocks = blocks_of(corners)
    order = [number for block in blocks for number in block]
    cuts = [cut_out(pixels, corners[number]) for number in order]
    turns = [_turn(cut, reader) for cut, _ in cuts]
    readings = reader.read([np.rot90(cut, turn // 90) for (cut, _), turn in zip(cuts, turns, strict=True)], batch_size)
    lines = {
        number: _line(reading, cut, turn, corners[number], float(scores[number]))
        for number, reading, cut, turn in zip(order, readings, cuts, turns, strict=True)
    }
    return Page(opened.width, opened.height, [[lines[number] for number in block] for block in blocks])


def _turn(cut: np.ndarray, reader: Reader) -> int:
    """Degrees by which a cut is turned to the left before the reader gets it, which may turn it itself."""
    is_tall = cut.shape[0] > TALL * cut.shape[1]
    return 90 if is_tall and reader.orientation != "auto" and reader.dataset.vertical == "keep" else 0


def _line(reading: Reading, cut: tuple[np.ndarray, np.ndarray], turn: int, corners: np.ndarray, found: float) -> Line:
    pixels, matrix = cut
    if turn:  # what was to the right is at the top
        matrix = matrix @ np.array([[0, -1, pixels.shape[1]], [1, 0, 0], [0, 0, 1]], float)
    words = [
        PageWord(word.text, word.confidence, around(word.box, matrix) if word.box else None) for word in reading.words
    ]
    return Line(reading.text, reading.confidence, (reading.turned + turn) % 360, corners, found, words)
