"""What the records of a file hold, counted as they go by, and the sums over the files of a split."""

import bisect
import itertools
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from attention_ocr.data.record_checks import Inspection, hash_of
from attention_ocr.dataset_spec import DatasetSpec

RARE = 10


@dataclass
class FileTally:
    """Counts over one file, and 25 bytes for each of its records.

    Attributes:
        name: the file's path in the data set's folder.
        path: where it is.
        splits: the splits that it belongs to.
        num_lost: records of which no bytes are there: the file ends within them, or their length is damaged.
        pixels: for each record a 64-bit hash of its pixels; 0: no picture.
        labels: for each record a 64-bit hash of its class ids; 0: no label.
        offsets: where each record begins in the file.
        is_faulty: for each record whether something is wrong with it.
        lengths: label length -> records.
        class_ids: class id -> how often it is used, before the padding.
        sizes: (height, width) of a picture -> records.
        formats: format of a picture -> records.
        orig_widths: image/orig_width -> records.
        mean: sum of the pictures' means.
        mean_square: sum of the pictures' mean squares.
        num_one_colour: pictures that show nothing.
    """

    name: str
    path: str
    splits: tuple[str, ...] = ()
    num_lost: int = 0
    pixels: array = field(default_factory=lambda: array("Q"))
    labels: array = field(default_factory=lambda: array("Q"))
    offsets: array = field(default_factory=lambda: array("Q"))
    is_faulty: bytearray = field(default_factory=bytearray)
    lengths: Counter[int] = field(default_factory=Counter)
    class_ids: Counter[int] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    orig_widths: Counter[int] = field(default_factory=Counter)
    mean: float = 0.0
    mean_square: float = 0.0
    num_one_colour: int = 0

    def __len__(self) -> int:
        """The number of records, the lost one included."""
        return len(self.offsets)

    def add(self, inspection: Inspection, offset: int, spec: DatasetSpec) -> None:
        """Counts the next record; values that are out of range are counted as faults only."""
        ids, size, orig_width = inspection.ids, inspection.size, inspection.orig_width
        self.pixels.append(inspection.pixel_hash)
        self.labels.append(0 if ids is None else hash_of(np.array(ids, np.int64).tobytes()))
        self.offsets.append(offset)
        self.is_faulty.append(bool(inspection.faults))
        if ids is not None and len(ids) <= spec.max_sequence_length:
            self.lengths[len(ids)] += 1
            self.class_ids.update(class_id for class_id in ids if 0 <= class_id < len(spec.charset))
        if size:
            self.sizes[size] += 1
            self.formats[inspection.image_format] += 1
        if orig_width is not None and 1 <= orig_width <= (size or spec.image_shape)[1]:
            self.orig_widths[orig_width] += 1
        self.mean += inspection.mean
        self.mean_square += inspection.mean_square
        self.num_one_colour += inspection.shows_nothing

    def record_name(self, number: int) -> str:
        """How messages call a record."""
        return f"{self.name}:{number}"


@dataclass(frozen=True)
class SplitStatistics:
    """A split in numbers.

    Attributes:
        num_files: its files.
        num_records: its records, those with faults included.
        num_faulty: its records with faults.
        label_lengths: length -> records.
        characters: what a class prints -> how often it is used; every class but the null is here.
        picture_sizes: `height x width` -> records.
        formats: format of a picture -> records.
        orig_width: least, median and greatest; empty: no record has one.
        pixel_mean: over all pictures, in [0, 1]; None: there is none.
        pixel_deviation: the standard deviation over all their pixels.
        num_repeated: records whose picture an earlier record of the split has.
        num_one_colour: records whose picture, or a view of it, is of one colour.
    """

    num_files: int
    num_records: int
    num_faulty: int
    label_lengths: dict[int, int]
    characters: dict[str, int]
    picture_sizes: dict[str, int]
    formats: dict[str, int]
    orig_width: dict[str, int]
    pixel_mean: float | None
    pixel_deviation: float | None
    num_repeated: int
    num_one_colour: int

    @property
    def unused(self) -> list[str]:
        """The characters that no label has."""
        return [character for character, count in self.characters.items() if not count]

    @property
    def rare(self) -> list[str]:
        """The characters that labels have, but fewer than 10 times."""
        return [character for character, count in self.characters.items() if 0 < count < RARE]


def split_statistics(tallies: Sequence[FileTally], spec: DatasetSpec, num_repeated: int) -> SplitStatistics:
    """The sums over a split's files."""
    class_ids = _total(tally.class_ids for tally in tallies)
    sizes = _total(tally.sizes for tally in tallies)
    pictures = sum(sum(map(bool, tally.pixels)) for tally in tallies)
    mean = sum(tally.mean for tally in tallies) / pictures if pictures else None
    square = sum(tally.mean_square for tally in tallies) / pictures if pictures else None
    return SplitStatistics(
        num_files=len(tallies),
        num_records=sum(map(len, tallies)),
        num_faulty=sum(sum(tally.is_faulty) for tally in tallies),
        label_lengths=dict(sorted(_total(tally.lengths for tally in tallies).items())),
        characters={
            symbol: class_ids[class_id]
            for class_id, symbol in enumerate(spec.charset.symbols)
            if class_id != spec.charset.null_id
        },
        picture_sizes={f"{height} x {width}": count for (height, width), count in sizes.most_common()},
        formats=dict(_total(tally.formats for tally in tallies).most_common()),
        orig_width=_spread(_total(tally.orig_widths for tally in tallies)),
        pixel_mean=mean,
        pixel_deviation=None if mean is None or square is None else max(0.0, square - mean**2) ** 0.5,
        num_repeated=num_repeated,
        num_one_colour=sum(tally.num_one_colour for tally in tallies),
    )


def median(counts: dict[int, int]) -> int:
    """The middle one (of two the lower) of the values that `counts` counts."""
    values = sorted(counts)
    running = list(itertools.accumulate(counts[value] for value in values))
    return values[bisect.bisect_left(running, (running[-1] + 1) // 2)]


def _total(counters: Iterable[Counter]) -> Counter:
    total: Counter = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _spread(counts: dict[int, int]) -> dict[str, int]:
    return {"min": min(counts), "median": median(counts), "max": max(counts)} if counts else {}
