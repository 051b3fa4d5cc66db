"""One training at a time in a run's directory: a file that names its process, locked while it writes there."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from attention_ocr.errors import UserError

try:
    import fcntl
except ImportError:  # Windows: there, two trainings in one directory are not noticed
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "train.lock"
HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within it no other training writes to a run's directory, which is made if it is not there.

    The system takes the lock away from a process that ends, however it ends, so that a file left behind locks nothing.

    Raises:
        UserError: another training writes there, or the directory cannot be made or written.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        file = _lock(path)
    except OSError as error:
        reason = os.strerror(errno.ENOTDIR) if path.is_file() else error.strerror
        raise UserError(f"--train_log_dir={path}: cannot be written ({reason or error})") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (path / LOCK_FILE).unlink()
            for folder in missing:
                folder.rmdir()  # what is still empty was made for nothing
        file.close()


def _lock(path: Path) -> IO[str]:
    """The lock's file, held and naming this process."""
    while True:
        file = (path / LOCK_FILE).open("a+")
        try:
            _hold(file)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise UserError(
                f"--train_log_dir={path}: another training (process {holder or 'unknown'}) writes there; stop it, wait "
                "for its end, or give another directory"
            ) from None
        if _is_still_there(file, path / LOCK_FILE):
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            return file
        file.close()  # the training that had it has just ended, and removed it


def _hold(file: IO[str]) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            raise BlockingIOError from error
        # else a file system that knows no locks: better to train without one than not at all


def _is_still_there(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
