"""A model file evaluated on a split of records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.console import progress_bar
from attention_ocr.data import bad_records, mixture, pipeline
from attention_ocr.data.dataset_mix import Part, is_readable
from attention_ocr.errors import UserError
from attention_ocr.evaluation_config import EvaluationConfig
from attention_ocr.reading import calibration
from attention_ocr.reading.evaluation import (
    Evaluation,
    OnReading,
    Prediction,
    evaluate,
    read_predictions,
    write_predictions,
)
from attention_ocr.reading.reader import Reader
from attention_ocr.reading.report import comparison, report, sureness, suspects
from attention_ocr.ready import catalog

GREEDY, BACKEND, LINE_ALONE = ReadConfig(), BackendConfig(), EvaluationConfig()


@dataclass(frozen=True)
class EvaluationSplit:
    """A split of records to evaluate on, of one data set or of several.

    Attributes:
        parts: the data sets.
        split_name: the split of each.
        batch_size: pictures read at a time.
        num_batches: stop after this many of a data set; 0: the whole split.
    """

    parts: Sequence[Part]
    split_name: str
    batch_size: int
    num_batches: int = 0


def evaluate_file(
    path: Path,
    split: EvaluationSplit,
    log_dir: Path,
    reading: ReadConfig = GREEDY,
    backend: BackendConfig = BACKEND,
    wanted: EvaluationConfig = LINE_ALONE,
) -> dict[str, Any]:
    """Evaluates a model file; writes `predictions.tsv` to `log_dir`, and what else is wanted.

    Args:
        path: the model file.
        split: what is read.
        log_dir: where `predictions.tsv` goes.
        reading, backend: how it is read.
        wanted: what to write besides.

    Returns:
        What the job prints: `checkpoint`, `step`, `split`, `num_examples`, the measures, how it was read and
        `read_by` what (the fingerprint of model, runtime and precision).

    Raises:
        UserError: the model is of another data set shape, a record cannot be used, or something cannot be written.
    """
    _check_names(wanted, path)  # before anything is read
    others = _others(wanted.report_against, split, reading, backend)
    reader = Reader.load(path, **reading.to_dict(), **backend.to_dict())
    album = report.Album(others) if wanted.report else None
    doubtful = suspects.SuspectAlbum(wanted.suspect_confidence) if wanted.suspects else None
    found = _read(reader, str(path), split, reading, [kept.add for kept in (album, doubtful) if kept])
    write_predictions(log_dir / "predictions.tsv", found.predictions, all_columns=bool(album) or len(split.parts) > 1)
    told = {
        "checkpoint": str(path),
        "step": reader.step,
        "split": split.split_name,
        "num_examples": found.num_examples,
        **found.scores(),
        **({} if reading == GREEDY else reading.to_dict()),
        "read_by": reader.backend.fingerprint,
    }
    about = {**told, "dataset_dir": ",".join(part.folder for part in split.parts)}
    if album:
        numbers = report.numbers(found.predictions, others, wanted.report_against)
        page, _ = report.write(wanted.report, about, numbers, album.shown(reader))
        told["report"] = str(page)
    if wanted.calibrate:
        told |= _calibrated(path, wanted.calibrate, found.predictions, reader.backend.confidence_power)
    if doubtful:
        listed = suspects.find(found.predictions, wanted.suspect_confidence)
        suspects.write(wanted.suspects, about, listed, doubtful, reader)
        told |= {"suspects": wanted.suspects, "num_suspects": len(listed)}
    return told


def _check_names(wanted: EvaluationConfig, path: Path) -> None:
    """Raises a UserError if something that is wanted has a name that it cannot have."""
    if wanted.report:
        report.paths_of(wanted.report)
    if wanted.suspects:
        suspects.page_of(wanted.suspects)
    if wanted.calibrate:
        calibration.check_names(catalog.model_file(path), wanted.calibrate)


def _calibrated(path: Path, target: str, predictions: Sequence[Prediction], power: float) -> dict[str, Any]:
    """Writes the calibrated model file: its power, and what calibrating does on the split that it was found on."""
    confidence = np.array([prediction.confidence for prediction in predictions])
    right = np.array([prediction.truth == prediction.read for prediction in predictions])
    found = calibration.fitted(confidence, right)
    calibration.write(catalog.model_file(path), target, found * power)
    errors = [sureness.expected_calibration_error(values, right) for values in (confidence, confidence**found)]
    return {"calibrated": target, "confidence_power": found * power, "calibration_error": errors}


def _others(
    name: str, split: EvaluationSplit, reading: ReadConfig, backend: BackendConfig
) -> dict[str, Prediction] | None:
    """Another model's readings by record; None: none is asked for."""
    if not name:
        return None
    if name.endswith(".tsv"):
        predictions = read_predictions(Path(name))
    else:
        reader = Reader.load(name, **reading.to_dict(), **backend.to_dict())
        predictions = _read(reader, name, split, reading, []).predictions
    return {comparison.key_of(prediction): prediction for prediction in predictions}


def _read(
    reader: Reader,
    name: str,
    split: EvaluationSplit,
    reading: ReadConfig,
    watchers: Sequence[OnReading],
) -> Evaluation:
    """Reads every record."""
    sources = [_source(reader, name, part, split.split_name, bool(reading.characters)) for part in split.parts]
    most, numbers = split.num_batches * split.batch_size, [source.count() for source in sources]
    total = sum(min(most or number, number) for number in numbers)

    def batches() -> Iterator[dict[str, Any]]:
        for part, source in zip(split.parts, sources, strict=True):
            found = pipeline.evaluation_batches(source, split.batch_size, most)
            found = mixture.in_classes_of(reader.dataset, part.spec, found)
            for batch in bad_records.explained_batches(found.as_numpy_iterator(), [source]):
                yield {**batch, "dataset": part.folder} if len(sources) > 1 else batch

    with progress_bar(f"{Path(name).name} on {split.split_name}", total) as advance:
        return evaluate(reader, batches(), split.batch_size, advance, watchers)


def _source(reader: Reader, name: str, part: Part, split_name: str, may_lack: bool) -> pipeline.RecordFiles:
    """The records of a split of a data set; `may_lack` says whether the reader may lack characters of theirs.

    Raises:
        UserError: the reader cannot read them.
    """
    canvas = reader.geometry.canvas
    misfits = reader.dataset.misfits(part.spec)
    if misfits and not is_readable(part.spec, reader.dataset, bool(canvas), may_lack):
        raise UserError(f"{name}: does not fit the data set {part.spec.name!r} (model and data: {', '.join(misfits)})")
    return pipeline.RecordFiles(part.files(split_name), part.spec, canvas)
