"""What holds a picture's bytes: a file, an LMDB, a record. No TensorFlow."""

import contextlib
import functools
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attention_ocr import addresses, extras
from attention_ocr.config import MAX_PIXELS
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.records import examples, framing, pictures

RECORD_MARK = "@"
IN_RECORDS = RECORDS, PADDED_RECORDS = "records", "padded records"  # the latter tell what of a picture is padding


def read_bytes(line: Annotation, path: str, max_pixels: int = MAX_PIXELS) -> bytes:
    """The encoded picture at one of a line's paths.

    Args:
        line: the line.
        path: one of its paths.
        max_pixels: pixels of a picture that may be decoded to cut its padding off.

    Raises:
        UserError: there is none.
    """
    return STORES[line.store](line, path, max_pixels)


def is_there(line: Annotation) -> bool:
    """Whether a line's pictures can be expected to be found; only files are looked for, and not at addresses."""
    return line.store != "files" or all(_is_file(_file_name(line, path)) for path in line.paths if path)


def record_path(file_name: str, offset: int) -> str:
    """How a line names a record: its file and the byte it begins at."""
    return f"{file_name}{RECORD_MARK}{offset}"


@contextlib.contextmanager
def lmdb_values(folder: str | os.PathLike) -> Iterator[Callable[[bytes], bytes | None]]:
    """A function from a key of a folder's LMDB to its value.

    Raises:
        UserError: the package lmdb is not there, or the folder is no LMDB or a damaged one.
    """
    opened = environment(folder)
    import lmdb

    try:
        with opened.begin() as transaction:
            yield lambda key: transaction.get(key)
    except lmdb.Error as error:
        raise UserError(f"{folder}: cannot be read as an LMDB ({error})") from error


def environment(folder: str | os.PathLike) -> Any:
    """The LMDB of a folder to read from; asked for again it is the same, since a process may open one only once.

    Raises:
        UserError: the package lmdb is not there, or the folder is no LMDB.
    """
    return _opened(os.path.realpath(folder))


@functools.lru_cache(maxsize=4)
def _opened(folder: str) -> Any:
    try:
        import lmdb
    except ModuleNotFoundError as error:
        raise extras.missing(error, folder) or error from None
    try:
        return lmdb.open(folder, readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise UserError(f"{folder}: cannot be opened as an LMDB ({error})") from error


def _file(line: Annotation, path: str, max_pixels: int) -> bytes:
    del max_pixels
    name = _file_name(line, path)
    if addresses.is_address(name):
        return addresses.read_bytes(name)
    try:
        with open(name, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError as error:
        raise UserError(f"{name}: cannot be read ({error.strerror or error})") from error


def _file_name(line: Annotation, path: str) -> str:
    """Without a Path object, which would take as long as the rest of a look at a file."""
    return addresses.joined(line.image_root, path)


def _is_file(name: str) -> bool:
    return addresses.is_address(name) or os.path.isfile(name)  # noqa: PTH113


def _lmdb_value(line: Annotation, path: str, max_pixels: int) -> bytes:
    del max_pixels
    with lmdb_values(line.image_root) as value_of:
        value = value_of(path.encode())
    if value is None:
        raise UserError(f"{line.image_root}: has no key {path}")
    return bytes(value)


def _record(line: Annotation, path: str) -> dict[str, list]:
    file_name, _, offset = path.rpartition(RECORD_MARK)
    return examples.values_of(framing.read_record_at(Path(line.image_root, file_name), int(offset)))


def _record_picture(line: Annotation, path: str, max_pixels: int) -> bytes:
    del max_pixels
    return _record(line, path)["image/encoded"][0]


def _record_picture_alone(line: Annotation, path: str, max_pixels: int) -> bytes:
    """The part of a record's picture that is not padding: its first columns, of the rows those in the middle."""
    values = _record(line, path)
    encoded = values["image/encoded"][0]
    picture = pictures.open_image(encoded, path, max_pixels)
    width = min(_whole_number(values, "image/orig_width", picture.width), picture.width)
    height = min(_whole_number(values, "image/orig_height", picture.height), picture.height)
    if min(width, height) < 1 or (width, height) == picture.size:
        return encoded
    top, file = (picture.height - height) // 2, io.BytesIO()
    picture.crop((0, top, width, top + height)).save(file, "PNG")
    return file.getvalue()


def _whole_number(values: dict[str, list], key: str, otherwise: int) -> int:
    """The value of a record's key, or another one where it has none or is no whole number."""
    value = next(iter(values.get(key, [])), None)
    return value if isinstance(value, int) else otherwise


STORES: dict[str, Callable[[Annotation, str, int], bytes]] = {
    "files": _file,
    "lmdb": _lmdb_value,
    RECORDS: _record_picture,
    PADDED_RECORDS: _record_picture_alone,
}
