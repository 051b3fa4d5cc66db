"""Record files that appear together when all is good, or not at all."""

import collections
import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import tensorflow as tf

from attention_ocr.errors import UserError

FRAMING_BYTES = 16  # What TFRecord adds to a record: its length and two checksums.


@contextlib.contextmanager
def staging(output_dir: str | os.PathLike) -> Iterator[Path]:
    """A hidden folder in `output_dir` whose files move up when the block ends without an exception.

    Inside rather than beside, so that `output_dir` may be a mounted volume. After an exception (Ctrl-C too)
    the folder is gone, and so is `output_dir` if it is new.

    Raises:
        UserError: `output_dir` holds something already, or cannot be written.
    """
    output = Path(output_dir)
    with _write_errors(output):
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UserError(f"{output}: exists and is not an empty folder; remove it or choose another")
        is_new = not output.exists()
        output.mkdir(parents=True, exist_ok=True)
        temporary = output / f".writing-{secrets.token_hex(4)}"
        moved: list[Path] = []
        try:
            temporary.mkdir()
            yield temporary
            for path in sorted(temporary.iterdir()):
                moved.append(output / path.name)
                path.rename(moved[-1])
            temporary.rmdir()
        except BaseException:
            _remove(temporary, moved, output if is_new else None)
            raise


class ShardWriter:
    """Writes a split's records to files of a bounded size.

    The files get their names, `train-00000-of-00002`, when the block ends without an exception.

    Args:
        folder: where to write.
        split: the split's name.
        max_bytes: the size a file may have; a single larger record still is written.
    """

    def __init__(self, folder: Path, split: str, max_bytes: float) -> None:
        self.num_shards = 0
        self._folder = folder
        self._split = split
        self._max_bytes = max_bytes
        self._size = 0
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def write(self, record: bytes) -> None:
        """Appends a record, to a new file if the last one is full."""
        size = len(record) + FRAMING_BYTES
        if self._writer is None or self._size + size > self._max_bytes:
            self._close()
            self._writer = tf.io.TFRecordWriter(str(self._unnumbered(self.num_shards)))
            self.num_shards += 1
            self._size = 0
        self._writer.write(record)
        self._size += size

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if kind is None:
            for index in range(self.num_shards):
                name = f"{self._split}-{index:05d}-of-{self.num_shards:05d}"
                self._unnumbered(index).rename(self._folder / name)

    def _unnumbered(self, index: int) -> Path:
        return self._folder / f"{self._split}-{index:05d}"

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def map_in_order(function: Callable[[Any], Any], items: Iterable[Any]) -> Generator[Any, None, None]:
    """The results of `function` in order, computed by a few threads that run at most a few items ahead."""
    workers = min(8, os.cpu_count() or 1)
    pending: collections.deque[Future] = collections.deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= 4 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _write_errors(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror or error})") from error
    except tf.errors.OpError as error:
        raise UserError(f"{output}: cannot be written ({error.message})") from error


def _remove(temporary: Path, moved: list[Path], output: Path | None) -> None:
    shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
        for path in moved:
            path.unlink(missing_ok=True)
        if output:
            output.rmdir()
