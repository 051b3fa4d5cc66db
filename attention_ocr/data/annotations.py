"""Label files of the field: a line for a picture, its path and its text."""

import os
from dataclasses import dataclass
from pathlib import Path

from attention_ocr import files
from attention_ocr.errors import UserError


@dataclass(frozen=True)
class Annotation:
    """One line of a label file.

    Attributes:
        paths: the picture's path as written; of several views either one picture of them all or one each.
        text: its label, blanks at its ends dropped since no picture shows them.
        source: where it stands, `labels.tsv:17`.
        image_root: the folder that relative paths start at.
    """

    paths: tuple[str, ...]
    text: str
    source: str
    image_root: Path = Path()

    @property
    def files(self) -> tuple[Path, ...]:
        """The pictures to open."""
        return tuple(self.image_root / path for path in self.paths)


def read_annotations(
    path: str | os.PathLike, image_root: str | os.PathLike = "", num_views: int = 1
) -> list[Annotation]:
    """The lines of a label file in order.

    A line is `path<TAB>label`, or `path label` if it has no tab. The label may hold blanks, quotes and
    further tabs: all are taken as they are. Empty lines are skipped.

    Args:
        path: a UTF-8 file, with or without a byte order mark, with any line ends.
        image_root: where relative paths start; empty: the file's folder.
        num_views: V; above 1, a line may name V pictures, `left.png,right.png<TAB>label`.

    Raises:
        UserError: the file cannot be read or has no line; a line has no path, no label, or neither 1 nor V pictures.
    """
    root = Path(image_root) if image_root else Path(path).parent
    lines = files.read_text(path).replace("\r", "\n").split("\n")
    annotations = [
        _parse_line(line, f"{path}:{number}", root, num_views)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not annotations:
        raise UserError(f"{path}: has no line; write 'path<TAB>label', a line for each picture")
    return annotations


def _parse_line(line: str, source: str, image_root: Path, num_views: int) -> Annotation:
    line = line.lstrip(" ").rstrip()
    path, _, text = (part.strip() for part in line.partition("\t" if "\t" in line else " "))
    if not path:
        raise UserError(f"{source}: {text!r} has no picture before it; write 'path<TAB>label'")
    if not text:
        raise UserError(f"{source}: {path!r} has no label; write 'path<TAB>label', or remove the line")
    paths = tuple(part.strip() for part in path.split(",")) if num_views > 1 else (path,)
    if len(paths) not in (1, num_views) or not all(paths):
        raise UserError(
            f"{source}: {path!r} names {len(list(filter(None, paths)))} pictures; --num_views={num_views} takes "
            f"1 (the views side by side) or {num_views}, with a comma between them"
        )
    return Annotation(paths, text, source, image_root)
