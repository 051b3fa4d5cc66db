"""One picture: opened whatever it is, fitted to V views of H x W, cropped. Pillow and NumPy only."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError

PAD_GREY = 127
TALL = 1.5  # How many times as high as wide a picture is at least to count as vertical text.
SIXTEEN_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def open_image(source: str | Path | bytes, name: str = "") -> Image.Image:
    """The picture as RGB, upright, fully loaded; transparency becomes white, of an animation the first frame.

    Args:
        source: a file's name, or its bytes.
        name: how messages call it; empty: the file's name.

    Raises:
        UserError: there is no such file, or its bytes are no whole picture.
    """
    if not name:
        name = "the picture" if isinstance(source, bytes) else str(source)
    with decoded(source, name) as picture:
        return upright_rgb(picture)


@contextlib.contextmanager
def decoded(source: str | Path | bytes, name: str) -> Iterator[Image.Image]:
    """The picture as its file has it, fully loaded; errors while reading it become a UserError with its name."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            picture.load()
            yield picture
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f"{name}: cannot be read as an image (no format that Pillow knows)") from error
    except Exception as error:  # Damaged bytes raise whatever a decoder stumbles over, not only OSError.
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{name}: cannot be read as an image ({why})") from error


def upright_rgb(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says, as RGB on white."""
    return _rgb(ImageOps.exif_transpose(picture))


def scaled_size(height: int, width: int, spec: DatasetSpec) -> tuple[int, int]:
    """Height and width in pixels that a picture fills of a view of H x W; the rest is padding.

    `pad`: it touches the view from inside. `keep_height`: it fills the height, and of the width no more than W and no
    less than the spec's `least_width`. `stretch`: it fills the view.
    """
    H, W = spec.image_height, spec.image_width
    if spec.resize == "stretch":
        return H, W
    if spec.resize == "keep_height":
        return H, min(W, max(1, spec.least_width, int(width * (H / height) + 0.5)))
    scale = min(H / height, W / width)
    return min(H, max(1, int(height * scale + 0.5))), min(W, max(1, int(width * scale + 0.5)))


def is_turned(height: int, width: int, spec: DatasetSpec) -> bool:
    """Whether a view of that size is taken for vertical text and rotated."""
    return spec.vertical == "rotate" and height > TALL * width


def fit(image: Image.Image, spec: DatasetSpec) -> np.ndarray:
    """The picture of all views side by side, each view fitted by the spec's `resize`.

    A picture of the right size comes back unchanged. Of any other, columns beyond a multiple of V are cut
    off; one of fewer than V columns is stretched as a whole.

    Returns:
        uint8 [H, V*W, 3].
    """
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    if fits(image, spec):
        return np.array(image)
    view_width = image.width // V
    if not view_width:
        return _stretched(image, H, V * W)
    views = [image.crop((v * view_width, 0, (v + 1) * view_width, image.height)) for v in range(V)]
    return fit_views(views, spec)


def fit_unpadded(image: Image.Image, spec: DatasetSpec) -> np.ndarray:
    """The picture of one view fitted by the spec's `resize`, without padding: uint8 [height, width, 3]."""
    if is_turned(image.height, image.width, spec):
        image = image.transpose(Image.Transpose.ROTATE_90)
    return _stretched(image, *scaled_size(image.height, image.width, spec))


def fit_views(images: list[Image.Image], spec: DatasetSpec) -> np.ndarray:
    """The pictures of V views, each fitted by itself, side by side.

    Returns:
        uint8 [H, V*W, 3].

    Raises:
        UserError: there are not V pictures.
    """
    if len(images) != spec.num_views:
        raise UserError(f"{len(images)} pictures for the {spec.num_views} views of data set {spec.name!r}")
    return np.concatenate([_fit_view(image, spec) for image in images], axis=1)


def fits(image: Image.Image, spec: DatasetSpec) -> bool:
    """Whether a picture of all views needs no change of its pixels."""
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    return image.size == (V * W, H) and not is_turned(H, W, spec)


def crop_views(image: np.ndarray, num_views: int, crop_height: int, crop_width: int) -> np.ndarray:
    """The middle of each view.

    Args:
        image: [..., H, V*W, C], one picture or a batch.
        num_views: V.
        crop_height: height to keep in pixels; 0: all of it.
        crop_width: width of a view to keep in pixels; 0: all of it.

    Returns:
        [..., crop_height, V*crop_width, C].

    Raises:
        UserError: the crop is larger than a view.
    """
    *batch, H, full_width, C = image.shape
    W = full_width // num_views
    height, width = crop_height or H, crop_width or W
    for flag, crop, side in (("crop_height", height, H), ("crop_width", width, W)):
        if crop > side:
            raise UserError(f"--{flag}={crop}: a view has only {side} pixels")
    top, left = (H - height) // 2, (W - width) // 2
    views = image.reshape(*batch, H, num_views, W, C)
    cropped = views[..., top : top + height, :, left : left + width, :]
    return cropped.reshape(*batch, height, num_views * width, C)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in SIXTEEN_BIT_MODES:
        # The high byte, as libpng (and so TensorFlow) and Pillow's own 16-bit colour do.
        high = np.clip(np.asarray(image).astype(np.int64), 0, 0xFFFF) >> 8
        return Image.fromarray(high.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _stretched(image: Image.Image, H: int, W: int) -> np.ndarray:
    return np.array(image.resize((W, H), Image.Resampling.BILINEAR))


def _fit_view(image: Image.Image, spec: DatasetSpec) -> np.ndarray:
    if is_turned(image.height, image.width, spec):
        image = image.transpose(Image.Transpose.ROTATE_90)
    height, width = scaled_size(image.height, image.width, spec)
    if (height, width) == (spec.image_height, spec.image_width):
        return _stretched(image, height, width)
    canvas = np.full((spec.image_height, spec.image_width, 3), PAD_GREY, np.uint8)
    top = (spec.image_height - height) // 2
    canvas[top : top + height, :width] = _stretched(image, height, width)
    return canvas
