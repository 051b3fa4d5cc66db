"""What can be wrong with one FSNS record, as functions of its bytes and the data set's spec."""

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import MAX_PIXELS
from attention_ocr.data.decoding import decode_pixels
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records import examples
from attention_ocr.records.pictures import HARDLY_DIFFERENT, too_large

# The kind of each key's values, and how many there are (None: any number).
KEYS: dict[str, tuple[type, int | None]] = {
    "image/encoded": (bytes, 1),
    "image/class": (int, None),
    "image/format": (bytes, 1),
    "image/height": (int, 1),
    "image/width": (int, 1),
    "image/orig_width": (int, 1),
    "image/orig_height": (int, 1),
    "image/unpadded_class": (int, None),
    "image/text": (bytes, 1),
}
OPTIONAL_KEYS = ("image/orig_height",)
KEYS_TO_TRAIN = ("image/encoded", "image/class")
KEYS_READ = (*KEYS_TO_TRAIN, "image/text", "image/orig_height", "image/orig_width")  # by training, where they are there
KINDS = {bytes: "bytes", int: "whole numbers", float: "fractions"}
SAME_FORMATS = {"JPG": "JPEG", "MPO": "JPEG"}  # MPO: what Pillow calls a camera's JPEG with a second picture behind it.
RAW_CHANNELS = (3, 1, 4)
ANEW = "make the records anew with generate_tfrecords"
HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong.

    Attributes:
        check: which check found it.
        message: what is wrong, on one line.
        blocks_training: whether training would stop there or learn nonsense.
    """

    check: str
    message: str
    blocks_training: bool


@dataclass(slots=True)
class Inspection:
    """What a record holds and what is wrong with it; values that cannot be read stay empty.

    Attributes:
        faults: what is wrong.
        text: image/text.
        ids: image/class without the nulls at its end; None: there is none.
        pixel_hash: 64 bits of a hash of the decoded pixels, never 0; 0: no picture.
        mean: of the pixels, scaled to [0, 1].
        mean_square: the mean of their squares.
        size: (height, width) of the picture in pixels.
        orig_width: image/orig_width.
        image_format: what the picture's bytes are, such as `PNG`.
        shows_nothing: whether a view, without its padding, is of one colour.
    """

    faults: list[Fault] = field(default_factory=list)
    text: str = ""
    ids: list[int] | None = None
    pixel_hash: int = 0
    mean: float = 0.0
    mean_square: float = 0.0
    size: tuple[int, int] | None = None
    orig_width: int | None = None
    image_format: str = ""
    shows_nothing: bool = False

    def add(self, check: str, message: str, *, blocks_training: bool = False) -> None:
        """Notes a fault."""
        self.faults.append(Fault(check, message, blocks_training))


def inspect_record(data: bytes, spec: DatasetSpec, max_pixels: int = MAX_PIXELS) -> Inspection:
    """What the serialized example `data` holds, and everything in it that does not fit `spec`.

    A picture of more than `max_pixels` pixels is not decoded.
    """
    found = Inspection()
    try:
        values = examples.values_of(data)
    except UserError as error:
        found.add("example", f"{error}; {ANEW}", blocks_training=True)
        return found
    if not any(key in values for key in KEYS):
        found.add("example", f"is not an FSNS example (it has none of the keys); {ANEW}", blocks_training=True)
        return found
    record = _sound_keys(values, found)
    _inspect_picture(record, spec, max_pixels, found)
    _inspect_classes(record, spec, found)
    _inspect_text(record, spec.charset, found)
    return found


def hash_of(data: bytes) -> int:
    """64 bits of a hash, never 0."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=HASH_BYTES).digest(), "little") or 1


def _sound_keys(values: dict[str, list], found: Inspection) -> dict[str, Any]:
    """The keys that are right: a value where there must be one, a list otherwise."""
    record = {}
    for key, (kind, number) in KEYS.items():
        if key in OPTIONAL_KEYS and key not in values:
            continue
        complaint = _key_fault(key, values.get(key), kind, number)
        if complaint:
            is_of_another_kind = any(not isinstance(value, kind) for value in values.get(key) or [])
            blocks = key in (KEYS_READ if is_of_another_kind else KEYS_TO_TRAIN)
            found.add("keys", f"{complaint}; {ANEW}", blocks_training=blocks)
        else:
            record[key] = values[key] if number is None else values[key][0]
    return record


