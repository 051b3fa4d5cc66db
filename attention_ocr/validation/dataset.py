"""A folder of FSNS records read from end to end: what is wrong with it, what is odd, what it holds."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from attention_ocr.config import MAX_PIXELS
from attention_ocr.console import progress_bar
from attention_ocr.data.record_checks import Fault, Inspection, inspect_record
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records import suspects as suspect_lists
from attention_ocr.records.framing import FRAMING_BYTES, RawRecord, read_records
from attention_ocr.records.suspects import Suspect
from attention_ocr.validation import oddities, repeated_pictures
from attention_ocr.validation.findings import Report
from attention_ocr.validation.statistics import FileTally, split_statistics

AHEAD_OF_A_THREAD = 4
KILOBYTE = 1000


def validate(
    dataset_dir: str | os.PathLike,
    dataset_name: str = "",
    split_name: str = "",
    max_pixels: int = MAX_PIXELS,
    suspects: str = "",
) -> Report:
    """Reads all records once and reports on them.

    Args:
        dataset_dir: the folder of records.
        dataset_name: a folder under `datasets/` whose `dataset.json` is used; empty: the one in `dataset_dir`.
        split_name: the split to read; empty: all.
        max_pixels: a picture of more is not decoded.
        suspects: a list of labels that are probably wrong, which are warned of unless they have changed; empty: none.

    Raises:
        UserError: the data set has no such split, or the list is wrong.
    """
    listed = suspect_lists.read(suspects, str(dataset_dir)) if suspects else {}
    report = Report(str(dataset_dir), max_pixels=max_pixels)
    try:
        spec = report.spec = DatasetSpec.load(dataset_dir, dataset_name)
    except UserError as error:
        report.add_fault("dataset", "", str(error))
        return report
    if split_name and split_name not in spec.splits:
        spec.split_files(dataset_dir, split_name)  # raises the error that names the splits
    split_names = [split_name] if split_name else list(spec.splits)
    report.tallies = _files_of_splits(split_names, spec, report)
    total = sum(Path(tally.path).stat().st_size for tally in report.tallies) // KILOBYTE
    with progress_bar("checking, kB", total) as advance, ThreadPoolExecutor(os.cpu_count()) as pool:
        for tally in report.tallies:
            _read_file(tally, spec, report, listed, pool, advance)
    _check_counts(split_names, spec, report)
    repeated = _check_repeats(spec, report)
    for name in split_names:
        tallies = report.tallies_of(name)
        report.splits[name] = split_statistics(tallies, spec, repeated.get(name, 0))
    oddities.warn(report, spec)
    return report


def _files_of_splits(split_names: Sequence[str], spec: DatasetSpec, report: Report) -> list[FileTally]:
    """The files of all splits, each once; a split without files is a fault."""
    tallies: dict[str, FileTally] = {}
    for name in split_names:
        try:
            found = spec.split_files(report.dataset_dir, name)
        except UserError as error:
            report.add_fault("files", name, str(error))
            continue
        for path in found:
            relative = Path(path).relative_to(report.dataset_dir).as_posix()
            tally = tallies.setdefault(str(Path(path).resolve()), FileTally(relative, path))
            tally.splits += (name,)
    return list(tallies.values())


def _read_file(
    tally: FileTally,
    spec: DatasetSpec,
    report: Report,
    suspects: Mapping[str, Suspect],
    pool: ThreadPoolExecutor,
    advance: Callable[[int], None],
) -> None:
    done = shown = 0
    try:
        for record, inspection in _inspected(tally.path, spec, report.max_pixels, pool):
            oddities.warn_of_record(report, inspection, tally.record_name(record.number))
            suspect = suspects.get(f"{Path(tally.path).name}:{record.number}")
            oddities.warn_of_suspect(report, spec, inspection, tally.record_name(record.number), suspect)
            for fault in inspection.faults:
                report.add_record_fault(fault, tally.record_name(record.number))
            tally.num_lost += not record.data and bool(record.fault)
            tally.add(inspection, record.offset, spec)
            done += len(record.data) + FRAMING_BYTES
            advance(done // KILOBYTE - shown)
            shown = done // KILOBYTE
    except UserError as error:
        report.add_fault("files", tally.name, str(error))


def _inspected(
    path: str, spec: DatasetSpec, max_pixels: int, pool: ThreadPoolExecutor
) -> Iterator[tuple[RawRecord, Inspection]]:
    """The records in order, each with what a thread found; a few are read ahead."""
    most = AHEAD_OF_A_THREAD * (os.cpu_count() or 1)
    waiting: deque[tuple[RawRecord, Future[Inspection]]] = deque()
    for record in read_records(path):
        waiting.append((record, pool.submit(_inspect, record, spec, max_pixels)))
        if len(waiting) > most:
            first, inspection = waiting.popleft()
            yield first, inspection.result()
    for first, inspection in waiting:
        yield first, inspection.result()


def _inspect(record: RawRecord, spec: DatasetSpec, max_pixels: int) -> Inspection:
    if not record.fault:
        return inspect_record(record.data, spec, max_pixels)
    inspection = Inspection()
    check = "truncated" if record.fault.startswith("the file ends") else "checksum"
    message = f"{record.fault}; bring back the file's copy or make the records anew"
    inspection.add(check, message, blocks_training=True)
    return inspection


def _check_counts(split_names: Sequence[str], spec: DatasetSpec, report: Report) -> None:
    for name in split_names:
        tallies = report.tallies_of(name)
        number = sum(len(tally) - tally.num_lost for tally in tallies)
        told = spec.splits[name].num_examples
        if tallies and not number:
            report.add_fault("records", name, f"its {len(tallies)} files hold no record that can be read")
        elif tallies and told not in (None, number):
            message = f"dataset.json says {told} records, {number} can be read; bring back the others or correct it"
            report.add_fault("count", name, message, blocks_training=False)
    if not split_names:
        report.add_fault("records", report.dataset_dir, "its dataset.json names no split")


def _check_repeats(spec: DatasetSpec, report: Report) -> dict[str, int]:
    """Notes pictures that several records have; returns split -> records that repeat one of the same split."""
    within: dict[str, int] = {}
    for group in repeated_pictures.repeated_pictures(report.tallies):
        for (tally, number), (other, other_number) in repeated_pictures.across_splits(group):
            tally.is_faulty[number] = True
            message = f"is the same picture as {other.record_name(other_number)} of another split; keep one of them"
            report.add_record_fault(Fault("duplicate_across_splits", message, False), tally.record_name(number))
        for name in repeated_pictures.within_splits(group):
            within[name] = within.get(name, 0) + 1
        pair = repeated_pictures.two_labels(group)
        if pair:
            oddities.warn_of_two_labels(report, spec, *pair)
    return within
