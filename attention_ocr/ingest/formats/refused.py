"""Label files that are known and not read: each by its name, with what can be given instead."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from attention_ocr.ingest.formats.json_labels import DOCTR_KEY
from attention_ocr.ingest.formats.photographs import files_in
from attention_ocr.ingest.formats.text_lines import beginning, first_lines

TOTAL_TEXT = re.compile(r"\s*x: \[\[.*")
CTW1500 = re.compile(r"(?:-?\d+,){8,}####.*")
DOCTR_DETECTION = re.compile(DOCTR_KEY + r"\{")
AS_ART = 'write ArT\'s JSON, {"gt_img1": [{"transcription": "text", "points": [[x, y], ...]}]}'


def refusal(path: Path) -> str:
    """Why a file or folder of a known format is not read; empty: it is of none of these."""
    return next((f"{name} is not supported; {way_out}" for name, is_of, way_out in KNOWN if is_of(path)), "")


def _has_first_line(pattern: re.Pattern) -> Callable[[Path], bool]:
    """Whether the first line of a file, or of the first text file of a folder, is of a pattern."""

    def is_of(path: Path) -> bool:
        file = next(iter(files_in(path, ".txt")), None) if path.is_dir() else path
        return file is not None and any(pattern.fullmatch(line) for line in first_lines(file))

    return is_of


def _is_ctw_xml(path: Path) -> bool:
    file = next(iter(files_in(path, ".xml")), None) if path.is_dir() else path
    if file is None or file.suffix.lower() != ".xml":
        return False
    try:
        root = ElementTree.parse(file).getroot()
    except (ElementTree.ParseError, OSError, LookupError, ValueError):
        return False
    return root.tag == "Annotations" and root.find("image/box") is not None


def _is_doctr_detection(path: Path) -> bool:
    return path.is_file() and bool(DOCTR_DETECTION.match(beginning(path)))


KNOWN: tuple[tuple[str, Callable[[Path], bool], str], ...] = (
    ("Total-Text", _has_first_line(TOTAL_TEXT), AS_ART),
    ("CTW1500", _has_first_line(CTW1500), AS_ART),
    ("CTW1500", _is_ctw_xml, AS_ART),
    ("docTR's labels for detection", _is_doctr_detection, 'write {"a.png": "text"} for pictures of one text'),
)
