"""Reader: pictures -> Reading(text, confidence, characters, where it looked), from any kind of model file."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr import drawing
from attention_ocr.charset import Charset
from attention_ocr.checkpoints import load_model
from attention_ocr.config import ReadConfig
from attention_ocr.data import images
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.beam_search import BeamReader
from attention_ocr.model.network import AttentionOcr

Predict = Callable[[np.ndarray], dict[str, np.ndarray]]


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
        alternatives: the texts that beam search found, the best (`text`) first; empty when reading greedily.
    """

    text: str
    confidence: float
    ids: np.ndarray
    scores: np.ndarray
    attention: np.ndarray | None
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


@dataclass(frozen=True)
class Reader:
    """Reads pictures in batches of any size.

    Attributes:
        predict: uint8 [B, H, V*W, 3] at the data set's size -> the endpoints of `AttentionOcr`.
        dataset: what the model was trained on: sizes, views, charset.
        feature_grid: (h, w) of one view's feature map.
        crop: (height, width) that the network cuts from each view; 0: all.
        step: training steps behind the weights.
        cells: the pixel of a view that its first cell is centred at, and pixels between two cells; None: not known.
    """

    predict: Predict
    dataset: DatasetSpec
    feature_grid: tuple[int, int]
    crop: tuple[int, int]
    step: int
    cells: tuple[int, int] | None = None

    @classmethod
    def load(cls, path: str | os.PathLike, beam_width: int = 1, length_penalty: float = 0.0) -> "Reader":
        """The reader of a `.keras` file, or of an exported SavedModel folder (or the folder of its versions).

        Args:
            path: the file or folder.
            beam_width, length_penalty: as in ReadConfig; an export reads greedily only.

        Raises:
            UserError: there is no model at `path`, or an export is asked for beam search.
        """
        if Path(path).is_dir():
            if beam_width > 1:
                raise UserError(
                    f"--beam_width={beam_width}: {path} is an export, whose graph reads greedily; "
                    "give the .keras file it was made from"
                )
            from attention_ocr import export  # needs TensorFlow, which a .keras file does not

            return export.load_reader(path)
        return cls.of_model(load_model(path), beam_width, length_penalty)

    @classmethod
    def of_model(cls, model: AttentionOcr, beam_width: int = 1, length_penalty: float = 0.0) -> "Reader":
        """The reader of a model in memory; it sees later changes of the weights."""
        crop = (model.config.crop_height, model.config.crop_width)
        ReadConfig(beam_width, length_penalty)  # checks them
        network = model if beam_width == 1 else BeamReader(model, beam_width, length_penalty)

        def predict(pixels: np.ndarray) -> dict[str, np.ndarray]:
            cropped = images.crop_views(pixels, model.dataset.num_views, *crop)
            return network.predict_on_batch({"images": cropped.astype(np.float32) / 255})

        return cls(predict, model.dataset, model.feature_grid, crop, model.step, model.cells)

    def prepare(self, picture: Any) -> np.ndarray:
        """uint8 [H, V*W, 3] of a path, encoded bytes or a uint8 array [height, width, 3] of any size.

        Raises:
            UserError: it is not a picture.
        """
        opened = Image.fromarray(picture) if isinstance(picture, np.ndarray) else images.open_image(picture)
        return images.fit(opened, self.dataset)

    def cropped(self, pixels: np.ndarray) -> np.ndarray:
        """What the network sees of prepared pictures [..., H, V*W, 3]."""
        return images.crop_views(pixels, self.dataset.num_views, *self.crop)

    def read(self, pictures: Sequence[Any], batch_size: int = 32) -> list[Reading]:
        """Readings of paths, encoded bytes, or uint8 arrays [height, width, 3] of any size."""
        readings: list[Reading] = []
        for start in range(0, len(pictures), batch_size):
            batch = np.stack([self.prepare(picture) for picture in pictures[start : start + batch_size]])
            readings += self.read_batch(batch, batch_size)
        return readings

    def read_batch(self, pixels: np.ndarray, batch_size: int = 0) -> list[Reading]:
        """Readings of prepared pictures, uint8 [B, H, V*W, 3].

        A batch smaller than `batch_size` is filled up for the network, so that it is compiled for one shape.
        """
        missing = max(batch_size - len(pixels), 0)
        filled = np.concatenate([pixels, np.repeat(pixels[-1:], missing, axis=0)]) if missing else pixels
        return readings_of(self.predict(filled), self.dataset)[: len(pixels)]

    def draw(self, pixels: np.ndarray, reading: Reading) -> Image.Image:
        """A drawing of what was read in a prepared picture, and where each character was, if attention tells."""
        seen = self.cropped(pixels)
        if reading.attention is None:
            return drawing.draw_reading(seen, reading.text, reading.confidence)
        steps = np.flatnonzero(reading.ids != self.dataset.charset.null_id)
        return drawing.draw_attention(
            seen,
            [self.dataset.charset.symbols[class_id] for class_id in reading.ids[steps]],
            reading.attention[steps],
            self.dataset.num_views,
            self.feature_grid,
            reading.scores[steps],
            reading.confidence,
            self.cells,
        )


def readings_of(outputs: dict[str, Any], dataset: DatasetSpec) -> list[Reading]:
    """The endpoints of a batch as Readings."""
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    attention = arrays.get("attention")
    return [
        Reading(
            text=dataset.charset.decode(ids),
            confidence=float(arrays["normalized_seq_conf"][row]),
            ids=ids,
            scores=arrays["predicted_scores"][row],
            attention=None if attention is None else attention[row],
            alternatives=_alternatives(arrays, row, dataset.charset),
        )
        for row, ids in enumerate(arrays["predicted_chars"])
    ]


def _alternatives(arrays: dict[str, np.ndarray], row: int, charset: Charset) -> list[Alternative]:
    if "beam_chars" not in arrays:
        return []
    beams = zip(arrays["beam_chars"][row], arrays["beam_scores"][row], arrays["beam_conf"][row], strict=True)
    return [
        Alternative(charset.decode(ids), float(score), float(confidence))
        for ids, score, confidence in beams
        if np.isfinite(score)  # not so where there are fewer texts than beams
    ]
