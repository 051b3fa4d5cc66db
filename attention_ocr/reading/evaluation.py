"""How well a reader reads labelled pictures."""

import csv
import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.model import metrics
from attention_ocr.reading.reader import Reader, Reading

MEASURES = (
    "SequenceAccuracy",
    "CharacterAccuracy",
    "ExactMatch",
    "ExactMatchIgnoringCase",
    "NormalizedEditDistance",
)
COLUMNS = ("record", "truth", "read", "confidence")  # of predictions.tsv
MORE_COLUMNS = ("width", "dataset")  # beside a report, which counts with them


@dataclass(frozen=True)
class Prediction:
    """One record, its text and what was read.

    Attributes:
        record: its name, `shard:number`.
        truth, read: the two texts.
        confidence: of the reading, in [0, 1].
        dataset: the folder of records it is of; empty: there is one.
        width: of the picture that was read, in pixels, without what lies around it on a canvas.
    """

    record: str
    truth: str
    read: str
    confidence: float
    dataset: str = ""
    width: int = 0


OnReading = Callable[[Prediction, np.ndarray, Reading], None]


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
    reader: Reader,
    batches: Iterable[dict[str, Any]],
    batch_size: int,
    on_batch: Callable[[int], None] | None = None,
    watchers: Sequence[OnReading] = (),
) -> Evaluation:
    """Reads every record of `batches` and compares.

    Args:
        reader: the model.
        batches: of `images` uint8 [B, H, V*W, 3], `labels` int32 [B, T], `records` string [B] and, if the network has a
            canvas, `sizes` int32 [B, 2]; the last batch may be smaller. `dataset`, a text, is the batch's folder.
        batch_size: B.
        on_batch: called after each batch with the number of its records.
        watchers: called with each record's prediction, its picture uint8 [H, V*W, 3] and its reading.
    """
    charset = reader.dataset.charset
    predictions: list[Prediction] = []
    sequences: list[np.ndarray] = []
    characters: list[np.ndarray] = []
    for batch in batches:
        labels = np.asarray(batch["labels"])
        readings = reader.read_prepared(pictures(batch), batch_size)
        ids = np.stack([reading.ids for reading in readings])
        sequences.append(np.asarray(metrics.sequence_accuracies(labels, ids, charset.null_id)))
        characters.append(np.asarray(metrics.character_accuracies(labels, ids, charset.null_id)))
        texts = batch.get("truths")
        truths = [charset.decode(label) for label in labels] if texts is None else [text.decode() for text in texts]
        for record, truth, picture, reading in zip(batch["records"], truths, pictures(batch), readings, strict=True):
            told = (record.decode(), truth, reading.text, round(reading.confidence, 6), batch.get("dataset", ""))
            predictions.append(Prediction(*told, picture.shape[1]))
            for watch in watchers:
                watch(predictions[-1], picture, reading)
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


def pictures(batch: dict[str, Any]) -> list[np.ndarray]:
    """The pictures of a batch, uint8 [H, V*W, 3] each, without what lies around them on a canvas."""
    pixels = list(np.asarray(batch["images"]))
    if "sizes" not in batch:
        return pixels
    return [picture[:height, :width] for picture, (height, width) in zip(pixels, batch["sizes"], strict=True)]


def write_predictions(path: Path, predictions: list[Prediction], all_columns: bool = False) -> None:
    """Writes COLUMNS, and MORE_COLUMNS if all are asked for, as tab-separated lines with a heading."""
    names = [*COLUMNS, *(MORE_COLUMNS if all_columns else ())]
    text = io.StringIO()
    table = csv.writer(text, "excel-tab", lineterminator="\n")
    table.writerow(names)
    for prediction in predictions:
        values = {**dataclasses.asdict(prediction), "confidence": f"{prediction.confidence:.6f}"}
        table.writerow([values[name] for name in names])
    files.write_text(path, text.getvalue())


def read_predictions(path: Path) -> list[Prediction]:
    """What `write_predictions` wrote.

    Raises:
        UserError: the file is missing, or is another table.
    """
    rows = csv.DictReader(io.StringIO(files.read_text(path), newline=""), dialect="excel-tab")
    try:
        return [
            Prediction(
                *(row["record"], row["truth"], row["read"], float(row["confidence"]), row.get("dataset") or ""),
                width=int(row.get("width") or 0),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}:{rows.line_num}: is no line of a predictions.tsv of `attention-ocr eval`") from error
