"""A line of the catalog -> the record to write; what the processes of `parallel` do. No TensorFlow."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from attention_ocr.config import MAX_PIXELS
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest.catalog import line_of
from attention_ocr.ingest.pictures import load_picture
from attention_ocr.records.examples import write_example
from attention_ocr.records.framing import framed


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record ready for its file.

    Attributes:
        record: the serialized example with its framing.
        digest: a hash of its picture.
        wanted_width: how wide the picture would be at its height if --image_width allowed it; 0: as it is.
        notes: what is odd about the picture: in a few words, and in a sentence.
    """

    record: bytes
    digest: int
    wanted_width: int
    notes: tuple[tuple[str, str], ...] = ()


def preparer(spec: DatasetSpec, max_pixels: int) -> Callable[[str], Prepared | UserError]:
    """`prepare` for rows of a data set."""
    return functools.partial(prepare, spec=spec, max_pixels=max_pixels)


def prepare(row: str, spec: DatasetSpec, max_pixels: int = MAX_PIXELS) -> Prepared | UserError:
    """The record of a line as the catalog holds it, or what is wrong with its picture."""
    line = line_of(row)
    try:
        picture = load_picture(line, spec, max_pixels)
    except UserError as error:
        return error
    height, width, _ = spec.image_shape
    example = write_example(
        picture.encoded,
        picture.image_format,
        height,
        width,
        picture.orig_width,
        spec.charset.encode(line.text),
        spec.max_sequence_length,
        spec.charset.null_id,
        line.text,
        picture.orig_height,
    )
    return Prepared(framed(example), picture.digest, picture.wanted_width, picture.notes)
