"""Tables of a picture a row: CSV, and the same with semicolons or tabs, with a heading or without."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats import columns
from attention_ocr.ingest.formats.lists import ENDS_AS_PICTURE
from attention_ocr.ingest.formats.text_lines import first_lines, lines_of

DELIMITERS = ",;\t"
TO_THE_END = "label to the end of its line"  # notes
AS_IT_STANDS = "label with its quotes"


@dataclass(frozen=True)
class _Columns:
    """Where a table has what: how many columns, those of the pictures, that of the label."""

    width: int
    images: list[int]
    label: int

    @property
    def is_picture_and_rest(self) -> bool:
        """Whether a row is a picture and, to its end, a label, so that a delimiter within the label does no harm."""
        return (self.width, self.images, self.label) == (2, [0], 1)


def is_csv(path: Path) -> bool:
    """Whether it is named .csv or begins with a line of known columns."""
    if not path.is_file():
        return False
    return path.suffix.lower() == ".csv" or any(
        columns.has_known(_fields(line, delimiter)) for line in first_lines(path) for delimiter in DELIMITERS
    )


def read_csv(source: LabelSource) -> Iterator[Annotation]:
    """The rows of a table: the columns asked for or known by name; without a heading the picture and the label.

    A row that is not CSV, because a label has quotes or the delimiter and no quotes around it, is still read where it
    can mean one thing only.

    Raises:
        UserError: the file cannot be read or is not CSV, a column is not there, it has neither a heading nor two
            columns, or a row has too many fields or no path.
    """
    delimiter = _delimiter(source)
    table = None
    for number, row, line in _rows(lines_of(source.path), delimiter):
        where = f"{source.path}:{number}"
        if not isinstance(row, csv.Error) and not any(row):
            continue
        if table is None:
            first = _fields(line, delimiter) if isinstance(row, csv.Error) else row
            table, is_heading = _table(first, source.config, where)
            if is_heading:
                continue
        cells, note = _cells(row, line, delimiter, table, where)
        paths = [cells[field].strip() if field < len(cells) else "" for field in table.images]
        text = cells[table.label] if table.label < len(cells) else ""
        yield annotation(source, paths[0] if len(paths) == 1 else tuple(paths), text, where, note=note)


def _table(first: list[str], config: AnnotationConfig, where: str) -> tuple[_Columns, bool]:
    """What the first row says of the columns, and whether it is a heading."""
    if _is_heading(first, config):
        images, label = columns.columns_of(first, config, where)
        return _Columns(len(first), [first.index(name) for name in images], first.index(label)), True
    used = max((place for place, cell in enumerate(first, start=1) if cell), default=0)
    if used > 2:
        raise UserError(
            f"{where}: has {used} fields, and no heading says which is the label; write one above it, such as "
            "image,text, or put a label that holds the delimiter in quotes"
        )
    return _Columns(2, [0], 1), False


def _is_heading(names: list[str], config: AnnotationConfig) -> bool:
    if config.image_column or config.label_column:
        return True
    return columns.has_any_known(names) and not any(ENDS_AS_PICTURE.search(name.strip()) for name in names)


def _cells(row: list[str] | csv.Error, line: str, delimiter: str, table: _Columns, where: str) -> tuple[list[str], str]:
    """A row's cells, and what to note about them; one that is not CSV is cut as the table allows."""
    if not isinstance(row, csv.Error) and not any(row[table.width :]):
        return row, ""
    line = line.removesuffix("\n")
    if table.is_picture_and_rest:
        first, _, rest = line.partition(delimiter)
        if not first.lstrip().startswith('"'):  # else the delimiter may be in the picture's name
            return [first, rest], TO_THE_END
    if not isinstance(row, csv.Error):
        raise UserError(
            f"{where}: has {len(row)} fields, the first row {table.width}; put a label that holds the delimiter in "
            "quotes"
        )
    cells = line.split(delimiter)
    if len(cells) == table.width:
        return cells, AS_IT_STANDS
    raise UserError(f"{where}: is not CSV ({row}); close quotes, and write one inside a quoted field twice") from row


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | csv.Error, str]]:
    """Each row with the number of its first line and that line; an error instead of a row that is not CSV.

    After such a row, whose quotes may have taken in lines of others, the next line is read.
    """
    ahead: deque[str] = deque()
    number = 1
    while True:
        taken: list[str] = []
        reader = csv.reader(_taking(ahead, lines, taken), delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            row: list[str] | csv.Error = next(reader, [])
        except csv.Error as error:
            row = error
            ahead.extendleft(reversed(taken[1:]))
            del taken[1:]
        if not taken:
            return
        yield number, row, taken[0]
        number += len(taken)


def _taking(ahead: deque[str], lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    """The lines read ahead, then those to come, each noted in `taken`."""
    while True:
        line = ahead.popleft() if ahead else next(lines, "")
        if not line:
            return
        taken.append(line)
        yield line


def _delimiter(source: LabelSource) -> str:
    """The delimiter whose first row has the columns; without a heading the one that ends a path, the earliest."""
    first = next(iter(first_lines(source.path)), "")
    rows = {delimiter: _fields(first, delimiter) for delimiter in DELIMITERS}
    are_wanted = bool(source.config.image_column or source.config.label_column)
    for delimiter, row in rows.items():
        if columns.has_wanted(row, source.config) if are_wanted else columns.has_known(row):
            return delimiter
    split = [delimiter for delimiter, row in rows.items() if len(row) > 1]
    return min(split, key=lambda key: (not ENDS_AS_PICTURE.search(rows[key][0]), len(rows[key][0])), default=",")


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
