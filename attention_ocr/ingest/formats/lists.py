"""Label files of a line a picture: lists, CSV, JSON lines and ICDAR's words."""

import csv
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.text_lines import first_lines, lines_of, numbered_lines
from attention_ocr.picture_paths import PICTURE_SUFFIXES

LINES_TO_RECOGNISE = 20
DELIMITERS = ",;\t"
# The names of columns, the surest first; they are compared in lower case, blanks and hyphens as underscores.
IMAGE_COLUMNS = (
    *("image_path", "image_file", "image_filename", "image_file_name", "image_name", "images", "image"),
    *("img_path", "img_name", "imgs", "img", "file_path", "filepath", "file_name", "filename", "files", "file"),
    *("picture", "path", "name"),
)
LABEL_COLUMNS = (
    *("text", "texts", "transcription", "transcript", "ground_truth", "groundtruth", "gt", "plate_text"),
    *("plate_number", "license_plate", "licence_plate", "plate", "plates", "words", "word", "caption", "identity"),
    *("labels", "label"),
)
SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted(PICTURE_SUFFIXES))
ENDS_AS_PICTURE = re.compile(rf"(?:{SUFFIXES})$", re.IGNORECASE)
PATH_IN_QUOTES = re.compile(r"""(["'])(.+?)\1(?=\s|$)""")
PATH_BY_SUFFIX = re.compile(rf".*?(?:{SUFFIXES})(?=\s|$)", re.IGNORECASE)
ICDAR_LINE = re.compile(rf'[^,\t]+(?:{SUFFIXES})\s*,\s*".*"\s*', re.IGNORECASE)


def is_list(path: Path) -> bool:
    """Whether it can be a list, which any text file can."""
    return path.is_file() and path.suffix.lower() not in {*PICTURE_SUFFIXES, ".json"}


def read_list(source: LabelSource) -> Iterator[Annotation]:
    """The lines `path<TAB>label` or `path label`; the label is all the rest, as it is.

    Raises:
        UserError: the file cannot be read, or a line has no path or no label.
    """
    for number, line in numbered_lines(source.path):
        path, label = path_and_rest(line)
        yield annotation(source, path, label, f"{source.path}:{number}")


def path_and_rest(line: str) -> tuple[str, str]:
    """A line cut after its path: at the first tab, else at the blank after a quoted path or a picture's suffix.

    Where there is neither it is cut at the first blank.
    """
    path, tab, rest = line.partition("\t")
    if tab:
        return path, rest
    line = line.strip()
    if match := PATH_IN_QUOTES.match(line):
        return match[2], line[match.end() :]
    if match := PATH_BY_SUFFIX.match(line):
        return match[0], line[match.end() :]
    path, *others = line.split(maxsplit=1)
    return path, "".join(others)


def is_icdar_words(path: Path) -> bool:
    """Whether the first lines are `word_1.png, "Text"`."""
    if path.suffix.lower() == ".csv" or not path.is_file():
        return False
    lines = first_lines(path, LINES_TO_RECOGNISE)
    return bool(lines) and all(ICDAR_LINE.fullmatch(line) for line in lines)


def read_icdar_words(source: LabelSource) -> Iterator[Annotation]:
    r"""The lines `word_1.png, "Text"`, in whose text `\"` is a quote and `\\` a backslash.

    Raises:
        UserError: the file cannot be read, or a line has no path or no label.
    """
    for number, line in numbered_lines(source.path):
        path, _, text = line.partition(",")
        yield annotation(source, (path.strip(),), unescaped(text.strip()), f"{source.path}:{number}")


