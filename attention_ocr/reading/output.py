"""What is printed of readings: lines of text, a table with tabs, or JSON, one object a line."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attention_ocr.console import json_of
from attention_ocr.picture_paths import PicturePath

FORMATS = ("text", "json", "tsv")
UNSURE = "unsure"
COLUMNS = ("path", "text", "confidence", "turned", "note")


@dataclass(frozen=True)
class Row:
    """A text that was read, or why none was.

    Attributes:
        path: of the picture.
        text, confidence, turned: as a Reading's.
        error: why the picture could not be read; empty: it was.
        place: where on a page; empty: the picture is one line.
    """

    path: PicturePath
    text: str = ""
    confidence: float = 0.0
    turned: int = 0
    error: str = ""
    place: str = ""


class Output:
    """Readings as text, and how many there were.

    Args:
        name: of the format, one of FORMATS.
        least: a text with less confidence is marked as unsure.
        has_places: whether rows have a place.

    Attributes:
        read: texts so far.
        unsure: of these, those with less confidence than `least`.
        bad: pictures that could not be read.
    """

    def __init__(self, name: str, least: float = 0.0, has_places: bool = False):
        self.name, self.least, self.has_places = name, least, has_places
        self.read = self.unsure = self.bad = 0

    @property
    def heading(self) -> list[str]:
        """The lines before the first reading."""
        places = ("place",) if self.has_places else ()
        return [_tabbed((*COLUMNS, *places))] if self.name == "tsv" else []

    def lines(self, rows: Sequence[Row], values: dict[str, Any]) -> list[str]:
        """The lines of one picture.

        Args:
            rows: its texts, or one with an error.
            values: the picture and all that was read in it, for JSON.
        """
        self.bad += sum(bool(row.error) for row in rows)
        self.read += sum(not row.error for row in rows)
        self.unsure += sum(self.is_unsure(row) for row in rows)
        if self.name == "json":
            return [json_of(values | ({UNSURE: True} if any(map(self.is_unsure, rows)) else {}))]
        return [self._tsv(row) if self.name == "tsv" else self._text(row) for row in rows]

    def is_unsure(self, row: Row) -> bool:
        """Whether the row is to be put aside."""
        return not row.error and row.confidence < self.least

    @property
    def summary(self) -> str:
        """What was put aside; empty: nothing."""
        told = []
        if self.unsure:
            told.append(f"{self.unsure} of {self.read} texts have less confidence than {self.least:g}: marked {UNSURE}")
        if self.bad:
            told.append(f"{self.bad} pictures could not be read")
        return "; ".join(told)

    def _text(self, row: Row) -> str:
        mark = f"\t{UNSURE}" if self.is_unsure(row) else ""
        return f"{row.path}\t{row.text}\t{row.confidence:.4f}{mark}"

    def _tsv(self, row: Row) -> str:
        note = row.error or (UNSURE if self.is_unsure(row) else "")
        places = (row.place,) if self.has_places else ()
        return _tabbed((row.path, row.text, f"{row.confidence:.4f}", row.turned, note, *places))


def _tabbed(values: Sequence[Any]) -> str:
    """A line of a table with tabs, as spreadsheets and csv readers take it."""
    line = io.StringIO()
    csv.writer(line, "excel-tab", lineterminator="").writerow(values)
    return line.getvalue()
