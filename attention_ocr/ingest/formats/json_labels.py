"""Pictures and labels as JSON: an object a line, one object of all (docTR, MMOCR), or a list of objects."""

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats import columns
from attention_ocr.ingest.formats.lists import SUFFIXES
from attention_ocr.ingest.formats.text_lines import beginning, first_lines, numbered_lines

MMOCR_KEYS = ("metainfo", "data_list")
JSON_STRING = r'"(?:[^"\\]|\\.)*"'
DOCTR_KEY = rf'\s*\{{\s*"(?:[^"\\]|\\.)*(?i:{SUFFIXES})"\s*:\s*'  # after it comes the label
DOCTR_BEGINNING = re.compile(DOCTR_KEY + r'(?:"|null|[-\d])')
MMOCR_BEGINNING = re.compile(rf'\s*\{{\s*"(?:{"|".join(MMOCR_KEYS)})"\s*:')
OBJECTS_BEGINNING = re.compile(rf"\s*\[\s*\{{\s*{JSON_STRING}\s*:")
PICTURE_FOLDERS = ("images", "imgs", "image", "crops")  # beside the file: where names may start


def is_jsonl(path: Path) -> bool:
    """Whether it is named .jsonl or .ndjson, or its first line is a JSON object of a picture, not one of regions."""
    if not path.is_file():
        return False
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return True
    line = next(iter(first_lines(path)), "")
    if not line.lstrip().startswith("{"):
        return False
    try:
        values = json.loads(line).values()
    except (ValueError, RecursionError):
        return False
    return any(not isinstance(value, list | dict) for value in values) and not any(
        isinstance(value, list) and value and isinstance(value[0], dict) for value in values
    )


def read_jsonl(source: LabelSource) -> Iterator[Annotation]:
    """The lines, each a JSON object with a picture's path (or a list of those of its views) and a label.

    Raises:
        UserError: the file cannot be read, a line is not such an object, or a key is not there.
    """
    lines = numbered_lines(source.path)
    return _of_objects(
        source, ((f"{source.path}:{number}", _parsed(line, source.path, number)) for number, line in lines)
    )


def is_json_labels(path: Path) -> bool:
    """Whether it is docTR's {"a.png": "text"}, MMOCR's {"data_list": [...]}, or a list of objects."""
    if not path.is_file():
        return False
    text = beginning(path)
    return any(pattern.match(text) for pattern in (DOCTR_BEGINNING, MMOCR_BEGINNING, OBJECTS_BEGINNING))


def read_json_labels(source: LabelSource) -> Iterator[Annotation]:
    """The pictures of docTR's or MMOCR's file, or of a list of objects with the keys of JSON lines.

    Paths start at a folder `images` or `imgs` beside the file if that is where the first picture is.

    Raises:
        UserError: the file cannot be read or is not JSON, or a picture's entry is not as it should be.
    """
    values = files.read_json(source.path)
    if isinstance(values, list):
        yield from _of_objects(source, ((f"{source.path}: [{number}]", item) for number, item in enumerate(values)))
        return
    if not isinstance(values, dict):
        raise UserError(f'{source.path}: is neither a JSON object nor a list; write {{"a.png": "label"}}')
    entries = _mmocr_entries(values, source.path) if "data_list" in values else _doctr_entries(values, source.path)
    for place, (where, path, text, ignored) in enumerate(entries):
        if not place:
            source = _with_picture_folder(source, path)
        yield annotation(source, (path,), text, where, ignored=ignored)


def _parsed(line: str, path: str, number: int) -> Any:
    return files.parse_json(line, path, number, "; write an object a line")


def _of_objects(source: LabelSource, objects: Iterable[tuple[str, Any]]) -> Iterator[Annotation]:
    keys: list[str] | None = None
    for where, values in objects:
        if not isinstance(values, dict):
            raise UserError(f'{where}: is not a JSON object; write {{"image": "a.png", "text": "label"}}')
        if list(values) != keys:
            keys = list(values)
            images, label = columns.columns_of(keys, source.config, where)
        paths: list[str] = []
        for name in images:
            value = values[name]
            paths += [_text_of(part, name, where) for part in (value if isinstance(value, list) else [value])]
        text = _text_of(values[label], label, where)
        yield annotation(source, paths[0] if len(paths) == 1 else tuple(paths), text, where)


def _doctr_entries(values: dict[str, Any], path: str) -> Iterator[tuple[str, str, str, str]]:
    """Where, picture, text and why to ignore it, of each."""
    for name, text in values.items():
        yield f"{path}: {name}", name, _text_of(text, name, path), ""


def _mmocr_entries(values: dict[str, Any], path: str) -> Iterator[tuple[str, str, str, str]]:
    """The same of MMOCR 1.x's `data_list`."""
    entries = values["data_list"]
    if not isinstance(entries, list):
        raise UserError(f"{path}: data_list is not a list but {entries!r:.60}")
    for number, entry in enumerate(entries):
        where = f"{path}: data_list[{number}]"
        instances = entry.get("instances") if isinstance(entry, dict) else None
        if not isinstance(instances, list) or not isinstance(entry.get("img_path"), str):
            raise UserError(f'{where}: write {{"img_path": "a.jpg", "instances": [{{"text": "label"}}]}}')
        if len(instances) != 1 or not isinstance(instances[0], dict) or "text" not in instances[0]:
            raise UserError(
                f"{where}: {entry['img_path']} has {len(instances)} instances; only pictures of one text can be read "
                "(dataset_type TextRecogDataset), not those to find text in"
            )
        ignored = "marked as ignored" if instances[0].get("ignore") else ""
        yield where, entry["img_path"], _text_of(instances[0]["text"], "text", where), ignored


def _with_picture_folder(source: LabelSource, path: str) -> LabelSource:
    """The source with the folder beside it at which its first path leads to a picture, if none is asked for."""
    root = source.image_root
    if source.config.image_root or os.path.isfile(os.path.join(root, path)):  # noqa: PTH113, PTH118
        return source
    for name in PICTURE_FOLDERS:
        folder = Path(root, name)
        if os.path.isfile(folder / path):  # noqa: PTH113 - a name may be one that no path can have
            return dataclasses.replace(source, config=dataclasses.replace(source.config, image_root=str(folder)))
    return source


def _text_of(value: Any, name: str, where: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{where}: {name!r} is {value!r}; write a string")
