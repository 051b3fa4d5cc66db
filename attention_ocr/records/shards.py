"""Record files that appear all together once they are complete, or not at all."""

import contextlib
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from attention_ocr.dataset_spec import SPEC_FILE
from attention_ocr.errors import UserError

STAGING_PREFIX = ".writing-"
MOVING_FILE = "moving.txt"


@contextlib.contextmanager
def staging(output_dir: str | os.PathLike) -> Iterator[Path]:
    """A hidden folder in `output_dir` whose files move up when the block ends without an exception.

    Inside rather than beside, so that `output_dir` may be a mounted volume. After an exception (Ctrl-C too)
    the folder is gone, and so is `output_dir` if it is new. What a killed process left is removed by the next one:
    `dataset.json` moves last, and a list of what moves is written first.

    Raises:
        UserError: `output_dir` holds something already, is being written, or cannot be written.
    """
    output = Path(output_dir)
    with _write_errors(output):
        if output.is_dir():
            _remove_what_was_left(output)
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UserError(f"{output}: exists and is not an empty folder; remove it or choose another")
        is_new = not output.exists()
        output.mkdir(parents=True, exist_ok=True)
        temporary = output / f"{STAGING_PREFIX}{socket.gethostname()}.{os.getpid()}"
        moved: list[Path] = []
        try:
            temporary.mkdir()
            yield temporary
            names = sorted((path.name for path in temporary.iterdir()), key=lambda name: (name == SPEC_FILE, name))
            (temporary / MOVING_FILE).write_text("\n".join(names), "utf-8")
            for name in names:
                moved.append(output / name)
                (temporary / name).rename(moved[-1])
            shutil.rmtree(temporary)
        except BaseException:
            _remove(temporary, moved, output if is_new else None)
            raise


class ShardWriter:
    """Writes a split's records to files of a bounded size.

    The files get their names, `train-00000-of-00002`, when the block ends without an exception.

    Args:
        folder: where to write.
        split: the split's name.
        max_bytes: the size a file may have; a single larger record is still written.
    """

    def __init__(self, folder: Path, split: str, max_bytes: float) -> None:
        self.num_shards = 0
        self._folder = folder
        self._split = split
        self._max_bytes = max_bytes
        self._size = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, record: bytes) -> None:
        """Appends a record with its framing, to a new file if the last one is full."""
        if self._file is None or self._size + len(record) > self._max_bytes:
            self._close()
            self._file = self._unnumbered(self.num_shards).open("wb")
            self.num_shards += 1
            self._size = 0
        self._file.write(record)
        self._size += len(record)

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
        if self._file is not None:
            self._file.close()
            self._file = None


@contextlib.contextmanager
def _write_errors(output: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{output}: cannot be written ({why})") from error


def _remove_what_was_left(output: Path) -> None:
    """Removes the files of a process that was killed while it wrote here."""
    for temporary in output.glob(f"{STAGING_PREFIX}*"):
        host, _, process = temporary.name.removeprefix(STAGING_PREFIX).rpartition(".")
        if host != socket.gethostname() or _is_running(int(process)):
            raise UserError(
                f"{output}: is being written by process {process} on {host}; wait for it, or remove {temporary} if "
                "that process is gone"
            )
        moving = temporary / MOVING_FILE
        names = moving.read_text("utf-8").split("\n") if moving.exists() else []
        _remove(temporary, [output / name for name in names], None)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(temporary: Path, moved: list[Path], output: Path | None) -> None:
    shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
        for path in moved:
            path.unlink(missing_ok=True)
        if output:
            output.rmdir()
