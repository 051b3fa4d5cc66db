"""A model file evaluated on a split of records."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.console import progress_bar
from attention_ocr.data import bad_records, mixture, pipeline
from attention_ocr.data.dataset_mix import is_readable
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.reading.evaluation import evaluate, write_predictions
from attention_ocr.reading.reader import Reader

GREEDY, BACKEND = ReadConfig(), BackendConfig()


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


def evaluate_file(
    path: Path,
    split: EvaluationSplit,
    log_dir: Path,
    reading: ReadConfig = GREEDY,
    backend: BackendConfig = BACKEND,
) -> dict[str, Any]:
    """Evaluates a model file; writes `predictions.tsv` to `log_dir`.

    Returns:
        What the job prints: `checkpoint`, `step`, `split`, `num_examples`, the measures, how it was read and
        `read_by` what (the fingerprint of model, runtime and precision).

    Raises:
        UserError: the model is of another data set shape, or a record cannot be used.
    """
    reader = Reader.load(path, **reading.to_dict(), **backend.to_dict())
    canvas = reader.geometry.canvas
    misfits = reader.dataset.misfits(split.dataset)
    if misfits and not is_readable(split.dataset, reader.dataset, bool(canvas), bool(reading.characters)):
        raise UserError(
            f"{path}: does not fit the data set {split.dataset.name!r} (model and data: {', '.join(misfits)})"
        )
    shards = split.dataset.split_files(split.dataset_dir, split.split_name)
    source = pipeline.RecordFiles(shards, split.dataset, canvas)
    most = split.num_batches * split.batch_size
    number = source.count()
    batches = pipeline.evaluation_batches(source, split.batch_size, most)
    batches = mixture.in_classes_of(reader.dataset, split.dataset, batches)
    title = f"{path.name} on {split.split_name}"
    numbered = bad_records.explained_batches(batches.as_numpy_iterator(), [source])
    with progress_bar(title, min(most or number, number)) as advance:
        found = evaluate(reader, numbered, split.batch_size, advance)
    write_predictions(log_dir / "predictions.tsv", found.predictions)
    return {
        "checkpoint": str(path),
        "step": reader.step,
        "split": split.split_name,
        "num_examples": found.num_examples,
        **found.scores(),
        **({} if reading == GREEDY else reading.to_dict()),
        "read_by": reader.backend.fingerprint,
    }
