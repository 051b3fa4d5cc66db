"""Reader: pictures -> Reading(text, confidence, characters, where it looked), from any kind of model file."""

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import geometry_of
from attention_ocr.reading import attention_pictures
from attention_ocr.reading.backends import choice as backends
from attention_ocr.reading.backends.backend import Backend
from attention_ocr.records.pictures import crop_views, fit, fit_unpadded, open_image


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

    Attributes:
        backend: the same.
        dataset: what the model was trained on: sizes, views, charset.
        geometry: the sizes of its pictures and features.
        step: training steps behind the weights.
    """

    def __init__(self, backend: Backend):
        self.backend = backend
        self.dataset = backend.dataset
        self.geometry = geometry_of(backend.config, backend.dataset)
        self.step = backend.step

    @classmethod
    def load(
        cls,
        path: str | os.PathLike,
        beam_width: int = 1,
        length_penalty: float = 0.0,
        backend: str = "auto",
        precision: str = "auto",
        stop_early: bool = False,
    ) -> "Reader":
        """The reader of a model file or an export.

        Args:
            path: a `.keras` or `.onnx` file, OpenVINO's `.xml`, or a SavedModel's folder (or that of its versions).
            beam_width, length_penalty: as in ReadConfig; only Keras searches with beams.
            backend, precision, stop_early: as in BackendConfig.

        Raises:
            UserError: there is no model at `path`, or the backend is not installed or cannot do what is asked for.
        """
        return cls(
            backends.load(path, ReadConfig(beam_width, length_penalty), BackendConfig(backend, precision, stop_early))
        )

    def prepare(self, picture: Any) -> np.ndarray:
        """uint8 [H, V*W, 3] of a path, encoded bytes or a uint8 array [height, width, 3] of any size.

        Where the network has a canvas, it is no larger than the picture needs.

        Raises:
            UserError: it is not a picture.
        """
        opened = Image.fromarray(picture) if isinstance(picture, np.ndarray) else open_image(picture)
        return (fit_unpadded if self.geometry.canvas else fit)(opened, self.dataset)

    def cropped(self, pixels: np.ndarray) -> np.ndarray:
        """What the network sees of prepared pictures [..., H, V*W, 3]."""
        return crop_views(pixels, self.dataset.num_views, *self.geometry.crop)

    def read(self, pictures: Sequence[Any], batch_size: int = 32) -> list[Reading]:
        """Readings of paths, encoded bytes, or uint8 arrays [height, width, 3] of any size."""
        readings: list[Reading] = []
        for start in range(0, len(pictures), batch_size):
            batch = [self.prepare(picture) for picture in pictures[start : start + batch_size]]
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
    return [
        Alternative(charset.decode(ids), float(score), float(confidence))
        for ids, score, confidence in beams
        if np.isfinite(score)  # not so where there are fewer texts than beams
    ]
