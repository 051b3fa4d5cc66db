"""Folders of pictures whose labels are in their names or in text files beside them."""

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.lists import path_and_rest
from attention_ocr.ingest.formats.regions import is_region_line
from attention_ocr.ingest.formats.text_lines import first_lines, numbered_lines
from attention_ocr.picture_paths import PICTURE_SUFFIXES

PICTURES_TO_RECOGNISE = 50
LINES_TO_RECOGNISE = 20
TEXT_SUFFIXES = (".gt.txt", ".txt")  # the first: the truth, beside which OCR engines write what they read
# What OCRopus, Calamari and GT4HistOCR put before a picture's suffix: l0.bin.png and l0.nrm.png are of l0.gt.txt.
PREPARED_PICTURE = re.compile(r"\.(?:bin|nrm|raw|dew)$", re.IGNORECASE)
LABEL_FILE_SUFFIXES = (
    *(".tsv", ".csv", ".json", ".jsonl", ".ndjson", ".txt", ".xml", ".hocr", ".html", ".yaml", ".yml", ".box"),
    *(".xls", ".xlsx", ".ods", ".parquet", ".lst", ".mat", ".pkl"),
)
NO_TEXT_FILE = "no text file beside it"
OTHER_TEXT_FILE = "two text files, .gt.txt taken"
NUMBERED_NAME = re.compile(r"(?:\d+_)+(.+)_\d+")
MJSYNTH_LINE = re.compile(r"(?:.*/)?\d+_[^/]+_(\d+)\.jpg \1\s*")


def is_text_files(path: Path) -> bool:
    """Whether most of a folder's first pictures have a text file that holds a label, not regions."""
    texts = _first_texts(path)
    return _are_most(texts) and not any(is_region_line(line) for text in texts if text for line in first_lines(text))


def read_text_files(source: LabelSource) -> Iterator[Annotation]:
    """The pictures of a folder and those below it, each with the only line of its text file.

    Raises:
        UserError: a text file cannot be read, is empty or has several lines.
    """
    prefix = _prefix(source)
    first_pictures: dict[str, str] = {}  # of a folder: text file -> the first picture it is of
    folder = ""
    for name in pictures_in(source.path):
        if name.rpartition("/")[0] != folder:
            folder = name.rpartition("/")[0]
            first_pictures.clear()
        text_file, other = _text_files(f"{source.path}/{name}")
        if not text_file:
            yield annotation(source, (prefix + name,), "", f"{source.path}/{name}", ignored=NO_TEXT_FILE)
            continue
        first = first_pictures.setdefault(text_file, _unprepared(source.path, name))
        if first != name:  # or a line could be in train and in test
            why = f"shows the text of {first} once more"
            yield annotation(source, (prefix + name,), "", f"{source.path}/{name}", ignored=why)
            continue
        lines = [line for line in re.split(r"[\r\n]+", files.read_text(text_file)) if line.strip()]
        if len(lines) > 1:
            raise UserError(f"{text_file}: has {len(lines)} lines; write the label alone, on one line")
        note = OTHER_TEXT_FILE if other else ""
        yield annotation(source, (prefix + name,), "".join(lines), text_file, note=note)


def is_file_names(path: Path) -> bool:
    """Whether a folder holds pictures and neither text files for them nor a label file, or a file is MJSynth's list."""
    if path.is_file():
        lines = first_lines(path, LINES_TO_RECOGNISE)
        return bool(lines) and all(MJSYNTH_LINE.fullmatch(line) for line in lines)
    texts = _first_texts(path)
    return bool(texts) and not _are_most(texts) and not label_file_in(path)


def read_file_names(source: LabelSource) -> Iterator[Annotation]:
    """The pictures of a folder and those below it, or of a list of paths, with labels made of their names.

    Raises:
        UserError: the file cannot be read, or --label_pattern is wrong or does not match a name.
    """
    label_of = _label_reader(source.config.label_pattern)
    if Path(source.path).is_file():
        for number, line in numbered_lines(source.path):
            name = path_and_rest(line)[0].strip()
            where = f"{source.path}:{number}"
            yield annotation(source, (name,), label_of(name, where), where)
        return
    prefix = _prefix(source)
    for name in pictures_in(source.path):
        where = f"{source.path}/{name}"
        yield annotation(source, (prefix + name,), label_of(name, where), where)


