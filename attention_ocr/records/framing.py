"""TFRecord files read record by record with their checksums, going on after a damaged one. No TensorFlow."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from attention_ocr.errors import UserError

LENGTH_BYTES, CHECKSUM_BYTES = 8, 4
MASK_DELTA = 0xA282EAD8
FRAMING_BYTES = LENGTH_BYTES + 2 * CHECKSUM_BYTES


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record of a file.

    Attributes:
        number: its place in the file, from 0.
        offset: where it begins in bytes.
        data: its bytes; if it is damaged, those that could be read.
        fault: what is wrong with it; empty: nothing.
    """

    number: int
    offset: int
    data: bytes
    fault: str = ""


def read_records(path: str | os.PathLike) -> Iterator[RawRecord]:
    """The records of a file in order, damaged ones with their fault.

    A record whose bytes are damaged does not hide the next one. After a damaged length, or where the file ends too
    early, nothing more can be found: that fault is the last item.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            number = 0
            while file.tell() < size:
                record = _next_record(file, number, size)
                yield record
                if file.tell() < record.offset + FRAMING_BYTES:  # only its header was read
                    return
                number += 1
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def record_spans(path: str | os.PathLike) -> Iterator[tuple[int, int]]:
    """Where each whole record of a file begins and how long its bytes are, found without reading them or a checksum.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            size, offset = os.fstat(file.fileno()).st_size, 0
            while offset + FRAMING_BYTES <= size:
                (length,) = struct.unpack("<Q", file.read(LENGTH_BYTES))
                if offset + FRAMING_BYTES + length > size:
                    return
                yield offset, length
                offset += FRAMING_BYTES + length
                file.seek(offset)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_record_at(path: str | os.PathLike, offset: int) -> bytes:
    """The bytes of the record that begins at `offset`.

    Raises:
        UserError: the file cannot be read, or the record there is damaged.
    """
    try:
        with Path(path).open("rb") as file:
            file.seek(offset)
            record = _next_record(file, 0, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    if record.fault:
        raise UserError(f"{path}: the record at byte {offset}: {record.fault}")
    return record.data


def framed(data: bytes) -> bytes:
    """A record as a file holds it: length, its checksum, the bytes, their checksum."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _next_record(file, number: int, size: int) -> RawRecord:
    offset = file.tell()
    header = file.read(LENGTH_BYTES + CHECKSUM_BYTES)
    left = size - offset - FRAMING_BYTES
    if left < 0:
        return RawRecord(number, offset, b"", f"the file ends within it ({len(header)} bytes of its header are there)")
    length_bytes = header[:LENGTH_BYTES]
    if _checksum(length_bytes) != header[LENGTH_BYTES:]:
        return RawRecord(number, offset, b"", "the checksum of its length is wrong; what follows cannot be found")
    (length,) = struct.unpack("<Q", length_bytes)
    if length > left:
        return RawRecord(number, offset, b"", f"the file ends within it ({left} of {length} bytes are there)")
    data = file.read(length)
    is_right = _checksum(data) == file.read(CHECKSUM_BYTES)
    return RawRecord(number, offset, data, "" if is_right else "its checksum is wrong: bytes have changed")


def _checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    masked = ((crc >> 15) | (crc << 17)) + MASK_DELTA
    return struct.pack("<I", masked & 0xFFFFFFFF)
