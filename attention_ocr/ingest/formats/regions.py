"""Label files of scene text: polygons with transcriptions, as JSON (ArT, LSVT, ReCTS) or as text (ICDAR, RCTW-17)."""

import dataclasses
import itertools
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.lists import unescaped
from attention_ocr.ingest.formats.text_lines import MOST_CHARACTERS, first_lines, numbered_lines
from attention_ocr.picture_paths import PICTURE_SUFFIXES

FILES_TO_RECOGNISE = 20
UNREADABLE = "marked as not readable"
# The commonest first, as pictures are looked for in this order.
SUFFIXES = (".jpg", ".png", ".jpeg", *sorted(PICTURE_SUFFIXES - {".jpg", ".png", ".jpeg"}))
ART_BEGINNING = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\[\s*[{\]]')
NUMBER = r"\s*([+-]?\d+(?:\.\d*)?)\s*"
CORNERS_LINE = re.compile(",".join([NUMBER] * 8) + ",(.*)")
BOX_LINE = re.compile(",".join([NUMBER] * 4) + ",(.*)")
BLANKS_BOX_LINE = re.compile(r"\s*" + r"\s+".join([NUMBER.replace(r"\s*", "")] * 4) + r"\s+(.*)")
MORE_NUMBERS = re.compile(rf"{NUMBER}(?:,{NUMBER})+(?:,.*)?")  # of which a box has four
MORE_POINTS = re.compile(rf"{NUMBER}(?:,{NUMBER}){{3,}}(?:,.*)?")
DIFFICULT_AND_TEXT = re.compile(r'\s*([01])\s*,\s*(".*")\s*')  # RCTW-17
SCRIPT_AND_TEXT = re.compile(r"(?:Arabic|Latin|Chinese|Japanese|Korean|Bangla|Hindi|Symbols|Mixed|None),(.*)")  # MLT


def is_json(path: Path) -> bool:
    """Whether a file is of ArT and LSVT, or a folder of ReCTS' JSON files."""
    if path.is_dir():
        first = next(iter(_files_in(path, ".json")), None)
        if first is None:
            return False
        try:
            values = files.read_json(first)
        except UserError:
            return False
        return isinstance(values, dict) and isinstance(values.get("lines"), list)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        beginning = file.read(MOST_CHARACTERS).decode("utf-8-sig", errors="replace")
    return bool(ART_BEGINNING.match(beginning)) and '"transcription"' in beginning and '"points"' in beginning


def read_json(source: LabelSource) -> Iterator[Annotation]:
    """The regions of ArT's or LSVT's file, or of a folder of ReCTS' files.

    Raises:
        UserError: a file cannot be read or is not JSON, or a region is not as it should be.
    """
    if Path(source.path).is_dir():
        yield from _read_rects(source)
    else:
        yield from _read_art(source)


def is_text(path: Path) -> bool:
    """Whether most of a folder's first text files begin with a region."""
    if not path.is_dir():
        return False
    firsts = [line for file in _files_in(path, ".txt")[:FILES_TO_RECOGNISE] for line in first_lines(file)]
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
    for file in _files_in(Path(source.path), ".txt"):
        picture = _picture_of(source.image_root, file.stem.removeprefix("gt_"), file.stem)
        for number, line in numbered_lines(file):
            where = f"{file}:{number}"
            corners, text, is_difficult = _region_and_text(line, where)
            ignored = UNREADABLE if is_difficult or text.strip() in ("", "###") else ""
            yield annotation(source, (picture,), text, where, corners, ignored)


def corners_of(points: Any, where: str) -> tuple[float, ...]:
    """A polygon x, y, x, y, ... of points [[x, y], ...] or [x, y, x, y, ...].

    Raises:
        UserError: they are not numbers, or not three points at least.
    """
    values = points if isinstance(points, list) else [points]
    if values and all(isinstance(point, list) and len(point) == 2 for point in values):
        values = list(itertools.chain.from_iterable(values))
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not are_numbers or not all(map(math.isfinite, values)):
        raise UserError(f"{where}: the points {points!r} are not numbers; write [[x, y], ...] or [x, y, x, y, ...]")
    if len(values) % 2 or len(values) < 6:
        raise UserError(f"{where}: the points {points!r} are {len(values)} numbers; write x and y of 3 points or more")
    return tuple(map(float, values))


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
        return (left, top, right, top, right, bottom, left, bottom), unescaped(match[5].strip()), False
    raise UserError(
        f'{where}: {line!r} is no region; write x1,y1,x2,y2,x3,y3,x4,y4,transcription or xmin,ymin,xmax,ymax,"text"'
    )


def _read_art(source: LabelSource) -> Iterator[Annotation]:
    pictures = files.read_json(source.path)
    if not isinstance(pictures, dict):
        raise UserError(
            f'{source.path}: is not a JSON object; write {{"gt_0": [{{"transcription": ..., "points": ...}}]}}'
        )
    for name, regions in pictures.items():
        picture = name if name.lower().endswith(SUFFIXES) else _picture_of(source.image_root, name)
        for where, region in _regions(regions, f"{source.path}: {name}"):
            yield _json_region(source, picture, region, where, "illegibility")


def _read_rects(source: LabelSource) -> Iterator[Annotation]:
    folder = Path(source.path)
    pictures = folder.absolute().parent / "img"
    if not source.config.image_root and pictures.is_dir():
        source = dataclasses.replace(source, config=dataclasses.replace(source.config, image_root=str(pictures)))
    for file in _files_in(folder, ".json"):
        values = files.read_json(file)
        if not isinstance(values, dict) or "lines" not in values:
            raise UserError(f'{file}: has no "lines"; write {{"lines": [{{"points": ..., "transcription": ...}}]}}')
        picture = _picture_of(source.image_root, file.stem)
        for where, region in _regions(values["lines"], f"{file}: lines"):
            yield _json_region(source, picture, region, where, "ignore")


def _regions(regions: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The regions of a picture, each with its place, `train.json: gt_0[2]`."""
    if not isinstance(regions, list):
        raise UserError(f"{where}: is not a list of regions but {regions!r:.60}")
    for number, region in enumerate(regions):
        missing = [key for key in ("transcription", "points") if not isinstance(region, dict) or key not in region]
        if missing:
            raise UserError(f"{where}[{number}]: the region has no {' and no '.join(missing)}")
        yield f"{where}[{number}]", region


def _json_region(source: LabelSource, picture: str, region: dict[str, Any], where: str, mark: str) -> Annotation:
    text = region["transcription"]
    if not isinstance(text, str):
        raise UserError(f"{where}: the transcription is {text!r}; write a string")
    if region.get(mark) or text.strip() in ("", "#", "###"):
        return annotation(source, (picture,), text, where, ignored=UNREADABLE)
    return annotation(source, (picture,), text, where, corners_of(region["points"], where))


def _picture_of(folder: str, *stems: str) -> str:
    """The name of the picture of one of the stems; where there is none, the first stem with .jpg."""
    names = [f"{stem}{suffix}" for stem in stems for suffix in (*SUFFIXES, *map(str.upper, SUFFIXES))]
    return next((name for name in names if os.path.isfile(f"{folder}/{name}")), names[0])  # noqa: PTH113


def _files_in(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder in order of name, hidden ones left out."""
    return sorted(path for path in folder.glob(f"*{suffix}") if not path.name.startswith("."))
