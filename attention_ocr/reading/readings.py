"""Reading: what was read in a picture - its text, how sure, and where each character was."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import Geometry
from attention_ocr.reading.places import places_of
from attention_ocr.reading_order import ReadingOrder
from attention_ocr.records.frames import Box, Frame


@dataclass(frozen=True)
class Alternative:
    """A text that beam search found.

    Attributes:
        text: the characters before the null.
        score: what texts are ordered by: the log-probability of the text and of its end, divided by the length penalty.
        confidence: in [0, 1], as a Reading's; the length penalty has no part in it.
    """

    text: str
    score: float
    confidence: float


@dataclass(frozen=True)
class Character:
    """A character that was read.

    Attributes:
        text: what it prints.
        confidence: its probability.
        box: (left, top, right, bottom) in pixels of the picture as it was given, before it was turned upright; None:
            the model does not tell.
        view: the view that the box is in, from 0. Of several pictures given as views the box is in that one's pixels.
    """

    text: str
    confidence: float
    box: Box | None = None
    view: int = 0


@dataclass(frozen=True)
class Word:
    """Characters between blanks.

    Attributes:
        text: what they print.
        confidence: the geometric mean of theirs.
        box: around those in the view that most of them are in, in pixels as theirs; None: the model does not tell.
        view: that view.
    """

    text: str
    confidence: float
    box: Box | None = None
    view: int = 0


@dataclass(frozen=True)
class Origin:
    """Where a reading comes from: what its characters' boxes are computed by.

    Attributes:
        charset: what class ids mean.
        geometry: of the network.
        frames: of each view.
        view_size: height and width of a fitted view in pixels, before the network's crop.
    """

    charset: Charset
    geometry: Geometry
    frames: Sequence[Frame]
    view_size: tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """What was read in one picture.

    Attributes:
        text: the characters that are not null.
        confidence: in [0, 1], the geometric mean probability of the text's characters and of its end
            (`normalized_seq_conf`).
        ids: int [T] class of each step.
        scores: [T] probability of each step's class.
        attention: [T, N] where each step looked, or None for a head without attention.
        feature_grid: (h, w) of the picture's features in one view.
        alternatives: the texts that beam search found, the best (`text`) first; empty when reading greedily.
        origin: where it comes from; None: unknown, and there are no `characters`.
        turned: by how many degrees counterclockwise the upright picture was turned before it was read.
        sureness: the mean probability of the characters that were read greedily, before texts were searched.
    """

    text: str
    confidence: float
    ids: np.ndarray
    scores: np.ndarray
    attention: np.ndarray | None
    feature_grid: tuple[int, int]
    alternatives: list[Alternative] = dataclasses.field(default_factory=list)
    origin: Origin | None = None
    turned: int = 0
    sureness: float = 0.0

    @cached_property
    def characters(self) -> list[Character]:
        """Each character of the text in its order, with its box as far as the model tells it."""
        if self.origin is None:
            return []
        charset = self.origin.charset
        steps = np.flatnonzero(self.ids != charset.null_id)
        places = self._places(self.attention[steps], self.origin) if self.attention is not None else [None] * len(steps)
        return [
            Character(charset.symbols[self.ids[step]], float(self.scores[step]), *(place or ()))
            for step, place in zip(steps, places, strict=True)
        ]

    @property
    def words(self) -> list[Word]:
        """The text's words: runs of characters that are not blank."""
        words: list[list[Character]] = [[]]
        for character in self.characters:
            if character.text.isspace():
                words.append([])
            else:
                words[-1].append(character)
        return [_word(characters) for characters in words if characters]

    def _places(self, attention: np.ndarray, origin: Origin) -> list[tuple[Box, int] | None]:
        """Box and view of each row of attention."""
        geometry, (height, width) = origin.geometry, origin.view_size
        seen_height, seen_width = geometry.crop[0] or height, geometry.crop[1] or width
        top, left = (height - seen_height) // 2, (width - seen_width) // 2
        found: list[tuple[Box, int] | None] = []
        for place in places_of(attention, geometry.num_views, self.feature_grid, geometry.spacing, seen_height):
            if place is None:
                found.append(None)
                continue
            x0, y0, x1, y1 = place.box
            box = origin.frames[place.view].box((x0 + left, y0 + top, x1 + left, y1 + top))
            found.append((box, place.view))
        return found

    def to_dict(self, charset: Charset) -> dict[str, Any]:
        """Text, confidence, turn, each character with its probability, and alternatives if there are, for JSON.

        Characters also have their `box`, and its `view` where the network has several, if the model tells; then there
        are `words`, too.
        """
        found: list[dict[str, Any]] = [
            {"character": charset.symbols[class_id], "score": round(float(score), 6)}
            for class_id, score in zip(self.ids, self.scores, strict=True)
            if class_id != charset.null_id
        ]
        values: dict[str, Any] = {
            "text": self.text,
            "confidence": round(self.confidence, 6),
            "turned": self.turned,
            "characters": found,
        }
        if self.origin is not None and self.attention is not None:
            several = self.origin.geometry.num_views > 1
            for entry, character in zip(found, self.characters, strict=True):
                entry |= _place(character, several)
            values["words"] = [
                {"text": word.text, "confidence": round(word.confidence, 6), **_place(word, several)}
                for word in self.words
            ]
        others = [
            {"text": other.text, "score": round(other.score, 6), "confidence": round(other.confidence, 6)}
            for other in self.alternatives
        ]
        return {**values, "alternatives": others} if others else values


