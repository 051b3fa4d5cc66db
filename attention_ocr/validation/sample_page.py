"""A page of HTML to look at a data set with: records, what training makes of them, the charset."""

import base64
import functools
import html
import io
import os
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from PIL import Image

from attention_ocr import files
from attention_ocr.augment_config import StrongConfig
from attention_ocr.data import augment, sizes
from attention_ocr.data.decoding import decode_pixels
from attention_ocr.data.parsing import parse_example
from attention_ocr.data.record_checks import Inspection, inspect_record
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.distortion.strong import distorted
from attention_ocr.records.examples import values_of
from attention_ocr.records.framing import read_record_at
from attention_ocr.validation.findings import Report
from attention_ocr.validation.oddities import TRAIN
from attention_ocr.validation.repeated_pictures import sampled_places
from attention_ocr.validation.report import verdict

Distort = Callable[[bytes, int, str], np.ndarray]

MOST_RECORDS = 50
SEEDS = (1, 2)
JPEG_QUALITY = 90
STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; }
.record { border-top: 1px solid GrayText; padding: 1em 0; }
.record img { max-width: 100%; margin: 0 .5em .5em 0; border: 1px solid GrayText; }
.text { font-size: 1.3em; white-space: pre-wrap; }
.note { color: GrayText; overflow-wrap: anywhere; }
.fault { color: light-dark(#b00020, #ff8a80); font-weight: 600; }
.charset { display: flex; flex-wrap: wrap; gap: .4em; }
.charset div { border: 1px solid GrayText; border-radius: .3em; padding: .2em .5em; min-width: 4em; }
.charset b { font-size: 1.3em; display: block; white-space: pre; }
.unused { opacity: .45; }
"""


def write_page(report: Report, path: str | os.PathLike, augmentation: str, strong: StrongConfig) -> None:
    """Writes the page, pictures included, to one file.

    Args:
        report: what validating the data set found.
        path: the file; what is there is replaced.
        augmentation: `fsns`, `light` or `strong`, shown beside the pictures of the `train` split.
        strong: how strong `strong` is.

    Raises:
        UserError: the file cannot be written.
    """
    with files.replacing(path) as temporary, temporary.open("w", encoding="utf-8") as page:
        for part in _parts(report, augmentation, strong):
            page.write(part + "\n")


def _parts(report: Report, augmentation: str, strong: StrongConfig) -> Iterator[str]:
    name = html.escape(report.spec.name if report.spec else report.dataset_dir)
    yield f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{name}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n<body>'
    style = "" if report.ok else ' class="fault"'
    yield f"<h1>{name}</h1>\n<p{style}>{html.escape(verdict(report))}</p>"
    yield from _list_of_findings(report)
    if report.spec:
        for split in report.splits:
            distort = _distortion(report.spec, augmentation, strong) if split == TRAIN else None
            yield from _split_parts(report, report.spec, split, augmentation, distort)
        yield from _charset_parts(report, report.spec)
    yield "</body>\n</html>"


def _list_of_findings(report: Report) -> Iterator[str]:
    yield "<ul>"
    for group, style in ((report.faults, ' class="fault"'), (report.warnings, "")):
        for check, found in group.items():
            example = html.escape(f"{check} ({found.count}): {found.kept[0]}")
            yield f"<li{style}>{example}</li>"
    yield "</ul>"


def _split_parts(
    report: Report, spec: DatasetSpec, split: str, augmentation: str, distort: Distort | None
) -> Iterator[str]:
    tallies = report.tallies_of(split)
    places = sampled_places(tallies, MOST_RECORDS)
    yield f"<h2>{html.escape(split)}: {len(places)} of {sum(map(len, tallies))} records</h2>"
    if split == TRAIN:
        yield f"<p>Each picture, and twice what training makes of it (--augmentation={html.escape(augmentation)}).</p>"
    for tally, number in places:
        name = tally.record_name(number)
        messages = [
            f"{check}: {finding.message}"
            for check, found in report.faults.items()
            for finding in found.kept
            if finding.where == name
        ]
        data = _read(tally.path, tally.offsets[number])
        record = inspect_record(data, spec, report.max_pixels) if data else Inspection()
        yield _record_part(name, data, record, spec, messages, distort)


def _read(path: str, offset: int) -> bytes:
    try:
        return read_record_at(path, offset)
    except UserError:  # Damaged; the report says so.
        return b""


def _record_part(
    name: str, data: bytes, record: Inspection, spec: DatasetSpec, messages: list[str], distort: Distort | None
) -> str:
    known = [f"{fault.check}: {fault.message}" for fault in record.faults]
    lines = ['<div class="record">']
    encoded = values_of(data)["image/encoded"][0] if record.pixel_hash else b""
    if encoded:
        lines.append(_image(encoded, record.image_format, "the record's picture"))
    if encoded and distort and record.size == spec.image_shape[:2]:
        lines += [_image(_jpeg(distort(data, seed, name)), "JPEG", f"augmented, seed {seed}") for seed in SEEDS]
    ids = record.ids or []
    label = f"{len(ids)} ids: {' '.join(map(str, ids))}"
    note = f"{html.escape(name)} &middot; {label} &middot; orig_width {record.orig_width}"
    lines.append(f'<div class="text">{html.escape(record.text)}</div><div class="note">{note}</div>')
    lines += [f'<div class="fault">{html.escape(message)}</div>' for message in dict.fromkeys([*messages, *known])]
    return "\n".join([*lines, "</div>"])


def _distortion(spec: DatasetSpec, augmentation: str, strong: StrongConfig) -> Distort:
    """A function from a record, a seed and its name to float32 [H, V*W, 3] in [0, 1] as training sees the picture."""
    if augmentation == "strong":
        return functools.partial(_strongly_distorted, spec, strong)

    @tf.function
    def distort(encoded: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        pixels = tf.ensure_shape(decode_pixels(encoded), spec.image_shape)
        return augment.augment(tf.cast(pixels, tf.float32) / 255.0, spec.num_views, augmentation, seed)

    def with_seed(data: bytes, seed: int, name: str) -> np.ndarray:
        encoded = values_of(data)["image/encoded"][0]
        return distort(tf.constant(encoded), tf.constant([seed, zlib.crc32(name.encode()) >> 1])).numpy()

    return with_seed


def _strongly_distorted(spec: DatasetSpec, config: StrongConfig, data: bytes, seed: int, name: str) -> np.ndarray:
    """What `_distortion` returns, of the picture without its padding where networks read it without."""
    example = parse_example(tf.constant(data))
    pixels = decode_pixels(example["encoded"])
    if spec.num_views == 1 and spec.resize != "stretch":
        pixels = sizes.without_padding(pixels, example, spec)
    seed_of_record = zlib.crc32(f"{name} {seed}".encode()) >> 1
    return np.asarray(distorted(pixels.numpy()[None], config, spec.num_views, seed_of_record))[0] / 255


def _jpeg(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray((image * 255 + 0.5).astype(np.uint8)).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _image(encoded: bytes, image_format: str, alternative: str) -> str:
    data = base64.b64encode(encoded).decode()
    return f'<img alt="{alternative}" src="data:image/{image_format.lower()};base64,{data}">'


def _charset_parts(report: Report, spec: DatasetSpec) -> Iterator[str]:
    yield f"<h2>Charset: {len(spec.charset)} classes</h2>"
    yield f"<p>Characters, id, and how often it is used in {html.escape(', '.join(report.splits))}.</p>"
    yield '<div class="charset">'
    for class_id, (characters, symbol) in enumerate(zip(spec.charset.classes, spec.charset.symbols, strict=True)):
        counts = [split.characters.get(symbol, 0) for split in report.splits.values()]
        shown = "null" if class_id == spec.charset.null_id else " ".join(_visible(c) for c in characters)
        style = "" if any(counts) or class_id == spec.charset.null_id else ' class="unused"'
        told = "" if class_id == spec.charset.null_id else ", ".join(map(str, counts))
        yield f'<div{style}><b>{html.escape(shown)}</b><span class="note">{class_id}</span> {told}</div>'
    yield "</div>"


def _visible(character: str) -> str:
    return character if character.isprintable() and not character.isspace() else repr(character)
