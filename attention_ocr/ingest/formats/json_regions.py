"""Scene text as JSON: polygons with transcriptions of ArT, LSVT, ReCTS, TextOCR, COCO-Text and LabelMe."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.photographs import (
    SUFFIXES,
    UNREADABLE,
    corners_of,
    corners_of_box,
    corners_of_size,
    files_in,
    picture_named,
    picture_of,
)
from attention_ocr.ingest.formats.text_lines import beginning

ART_BEGINNING = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\[\s*[{\]]')
COCO_BEGINNING = re.compile(r'\s*\{\s*"(?:imgs|anns|imgToAnns|cats|info)"\s*:\s*\{')
NO_TEXT = ("", "###")  # a transcription that says that there is none
ART_NO_TEXT = (*NO_TEXT, "#")
TEXTOCR_ILLEGIBLE = "."


def is_json(path: Path) -> bool:
    """Whether a file is of ArT, LSVT, TextOCR, COCO-Text or LabelMe, or a folder of ReCTS' or LabelMe's JSON files."""
    if path.is_dir():
        first = next(iter(files_in(path, ".json")), None)
        if first is None:
            return False
        try:
            values = files.read_json(first)
        except UserError:
            return False
        return isinstance(values, dict) and (isinstance(values.get("lines"), list) or _is_labelme(values))
    if not path.is_file():
        return False
    text = beginning(path)
    is_art = ART_BEGINNING.match(text) and '"transcription"' in text and '"points"' in text
    is_coco = COCO_BEGINNING.match(text) and ('"imgs"' in text or '"anns"' in text)
    is_labelme = text.lstrip().startswith("{") and '"shapes"' in text and '"imagePath"' in text
    return bool(is_art or is_coco or is_labelme)


def read_json(source: LabelSource) -> Iterator[Annotation]:
    """The regions of a file, or of a folder of ReCTS' or LabelMe's files.

    Raises:
        UserError: a file cannot be read or is not JSON, or a region is not as it should be.
    """
    if Path(source.path).is_dir():
        yield from _read_folder(source)
        return
    values = files.read_json(source.path)
    if not isinstance(values, dict):
        raise UserError(
            f'{source.path}: is not a JSON object; write {{"gt_0": [{{"transcription": ..., "points": ...}}]}}'
        )
    if _is_labelme(values):
        yield from _read_labelme(source, Path(source.path), values)
    elif isinstance(values.get("imgs"), dict) and isinstance(values.get("anns"), dict):
        yield from _read_coco(source, values["imgs"], values["anns"])
    else:
        yield from _read_art(source, values)


def transcribed_region(
    source: LabelSource, picture: str, region: dict[str, Any], where: str, mark: str, none: tuple[str, ...]
) -> Annotation:
    """A region of `transcription` and `points`.

    Args:
        source: the label file.
        picture: the photograph's path.
        region: the region.
        where: its place, for messages.
        mark: the key that says that it cannot be read.
        none: the texts that say so.

    Raises:
        UserError: the text is no string, or the points are not points.
    """
    text = region["transcription"]
    if not isinstance(text, str):
        raise UserError(f"{where}: the transcription is {text!r}; write a string")
    if region.get(mark) or text.strip() in none:
        return annotation(source, (picture,), text, where, ignored=UNREADABLE)
    return annotation(source, (picture,), text, where, corners_of(region["points"], where))


def regions_of(
    regions: Any, where: str, keys: tuple[str, str] = ("transcription", "points")
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The regions of a picture, each with its place, `train.json: gt_0[2]`.

    Raises:
        UserError: it is no list, or a region lacks one of the keys.
    """
    if not isinstance(regions, list):
        raise UserError(f"{where}: is not a list of regions but {regions!r:.60}")
    for number, region in enumerate(regions):
        missing = [key for key in keys if not isinstance(region, dict) or key not in region]
        if missing:
            raise UserError(f"{where}[{number}]: the region has no {' and no '.join(missing)}")
        yield f"{where}[{number}]", region


def _read_art(source: LabelSource, pictures: dict[str, Any]) -> Iterator[Annotation]:
    for name, regions in pictures.items():
        picture = name if name.lower().endswith(SUFFIXES) else picture_of(source.image_root, name)
        for where, region in regions_of(regions, f"{source.path}: {name}"):
            yield transcribed_region(source, picture, region, where, "illegibility", ART_NO_TEXT)