def pictures_in(folder: str | os.PathLike) -> Iterator[str]:
    """The pictures of a folder and those below it, sorted, relative to it; hidden ones are left out.

    Raises:
        UserError: a folder cannot be read.
    """
    yield from _pictures_in(os.fspath(folder), "", frozenset())


def _pictures_in(folder: str, prefix: str, above: frozenset[str]) -> Iterator[str]:
    here = os.path.realpath(folder)
    if here in above:  # a link to a folder that holds it
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror or error})") from error
    for entry in entries:
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - of a million names
        if entry.is_dir():
            yield from _pictures_in(entry.path, f"{prefix}{entry.name}/", above | {here})
        elif suffix in PICTURE_SUFFIXES:
            yield prefix + entry.name


def _prefix(source: LabelSource) -> str:
    """How a path to the folder begins, relative to the image root."""
    prefix = Path(os.path.relpath(source.path, source.image_root)).as_posix()
    return "" if prefix == "." else f"{prefix}/"


def _text_files(picture: str) -> tuple[str, str]:
    """The text file beside a picture, and another one that is not taken; empty: none."""
    stem = os.path.splitext(picture)[0]  # noqa: PTH122 - of a million names
    stems = dict.fromkeys((stem, PREPARED_PICTURE.sub("", stem)))
    found = [name for suffix in TEXT_SUFFIXES for name in (each + suffix for each in stems) if os.path.isfile(name)]  # noqa: PTH113
    first, other, *_ = (*found, "", "")
    return first, other


def _unprepared(folder: str, name: str) -> str:
    """The picture from which one was prepared, `l0.png` of `l0.bin.png`, if it is there; else the picture itself."""
    stem = os.path.splitext(name)[0]  # noqa: PTH122 - of a million names
    bare = PREPARED_PICTURE.sub("", stem)
    names = (bare + suffix for suffix in PICTURE_SUFFIXES) if bare != stem else ()
    return next((each for each in names if os.path.isfile(f"{folder}/{each}")), name)  # noqa: PTH113


def _first_texts(folder: Path) -> list[str]:
    """The text files of a folder's first pictures, an empty name for a picture without one."""
    if not folder.is_dir():
        return []
    return [_text_files(f"{folder}/{name}")[0] for name in _first_pictures(folder)]


def _first_pictures(folder: Path) -> Iterator[str]:
    return itertools.islice(pictures_in(folder), PICTURES_TO_RECOGNISE)


def _are_most(texts: list[str]) -> bool:
    return 2 * sum(map(bool, texts)) > len(texts)


def label_file_in(folder: Path) -> str:
    """What may be the labels of a folder's pictures, in it or beside its first pictures; empty: nothing."""
    beside = (folder / parent for name in _first_pictures(folder) for parent in Path(name).parents)
    for place in dict.fromkeys([folder, *beside]):
        for path in sorted(place.iterdir()):
            name = path.name.lower()
            if name.endswith(LABEL_FILE_SUFFIXES) and not name.startswith((".", "readme", "license")):
                return str(path)
    return ""


def _label_reader(pattern: str):
    """A function from a path and where it stands to the label in its name."""
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise UserError(f"--label_pattern={pattern}: is no regular expression ({error})") from error
    if pattern and not regex.groups:
        raise UserError(f"--label_pattern={pattern}: has no group; put parentheses around the label, like ^([^_]+)_")

    def label_of(path: str, where: str) -> str:
        stem = os.path.splitext(path.replace("\\", "/").rpartition("/")[2])[0]  # noqa: PTH122 - of a million names
        if not pattern:
            match = NUMBERED_NAME.fullmatch(stem)
            return match[1] if match else stem
        match = regex.search(stem)
        if not match or not match[1]:
            raise UserError(f"{where}: --label_pattern={pattern} finds no label in its name {stem!r}")
        return match[1]

    return label_of
