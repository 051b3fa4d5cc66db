"""What making a data set kept and dropped, and why."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attention_ocr.dataset_spec import DatasetSpec

MOST_EXAMPLES = 3
LARGE_PICTURE = 2 * 150 * 600  # Pixels; twice those of FSNS.


@dataclass
class Tally:
    """Lines with the same remark: how many, the first three messages, and the largest value if there is one."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    largest: int = 0


@dataclass
class SplitSummary:
    """A split's records and files, and the lines that were dropped or noted: reason -> Tally."""

    kept: int = 0
    num_shards: int = 0
    dropped: dict[str, Tally] = field(default_factory=dict)
    noted: dict[str, Tally] = field(default_factory=dict)

    def drop(self, reason: str, example: str) -> None:
        """Counts a dropped line."""
        _count(self.dropped, reason, example)

    def note(self, what: str, example: str, value: int = 0) -> None:
        """Counts a line that is kept, but changed or doubtful."""
        tally = _count(self.noted, what, example)
        tally.largest = max(tally.largest, value)


@dataclass(frozen=True)
class Summary:
    """A data set that was written.

    Attributes:
        output_dir: its folder, or the address of that.
        spec: its spec.
        splits: each split asked for, empty ones too.
        remarks: what else to tell, a line each.
    """

    output_dir: Path | str
    spec: DatasetSpec
    splits: dict[str, SplitSummary]
    remarks: tuple[str, ...] = ()


def print_summary(summary: Summary) -> None:
    """Prints the splits as a table, examples of what was dropped or noted, and what to do about it."""
    spec = summary.spec
    console = Console()
    size = f"{spec.num_views} x {spec.image_height} x {spec.image_width}"
    headline = (
        f"{summary.output_dir}: {size} pixels (views, height, width), "
        f"labels up to {spec.max_sequence_length} characters, {len(spec.charset)} classes"
    )
    console.print(Text(headline), soft_wrap=True)
    table = Table("split", "records", "files", "dropped", "noted")
    for name, split in summary.splits.items():
        records = Text(str(split.kept)) if split.kept else Text("WARNING: empty", style="bold yellow")
        table.add_row(
            Text(name), records, str(split.num_shards), Text(_reasons(split.dropped)), Text(_reasons(split.noted))
        )
    console.print(table)
    for name, split in summary.splits.items():
        for verb, tallies in (("dropped from", split.dropped), ("noted in", split.noted)):
            for reason, tally in tallies.items():
                for example in tally.examples:  # Below the table, which would break them into several lines.
                    console.print(Text(f"{verb} {name}, {reason}: {example}"), soft_wrap=True)
    for line in _advice(summary):
        console.print(Text(line), style="bold yellow", soft_wrap=True)


def _advice(summary: Summary) -> list[str]:
    """What a user should know before training."""
    spec, found = summary.spec, []
    empty = [name for name, split in summary.splits.items() if not split.kept]
    if empty:
        found.append(
            f"WARNING: no line was drawn for {' and '.join(empty)}; add lines, raise "
            f"{' and '.join(f'--{name}_fraction' for name in empty)} (0: no such split), or give a list with "
            f"{' and '.join(f'--{name}_annotations' for name in empty)}"
        )
    widest = max(
        (split.noted["squeezed"].largest for split in summary.splits.values() if "squeezed" in split.noted), default=0
    )
    if widest:
        found.append(f"Squeezed pictures lose sharpness; the widest would need --image_width={widest}")
    if spec.image_height * spec.image_shape[1] > LARGE_PICTURE:
        size = f"{spec.num_views} x {spec.image_height} x {spec.image_width}"
        found.append(f"WARNING: pictures of {size} pixels train slowly; choose --image_height and --image_width")
    return [*found, *summary.remarks]


def _count(tallies: dict[str, Tally], reason: str, example: str) -> Tally:
    tally = tallies.setdefault(reason, Tally())
    tally.count += 1
    if len(tally.examples) < MOST_EXAMPLES:  # A path that is not Unicode could not be printed.
        tally.examples.append(example.encode("utf-8", "backslashreplace").decode())
    return tally


def _reasons(tallies: dict[str, Tally]) -> str:
    return ", ".join(f"{tally.count} {reason}" for reason, tally in tallies.items())
