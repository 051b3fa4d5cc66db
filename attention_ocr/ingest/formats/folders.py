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
TEXT_SUFFIXES = (".txt", ".gt.txt")  # the second: Tesseract's and OCRopus' line files
LABEL_FILE_SUFFIXES = (".tsv", ".csv", ".json", ".jsonl", ".ndjson", ".txt")
NO_TEXT_FILE = "no text file beside it"
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
    for name in pictures_in(source.path):
        text_file = _text_file(f"{source.path}/{name}")
        if not text_file:
            yield annotation(source, (prefix + name,), "", f"{source.path}/{name}", ignored=NO_TEXT_FILE)
            continue
        lines = [line for line in re.split(r"[\r\n]+", files.read_text(text_file)) if line.strip()]
        if len(lines) > 1:
            raise UserError(f"{text_file}: has {len(lines)} lines; write the label alone, on one line")
        yield annotation(source, (prefix + name,), "".join(lines), text_file)


def is_file_names(path: Path) -> bool:
    """Whether a folder holds pictures and neither text files for them nor a label file, or a file is MJSynth's list."""
    if path.is_file():
        lines = first_lines(path, LINES_TO_RECOGNISE)
        return bool(lines) and all(MJSYNTH_LINE.fullmatch(line) for line in lines)
    texts = _first_texts(path)
    return bool(texts) and not _are_most(texts) and not _has_label_file(path)


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


def _text_file(picture: str) -> str:
    """The text file beside a picture, or nothing."""
    stem = os.path.splitext(picture)[0]  # noqa: PTH122 - of a million names
    return next((stem + suffix for suffix in TEXT_SUFFIXES if os.path.isfile(stem + suffix)), "")  # noqa: PTH113


def _first_texts(folder: Path) -> list[str]:
    """The text files of a folder's first pictures, an empty name for a picture without one."""
    if not folder.is_dir():
        return []
    return [_text_file(f"{folder}/{name}") for name in itertools.islice(pictures_in(folder), PICTURES_TO_RECOGNISE)]


def _are_most(texts: list[str]) -> bool:
    return 2 * sum(map(bool, texts)) > len(texts)


def _has_label_file(folder: Path) -> bool:
    """Whether a folder itself holds what may be the labels, so that names are not them."""
    names = sorted(path.name.lower() for path in folder.iterdir() if not path.name.startswith("."))
    return any(name.endswith(LABEL_FILE_SUFFIXES) and not name.startswith(("readme", "license")) for name in names)


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
