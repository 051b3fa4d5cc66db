"""Files at addresses such as `s3://bucket/a.png`, `gs://bucket/a.png` or `https://host/a.png`, read through fsspec."""

import contextlib
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from attention_ocr import extras
from attention_ocr.errors import UserError

SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
GLOB = re.compile(r"[*?\[]")


def is_address(path: str | os.PathLike) -> bool:
    """Whether a path begins with a scheme, `s3://`."""
    return isinstance(path, str) and SCHEME.match(path) is not None


def local_path(path: str | os.PathLike, flag: str) -> Path:
    """The path of a folder of this machine.

    Args:
        path: what was given.
        flag: what stood before it, `--dataset_dir=`, for the message.

    Raises:
        UserError: it is an address.
    """
    if is_address(path):
        raise UserError(
            f"{flag}{path}: is an address, and this must be a folder of this machine; copy it (aws s3 sync, gcloud "
            "storage rsync -r), or mount it (mount-s3, gcsfuse), and give the folder"
        )
    return Path(path)


def joined(root: str | os.PathLike, path: str) -> str:
    """A path below a root, both of which may be an address; a path that is one, or is absolute, has no root."""
    if is_address(path):
        return path
    return (posixpath if is_address(root) else os.path).join(root, path)


def parent(address: str) -> str:
    """The address without its last part."""
    scheme, mark, path = address.partition("://")
    return f"{scheme}{mark}{posixpath.dirname(path)}"


def read_bytes(address: str) -> bytes:
    """What is at an address.

    Raises:
        UserError: nothing is, it cannot be reached, or the package for its scheme is missing.
    """
    with _errors(address):
        files, path = _opened(address)
        return files.cat_file(path)


def fetched(address: str, folder: Path) -> Path:
    """A copy of a file in a new folder, under its own name.

    Raises:
        UserError: as `read_bytes`, or it is a folder.
    """
    with _errors(address):
        files, path = _opened(address)
        if not files.isfile(path):
            raise FileNotFoundError("no such file")
        copy = folder / posixpath.basename(address)
        with files.open(path, "rb") as there, copy.open("wb") as here:
            shutil.copyfileobj(there, here)
    return copy


@contextlib.contextmanager
def sending(address: str, last: str) -> Iterator[Path]:
    """A new folder here whose files go to an address when the block ends without an exception.

    Args:
        address: where there is nothing yet.
        last: the name of the file that goes after the others.

    Raises:
        UserError: something is there, or it cannot be written.
    """
    with _errors(address, "written"):
        files, path = _opened(address)
        if files.exists(path) and files.ls(path):
            raise UserError(f"{address}: exists and is not an empty folder; remove it or choose another")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder, posixpath.basename(path))
        with naming(here, address):
            yield here
        names = sorted((file.name for file in here.iterdir()), key=lambda name: (name == last, name))
        with _errors(address, "written"), _all_or_none(files) as targets:
            for name in names:
                targets.append(f"{path}/{name}")
                files.put_file(str(here / name), targets[-1])


@contextlib.contextmanager
def _all_or_none(files: Any) -> Iterator[list[str]]:
    """A list of files that are removed again if the block raises."""
    targets: list[str] = []
    try:
        yield targets
    except BaseException:
        for target in targets:
            with contextlib.suppress(Exception):  # the last one may not be there, or the store be out of reach
                files.rm_file(target)
        raise


def pictures(pattern: str, suffixes: Collection[str]) -> list[str]:
    """The addresses of a glob, of a folder's files with those suffixes, or of one file; none: nothing is there.

    Raises:
        UserError: it cannot be reached.
    """
    with _errors(pattern):
        files, path = _opened(pattern)
        if GLOB.search(path):
            found = [name for name in files.glob(path) if not files.isdir(name)]
        elif files.isfile(path):
            return [pattern]
        else:
            names = [entry["name"] for entry in files.ls(path, detail=True) if entry["type"] == "file"]
            found = [name for name in names if posixpath.splitext(name)[1].lower() in suffixes]
        return [files.unstrip_protocol(name) for name in sorted(found)]


@contextlib.contextmanager
def naming(copy: Path, address: str) -> Iterator[None]:
    """Errors about a copy name the address that it comes from."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace(str(copy), address)) from error


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it; fsspec keeps a process's connections."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise extras.missing(error, address) or error from None
    try:
        return fsspec.url_to_fs(address)
    except ImportError as error:  # fsspec says which package reads that scheme
        raise UserError(f"{address}: {error}; pip install 'attention-ocr[remote]' brings fsspec and s3fs") from error


@contextlib.contextmanager
def _errors(address: str, what: str = "read") -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{address}: no such file") from error
    except Exception as error:  # each scheme's package has errors of its own, which share no base
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{address}: cannot be {what} ({why.splitlines()[0]})") from error
