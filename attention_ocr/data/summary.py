"""What making a data set kept and dropped, and why."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attention_ocr.dataset_spec import DatasetSpec

MOST_EXAMPLES = 3


@dataclass
class Dropped:
    """Lines dropped for one reason: how many, and the first three messages."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class SplitSummary:
    """A split's records, its files, and what was dropped: reason -> Dropped."""

    kept: int = 0
    num_shards: int = 0
    dropped: dict[str, Dropped] = field(default_factory=dict)

    def drop(self, reason: str, example: str) -> None:
        """Counts a dropped line."""
        dropped = self.dropped.setdefault(reason, Dropped())
        dropped.count += 1
        if len(dropped.examples) < MOST_EXAMPLES:
            dropped.examples.append(example)


@dataclass(frozen=True)
class Summary:
    """A data set that was written: its folder, its spec, and each split asked for, empty ones too."""

    output_dir: Path
    spec: DatasetSpec
    splits: dict[str, SplitSummary]


def print_summary(summary: Summary) -> None:
    """Prints the splits as a table, and examples of what was dropped."""
    spec = summary.spec
    console = Console()
    size = f"{spec.num_views} x {spec.image_height} x {spec.image_width}"
    headline = (
        f"{summary.output_dir}: {size} pixels (views, height, width), "
        f"labels up to {spec.max_sequence_length} characters, {len(spec.charset)} classes"
    )
    console.print(Text(headline), soft_wrap=True)
    table = Table("split", "records", "files", "dropped")
    for name, split in summary.splits.items():
        records = Text(str(split.kept)) if split.kept else Text("WARNING: empty", style="bold yellow")
        reasons = ", ".join(f"{dropped.count} {reason}" for reason, dropped in split.dropped.items())
        table.add_row(Text(name), records, str(split.num_shards), Text(reasons))
    console.print(table)
    for name, split in summary.splits.items():
        for reason, dropped in split.dropped.items():
            for example in dropped.examples:  # Below the table, which would break them into several lines.
                console.print(Text(f"dropped from {name}, {reason}: {example}"), soft_wrap=True)
