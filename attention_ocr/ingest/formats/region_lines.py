"""A line of JSON for each photograph, with its regions: PPOCRLabel's Label.txt and WildReceipt's data.txt."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource
from attention_ocr.ingest.formats.json_regions import NO_TEXT, regions_of, transcribed_region
from attention_ocr.ingest.formats.text_lines import first_lines, numbered_lines

LINES_TO_RECOGNISE = 20
PPOCR_NO_TEXT = (*NO_TEXT, "*")  # as PaddleOCR leaves them out
WILDRECEIPT = '; write {"file_name": "a.jpg", "annotations": [{"box": [x, y, ...], "text": "label"}]}'
PPOCR = '; write path<TAB>[{"transcription": "label", "points": [[x, y], ...]}]'


def is_region_lines(path: Path) -> bool:
    """Whether the first lines are a path, a tab and a JSON list of regions, or JSON objects with `annotations`."""
    if not path.is_file():
        return False
    lines = first_lines(path, LINES_TO_RECOGNISE)
    has_regions = [_has_regions(line) for line in lines]
    return any(has_regions) and None not in has_regions


def read_region_lines(source: LabelSource) -> Iterator[Annotation]:
    """The regions of each photograph.

    PPOCRLabel writes paths from the folder above its own; they start there if that is where the first one leads.

    Raises:
        UserError: the file cannot be read, or a line or a region of it is not as it should be.
    """
    for place, (number, line) in enumerate(numbered_lines(source.path)):
        where = f"{source.path}:{number}"
        if line.lstrip().startswith("{"):
            picture, regions = _of_wildreceipt(files.parse_json(line, source.path, number, WILDRECEIPT), where)
        else:
            picture, tab, text = line.partition("\t")
            if not tab:
                raise UserError(f"{where}: {line!r:.60} has no tab{PPOCR}")
            regions = files.parse_json(text, source.path, number, PPOCR)
        if not place:
            source = _with_root_above(source, picture)
        for name, region in regions_of(regions, where):
            yield transcribed_region(source, picture, region, name, "difficult", PPOCR_NO_TEXT)


def _has_regions(line: str) -> bool | None:
    """Whether a line has regions; None: it is no line of this kind."""
    _, tab, regions = line.partition("\t")
    if line.lstrip().startswith("{"):
        tab, regions = "{", line
    if not tab or not regions.lstrip().startswith(("[", "{")):
        return None
    try:
        found = files.parse_json(regions, "")
    except UserError:  # Of a line too long only the beginning was looked at.
        return ('"transcription"' in regions and '"points"' in regions) or None
    if isinstance(found, dict):
        found = found.get("annotations")
        keys = {"box", "text"}
    else:
        keys = {"transcription", "points"}
    if not isinstance(found, list) or not all(isinstance(region, dict) and keys <= set(region) for region in found):
        return None
    return bool(found)


def _of_wildreceipt(values: Any, where: str) -> tuple[str, Any]:
    """A photograph's path and its regions, with the keys of PPOCRLabel's."""
    if not isinstance(values, dict) or not isinstance(values.get("file_name"), str):
        raise UserError(f"{where}: has no file_name{WILDRECEIPT}")
    regions = [
        {**region, "transcription": region["text"], "points": region["box"]}
        for _, region in regions_of(values.get("annotations"), f"{where}: annotations", ("text", "box"))
    ]
    return values["file_name"], regions


def _with_root_above(source: LabelSource, path: str) -> LabelSource:
    root = source.image_root
    above = os.path.join(root, "..")  # noqa: PTH118
    if source.config.image_root or not os.path.isfile(os.path.join(above, path)):  # noqa: PTH113, PTH118
        return source
    if os.path.isfile(os.path.join(root, path)):  # noqa: PTH113, PTH118
        return source
    return dataclasses.replace(source, config=dataclasses.replace(source.config, image_root=above))
