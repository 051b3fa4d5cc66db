"""How well a reader reads labelled pictures."""

import csv
import dataclasses
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr import files
from attention_ocr.model import metrics
from attention_ocr.reading.reader import Reader

MEASURES = (
    "SequenceAccuracy",
    "CharacterAccuracy",
    "ExactMatch",
    "ExactMatchIgnoringCase",
    "NormalizedEditDistance",
)


@dataclass(frozen=True)
class Prediction:
    """One record, its text and what was read."""

    record: str
    truth: str
    read: str
    confidence: float


@dataclass(frozen=True)
class Evaluation:
    """Measures of a split, each in [0, 1], over `num_examples` records, and every prediction."""

    num_examples: int
    SequenceAccuracy: float
    CharacterAccuracy: float
    ExactMatch: float
    ExactMatchIgnoringCase: float
    NormalizedEditDistance: float
    predictions: list[Prediction] = dataclasses.field(repr=False)

    def scores(self) -> dict[str, float]:
        """The measures by name."""
        return {name: getattr(self, name) for name in MEASURES}


def evaluate(
    reader: Reader, batches: Iterable[dict[str, Any]], batch_size: int, on_batch: Callable[[int], None] | None = None
) -> Evaluation:
    """Reads every record of `batches` and compares.

    Args:
        reader: the model.
        batches: of `images` uint8 [B, H, V*W, 3], `labels` int32 [B, T], `records` string [B] and, if the network has a
            canvas, `sizes` int32 [B, 2]; the last batch may be smaller.
        batch_size: B.
        on_batch: called after each batch with the number of its records.
    """
    charset = reader.dataset.charset
    predictions: list[Prediction] = []
    sequences: list[np.ndarray] = []
    characters: list[np.ndarray] = []
    for batch in batches:
        labels = np.asarray(batch["labels"])
        readings = reader.read_prepared(_pictures(batch), batch_size)
        ids = np.stack([reading.ids for reading in readings])
        sequences.append(np.asarray(metrics.sequence_accuracies(labels, ids, charset.null_id)))
        characters.append(np.asarray(metrics.character_accuracies(labels, ids, charset.null_id)))
        texts = batch.get("truths")
        truths = [charset.decode(label) for label in labels] if texts is None else [text.decode() for text in texts]
        for record, truth, reading in zip(batch["records"], truths, readings, strict=True):
            predictions.append(Prediction(record.decode(), truth, reading.text, reading.confidence))
        if on_batch:
            on_batch(len(labels))
    truths, texts = [p.truth for p in predictions], [p.read for p in predictions]
    return Evaluation(
        num_examples=len(predictions),
        SequenceAccuracy=float(np.mean(np.concatenate(sequences))),
        CharacterAccuracy=float(np.mean(np.concatenate(characters))),
        ExactMatch=metrics.exact_match(truths, texts),
        ExactMatchIgnoringCase=metrics.exact_match([t.casefold() for t in truths], [t.casefold() for t in texts]),
        NormalizedEditDistance=metrics.normalized_edit_distance(truths, texts),
        predictions=predictions,
    )


def _pictures(batch: dict[str, Any]) -> list[np.ndarray]:
    """The pictures of a batch, without what lies around them on a canvas."""
    pixels = list(np.asarray(batch["images"]))
    if "sizes" not in batch:
        return pixels
    return [picture[:height, :width] for picture, (height, width) in zip(pixels, batch["sizes"], strict=True)]


def write_predictions(path: Path, predictions: list[Prediction]) -> None:
    """Writes record, truth, read and confidence as tab-separated lines with a heading."""
    text = io.StringIO()
    table = csv.writer(text, "excel-tab", lineterminator="\n")
    table.writerow(["record", "truth", "read", "confidence"])
    table.writerows([p.record, p.truth, p.read, f"{p.confidence:.6f}"] for p in predictions)
    files.write_text(path, text.getvalue())
