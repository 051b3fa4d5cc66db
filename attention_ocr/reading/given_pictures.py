"""What a caller gives to be read - paths, files' bytes, arrays, Pillow's pictures, one or many - as RGB pictures."""

import logging
import os
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr import addresses
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records.frames import Source
from attention_ocr.records.pictures import decoded, number_of_pages, orientation_of, too_large, upright_rgb

logger = logging.getLogger(__name__)
KINDS = "a path, the bytes of a file, a uint8 array [height, width, 3] or a PIL.Image"
CHANNELS = (1, 3, 4)  # grey, RGB, RGBA
PAGE = 8  # A picture more than this many times as high as a model's lines, and not
LINE = 2  # this many times as wide as high, or as high as wide, is no line.
SQUEEZED = 2  # A picture that loses more than this share of its width is hardly readable.


def named(pictures: Any) -> list[tuple[str, Any]]:
    """Each picture after what messages call it: its path, or its place (`picture 3 of 10`).

    Args:
        pictures: one picture, or any number of them.

    Raises:
        UserError: it is neither.
    """
    if _is_one(pictures):
        return [(name_of(pictures), pictures)]
    try:
        found = list(pictures)
    except TypeError as error:
        raise UserError(f"a {type(pictures).__name__} is not a picture; give {KINDS}, or a list of them") from error
    return [(_path_of(one) or f"picture {number} of {len(found)}", one) for number, one in enumerate(found, start=1)]


def name_of(picture: Any) -> str:
    """What messages call a picture that is given alone."""
    return _path_of(picture) or "the picture"


def opened(picture: Any, name: str, max_pixels: int) -> tuple[Image.Image, Source]:
    """The picture as RGB, upright, and what it was before it was turned.

    Args:
        picture: one of KINDS; arrays may also be grey, [height, width] or [height, width, 1], or RGBA.
        name: how messages call it.
        max_pixels: a file of more is not decoded.

    Raises:
        UserError: it is none of these, or it cannot be read.
    """
    if isinstance(picture, str) and addresses.is_address(picture):
        return _from_file(addresses.read_bytes(picture), name, max_pixels)
    if isinstance(picture, str | os.PathLike):
        return _from_file(os.fspath(picture), name, max_pixels)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _from_file(bytes(picture), name, max_pixels)
    if isinstance(picture, Image.Image):
        return _loaded(picture, name, max_pixels)
    if hasattr(picture, "__array__"):
        return _from_array(np.asarray(picture), name)
    raise UserError(f"{name}: is a {type(picture).__name__}; give {KINDS}")


def far_from_learned(height: int, width: int, spec: DatasetSpec) -> str:
    """The remark on a picture that is hardly one of what a reader learned; empty: it may be one.

    Args:
        height, width: of the picture in pixels.
        spec: what the reader learned.
    """
    H, W, V = spec.image_height, spec.image_width, spec.num_views
    if V > 1 or W <= H:
        return ""
    if spec.resize != "stretch" and height > PAGE * H and width < LINE * height and height < LINE * width:
        return (
            f"is {width} x {height} pixels, a page or a photograph by its shape, but this model reads one line, "
            f"{H} pixels high; cut its lines out, or let them be found with `attention-ocr read --pages`"
        )
    if width * H > SQUEEZED * W * height:
        return (
            f"is {width / height:.0f} times as wide as high, and squeezed: this model reads lines up to {W / H:.0f} "
            "times as wide as high; cut it into shorter ones"
        )
    return ""


def _is_one(pictures: Any) -> bool:
    if isinstance(pictures, str | os.PathLike | bytes | bytearray | memoryview | Image.Image):
        return True
    # Four dimensions are a batch; paths may come in an array too.
    return hasattr(pictures, "__array__") and np.asarray(pictures).dtype.kind in "buif" and np.ndim(pictures) < 4


def _path_of(picture: Any) -> str:
    path = getattr(picture, "filename", "") if isinstance(picture, Image.Image) else picture
    return str(path) if isinstance(path, str | os.PathLike) else ""


def _from_file(source: str | bytes, name: str, max_pixels: int) -> tuple[Image.Image, Source]:
    with decoded(source, name, max_pixels) as picture:
        upright, given = upright_rgb(picture), Source(*picture.size, orientation_of(picture))
        if (number := number_of_pages(picture)) > 1:
            logger.warning("%s has %d pages, the first is read", name, number)
    return upright, given


def _loaded(picture: Image.Image, name: str, max_pixels: int) -> tuple[Image.Image, Source]:
    _check_size(picture.height, picture.width, name)
    if why := too_large(*picture.size, max_pixels):
        raise UserError(f"{name}: {why}")
    try:
        return upright_rgb(picture), Source(*picture.size, orientation_of(picture))
    except Exception as error:  # Pillow reads a file when its pixels are asked for; damaged bytes raise anything
        raise UserError(f"{name}: cannot be read as an image ({error or type(error).__name__})") from error


def _from_array(array: np.ndarray, name: str) -> tuple[Image.Image, Source]:
    if array.dtype != np.uint8:
        raise UserError(
            f"{name}: is an array of {array.dtype}; give uint8 in 0..255: array.astype('uint8'), or "
            "(array * 255).astype('uint8') where it is in 0..1"
        )
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in CHANNELS):
        raise UserError(
            f"{name}: is an array of shape {list(array.shape)}; give [height, width], or [height, width, channels] "
            "with 1 (grey), 3 (RGB) or 4 (RGBA) channels"
        )
    _check_size(array.shape[0], array.shape[1], name)
    image = upright_rgb(Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array))
    return image, Source(*image.size)


def _check_size(height: int, width: int, name: str) -> None:
    if not height or not width:
        raise UserError(f"{name}: is {height} x {width} pixels (height x width); leave out what is empty")
