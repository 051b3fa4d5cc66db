"""What validating a data set found: faults, warnings and statistics, gathered in a report."""

from dataclasses import dataclass, field

from attention_ocr.config import MAX_PIXELS
from attention_ocr.data.record_checks import Fault
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.validation.statistics import FileTally, SplitStatistics

MOST_KEPT = 100


@dataclass(frozen=True)
class Finding:
    """Something wrong or odd, and where.

    Attributes:
        where: a record, `train-00000-of-00002:17`, a split, or the folder; empty: the message says it.
        message: what it is, on one line.
        blocks_training: whether training would stop there or learn nonsense.
    """

    where: str
    message: str
    blocks_training: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


@dataclass
class Findings:
    """How often a check found something, how often that blocks training, and the first 100 times."""

    count: int = 0
    blocking: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Counts a finding."""
        self.count += 1
        self.blocking += finding.blocks_training
        if not self.is_full:
            self.kept.append(finding)

    @property
    def is_full(self) -> bool:
        """Whether further findings are counted only."""
        return len(self.kept) >= MOST_KEPT


@dataclass
class Report:
    """What validating a data set found.

    Attributes:
        dataset_dir: the folder.
        spec: its spec; None: it cannot be read.
        faults: check -> what it found; checks that found nothing are not here.
        warnings: the same of what may be meant as it is.
        num_folder_faults: those of `faults` that no single record has.
        tallies: the files that were read.
        splits: what each split holds.
        max_pixels: a picture of more was not decoded.
    """

    dataset_dir: str
    spec: DatasetSpec | None = None
    faults: dict[str, Findings] = field(default_factory=dict)
    warnings: dict[str, Findings] = field(default_factory=dict)
    num_folder_faults: int = 0
    tallies: list[FileTally] = field(default_factory=list)
    splits: dict[str, SplitStatistics] = field(default_factory=dict)
    max_pixels: int = MAX_PIXELS

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    @property
    def num_faults(self) -> int:
        """Of records and of the folder."""
        return sum(found.count for found in self.faults.values())

    @property
    def num_records(self) -> int:
        """Of all files, one that several splits share counted once."""
        return sum(map(len, self.tallies))

    @property
    def num_faulty_records(self) -> int:
        """How many of them have a fault."""
        return sum(sum(tally.is_faulty) for tally in self.tallies)

    def add_fault(self, check: str, where: str, message: str, blocks_training: bool = True) -> None:
        """Counts a fault that no single record has."""
        self.num_folder_faults += 1
        self.faults.setdefault(check, Findings()).add(Finding(where, message, blocks_training))

    def add_record_fault(self, fault: Fault, where: str) -> None:
        """Counts a fault of a record."""
        self.faults.setdefault(fault.check, Findings()).add(Finding(where, fault.message, fault.blocks_training))

    def warn(self, check: str, where: str, message: str) -> None:
        """Counts a warning."""
        self.warnings.setdefault(check, Findings()).add(Finding(where, message))

    def tallies_of(self, split_name: str) -> list[FileTally]:
        """The files of a split."""
        return [tally for tally in self.tallies if split_name in tally.splits]