def readings_of(
    outputs: dict[str, Any], dataset: DatasetSpec, feature_grid: tuple[int, int], order: ReadingOrder | None = None
) -> list[Reading]:
    """The endpoints of a batch as Readings.

    Args:
        outputs: as `AttentionOcr` returns them.
        dataset: what the network was trained on.
        feature_grid: the batch's (h, w).
        order: turns right-to-left texts back into the order of labels; None: they are in it.
    """
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    arrays = order.as_labels(arrays) if order else arrays
    readings = []
    for row, ids in enumerate(arrays["predicted_chars"]):
        attention, grid = _attention(arrays, row, feature_grid)
        readings.append(
            Reading(
                text=dataset.charset.decode(ids[ids != dataset.charset.null_id]),  # most are nulls: quicker
                confidence=float(arrays["normalized_seq_conf"][row]),
                ids=ids,
                scores=arrays["predicted_scores"][row],
                attention=attention,
                feature_grid=grid,
                alternatives=_alternatives(arrays, row, dataset.charset),
            )
        )
    return readings


def _place(found: Character | Word, several_views: bool) -> dict[str, Any]:
    """A box for JSON."""
    if found.box is None:
        return {}
    box = {"box": [round(side, 1) for side in found.box]}
    return {**box, "view": found.view} if several_views else box


def _word(characters: list[Character]) -> Word:
    placed = [character for character in characters if character.box]
    views = [character.view for character in placed]
    view = max(views, key=views.count, default=0)
    sides = list(zip(*(character.box for character in placed if character.box and character.view == view), strict=True))
    return Word(
        text="".join(character.text for character in characters),
        confidence=float(np.exp(np.mean([np.log(max(character.confidence, 1e-9)) for character in characters]))),
        box=(min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])) if sides else None,
        view=view,
    )


def _attention(
    arrays: dict[str, np.ndarray], row: int, grid: tuple[int, int]
) -> tuple[np.ndarray | None, tuple[int, int]]:
    """A picture's attention [T, N] and feature grid, without those of the padding around it."""
    if "attention" not in arrays or "feature_sizes" not in arrays:
        return arrays["attention"][row] if "attention" in arrays else None, grid
    h, w = (int(side) for side in arrays["feature_sizes"][row])
    attention = arrays["attention"][row].reshape(-1, *grid)[:, :h, :w]
    return attention.reshape(len(attention), h * w), (h, w)


def _alternatives(arrays: dict[str, np.ndarray], row: int, charset: Charset) -> list[Alternative]:
    if "beam_chars" not in arrays:
        return []
    beams = zip(arrays["beam_chars"][row], arrays["beam_scores"][row], arrays["beam_conf"][row], strict=True)
    best, *others = [Alternative(charset.decode(ids), float(score), float(conf)) for ids, score, conf in beams]
    # Where there are fewer texts than beams, the rest are impossible ones.
    return [best, *(other for other in others if other.confidence > 0)]
