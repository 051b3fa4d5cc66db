"""Data sets that hold pictures and labels together: FSNS records and the LMDB of text recognition benchmarks."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import SPEC_FILE, DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest import stores
from attention_ocr.ingest.annotations import Annotation, LabelSource
from attention_ocr.records import examples, framing

CHARSET_PATTERN = "charset_size=*.txt"
RECORD_PATTERN = "*-of-[0-9]*"
RECORD_NAME = re.compile(r"(?:(.+)-)?\d+-of-\d+")
LMDB_FILE = "data.mdb"
MOST_DIGITS = 18  # of num-samples


@dataclass(frozen=True)
class _Records:
    """A folder of records: charset, what it asks of GenerateConfig, files by split, each in one, and kind of store."""

    folder: Path
    charset: Charset
    knobs: dict[str, Any]
    splits: dict[str, list[str]]
    store: str


def is_records(path: Path) -> bool:
    """Whether it is a folder with dataset.json, or record files with a charset's file."""
    if path.is_file():
        return path.match(RECORD_PATTERN) and any(path.parent.glob(CHARSET_PATTERN))
    if (path / SPEC_FILE).is_file():
        return True
    return any(path.glob(CHARSET_PATTERN)) and bool(_record_files(path))


def split_names(source: LabelSource) -> list[str]:
    """The splits that have files; a file of several splits is of the first alone, or it would be in train and test.

    Raises:
        UserError: the folder, its spec or its charset is missing or wrong.
    """
    return list(_records(source).splits)


def knobs_of(source: LabelSource) -> dict[str, Any]:
    """The knobs of GenerateConfig with which records keep what they are: charset and, if they have a spec, V and T.

    Raises:
        UserError: the folder, its spec or its charset is missing or wrong.
    """
    return _records(source).knobs


def read_records_split(source: LabelSource, split_name: str) -> Iterator[Annotation]:
    """The records of one split in order, damaged ones marked as to be ignored.

    Raises:
        UserError: the folder, its spec, its charset or the split is missing or wrong.
    """
    records = _records(source)
    if split_name not in records.splits:
        known = ", ".join(records.splits) or "none"
        raise UserError(f"{source.path}: has no records of the split {split_name!r}; it has the splits: {known}")
    for name in records.splits[split_name]:
        yield from _read_file(name, records)


def read_records_of(source: LabelSource) -> Iterator[Annotation]:
    """The records of all splits in order of their files' names, each file once; damaged ones marked as to be ignored.

    Raises:
        UserError: the folder, its spec or its charset is missing or wrong.
    """
    records = _records(source)
    for name in sorted(name for names in records.splits.values() for name in names):
        yield from _read_file(name, records)


def is_lmdb(path: Path) -> bool:
    """Whether it is the folder of an LMDB."""
    return (path / LMDB_FILE).is_file()


def read_lmdb(source: LabelSource) -> Iterator[Annotation]:
    """The labels of an LMDB with the keys of their pictures, from number 1.

    Raises:
        UserError: it cannot be opened, or the number of samples or a label is missing.
    """
    with stores.lmdb_values(source.path) as value_of:
        for number in range(1, _num_samples(source.path, value_of(b"num-samples")) + 1):
            key, label_key = f"image-{number:09d}", f"label-{number:09d}"
            text = _label(source.path, label_key, value_of(label_key.encode()))
            yield Annotation((key,), text, f"{source.path}:{number}", source.path, "lmdb")


def _num_samples(folder: str, value: bytes | None) -> int:
    if value is None:
        raise UserError(f"{folder}: has no key num-samples; it is not an LMDB of num-samples, image-... and label-...")
    if not value.isdigit() or len(value) > MOST_DIGITS:
        raise UserError(f"{folder}: num-samples is {value!r:.60}; it must be a whole number in decimal digits")
    return int(value)


