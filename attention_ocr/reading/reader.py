"""Reader: pictures -> Reading(text, confidence, characters, where it looked), from any kind of model file."""

import dataclasses
import importlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import MAX_PIXELS, ReadConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading import attention_pictures, given_pictures
from attention_ocr.reading.backends.backend import Backend
from attention_ocr.reading.texts import text_search
from attention_ocr.records.pictures import crop_views, fit, fit_unpadded, fit_views, in_every_view, shows_one_view

logger = logging.getLogger(__name__)


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
    """

    text: str
    confidence: float
    ids: np.ndarray
    scores: np.ndarray
    attention: np.ndarray | None
    feature_grid: tuple[int, int]
    alternatives: list[Alternative] = dataclasses.field(default_factory=list)

    def to_dict(self, charset: Charset) -> dict[str, Any]:
        """Text, confidence, each character with its probability, and alternatives if there are, for JSON."""
        found = [
            {"character": charset.symbols[class_id], "score": round(float(score), 6)}
            for class_id, score in zip(self.ids, self.scores, strict=True)
            if class_id != charset.null_id
        ]
        values = {"text": self.text, "confidence": round(self.confidence, 6), "characters": found}
        others = [
            {"text": other.text, "score": round(other.score, 6), "confidence": round(other.confidence, 6)}
            for other in self.alternatives
        ]
        return {**values, "alternatives": others} if others else values


class Reader:
    """Reads pictures in batches of any size.

    Args:
        backend: what runs the network.
        max_pixels: a picture of more is not decoded.
        texts: what is known of the texts; None: nothing.

    Attributes:
        backend, texts, max_pixels: the same.
        dataset: what the model was trained on: sizes, views, charset.
        geometry: the sizes of its pictures and features.
        step: training steps behind the weights.
    """

    def __init__(self, backend: Backend, texts: text_search.TextSearch | None = None, max_pixels: int = MAX_PIXELS):
        self.backend = backend
        self.texts = texts
        self.max_pixels = max_pixels
        self._told_of_views = False
        self.dataset = backend.dataset
        self.geometry = geometry_of(backend.config, backend.dataset)
        self.step = backend.step

    @classmethod
    def load(cls, path: str | os.PathLike, **knobs: Any) -> "Reader":
        """The reader of a `.keras` file, or of an exported SavedModel folder (or the folder of its versions).

        Args:
            path: the file or folder, or the name of a ready-made reader.
            knobs: those of ReadConfig, such as `characters="0-9"` or `beam_width=5`.

        Raises:
            UserError: there is no model at `path`, a knob or a file it names is wrong, or it needs a `.keras` file.
        """
        config = ReadConfig(**knobs)
        backend = "saved_model" if Path(path).is_dir() else "keras"
        with quiet_imports():  # each needs another framework
            module = importlib.import_module(f"attention_ocr.reading.backends.{backend}")
        return cls(*text_search.prepared(module.load(path, config), config))

    def prepare(self, picture: Any, name: str = "") -> np.ndarray:
        """uint8 [H, V*W, 3] of a picture of any size.

        Where the network has a canvas, it is no larger than the picture needs.

        Args:
            picture: a path, the bytes of a file, a PIL.Image, or a uint8 array: [height, width, 3] RGB, [height, width]
                or [height, width, 1] grey, [height, width, 4] RGBA; or a list of these, one for each view. One picture
                for a reader of several views holds them side by side, or is one view, which is shown in all of them.
            name: how messages call it; empty: its path, or `the picture`.

        Raises:
            UserError: it is none of these, it cannot be read, it is empty, or it has more than `max_pixels` pixels.
        """
        name, spec = name or given_pictures.name_of(picture), self.dataset
        if isinstance(picture, list | tuple):
            return fit_views([given_pictures.opened(view, name, self.max_pixels) for view in picture], spec)
        opened = given_pictures.opened(picture, name, self.max_pixels)
        if shows_one_view(opened.height, opened.width, spec):
            if not self._told_of_views:
                self._told_of_views = True
                logger.warning("%s is shaped like one of %d views: shown in every view", name, spec.num_views)
            opened = in_every_view(opened, spec)
        return (fit_unpadded if self.geometry.canvas else fit)(opened, spec)

    def cropped(self, pixels: np.ndarray) -> np.ndarray:
        """What the network sees of prepared pictures [..., H, V*W, 3]."""
        return crop_views(pixels, self.dataset.num_views, *self.geometry.crop)

    def read(self, pictures: Any, batch_size: int = 32) -> list[Reading]:
        """Readings of pictures in their order.

        Args:
            pictures: what `prepare` takes, one or several.
            batch_size: pictures read at a time.

        Raises:
            UserError: a picture cannot be read; it is named by its path, or as `picture 3 of 10`.
        """
        if batch_size < 1:
            raise UserError(f"batch_size={batch_size}: must be at least 1")
        named = given_pictures.named(pictures)
        readings: list[Reading] = []
        for start in range(0, len(named), batch_size):
            batch = [self.prepare(picture, name) for name, picture in named[start : start + batch_size]]
            readings += self.read_prepared(batch, batch_size)
        return readings

    def read_prepared(self, pictures: Sequence[np.ndarray], batch_size: int = 0) -> list[Reading]:
        """Readings of what `prepare` returned, all in one batch; `batch_size` as in `read_batch`."""
        if not self.geometry.canvas:
            return self.read_batch(np.stack(pictures), batch_size)
        pixels, sizes = self.geometry.canvas.batch(pictures)
        return self.read_batch(pixels, batch_size, sizes)

    def read_batch(self, pixels: np.ndarray, batch_size: int = 0, sizes: np.ndarray | None = None) -> list[Reading]:
        """Readings of a batch.

        A batch smaller than `batch_size` is filled up for the network, so that it is compiled for one shape.

        Args:
            pixels: uint8 [B, H, V*W, 3].
            batch_size: of a full batch.
            sizes: where the network has a canvas, int [B, 2], height and width of the picture at the top left of each.
        """
        _, height, width, _ = self.cropped(pixels[:1]).shape
        grid = self.geometry.feature_grid(height, width // self.dataset.num_views)
        told = None
        if self.geometry.canvas and sizes is not None:
            told = _filled(np.asarray(sizes, np.int32), batch_size)
        outputs = self.backend.predict(_filled(pixels, batch_size), told)
        if self.texts:
            outputs = self.texts({name: np.asarray(value)[: len(pixels)] for name, value in outputs.items()})
        return readings_of(outputs, self.dataset, grid)[: len(pixels)]

    def draw(self, pixels: np.ndarray, reading: Reading) -> Image.Image:
        """A drawing of what was read in a prepared picture, and where each character was, if attention tells."""
        seen = self.cropped(pixels)
        if reading.attention is None:
            return attention_pictures.draw_reading(seen, reading.text, reading.confidence)
        steps = np.flatnonzero(reading.ids != self.dataset.charset.null_id)
        return attention_pictures.draw_attention(
            seen,
            [self.dataset.charset.symbols[class_id] for class_id in reading.ids[steps]],
            reading.attention[steps],
            self.dataset.num_views,
            reading.feature_grid,
            reading.scores[steps],
            reading.confidence,
            self.geometry.cells,
        )


def _filled(array: np.ndarray, batch_size: int) -> np.ndarray:
    """`array` [B, ...] with its last row repeated up to `batch_size`."""
    missing = max(batch_size - len(array), 0)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array


def readings_of(outputs: dict[str, Any], dataset: DatasetSpec, feature_grid: tuple[int, int]) -> list[Reading]:
    """The endpoints of a batch as Readings; `feature_grid` is the batch's (h, w)."""
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    readings = []
    for row, ids in enumerate(arrays["predicted_chars"]):
        attention, grid = _attention(arrays, row, feature_grid)
        readings.append(
            Reading(
                text=dataset.charset.decode(ids),
                confidence=float(arrays["normalized_seq_conf"][row]),
                ids=ids,
                scores=arrays["predicted_scores"][row],
                attention=attention,
                feature_grid=grid,
                alternatives=_alternatives(arrays, row, dataset.charset),
            )
        )
    return readings


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
