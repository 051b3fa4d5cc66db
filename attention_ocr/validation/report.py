"""The report on a data set as a table to read or as JSON."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attention_ocr.console import json_of
from attention_ocr.validation.findings import Findings, Report
from attention_ocr.validation.statistics import SplitStatistics

MOST_EXAMPLES = 3
MOST_LENGTH_ROWS = 12
BARS_WIDTH = 40  # of all splits together
BAR = "█"
CHECKS = {
    "dataset": "dataset.json and charset can be read",
    "files": "each split has files that can be read",
    "records": "each split has records",
    "count": "there are as many as dataset.json says",
    "checksum": "the records' checksums are right",
    "truncated": "no file ends within a record",
    "example": "records are FSNS examples",
    "keys": "FSNS keys are there, of the right kind",
    "picture": "pictures can be decoded by training",
    "format": "image/format is what the bytes are",
    "size": "sizes are those of data set and record",
    "views": "the number of views is the data set's",
    "orig_width": "image/orig_width is within the picture",
    "orig_height": "image/orig_height is within the picture",
    "class_range": "class ids are in the charset",
    "class_length": "image/class has as many ids as a label",
    "padding": "nulls stand at the end only",
    "unpadded_class": "image/unpadded_class is image/class",
    "text": "image/text is what image/class says",
    "duplicate_across_splits": "no picture is in two splits",
}
FIRST_RECORD_CHECK = "checksum"


def verdict(report: Report) -> str:
    """The last line: `VALID`, or how many faults there are and where."""
    if report.ok:
        return "VALID"
    of_records = report.num_faults - report.num_folder_faults
    parts = []
    if of_records:
        parts.append(f"{_count(of_records, 'fault')} in {report.num_faulty_records} of {report.num_records} records")
    if report.num_folder_faults:
        parts.append(f"{_count(report.num_folder_faults, 'fault')} of the data set as a whole")
    blocking = sum(found.blocking for found in report.faults.values())
    stops = f"; {blocking} would stop or spoil training" if blocking else "; none stops training"
    return f"NOT VALID: {' and '.join(parts)}{stops}"


def print_table(report: Report) -> None:
    """Prints checks, examples of what they found, warnings, statistics and the verdict."""
    console = Console()

    def say(line: str, style: str = "") -> None:  # Unbroken, however long.
        console.print(Text(line, style=style), soft_wrap=True)

    say(_headline(report))
    console.print(_checks_table(report))
    for check in CHECKS:
        for line in _examples(report.faults.get(check, Findings())):
            say(f"{check}: {line}", "red")
    for check, found in report.warnings.items():
        for line in _examples(found):
            say(f"warning, {check}: {line}", "yellow")
    if report.spec and report.num_records:
        console.print(_statistics_table(report))
        console.print(_lengths_table(report, report.spec.max_sequence_length))
    say(verdict(report), "bold green" if report.ok else "bold red")


def print_json(report: Report) -> None:
    """Prints all of it as one JSON object; of a check's findings the first 100."""
    print(json_of(to_dict(report), indent=2))


def to_dict(report: Report) -> dict[str, Any]:
    """The report as plain values; every check has an entry in `checks`, also one that found nothing."""
    return {
        "ok": report.ok,
        "verdict": verdict(report),
        "dataset_dir": report.dataset_dir,
        "dataset": report.spec.to_dict() if report.spec else None,
        "num_records": report.num_records,
        "num_faulty_records": report.num_faulty_records,
        "num_faults": report.num_faults,
        "checks": {check: _found_dict(report.faults.get(check, Findings())) for check in CHECKS},
        "warnings": {check: _found_dict(found) for check, found in report.warnings.items()},
        "splits": {name: _split_dict(split) for name, split in report.splits.items()},
    }


def _found_dict(found: Findings) -> dict[str, Any]:
    examples = [dataclasses.asdict(finding) for finding in found.kept]
    return {"count": found.count, "blocking": found.blocking, "examples": examples}


def _split_dict(split: SplitStatistics) -> dict[str, Any]:
    return {**dataclasses.asdict(split), "unused_characters": split.unused, "rare_characters": split.rare}


