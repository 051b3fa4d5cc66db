"""IAM's words.txt and lines.txt: handwriting, its picture named by an id, its text after eight fields."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.text_lines import first_lines, numbered_lines

LINES_TO_RECOGNISE = 50  # its heading has about twenty
# The id of writer, form, line and, of a word, its number; whether it was cut out well; six fields; the text.
LINE = re.compile(r"((\w+)-(\w+)-\d+(-\d+)?) (ok|err)(?: \S+){6}(?: (.*))?")
BADLY_CUT = "marked as err: badly cut out"


def is_iam(path: Path) -> bool:
    """Whether the first lines that are no comments are of words.txt or lines.txt."""
    lines = first_lines(path, LINES_TO_RECOGNISE) if path.is_file() else []
    lines = [line for line in lines if not line.startswith("#")]
    return bool(lines) and all(LINE.fullmatch(line) for line in lines)


def read_iam(source: LabelSource) -> Iterator[Annotation]:
    """The words or lines; `|` between the words of a text becomes a blank.

    A word marked `err` is left out, for its picture may show more or less than it. A line so marked is used: its words
    could not be told apart, the line itself is whole.

    Raises:
        UserError: the file cannot be read, or a line of it is not IAM's.
    """
    prefix = None
    for number, line in numbered_lines(source.path):
        if line.startswith("#"):
            continue
        where = f"{source.path}:{number}"
        match = LINE.fullmatch(line)
        if not match:
            raise UserError(
                f"{where}: {line!r:.100} is no line of IAM's words.txt or lines.txt; write an id such as "
                "a01-000u-00-00, ok or err, six more fields, and the text"
            )
        name, writer, form, word, result, text = match.groups("")
        path = f"{writer}/{writer}-{form}/{name}.png"
        if prefix is None:
            prefix = _prefix(source.image_root, "words" if word else "lines", path)
        ignored = BADLY_CUT if word and result == "err" else ""
        yield annotation(source, (prefix + path,), text.replace("|", " "), where, ignored=ignored)


def _prefix(root: str, folder: str, path: str) -> str:
    """Where the pictures are: in a folder `words` or `lines`, beside the file or one above, or in its own folder."""
    found = (f"{folder}/", f"../{folder}/", "")
    return next((each for each in found if os.path.isfile(os.path.join(root, each + path))), found[0])  # noqa: PTH113, PTH118
