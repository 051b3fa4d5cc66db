"""A model file in other formats: each is written, read by its own runtime and compared with the model."""

import dataclasses
import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attention_ocr import extras
from attention_ocr.config import BackendConfig, ExportConfig
from attention_ocr.errors import UserError
from attention_ocr.export import comparison
from attention_ocr.export.samples import Sample, samples
from attention_ocr.model.network import AttentionOcr
from attention_ocr.onnx_graph.cutting import restricted
from attention_ocr.onnx_graph.files import open_model_file
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.reading.backends import choice
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

APART = 1e-4  # how far an export of floats may be from its model, as a share of the largest output


@dataclass(frozen=True)
class Export:
    """What is exported.

    Attributes:
        source: a model file, or the name of one that is ready-made.
        model: the same, loaded and cut.
        folder: where exports go.
        knobs: how.
        cuts: what of ReadConfig the model was cut by: `characters`, `ignore_case`.
    """

    source: Path
    model: AttentionOcr
    folder: Path
    knobs: ExportConfig
    cuts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def file(self) -> ModelFile:
        """What graphs are written of."""
        return restricted(open_model_file(self.source), **self.cuts)

    def target(self, suffix: str) -> Path:
        """The file of an export: the model file's name with another ending."""
        return self.folder / f"{self.source.stem}{suffix}"


def export(job: Export, dataset_dir: str, split_name: str) -> str:
    """Writes all formats but SavedModel and compares them.

    Args:
        job: what, where and how.
        dataset_dir, split_name: the records to compare on; empty: drawn pictures.

    Returns:
        A table.

    Raises:
        UserError: a format cannot be written, reads other than the model, or int8 loses too much.
    """
    knobs = job.knobs
    wanted = knobs.compare_pictures + (knobs.calibration_pictures if "int8" in knobs.formats else 0)
    reader = Reader(KerasBackend(job.model))
    batches, source = samples(reader, dataset_dir, split_name, wanted)
    most = max(1, round(len(batches) * knobs.compare_pictures / wanted))
    held = comparison.Model(reader.backend, batches[:most])
    rows = [held.row]
    for name in knobs.formats:
        if name in FORMATS:
            rows.append(_written(name, job, held, batches[most:] or batches))
    return comparison.table(rows, source)


def _written(name: str, job: Export, held: comparison.Model, calibration: Sequence[Sample]) -> comparison.Compared:
    try:
        return FORMATS[name](job, held, calibration)
    except ModuleNotFoundError as error:
        raise extras.missing(error, f"--format={name}") or error from None


def _onnx(job: Export, held: comparison.Model, calibration: Sequence[Sample]) -> comparison.Compared:
    writer = importlib.import_module("attention_ocr.export.onnx_files")
    return _float(job, held, writer.write_onnx(job.file, job.target(".onnx"), job.knobs.stop_early), "onnx")


def _openvino(job: Export, held: comparison.Model, calibration: Sequence[Sample]) -> comparison.Compared:
    writer = importlib.import_module("attention_ocr.export.openvino_files")
    return _float(job, held, writer.write_openvino(job.file, job.target(".xml"), job.knobs.stop_early), "openvino")


def _litert(job: Export, held: comparison.Model, calibration: Sequence[Sample]) -> comparison.Compared:
    importlib.import_module("ai_edge_litert")  # before a minute is spent on a file that cannot be compared
    writer = importlib.import_module("attention_ocr.export.litert")
    if job.knobs.stop_early:
        raise UserError("--stop_early: litert has none; export it alone, without the flag")
    return _float(job, held, writer.write_litert(job.model, job.file.digest, job.target(".tflite")), "litert")


def _int8(job: Export, held: comparison.Model, calibration: Sequence[Sample]) -> comparison.Compared:
    writer = importlib.import_module("attention_ocr.export.onnx_files")
    inputs = [
        {"images": batch.pixels} if batch.sizes is None else {"images": batch.pixels, "sizes": batch.sizes}
        for batch in calibration
    ]
    path = writer.write_int8(job.file, job.target(".int8.onnx"), inputs, job.knobs.stop_early)
    row = held.beside("int8", str(path), choice.load(path, choice.GREEDY, BackendConfig()), job.knobs.stop_early)
    return as_right(row, held, path, job.knobs)


def _float(job: Export, held: comparison.Model, path: Path, name: str) -> comparison.Compared:
    row = held.beside(name, str(path), choice.load(path, choice.GREEDY, BackendConfig()), job.knobs.stop_early)
    # Texts that end early may be others than the model's, so that their number counts, too.
    return as_right(close(row, path), held, path, job.knobs)


def close(row: comparison.Compared, path: Path) -> comparison.Compared:
    """The row, if the export's numbers are the model's.

    Raises:
        UserError: they are not; the export was removed.
    """
    if row.difference <= APART:
        return row
    _remove(path)
    raise UserError(
        f"--format={row.name}: differs from the model by {row.difference:.2g} (allowed: {APART}) and reads "
        f"{row.same} of {row.number} texts as it does; it was removed"
    )


def as_right(row: comparison.Compared, held: comparison.Model, path: Path, knobs: ExportConfig) -> comparison.Compared:
    """The row, if the export reads as many pictures right as the model, or nearly so.

    Raises:
        UserError: it does not; the export was removed.
    """
    lost = (held.row.right - row.right) / row.number
    if lost <= knobs.max_accuracy_loss:
        return row
    _remove(path)
    raise UserError(
        f"--format={row.name}: reads {row.right} of {row.number} pictures right, the model {held.row.right}: a loss "
        f"of {lost:.4f}, over --max_accuracy_loss={knobs.max_accuracy_loss}; it was removed"
    )


def _remove(path: Path) -> None:
    path.unlink()
    if path.suffix == ".xml":
        path.with_suffix(".bin").unlink(missing_ok=True)  # OpenVINO's weights


FORMATS: dict[str, Callable[[Export, comparison.Model, Sequence[Sample]], comparison.Compared]] = {
    "onnx": _onnx,
    "openvino": _openvino,
    "int8": _int8,
    "litert": _litert,
}
