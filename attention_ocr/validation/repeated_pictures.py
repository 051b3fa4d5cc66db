"""Records with the same picture: across splits, within one, and with two labels; found by hashes."""

from collections.abc import Iterator, Sequence

import numpy as np

from attention_ocr.validation.statistics import FileTally

Place = tuple[FileTally, int]


def repeated_pictures(tallies: Sequence[FileTally]) -> Iterator[list[Place]]:
    """The records that share a picture, in order, for each picture that more than one has."""
    pixels = _joined([tally.pixels for tally in tallies])
    order = np.argsort(pixels, kind="stable")
    ordered = pixels[order]
    begins = np.flatnonzero(np.concatenate([ordered[:1] != 0, ordered[1:] != ordered[:-1]]))
    ends = np.append(begins[1:], len(ordered))
    is_repeated = ends - begins > 1
    groups = sorted(zip(order[begins[is_repeated]], begins[is_repeated], ends[is_repeated], strict=True))
    starts = np.cumsum([0, *map(len, tallies)])
    for _, begin, end in groups:
        yield [_place(tallies, starts, index) for index in order[begin:end]]


def across_splits(group: Sequence[Place]) -> Iterator[tuple[Place, Place]]:
    """The records of a group that a record of another split comes before: (the record, the one before).

    A file that several splits share is one file, so that its records do not repeat themselves.
    """
    seen: dict[tuple[str, ...], Place] = {}
    for place in group:
        splits = place[0].splits
        other = next((seen[others] for others in seen if others != splits), None)
        if other:
            yield place, other
        seen.setdefault(splits, place)


def within_splits(group: Sequence[Place]) -> Iterator[str]:
    """The split of each record of a group that a record of the same split comes before."""
    seen: set[str] = set()
    for tally, _ in group:
        yield from seen.intersection(tally.splits)
        seen.update(tally.splits)


def two_labels(group: Sequence[Place]) -> tuple[Place, Place] | None:
    """The first record of a group and the first one with another label; None: all have the same."""
    labelled = [place for place in group if _label(place)]
    different = next((place for place in labelled if _label(place) != _label(labelled[0])), None)
    return (labelled[0], different) if different else None


def most_frequent_label(tallies: Sequence[FileTally]) -> tuple[int, Place] | None:
    """How often the most frequent label occurs, and the first record that has it; None: there is no label."""
    labels = _joined([tally.labels for tally in tallies])
    present = np.flatnonzero(labels)
    if not len(present):
        return None
    _, first, counts = np.unique(labels[present], return_index=True, return_counts=True)
    most = int(np.argmax(counts))
    starts = np.cumsum([0, *map(len, tallies)])
    return int(counts[most]), _place(tallies, starts, int(present[first[most]]))


def sampled_places(tallies: Sequence[FileTally], most: int) -> list[Place]:
    """Up to `most` records: the first faulty ones for at most half of them, the others spread evenly."""
    starts = np.cumsum([0, *map(len, tallies)])
    number = int(starts[-1])
    is_faulty = np.frombuffer(b"".join(bytes(tally.is_faulty) for tally in tallies), np.uint8)
    faulty = np.flatnonzero(is_faulty)[: most // 2 if number > most else most]
    spread = np.linspace(0, number - 1, min(number, most - len(faulty))).astype(int)
    return [_place(tallies, starts, index) for index in sorted({*faulty, *spread})] if number else []


def _joined(arrays: Sequence) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.uint64), *(np.frombuffer(values, np.uint64) for values in arrays if values)])


def _place(tallies: Sequence[FileTally], starts: np.ndarray, index: int) -> Place:
    """The record at `index` of all files in order; `starts` are the indexes at which the files start."""
    file = int(np.searchsorted(starts, index, side="right")) - 1
    return tallies[file], int(index - starts[file])


def _label(place: Place) -> int:
    tally, number = place
    return tally.labels[number]
