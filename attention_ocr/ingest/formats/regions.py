"""Label files of scene text: a text file of x,y,...,transcription lines for each picture (ICDAR, RCTW-17)."""

import re
from collections.abc import Iterator
from pathlib import Path

from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.lists import SCRIPT_AND_TEXT, unescaped
from attention_ocr.ingest.formats.photographs import UNREADABLE, corners_of_box, files_in, picture_of
from attention_ocr.ingest.formats.text_lines import first_lines, numbered_lines

FILES_TO_RECOGNISE = 20
NUMBER = r"\s*([+-]?\d+(?:\.\d*)?)\s*"
CORNERS_LINE = re.compile(",".join([NUMBER] * 8) + ",(.*)")
BOX_LINE = re.compile(",".join([NUMBER] * 4) + ",(.*)")
BLANKS_BOX_LINE = re.compile(r"\s*" + r"\s+".join([NUMBER.replace(r"\s*", "")] * 4) + r"\s+(.*)")
MORE_NUMBERS = re.compile(rf"{NUMBER}(?:,{NUMBER})+(?:,.*)?")  # of which a box has four
MORE_POINTS = re.compile(rf"{NUMBER}(?:,{NUMBER}){{3,}}(?:,.*)?")
DIFFICULT_AND_TEXT = re.compile(r'\s*([01])\s*,\s*(".*")\s*')  # RCTW-17


def is_text(path: Path) -> bool:
    """Whether most of a folder's first text files begin with a region."""
    if not path.is_dir():
        return False
    firsts = [line for file in files_in(path, ".txt")[:FILES_TO_RECOGNISE] for line in first_lines(file)]
    return 2 * sum(map(is_region_line, firsts)) > len(firsts)


def is_region_line(line: str) -> bool:
    """Whether a line begins with a region's corners; four numbers set apart by blanks need a text in quotes."""
    blanks = BLANKS_BOX_LINE.fullmatch(line)
    return bool(CORNERS_LINE.fullmatch(line) or BOX_LINE.fullmatch(line) or (blanks and blanks[5].startswith('"')))


def read_text(source: LabelSource) -> Iterator[Annotation]:
    """The regions of a folder's text files, `gt_img_1.txt` or `img_1.txt` for `img_1.jpg`.

    Raises:
        UserError: a file cannot be read, or a line of it is no region.
    """
    for file in files_in(Path(source.path), ".txt"):
        picture = picture_of(source.image_root, file.stem.removeprefix("gt_"), file.stem)
        for number, line in numbered_lines(file):
            where = f"{file}:{number}"
            corners, text, is_difficult = _region_and_text(line, where)
            ignored = UNREADABLE if is_difficult or text.strip() in ("", "###") else ""
            yield annotation(source, (picture,), text, where, corners, ignored)


def _region_and_text(line: str, where: str) -> tuple[tuple[float, ...], str, bool]:
    """A line's corners and text, and whether it is marked as difficult."""
    match = CORNERS_LINE.fullmatch(line)
    if match and not MORE_POINTS.fullmatch(match[9]):
        *numbers, text = match.groups()
        if marked := DIFFICULT_AND_TEXT.fullmatch(text):
            return tuple(map(float, numbers)), unescaped(marked[2]), marked[1] == "1"
        script = SCRIPT_AND_TEXT.fullmatch(text)
        return tuple(map(float, numbers)), script[1] if script else text, False
    match = BOX_LINE.fullmatch(line) or BLANKS_BOX_LINE.fullmatch(line)
    if match and not MORE_NUMBERS.fullmatch(match[5]):
        left, top, right, bottom = map(float, match.groups()[:4])
        return corners_of_box(left, top, right, bottom), unescaped(match[5].strip()), False
    raise UserError(
        f'{where}: {line!r} is no region; write x1,y1,x2,y2,x3,y3,x4,y4,transcription or xmin,ymin,xmax,ymax,"text"'
    )
