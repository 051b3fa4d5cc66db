"""Files that are written whole or not at all."""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attention_ocr.errors import UserError


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to `path` when the block ends without an exception.

    The suffix is kept (`model.keras` is written as `.model-<random>.keras`), so libraries that look at it work.

    Raises:
        UserError: the folder cannot be made or written.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def digest(path: str | os.PathLike) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of a file, or of all files of a folder by name.

    Raises:
        UserError: it cannot be read.
    """
    whole = Path(path)
    found = hashlib.sha256()
    try:
        for part in sorted(whole.rglob("*")) if whole.is_dir() else [whole]:
            if part.is_file():
                found.update(part.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    return found.hexdigest()[:12]


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes `text` as UTF-8 with the line ends it has."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes `value` as indented JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_text(path: str | os.PathLike) -> str:
    """The UTF-8 text of a file; a byte order mark is dropped, line ends become a newline.

    Raises:
        UserError: there is no such file, or its bytes are not UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def read_json(path: str | os.PathLike) -> Any:
    """The value of a JSON file.

    Raises:
        UserError: the file is missing or is not JSON.
    """
    return parse_json(read_text(path), path)


def parse_json(text: str, path: str | os.PathLike, first_line: int = 1, way_out: str = "") -> Any:
    """The value of JSON.

    Args:
        text: the JSON.
        path: the file that it stands in, for messages.
        first_line: the line of that file at which it begins.
        way_out: what to do about text that is not JSON, for messages.

    Raises:
        UserError: it is not JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, why = first_line + error.lineno - 1, error.msg
        raise UserError(f"{path}:{line}: is not JSON ({why}){way_out}") from error
    except RecursionError as error:
        raise UserError(
            f"{path}:{first_line}: is not JSON that can be read (too many brackets within one another)"
        ) from error
    except ValueError as error:  # a whole number of thousands of digits
        raise UserError(f"{path}:{first_line}: is not JSON that can be read (a number is too long)") from error