def _headline(report: Report) -> str:
    if not report.spec:
        return report.dataset_dir
    spec = report.spec
    size = f"{spec.num_views} x {spec.image_height} x {spec.image_width}"
    return (
        f"{report.dataset_dir}: data set {spec.name!r}, {size} pixels (views, height, width), "
        f"labels up to {spec.max_sequence_length} characters, {len(spec.charset)} classes"
    )


def _checks_table(report: Report) -> Table:
    table = Table("check", "what must be so", "result")
    record_checks = list(CHECKS)[list(CHECKS).index(FIRST_RECORD_CHECK) :]
    for check, meaning in CHECKS.items():
        found = report.faults.get(check)
        if found:
            result = Text(_count(found.count, "fault"), style="bold red")
        elif check != "dataset" and (not report.spec or (check in record_checks and not report.num_records)):
            result = Text("not checked", style="yellow")
        else:
            result = Text("ok", style="green")
        table.add_row(check, meaning, result)
    return table


def _examples(found: Findings) -> list[str]:
    lines = [str(finding) for finding in found.kept[:MOST_EXAMPLES]]
    more = found.count - len(lines)
    return lines + ([f"... and {more} more"] if more else [])


def _columns(report: Report) -> dict[str, SplitStatistics]:
    """The splits; those that are the very same files share a column."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name in report.splits:
        names.setdefault(tuple(tally.name for tally in report.tallies_of(name)), []).append(name)
    return {", ".join(same): report.splits[same[0]] for same in names.values()}


def _table(first: str, others: Iterable[str]) -> Table:
    table = Table(first)
    for name in others:
        table.add_column(Text(name))
    return table


def _statistics_table(report: Report) -> Table:
    columns = _columns(report)
    table = _table("", columns)
    rows = [_statistics_rows(split) for split in columns.values()]
    for name in rows[0]:
        table.add_row(name, *(Text(row[name]) for row in rows))
    return table


def _statistics_rows(split: SplitStatistics) -> dict[str, str]:
    mean, deviation = split.pixel_mean, split.pixel_deviation
    used = len(split.characters) - len(split.unused)
    return {
        "records": str(split.num_records),
        "with faults": str(split.num_faulty),
        "files": str(split.num_files),
        "picture sizes": _shares(split.picture_sizes),
        "formats": _shares(split.formats),
        "orig_width min, median, max": ", ".join(str(value) for value in split.orig_width.values()) or "-",
        "pixel mean, deviation": "-" if mean is None or deviation is None else f"{mean:.3f}, {deviation:.3f}",
        "repeated pictures": str(split.num_repeated),
        "pictures of one colour": str(split.num_one_colour),
        "characters used": f"{used} of {len(split.characters)}",
        "fewer than 10 times": str(len(split.rare)),
    }


def _shares(counts: dict[str, int], most: int = 3) -> str:
    """The most frequent values, with their share if there are several."""
    total = sum(counts.values())
    if len(counts) <= 1:
        return next(iter(counts), "-")
    shown = [f"{value}: {100 * count / total:.3g}%" for value, count in list(counts.items())[:most]]
    return ", ".join(shown) + (", ..." if len(counts) > most else "")


def _lengths_table(report: Report, T: int) -> Table:
    """How many labels of each length the splits have, as bars: a histogram lying on its side."""
    step = -(-(T + 1) // MOST_LENGTH_ROWS)
    columns = _columns(report)
    table = _table("label length", columns)
    binned = [_binned(split.label_lengths, step) for split in columns.values()]
    for low in range(0, T + 1, step):
        high = min(low + step - 1, T)
        width = BARS_WIDTH // len(columns)
        cells = [_bar(counts.get(low, 0), max(counts.values(), default=1), width) for counts in binned]
        table.add_row(str(low) if low == high else f"{low}-{high}", *cells)
    return table


def _binned(lengths: dict[int, int], step: int) -> dict[int, int]:
    counts: dict[int, int] = {}
    for length, count in lengths.items():
        low = length // step * step
        counts[low] = counts.get(low, 0) + count
    return counts


def _bar(count: int, most: int, width: int) -> Text:
    length = max(1, round(width * count / most)) if count else 0
    return Text(f"{BAR * length} {count}" if count else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