def _key_fault(key: str, values: list | None, kind: type, number: int | None) -> str:
    if values is None:
        return f"has no {key}"
    wrong = next((value for value in values if not isinstance(value, kind)), None)
    if wrong is not None:
        return f"{key} holds {KINDS[type(wrong)]}, not {KINDS[kind]}"
    return f"{key} has {len(values)} values, not {number}" if number not in (None, len(values)) else ""


def _inspect_picture(record: dict[str, Any], spec: DatasetSpec, max_pixels: int, found: Inspection) -> None:
    if "image/encoded" in record:
        _decode(record["image/encoded"], record, spec, max_pixels, found)
    declared = record.get("image/format")
    if declared is not None and found.image_format:
        name = declared.decode(errors="replace")
        if SAME_FORMATS.get(name.upper(), name.upper()) != found.image_format:
            found.add("format", f"image/format is {name!r}, its bytes are {found.image_format}; {ANEW}")
    if found.size:
        _check_size(*found.size, spec, found)
    _check_declared_size(record, found)
    found.orig_width = record.get("image/orig_width")
    width = found.size[1] if found.size else record.get("image/width", spec.image_shape[1])
    if found.orig_width is not None and not 1 <= found.orig_width <= width:
        found.add("orig_width", f"image/orig_width is {found.orig_width}, not in 1..{width}; {ANEW}")
    orig_height, height = record.get("image/orig_height"), found.size[0] if found.size else spec.image_height
    if orig_height is not None and not 1 <= orig_height <= height:
        found.add("orig_height", f"image/orig_height is {orig_height}, not in 1..{height}; {ANEW}")


def _decode(encoded: bytes, record: dict[str, Any], spec: DatasetSpec, max_pixels: int, found: Inspection) -> None:
    try:
        with Image.open(io.BytesIO(encoded)) as header:
            found.image_format = SAME_FORMATS.get(str(header.format), str(header.format))
            found.size = header.height, header.width
            # Where there is no transparency both ways give the same pixels; this one takes half the time.
            is_plain_png = header.format == "PNG" and header.mode in ("L", "RGB") and not header.has_transparency_data
    except Exception as error:  # Damaged bytes raise whatever Pillow stumbles over, not only OSError.
        why = _raw_pixels(encoded, record, spec) or f"image/encoded is not a picture ({_said(error, encoded)})"
        found.add("picture", f"{why}; {ANEW}", blocks_training=True)
        return
    if why := too_large(found.size[1], found.size[0], max_pixels):
        found.add("picture", f"its picture {why}", blocks_training=True)
        return
    try:
        with tf.device("CPU"):
            # As training does: Pillow accepts PNG files with wrong checksums, TensorFlow does not.
            decode = tf.io.decode_png if is_plain_png else _decode_any
            pixels = decode(encoded, 3).numpy()
    except tf.errors.OpError as error:
        why = f"its {found.image_format} picture cannot be decoded ({_said(error, encoded)})"
        found.add("picture", f"{why}: damaged bytes, or a truncated file; {ANEW}", blocks_training=True)
        return
    scaled = pixels.astype(np.float32) / 255.0
    found.mean, found.mean_square = float(scaled.mean()), float(np.square(scaled).mean())
    found.pixel_hash = hash_of(pixels.tobytes())
    found.shows_nothing = _shows_nothing(pixels, record, spec)


def _shows_nothing(pixels: np.ndarray, record: dict[str, Any], spec: DatasetSpec) -> bool:
    """Whether a view of a picture, uint8 [H, V*W, 3], is of one colour; what is padding does not count."""
    height, width, _ = pixels.shape
    if spec.num_views > 1:
        views = np.array_split(pixels, spec.num_views, axis=1)
    else:
        rows, columns = (
            told if 1 <= (told := record.get(f"image/{key}") or 0) <= most else most
            for key, most in (("orig_height", height), ("orig_width", width))
        )
        top = (height - rows) // 2
        views = [pixels[top : top + rows, :columns]]
    spreads = (np.ptp(view, axis=(0, 1)) for view in views if view.size)
    return any((spread <= HARDLY_DIFFERENT).all() for spread in spreads)


def _decode_any(encoded: bytes, channels: int) -> tf.Tensor:
    del channels
    return decode_pixels(tf.constant(encoded))


def _raw_pixels(encoded: bytes, record: dict[str, Any], spec: DatasetSpec) -> str:
    """The complaint about pixels stored as they are; empty: the number of bytes is not that of pixels."""
    declared = record.get("image/height", 0), record.get("image/width", 0)
    for height, width in (declared, spec.image_shape[:2]):
        for channels in RAW_CHANNELS:
            if encoded and len(encoded) == height * width * channels:
                called = record.get("image/format", b"PNG").decode(errors="replace").upper()
                return f"image/encoded is raw pixels ({height} x {width} x {channels}), not a {called} file"
    return ""


