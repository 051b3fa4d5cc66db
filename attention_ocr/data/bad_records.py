"""Bad records met while reading: named; in training counted and left out, by reading a copy of their shard."""

import contextlib
import hashlib
import itertools
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from attention_ocr import files
from attention_ocr.config import DataConfig
from attention_ocr.console import progress_bar
from attention_ocr.data import sizes
from attention_ocr.data.mixture import Mixture, drawn_records
from attention_ocr.data.pipeline import RecordFiles, first_step
from attention_ocr.data.record_checks import inspect_record
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records.framing import RawRecord, framed, read_record_at, read_records, record_spans

DATA_ERRORS = (tf.errors.InvalidArgumentError, tf.errors.DataLossError)
COPIES_FOLDER = "mended"
LIST_FILE = "bad_records.json"
BATCHES_AHEAD = 4
log = logging.getLogger(__name__)


class InputError(Exception):
    """A batch cannot be made.

    Attributes:
        cause: TensorFlow's error, which it raises for what goes wrong in a network, too.
    """

    def __init__(self, cause: Exception):
        super().__init__(str(cause))
        self.cause = cause


@dataclass
class Mender:
    """Knows the bad records of a run's shards, and has a copy of each such shard without them.

    Attributes:
        folder: the run's directory, where copies and `bad_records.json` lie.
        most: bad records that are left out; one more is an error.
    """

    folder: Path
    most: int

    def __post_init__(self) -> None:
        path = self.folder / LIST_FILE
        self._shards: dict[str, dict[str, Any]] = files.read_json(path) if path.exists() else {}

    @property
    def count(self) -> int:
        """Bad records found so far."""
        return sum(len(shard["bad"]) for shard in self._shards.values())

    def mended(self, names: Sequence[str]) -> list[str]:
        """The shards to read: copies of those with bad records, as long as the originals are what they were."""
        return [self._copy(name) if self._is_known(name) else name for name in names]

    def removed(self, names: Sequence[str]) -> int:
        """How many records the copies lack."""
        return sum(len(self._shards[_key(name)]["bad"]) for name in names if self._is_known(name))

    def mend(self, name: str, spec: DatasetSpec) -> int:
        """Looks at every record of a shard and writes a copy without the bad ones.

        Args:
            name: the original shard.
            spec: its data set.

        Returns:
            How many bad ones were found.

        Raises:
            UserError: there are more than `most` in all.
        """
        bad: list[list[Any]] = []
        known = self.count
        with files.replacing(self._copy(name)) as temporary, temporary.open("wb") as copy:
            for record in read_records(name):
                fault = fault_of(name, record, spec)
                if not fault:
                    copy.write(framed(record.data))
                    continue
                bad.append([record.number, fault])
                log.info("leaving out %s (bad record %d of at most %d)", fault, known + len(bad), self.most)
                if known + len(bad) > self.most:
                    first = next((shard["bad"][0][1] for shard in self._shards.values()), bad[0][1])
                    raise UserError(
                        f"{first}; it is one of more than --max_bad_records={self.most} bad records; make them anew or "
                        "raise that number (attention-ocr validate_dataset lists all that is wrong)"
                    )
        if bad:
            self._shards[_key(name)] = {**_state(name), "bad": bad}
            files.write_json(self.folder / LIST_FILE, self._shards)
        else:
            Path(self._copy(name)).unlink()
        return len(bad)

    def _is_known(self, name: str) -> bool:
        shard = self._shards.get(_key(name))
        return (
            shard is not None
            and {key: shard[key] for key in ("size", "modified")} == _state(name)
            and Path(self._copy(name)).exists()
        )

    def _copy(self, name: str) -> str:
        digest = hashlib.sha256(_key(name).encode()).hexdigest()[:8]
        return str(self.folder / COPIES_FOLDER / f"{digest}-{Path(name).name}")


@contextlib.contextmanager
def explained(sources: Sequence[RecordFiles]) -> Iterator[None]:
    """Turns TensorFlow's error about a record into one that names the record, found by reading all of them."""
    try:
        yield
    except DATA_ERRORS as error:
        for source in sources:
            for name in source.files:
                for record in read_records(name):
                    if fault := fault_of(name, record, source.spec):
                        raise UserError(fault) from error
        raise


