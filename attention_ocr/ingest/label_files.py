"""The label files of a command line -> the lines of each split. No TensorFlow."""

import atexit
import dataclasses
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attention_ocr import addresses
from attention_ocr.config import AnnotationConfig
from attention_ocr.ingest.annotations import Annotation, LabelSource
from attention_ocr.ingest.formats import records
from attention_ocr.ingest.formats.registry import FORMATS, label_source, read_annotations

log = logging.getLogger(__name__)


def open_all(
    given: Mapping[str, str], config: AnnotationConfig, knobs: Mapping[str, Any], dataset_name: str = ""
) -> tuple[dict[str, Iterator[Annotation]], dict[str, Any]]:
    """Finds out and logs each label file's format.

    Records keep their views, charset, T and splits, and those without a label are left out, unless something else is
    asked for.

    Args:
        given: split name -> a label file or folder; or the address of a label file.
        config: how to read them.
        knobs: those of GenerateConfig that are asked for.
        dataset_name: for records without dataset.json: a folder of datasets/.

    Returns:
        Split name -> its lines, one at a time; and the knobs, those that records ask for among them.

    Raises:
        UserError: a file is missing, or its format is not recognised.
    """
    knobs = dict(knobs)
    found: dict[str, Iterator[Annotation]] = {}
    for split, path in given.items():
        if addresses.is_address(path):
            found[split] = _lines_at(path, config, knobs.get("num_views", 1))
            continue
        source = label_source(path, config, knobs.get("num_views", 1), dataset_name)
        _tell(path, source)
        if source.format_name == "records":
            kept = records.knobs_of(source)
            kept = {name: kept[name] for name in kept if config.keep_charset or name == "num_views"}
            knobs = {**kept, "on_empty": "skip", **knobs}
            found |= _splits_of(split, source)
        else:
            found[split] = read_annotations(source)
    return found, knobs


def _splits_of(split: str, source: LabelSource) -> dict[str, Iterator[Annotation]]:
    """The splits of records: as they are if all of them were given as `train`, each file in its first one only."""
    names = records.split_names(source)
    if split != "train" or not source.config.keep_splits or len(names) == 1:
        return {split: read_annotations(source)}
    return {name: records.read_records_split(source, name) for name in names}


def _lines_at(address: str, config: AnnotationConfig, num_views: int) -> Iterator[Annotation]:
    """The lines of a label file at an address, whose pictures' paths start at its folder; it is copied for the job."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = addresses.fetched(address, folder)
    there = dataclasses.replace(config, image_root=config.image_root or addresses.parent(address))
    with addresses.naming(copy, address):
        source = label_source(str(copy), there, num_views)
        _tell(address, source)
    return _named(read_annotations(source), copy, address)


def _named(lines: Iterator[Annotation], copy: Path, address: str) -> Iterator[Annotation]:
    """The lines of a copy, told by its address."""
    with addresses.naming(copy, address):
        for line in lines:
            yield dataclasses.replace(line, source=line.source.replace(str(copy), address))


def _tell(path: str, source: LabelSource) -> None:
    log.info("%s: %s (--annotation_format=%s)", path, FORMATS[source.format_name].summary, source.format_name)