def unescaped(text: str) -> str:
    r"""`"a \"b\""` -> `a "b"`; what has no quotes around it stays as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def is_csv(path: Path) -> bool:
    """Whether it is named .csv or begins with a line of known columns."""
    if not path.is_file():
        return False
    return path.suffix.lower() == ".csv" or any(
        _is_known_header(_fields(line, delimiter)) for line in first_lines(path) for delimiter in ",;"
    )


def read_csv(source: LabelSource) -> Iterator[Annotation]:
    """The rows of a CSV file: the columns asked for or known by name; without a header the first and the second.

    Raises:
        UserError: the file cannot be read or is not CSV, a column is not there, or a row has too many fields, no
            path or no label.
    """
    rows = _csv_rows(source)
    width = 0
    image_fields, label_field = [0], 1
    for where, row in rows:
        if not width:
            width = len(row)
            if _has_header(row, source.config):
                images, label = _columns(row, source.config, where)
                image_fields, label_field = [row.index(name) for name in images], row.index(label)
                continue
        if len(row) > width and any(row[width:]):
            raise UserError(
                f"{where}: has {len(row)} fields, the first row {width}; put a label that holds the delimiter in quotes"
            )
        cells = [row[field].strip() if field < len(row) else "" for field in image_fields]
        text = row[label_field] if label_field < len(row) else ""
        yield annotation(source, cells[0] if len(cells) == 1 else tuple(cells), text, where)


def is_jsonl(path: Path) -> bool:
    """Whether it is named .jsonl or .ndjson, or its first line is a JSON object of a picture, not one of regions."""
    if not path.is_file():
        return False
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return True
    line = next(iter(first_lines(path)), "")
    if not line.lstrip().startswith("{"):
        return False
    try:
        values = json.loads(line).values()
    except json.JSONDecodeError:
        return False
    return bool(values) and not any(
        isinstance(value, list) and value and isinstance(value[0], dict) for value in values
    )


def read_jsonl(source: LabelSource) -> Iterator[Annotation]:
    """The lines, each a JSON object with a picture's path (or a list of those of its views) and a label.

    Raises:
        UserError: the file cannot be read, a line is not such an object, or a key is not there.
    """
    keys: list[str] = []
    for number, line in numbered_lines(source.path):
        where = f"{source.path}:{number}"
        values = _json_object(line, where)
        if list(values) != keys:
            keys = list(values)
            images, label = _columns(keys, source.config, where)
        paths: list[str] = []
        for name in images:
            value = values[name]
            paths += [_text_of(part, name, where) for part in (value if isinstance(value, list) else [value])]
        text = _text_of(values[label], label, where)
        yield annotation(source, paths[0] if len(paths) == 1 else tuple(paths), text, where)


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: is not JSON ({error.msg}); write an object a line") from error
    if not isinstance(values, dict):
        raise UserError(f'{where}: is not a JSON object; write {{"image": "a.png", "text": "label"}}')
    return values


def _text_of(value: Any, name: str, where: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{where}: {name!r} is {value!r}; write a string")


def _csv_rows(source: LabelSource) -> Iterator[tuple[str, list[str]]]:
    """The rows that are not empty, each with the `file:line` it begins at."""
    delimiter = _delimiter(source)
    reader = csv.reader(lines_of(source.path), delimiter=delimiter, skipinitialspace=True, strict=True)
    number = 1
    try:
        for row in reader:
            if any(row):
                yield f"{source.path}:{number}", row
            number = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{source.path}:{number}: is not CSV ({error}); close quotes, and write one inside a quoted field twice"
        ) from error


def _delimiter(source: LabelSource) -> str:
    """The delimiter whose first row has the columns; without a header the one that ends a path, the earliest."""
    first = next(iter(first_lines(source.path)), "")
    rows = {delimiter: _fields(first, delimiter) for delimiter in DELIMITERS}
    wanted = {_normal(name) for name in (*source.config.image_column.split(","), source.config.label_column) if name}
    for delimiter, row in rows.items():
        if (wanted and wanted <= {_normal(name) for name in row}) or (not wanted and _is_known_header(row)):
            return delimiter
    split = [delimiter for delimiter, row in rows.items() if len(row) > 1]
    return min(split, key=lambda key: (not ENDS_AS_PICTURE.search(rows[key][0]), len(rows[key][0])), default=",")


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []


def _is_known_header(names: Sequence[str]) -> bool:
    return bool(_known(names, IMAGE_COLUMNS) and _known(names, LABEL_COLUMNS))


def _has_header(names: Sequence[str], config: AnnotationConfig) -> bool:
    if config.image_column or config.label_column:
        return True
    is_named = _known(names, IMAGE_COLUMNS) or _known(names, LABEL_COLUMNS)
    return bool(is_named) and not any(ENDS_AS_PICTURE.search(name.strip()) for name in names)


def _columns(names: list[str], config: AnnotationConfig, where: str) -> tuple[list[str], str]:
    """The names, as the file writes them, of the columns of the pictures and of the label."""
    wanted = [config.image_column] if config.image_column in names else config.image_column.split(",")
    images = [_column(names, name, IMAGE_COLUMNS, "image_column", where) for name in wanted]
    return images, _column(names, config.label_column, LABEL_COLUMNS, "label_column", where)


def _column(names: list[str], wanted: str, known: Sequence[str], knob: str, where: str) -> str:
    if wanted in names:
        return wanted
    found = _known(names, [_normal(wanted)] if wanted else known)
    if found:
        return found
    there = ", ".join(names)
    if wanted:
        raise UserError(f"{where}: --{knob}={wanted.strip()} is not one of its columns: {there}")
    raise UserError(f"{where}: none of its columns is known as {knob}; name it with --{knob} (one of {there})")


def _known(names: Sequence[str], known: Sequence[str]) -> str:
    """The name that is first among the known ones, as the file writes it; empty: none."""
    there = {_normal(name): name for name in reversed(names)}
    return next((there[name] for name in known if name in there), "")


def _normal(name: str | os.PathLike) -> str:
    return re.sub(r"[\s-]+", "_", str(name).strip().lower())