def _check_size(height: int, width: int, spec: DatasetSpec, found: Inspection) -> None:
    H, full_width, _ = spec.image_shape
    V, W = spec.num_views, spec.image_width
    if (height, width) == (H, full_width):
        return
    if height == H and width % W == 0:
        views = f"{width // W} view{'s' if width > W else ''}"
        message = f"its picture is {views} of {H} x {W} side by side, the data set has {V}; correct num_views"
        found.add("views", f"{message} in dataset.json or {ANEW}", blocks_training=True)
        return
    message = f"its picture is {height} x {width} (height x width), the data set's are {H} x {full_width}"
    found.add("size", f"{message}; correct dataset.json or {ANEW}", blocks_training=True)


def _check_declared_size(record: dict[str, Any], found: Inspection) -> None:
    for key, real in zip(("image/height", "image/width"), found.size or (), strict=False):
        if record.get(key, real) != real:
            found.add("size", f"{key} is {record[key]}, its picture's is {real}; {ANEW}")


def _inspect_classes(record: dict[str, Any], spec: DatasetSpec, found: Inspection) -> None:
    ids = record.get("image/class")
    if ids is None:
        return
    K, T, null_id = len(spec.charset), spec.max_sequence_length, spec.charset.null_id
    outside = [class_id for class_id in ids if not 0 <= class_id < K]
    if outside:
        message = f"class id {outside[0]} is not in 0..{K - 1} of the charset ({len(outside)} of {len(ids)} ids)"
        found.add("class_range", f"{message}; {ANEW}", blocks_training=True)
    if len(ids) != T:
        message = f"image/class has {len(ids)} ids, max_sequence_length is {T}; {ANEW}"
        found.add("class_length", message, blocks_training=len(ids) > T)
    found.ids = _without_padding(ids, null_id)
    if null_id in found.ids:
        place = found.ids.index(null_id)
        message = f"padding in the middle of image/class: id {place} of {len(ids)} is the null, characters follow"
        found.add("padding", f"{message}; {ANEW}")
    unpadded = record.get("image/unpadded_class")
    if unpadded is not None and unpadded != found.ids:
        message = f"image/unpadded_class {_shortened(unpadded)} is not image/class without padding"
        found.add("unpadded_class", f"{message}, {_shortened(found.ids)}; {ANEW}")


def _inspect_text(record: dict[str, Any], charset: Charset, found: Inspection) -> None:
    if "image/text" not in record:
        return
    try:
        found.text = record["image/text"].decode()
    except UnicodeDecodeError as error:
        found.add("text", f"image/text is not UTF-8 (byte {error.start}); {ANEW}")
        return
    ids = None if found.ids is None else [class_id for class_id in found.ids if class_id != charset.null_id]
    if ids is None or any(not 0 <= class_id < len(charset) for class_id in ids):
        return
    unknown = charset.unknown(found.text)
    if unknown:
        message = f"image/text {found.text!r} has {unknown[0]!r}, which is not in the charset"
        found.add("text", f"{message}; restore the charset it was written with, or {ANEW}")
    elif charset.encode(found.text) != ids:  # Not by the decoded text: a class may stand for several characters.
        message = f"image/text is {found.text!r}, image/class says {charset.decode(ids)!r}"
        found.add("text", f"{message}; restore the charset it was written with, or {ANEW}")


def _without_padding(ids: Sequence[int], null_id: int) -> list[int]:
    length = len(ids)
    while length and ids[length - 1] == null_id:
        length -= 1
    return list(ids[:length])


def _shortened(values: Sequence[int], most: int = 8) -> str:
    more = ", ..." if len(values) > most else ""
    return f"[{', '.join(str(value) for value in values[:most])}{more}]"


def _said(error: Exception, encoded: bytes) -> str:
    """What a decoder said, without the operations and lines of code that TensorFlow names around it."""
    if isinstance(error, tf.errors.OpError):
        said = re.sub(r"\s*\[\[\{\{node.*", "", str(error.message), flags=re.DOTALL).strip().splitlines()[-1]
        return re.sub(r"\{\{.*?\}\} *| *\[Op:.*", "", said).removeprefix("assertion failed: [").removesuffix("]")
    return f"{len(encoded)} bytes beginning with {encoded[:8].hex(' ')}" if encoded else "no bytes"
