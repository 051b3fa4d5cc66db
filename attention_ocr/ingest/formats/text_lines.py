"""The lines of label files as a stream: UTF-8 with or without a byte order mark, ended by LF, CRLF or CR."""

import os
from collections.abc import Iterator
from pathlib import Path

from attention_ocr.errors import UserError

MOST_CHARACTERS = 1 << 20  # of a line that is looked at to recognise a format


def lines_of(path: str | os.PathLike) -> Iterator[str]:
    """The lines of a file, each with a newline at its end, read as they are asked for.

    Raises:
        UserError: the file cannot be read, or its bytes are not UTF-8.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline=None) as file:
            yield from file
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{_first_wrong_line(path)}: is not UTF-8; save it as UTF-8") from error


def numbered_lines(path: str | os.PathLike) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, without their ends, with their numbers from 1.

    Raises:
        UserError: the file cannot be read, or its bytes are not UTF-8.
    """
    for number, line in enumerate(lines_of(path), start=1):
        if not line.isspace():
            yield number, line.removesuffix("\n")


def first_lines(path: str | os.PathLike, count: int = 1) -> list[str]:
    """Up to `count` first lines that are not blank, without their ends; none of what is not UTF-8 or no file."""
    found: list[str] = []
    try:
        with Path(path).open(encoding="utf-8-sig", newline=None) as file:
            while len(found) < count and (line := file.readline(MOST_CHARACTERS)):
                if not line.isspace():
                    found.append(line.removesuffix("\n"))
    except (OSError, UnicodeDecodeError):
        return []
    return found


def beginning(path: Path) -> str:
    """The first mebibyte of a file; what is not UTF-8 is replaced."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_CHARACTERS).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def _first_wrong_line(path: str | os.PathLike) -> str:
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"{path}:{number}"
    return str(path)
