"""The lines of a data set on disk, so that memory does not grow with their number."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from attention_ocr.ingest.annotations import Annotation

TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE lines (split TEXT, place REAL, line TEXT);
CREATE TABLE pictures (digest INTEGER PRIMARY KEY, split TEXT, line TEXT);
"""
ROWS_AT_ONCE = 1000


class Catalog:
    """Lines by split, and which split a picture was written to; a file that is gone when the block ends.

    Args:
        path: a new file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[tuple[str, float, str]] = []
        self._database = sqlite3.connect(path)
        self._database.executescript(TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._path.unlink(missing_ok=True)

    def add(self, split: str, place: float, line: Annotation) -> None:
        """Takes in a line; `place` orders its split when that is read mixed."""
        fields = [line.paths, line.text, line.source, str(line.image_root), line.store, line.region]
        self._rows.append((split, place, json.dumps(fields)))
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush()

    def count(self, split: str) -> int:
        """How many lines a split has."""
        self._flush()
        return self._database.execute("SELECT COUNT(*) FROM lines WHERE split = ?", (split,)).fetchone()[0]

    def rows(self, split: str, mixed: bool) -> Iterator[str]:
        """A split's lines by their place if `mixed`, else as they came; each as text for `line_of`."""
        self._flush()
        order = "place, rowid" if mixed else "rowid"
        rows = self._database.execute(f"SELECT line FROM lines WHERE split = ? ORDER BY {order}", (split,))
        return (row for (row,) in rows)

    def sample(self, number: int) -> list[Annotation]:
        """Some lines of all splits, drawn by their places."""
        self._flush()
        rows = self._database.execute("SELECT line FROM lines ORDER BY place, rowid LIMIT ?", (number,))
        return [line_of(row) for (row,) in rows]

    def claim(self, digest: int, split: str, row: str) -> tuple[str, Annotation] | None:
        """Notes that a picture is in a split; returns the split and the line that have it already."""
        values = (digest, split, row)
        if self._database.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)", values).rowcount:
            return None
        query = "SELECT split, line FROM pictures WHERE digest = ?"
        first_split, first_row = self._database.execute(query, (digest,)).fetchone()
        return first_split, line_of(first_row)

    def _flush(self) -> None:
        self._database.executemany("INSERT INTO lines VALUES (?, ?, ?)", self._rows)
        self._rows.clear()


def line_of(row: str) -> Annotation:
    """The line that a row of a catalog stands for."""
    paths, text, source, image_root, store, region = json.loads(row)
    return Annotation(tuple(paths), text, source, image_root, store, tuple(region))