def explained_batches(batches: Iterable[Any], sources: Sequence[RecordFiles]) -> Iterator[Any]:
    """The batches of some records; an error while one is made is `explained`, one of whoever takes them is not."""
    try:
        yield from told_apart(batches)
    except InputError as error:
        with explained(sources):
            raise error.cause from None


def told_apart(batches: Iterable[Any]) -> Iterator[Any]:
    """The batches; an InputError where one cannot be made, so that it is not taken for an error of the network."""
    iterator = iter(batches)
    while True:
        try:
            batch = next(iterator)
        except StopIteration:
            return
        except DATA_ERRORS as error:
            raise InputError(error) from error
        yield batch


def fails(batches: Iterable[Any]) -> bool:
    """Whether one of the next batches cannot be made."""
    try:
        for _ in itertools.islice(told_apart(batches), BATCHES_AHEAD):
            pass
    except InputError:
        return True
    return False


def fault_of(name: str, record: RawRecord, spec: DatasetSpec) -> str:
    """Why a record of the shard `name` cannot be used, beginning with its name; empty: it can."""
    faults = [record.fault] if record.fault else []
    if not faults:
        faults = [fault.message for fault in inspect_record(record.data, spec).faults if fault.blocks_training]
    return f"{name}:{record.number}: {faults[0]}" if faults else ""


def next_records(mixture: Mixture, data: DataConfig, seed: int, step: int) -> list[tuple[int, bytes]]:
    """The records of the batches after a step with the numbers of their data sets, up to the first damaged one.

    Batches are prepared ahead, so that an error belongs to one of some next ones.
    """
    found: list[tuple[int, bytes]] = []
    with contextlib.suppress(*DATA_ERRORS):
        source, batches = mixture.sources[0], BATCHES_AHEAD
        if source.cut:  # a batch is drawn from a window of records, and the next window is read ahead
            batches_sorted = sizes.window(sum(mixture.numbers), data.batch_size)
            step, batches = first_step(source, step, batches_sorted), 2 * batches_sorted + BATCHES_AHEAD
        records = drawn_records(mixture, data, seed, step).take(batches * data.batch_size)
        found.extend((int(n), record) for n, record in records.as_numpy_iterator())
    return found


def suspects(mixture: Mixture, data: DataConfig, seed: int, step: int) -> list[tuple[str, DatasetSpec]]:
    """The shards that hold a bad record of the next batches; where none of these is bad, those with damaged records."""
    found: list[tuple[str, DatasetSpec]] = []
    upcoming = next_records(mixture, data, seed, step)
    for n, source in enumerate(mixture.sources):
        bad = {record for number, record in upcoming if number == n and _is_bad(record, source.spec)}
        found += [(name, source.spec) for name in holders(source.files, bad)] if bad else []
    return found or [(name, source.spec) for source in mixture.sources for name in damaged(source.files)]


def damaged(names: Sequence[str]) -> list[str]:
    """The shards in which a checksum is wrong or which end too early."""
    found = []
    with progress_bar("looking for damaged records", len(names)) as advance:
        for name in names:
            if any(record.fault for record in read_records(name)):
                found.append(name)
            advance(1)
    return found


def holders(names: Sequence[str], wanted: Collection[bytes]) -> list[str]:
    """The shards that hold one of the `wanted` records; only records of their lengths are read."""
    lengths = {len(data) for data in wanted}
    return [
        name
        for name in names
        if any(length in lengths and read_record_at(name, offset) in wanted for offset, length in record_spans(name))
    ]


def _is_bad(record: bytes, spec: DatasetSpec) -> bool:
    return any(fault.blocks_training for fault in inspect_record(record, spec).faults)


def _key(name: str) -> str:
    return str(Path(name).resolve())


def _state(name: str) -> dict[str, int]:
    state = os.stat(name)  # noqa: PTH116
    return {"size": state.st_size, "modified": state.st_mtime_ns}
