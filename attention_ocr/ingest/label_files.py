"""The label files of a command line -> the lines of each split. No TensorFlow."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

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
        given: split name -> a label file or folder.
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
        source = label_source(path, config, knobs.get("num_views", 1), dataset_name)
        log.info("%s: %s (--annotation_format=%s)", path, FORMATS[source.format_name].summary, source.format_name)
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