def _label(folder: str, key: str, value: bytes | None) -> str:
    if value is None:
        raise UserError(f"{folder}: has no key {key}, though num-samples counts it; write it, or lower num-samples")
    try:
        return value.decode().strip()
    except UnicodeDecodeError as error:
        raise UserError(f"{folder}: {key} is not UTF-8 ({value!r:.60}); write it as UTF-8") from error


def _records(source: LabelSource) -> _Records:
    path = Path(source.path)
    folder = path if path.is_dir() else path.parent
    if source.dataset_name or (folder / SPEC_FILE).is_file():
        spec = DatasetSpec.load(folder, source.dataset_name)
        charset, splits = spec.charset, _files_of(spec, folder)
        store = stores.PADDED_RECORDS if spec.num_views == 1 and spec.resize != "stretch" else stores.RECORDS
        knobs = {
            "charset_file": str(folder / spec.charset_file),
            "num_views": spec.num_views,
            "max_sequence_length": spec.max_sequence_length,
        }
    else:
        path_of_charset = _charset_file(folder)
        charset, splits = Charset.from_file(path_of_charset), _by_split(_record_files(folder))
        store = stores.RECORDS
        knobs = {"charset_file": str(path_of_charset)}
    if path.is_file():
        splits = _by_split([path.name])
    if not splits:
        raise UserError(f"{folder}: has no record file; name them like train-00000-of-00001, or mend {SPEC_FILE}")
    return _Records(folder, charset, knobs, splits, store)


def _files_of(spec: DatasetSpec, folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for name in spec.splits:
        with contextlib.suppress(UserError):  # a split without files
            names = [Path(os.path.relpath(file, folder)).as_posix() for file in spec.split_files(folder, name)]
            if new := [name for name in names if name not in seen]:
                found[name] = new
                seen.update(new)
    return found


def _charset_file(folder: Path) -> Path:
    found = sorted(folder.glob(CHARSET_PATTERN))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UserError(
            f"{folder}: has no {SPEC_FILE}, so one charset file {CHARSET_PATTERN} must be there, not: {names}; "
            "or name a known data set with --dataset_name"
        )
    return found[0]


def _record_files(folder: Path) -> list[str]:
    """The record files of a folder and of those in it, as FSNS keeps a folder a split."""
    found = [*folder.glob(RECORD_PATTERN), *folder.glob(f"*/{RECORD_PATTERN}")]
    return sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())


def _by_split(names: list[str]) -> dict[str, list[str]]:
    """`train-00000-of-00002` is of the split `train`; a name without such a number is a split's."""
    splits: dict[str, list[str]] = {}
    for name in names:
        stem = name.rpartition("/")[2]
        match = RECORD_NAME.match(stem)
        splits.setdefault((match and match[1]) or stem, []).append(name)
    return splits


def _read_file(name: str, records: _Records) -> Iterator[Annotation]:
    path = records.folder / name
    for record in framing.read_records(path):
        text, fault = ("", record.fault) if record.fault else _text(record.data, records.charset)
        ignored = f"damaged: {fault}" if fault else ""
        place = (stores.record_path(name, record.offset),)
        yield Annotation(place, text, f"{path}:{record.number}", records.folder, records.store, ignored=ignored)


def _text(data: bytes, charset: Charset) -> tuple[str, str]:
    """A record's label and what is wrong with it, if anything."""
    try:
        values = examples.values_of(data)
    except UserError as error:
        return "", str(error)
    if not isinstance(next(iter(values.get("image/encoded", [])), None), bytes):
        return "", "it has no image/encoded"
    text = next(iter(values.get("image/text", [])), b"")
    try:
        return text.decode().strip() or _decoded(values.get("image/class", []), charset), ""
    except (UnicodeDecodeError, AttributeError):
        return "", f"its image/text is not UTF-8 ({text!r:.60})"
    except IndexError:
        return "", f"its image/class is not of the charset's {len(charset)} classes"


def _decoded(ids: list[int], charset: Charset) -> str:
    if not all(isinstance(class_id, int) and 0 <= class_id < len(charset) for class_id in ids):
        raise IndexError
    return charset.decode(ids).strip()