def _read_coco(source: LabelSource, pictures: dict[str, Any], regions: dict[str, Any]) -> Iterator[Annotation]:
    """TextOCR's and COCO-Text's pictures and regions, the regions of a picture together."""
    of_picture: dict[str, list[tuple[str, dict[str, Any]]]] = {key: [] for key in pictures}
    for key, region in regions.items():
        where = f"{source.path}: anns: {key}"
        owner = str(region.get("image_id")) if isinstance(region, dict) else ""
        if owner not in of_picture:
            raise UserError(f"{where}: its image_id {owner!r} is none of imgs")
        of_picture[owner].append((where, region))
    for key, picture in pictures.items():
        name = picture.get("file_name") if isinstance(picture, dict) else None
        if not isinstance(name, str) or not name:
            raise UserError(f"{source.path}: imgs: {key}: has no file_name")
        path = picture_named(source.image_root, name)
        for where, region in of_picture[key]:
            yield _coco_region(source, path, region, where)


def _coco_region(source: LabelSource, picture: str, region: dict[str, Any], where: str) -> Annotation:
    text = region.get("utf8_string", "")
    if not isinstance(text, str):
        raise UserError(f"{where}: utf8_string is {text!r}; write a string")
    legibility = region.get("legibility")
    is_illegible = legibility == "illegible" if legibility is not None else text.strip() == TEXTOCR_ILLEGIBLE
    if is_illegible or text.strip() in NO_TEXT:
        return annotation(source, (picture,), text, where, ignored=UNREADABLE)
    points = next((region[key] for key in ("points", "mask", "polygon") if region.get(key)), None)
    corners = corners_of_size(region.get("bbox"), where) if points is None else corners_of(points, where)
    return annotation(source, (picture,), text, where, corners)


def _read_folder(source: LabelSource) -> Iterator[Annotation]:
    folder = Path(source.path)
    pictures = folder.absolute().parent / "img"
    if not source.config.image_root and pictures.is_dir():
        source = dataclasses.replace(source, config=dataclasses.replace(source.config, image_root=str(pictures)))
    for file in files_in(folder, ".json"):
        values = files.read_json(file)
        if isinstance(values, dict) and _is_labelme(values):
            yield from _read_labelme(source, file, values)
            continue
        if not isinstance(values, dict) or "lines" not in values:
            raise UserError(f'{file}: has no "lines"; write {{"lines": [{{"points": ..., "transcription": ...}}]}}')
        picture = picture_of(source.image_root, file.stem)
        for where, region in regions_of(values["lines"], f"{file}: lines"):
            yield transcribed_region(source, picture, region, where, "ignore", ART_NO_TEXT)


def _is_labelme(values: dict[str, Any]) -> bool:
    return isinstance(values.get("shapes"), list) and "imagePath" in values


def _read_labelme(source: LabelSource, file: Path, values: dict[str, Any]) -> Iterator[Annotation]:
    """LabelMe's shapes, polygons and rectangles; what has no area is left out."""
    name = values["imagePath"] if isinstance(values["imagePath"], str) else ""
    others = [f"{file.stem}{suffix}" for suffix in SUFFIXES]
    picture = picture_named(source.image_root, name or others[0], *others)
    for where, shape in regions_of(values["shapes"], f"{file}: shapes", ("label", "points")):
        text, points, kind = shape["label"], shape["points"], shape.get("shape_type", "polygon")
        if not isinstance(text, str):
            raise UserError(f"{where}: the label is {text!r}; write a string")
        if kind not in ("polygon", "rectangle") or text.strip() in NO_TEXT:
            why = UNREADABLE if kind in ("polygon", "rectangle") else f"a {kind}, not a polygon or rectangle"
            yield annotation(source, (picture,), text, where, ignored=why)
            continue
        if kind == "rectangle" and isinstance(points, list) and len(points) == 2:  # two corners, in any order
            left, top, right, bottom = corners_of([*points, points[0]], where)[:4]
            corners = corners_of_box(min(left, right), min(top, bottom), max(left, right), max(top, bottom))
        else:
            corners = corners_of(points, where)
        yield annotation(source, (picture,), text, where, corners)
