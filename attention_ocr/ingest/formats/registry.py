"""The formats of label files: how each is told from the others, and what reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from attention_ocr.config import ANNOTATION_FORMATS, AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource
from attention_ocr.ingest.formats import (
    folders,
    iam,
    json_labels,
    json_regions,
    lists,
    records,
    refused,
    region_lines,
    regions,
    tables,
    xml_lines,
)


@dataclass(frozen=True)
class Format:
    """A way to write down which picture reads what.

    Attributes:
        summary: what it looks like, for messages.
        recognises: whether a file or folder is of it.
        read: its lines.
    """

    summary: str
    recognises: Callable[[Path], bool]
    read: Callable[[LabelSource], Iterator[Annotation]]


# In this order a file or folder is tried; the first that recognises it reads it.
FORMATS = {
    "lmdb": Format("LMDB of num-samples, image-000000001, label-000000001", records.is_lmdb, records.read_lmdb),
    "records": Format("FSNS records with their charset", records.is_records, records.read_records_of),
    "json_regions": Format(
        "JSON of polygons with transcriptions (ArT, LSVT, ReCTS, TextOCR, COCO-Text, LabelMe)",
        json_regions.is_json,
        json_regions.read_json,
    ),
    "region_lines": Format(
        "a line of JSON regions for each picture (PPOCRLabel, WildReceipt)",
        region_lines.is_region_lines,
        region_lines.read_region_lines,
    ),
    "json_labels": Format(
        'JSON of pictures and labels: {"a.png": "text"} (docTR), MMOCR, or a list of objects',
        json_labels.is_json_labels,
        json_labels.read_json_labels,
    ),
    "jsonl": Format("JSON lines with a picture and a label", json_labels.is_jsonl, json_labels.read_jsonl),
    "xml_lines": Format("PAGE XML or ALTO XML, whose text lines are cut out", xml_lines.is_xml, xml_lines.read_xml),
    "text_regions": Format(
        "a text file of x,y,...,transcription lines for each picture (ICDAR, RCTW-17)",
        regions.is_text,
        regions.read_text,
    ),
    "text_files": Format("pictures and text files of the same name", folders.is_text_files, folders.read_text_files),
    "file_names": Format("pictures whose names are the labels", folders.is_file_names, folders.read_file_names),
    "icdar_words": Format(
        'lines of: word_1.png, "Text" or word_1.png,Latin,Text', lists.is_icdar_words, lists.read_icdar_words
    ),
    "iam": Format("IAM's words.txt or lines.txt", iam.is_iam, iam.read_iam),
    "csv": Format("CSV with a column of pictures and one of labels", tables.is_csv, tables.read_csv),
    "list": Format("lines of: path<TAB>label or path label", lists.is_list, lists.read_list),
}


def label_source(path: str, config: AnnotationConfig, num_views: int = 1, dataset_name: str = "") -> LabelSource:
    """`path` with its format: the one asked for, or the first that recognises it.

    Raises:
        UserError: there is no such file or folder, or no format recognises it.
    """
    if not Path(path).exists():
        raise UserError(f"{path}: no such file or folder")
    name = config.annotation_format
    if name == "auto" and not dataset_name and (refusal := refused.refusal(Path(path))):
        raise UserError(f"{path}: {refusal}")
    if name == "auto":
        name = "records" if dataset_name else _recognised(Path(path))
        if name == "list" and (config.image_column or config.label_column):
            name = "csv"  # only rows have columns
    if not name:
        known = ", ".join(name for name in ANNOTATION_FORMATS if name != "auto")
        labels = folders.label_file_in(Path(path)) if Path(path).is_dir() else ""
        instead = f"if {labels} has the labels give that, or " if labels else ""
        raise UserError(
            f"{path}: its format is not recognised; {instead}name it with --annotation_format (one of {known})"
        )
    return LabelSource(path, name, config, num_views, dataset_name)


def read_annotations(source: LabelSource) -> Iterator[Annotation]:
    """The lines of a label file, one at a time and in order.

    Raises:
        UserError: it cannot be read, a line of it is wrong, or it has none.
    """
    number = 0
    for line in FORMATS[source.format_name].read(source):
        number += 1
        yield line
    if not number:
        raise UserError(f"{source.path}: has no line with a picture and a label")


def _recognised(path: Path) -> str:
    """The first format that recognises a file or folder; empty: none."""
    return next((name for name, format in FORMATS.items() if format.recognises(path)), "")
