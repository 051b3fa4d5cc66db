"""The picture of a line as a record holds it: its own file if that fits, otherwise a PNG."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from attention_ocr.data import images
from attention_ocr.data.annotations import Annotation
from attention_ocr.dataset_spec import DatasetSpec

PNG_BIT_DEPTH = 24  # Which byte of a PNG file holds it.


@dataclass(frozen=True)
class Picture:
    """A file of H x V*W pixels.

    Attributes:
        encoded: the file's bytes.
        image_format: `PNG` or `JPEG`.
        orig_width: pixels of its width that are not padding.
    """

    encoded: bytes
    image_format: str
    orig_width: int


def load_picture(line: Annotation, spec: DatasetSpec) -> Picture:
    """The picture that a line names, fitted to the spec.

    Raises:
        UserError: a file is missing or is no whole picture.
    """
    views = [images.open_image(path) for path in line.files]
    full_width = spec.image_shape[1]
    if len(views) > 1:
        return Picture(_png(images.fit_views(views, spec)), "PNG", full_width)
    encoded = line.files[0].read_bytes()
    image_format = _fitting_format(encoded, spec)
    if image_format:
        return Picture(encoded, image_format, full_width)
    real_width = full_width
    if spec.resize == "pad" and spec.num_views == 1:
        real_width = images.padded_size(views[0].height, views[0].width, spec.image_height, spec.image_width)[1]
    return Picture(_png(images.fit(views[0], spec)), "PNG", real_width)


def _fitting_format(encoded: bytes, spec: DatasetSpec) -> str:
    """The format of a file that needs no change: 8-bit grey or colour, upright, one frame, the exact size."""
    with Image.open(io.BytesIO(encoded)) as image:
        as_is = (
            image.format in ("PNG", "JPEG")
            and image.size == (spec.image_shape[1], spec.image_height)
            and image.mode in ("L", "RGB")
            and not image.has_transparency_data
            and not getattr(image, "is_animated", False)
            and image.getexif().get(ExifTags.Base.Orientation, 1) == 1
            and (image.format == "JPEG" or encoded[PNG_BIT_DEPTH] == 8)
            and _is_sound(encoded)
        )
        return str(image.format) if as_is else ""


def _is_sound(encoded: bytes) -> bool:
    """Whether a PNG's checksums and end are right: Pillow reads it without them, TensorFlow refuses."""
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            image.verify()
    except (OSError, SyntaxError):
        return False
    return True


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
