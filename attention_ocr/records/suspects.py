"""Lists of records whose labels are probably wrong: evaluating writes them, validating a data set reads them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from attention_ocr import files
from attention_ocr.errors import UserError


@dataclass(frozen=True)
class Suspect:
    """A record whose label differs from what a reader is sure to see.

    Attributes:
        record: its name, `shard:number`.
        truth: its label.
        read: what is read.
        confidence: of the reading, in [0, 1].
        dataset: the folder of records it is of; empty: that which is asked about.
    """

    record: str
    truth: str
    read: str
    confidence: float
    dataset: str = ""


COLUMNS = [field.name for field in fields(Suspect)]


def write(path: Path, suspects: Sequence[Suspect]) -> None:
    """Writes a list as tab-separated lines with a heading."""
    text = io.StringIO()
    table = csv.writer(text, "excel-tab", lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(astuple(suspect) for suspect in suspects)
    files.write_text(path, text.getvalue())


def read(path: str, dataset_dir: str) -> dict[str, Suspect]:
    """The suspects of a folder of records in a list, by record.

    Raises:
        UserError: the file is missing, or is another table.
    """
    rows = csv.DictReader(io.StringIO(files.read_text(path), newline=""), dialect="excel-tab")
    if rows.fieldnames != COLUMNS:
        raise UserError(f"--suspects={path}: is no list that `attention-ocr eval --suspects` writes")
    found = {}
    for row in rows:
        try:
            suspect = Suspect(**{**row, "confidence": float(row["confidence"])})  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise UserError(f"{path}:{rows.line_num}: is no line of a list of suspects; write the list anew") from error
        if not suspect.dataset or Path(suspect.dataset).resolve() == Path(dataset_dir).resolve():
            found[suspect.record] = suspect
    return found
