"""evaluate: a model over a split, each record once; watch: every new checkpoint of a run."""

import csv
import dataclasses
import io
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr import files
from attention_ocr.config import ReadConfig
from attention_ocr.console import progress_bar
from attention_ocr.data.dataset_mix import is_readable
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import metrics
from attention_ocr.reading.reader import Reader
from attention_ocr.training.run_directory import RunDirectory

GREEDY = ReadConfig()
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
        batches: of `images` uint8 [B, H, V*W, 3], `labels` int32 [B, T] and `records` string [B], and where the model
            cuts padding `sizes` int32 [B, 2]; the last may be smaller.
        batch_size: B.
        on_batch: called after each batch with the number of its records.
    """
    charset = reader.dataset.charset
    predictions: list[Prediction] = []
    sequences: list[np.ndarray] = []
    characters: list[np.ndarray] = []
    for batch in batches:
        labels = np.asarray(batch["labels"])
        readings = reader.read_batch(np.asarray(batch["images"]), batch_size, batch.get("sizes"))
        ids = np.stack([reading.ids for reading in readings])
        sequences.append(np.asarray(metrics.sequence_accuracies(labels, ids, charset.null_id)))
        characters.append(np.asarray(metrics.character_accuracies(labels, ids, charset.null_id)))
        for record, label, reading in zip(batch["records"], labels, readings, strict=True):
            truth = charset.decode(label)
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


def write_predictions(path: Path, predictions: list[Prediction]) -> None:
    """Writes record, truth, read and confidence as tab-separated lines with a heading."""
    text = io.StringIO()
    table = csv.writer(text, "excel-tab", lineterminator="\n")
    table.writerow(["record", "truth", "read", "confidence"])
    table.writerows([p.record, p.truth, p.read, f"{p.confidence:.6f}"] for p in predictions)
    files.write_text(path, text.getvalue())


def watch(run: RunDirectory, interval: float, most: int | None) -> Iterator[Path]:
    """The file of each new newest checkpoint of a run.

    Args:
        run: the run's directory; it need not exist yet.
        interval: seconds between two looks.
        most: stop after this many checkpoints; None: never.
    """
    seen, given = -1, 0
    while most is None or given < most:
        newest = run.newest()
        if newest and newest.step > seen:
            seen, given = newest.step, given + 1
            yield newest.path
        else:
            time.sleep(interval)


@dataclass(frozen=True)
class EvaluationSplit:
    """A split of records to evaluate on.

    Attributes:
        dataset_dir, split_name: which records.
        dataset: their spec.
        batch_size: pictures read at a time.
        num_batches: stop after this many; 0: the whole split.
    """

    dataset_dir: str
    split_name: str
    dataset: DatasetSpec
    batch_size: int
    num_batches: int = 0


def evaluate_file(path: Path, split: EvaluationSplit, log_dir: Path, reading: ReadConfig = GREEDY) -> dict[str, Any]:
    """Evaluates a model file; writes TensorBoard scalars and `predictions.tsv` to `log_dir`.

    Returns:
        What the job prints: `checkpoint`, `step`, `split`, `num_examples`, the measures and how it was read.

    Raises:
        UserError: the model is of another data set shape, or a record cannot be used.
    """
    from attention_ocr.data import bad_records, mixture, pipeline  # TensorFlow
    from attention_ocr.training.tensorboard import Summaries

    reader = Reader.load(path, **reading.to_dict())
    misfits = reader.dataset.misfits(split.dataset)
    if misfits and not is_readable(split.dataset, reader.dataset, reader.cuts_padding):
        raise UserError(
            f"{path}: does not fit the data set {split.dataset.name!r} (model and data: {', '.join(misfits)})"
        )
    shards = split.dataset.split_files(split.dataset_dir, split.split_name)
    source = pipeline.Source(shards, split.dataset, cut=reader.cuts_padding)
    most = split.num_batches * split.batch_size
    number = source.count()
    batches = pipeline.evaluation_batches(source, split.batch_size, most)
    batches = mixture.in_classes_of(reader.dataset, split.dataset, batches)
    title = f"{path.name} on {split.split_name}"
    with progress_bar(title, min(most or number, number)) as advance, bad_records.explained([source]):
        found = evaluate(reader, batches.as_numpy_iterator(), split.batch_size, advance)
    write_predictions(log_dir / "predictions.tsv", found.predictions)
    summaries = Summaries(log_dir)
    summaries.scalars({f"eval/{name}": value for name, value in found.scores().items()}, reader.step)
    summaries.close()
    return {
        "checkpoint": str(path),
        "step": reader.step,
        "split": split.split_name,
        "num_examples": found.num_examples,
        **found.scores(),
        **({} if reading == GREEDY else reading.to_dict()),
    }
