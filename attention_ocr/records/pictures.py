"""One picture: opened from any format, fitted to V views of H x W, cropped. Pillow and NumPy only."""

import contextlib
import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from attention_ocr.config import MAX_PIXELS
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError

PAD_GREY = 127
TALL = 1.5  # A picture more than this many times as high as wide counts as vertical text.
UPRIGHT = 1
TURNS = {  # by EXIF's orientation: what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIXTEEN_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")
LIGHT = 192  # of 255: on white, what is nowhere darker than this cannot be read
HARDLY_DIFFERENT = 15  # of 255: a picture whose values differ by no more shows nothing
# `decoded` looks at a picture's size itself. Pillow's own limit would be in the way of a larger --max_pixels, and its
# warning would come before the error that says what to do.
Image.MAX_IMAGE_PIXELS = None


class TooManyPixelsError(UserError):
    """A picture that is not decoded, as it has more pixels than is allowed."""


def open_image(source: str | Path | bytes, name: str = "", max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture as upright RGB, fully loaded; a file of several pages, or an animation, gives the first.

    Transparency becomes white, or black if all that is visible is light.

    Args:
        source: a file's name, or its bytes.
        name: how messages call it; empty: the file's name.
        max_pixels: a picture of more is not decoded.

    Raises:
        UserError: there is no such file, its bytes are not a whole picture, or it has too many pixels.
    """
    if not name:
        name = "the picture" if isinstance(source, bytes) else str(source)
    with decoded(source, name, max_pixels) as picture:
        return upright_rgb(picture)


@contextlib.contextmanager
def decoded(source: str | Path | bytes, name: str, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """The picture as its file has it, fully loaded; errors while reading it become a UserError with its name.

    Its size is looked at first: a file of some kilobytes can hold a picture that fills the memory.
    """
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            if why := too_large(*picture.size, max_pixels):
                raise TooManyPixelsError(f"{name}: {why}")
            picture.load()
            yield picture
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f"{name}: cannot be read as an image (no format that Pillow knows)") from error
    except Exception as error:  # Damaged bytes raise whatever a decoder stumbles over, not only OSError.
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{name}: cannot be read as an image ({why})") from error


def too_large(width: int, height: int, max_pixels: int) -> str:
    """The complaint about a picture of more than `max_pixels` pixels; empty: there is none."""
    if width * height <= max_pixels:
        return ""
    return (
        f"has {width} x {height} = {width * height:,} pixels, more than --max_pixels={max_pixels}; shrink it, or raise "
        "that number if the memory holds it"
    )


def size_of(path: str | Path) -> tuple[int, int] | None:
    """Width and height in pixels of a picture as its file has it, not decoded; None: it cannot be read."""
    try:
        with Image.open(path) as picture:
            return picture.size
    except Exception:  # as in `decoded`
        return None


def number_of_pages(picture: Image.Image) -> int:
    """The pages of a TIFF, or the frames of an animation, of which the first is read; 1: that is all.

    The second picture of a camera's JPEG (MPO) is a smaller one of the first, and does not count.
    """
    if picture.format == "MPO":
        return 1
    try:
        return getattr(picture, "n_frames", 1)
    except Exception:  # what follows the first page is damaged
        return 1


def shows_nothing(image: Image.Image) -> bool:
    """Whether an RGB picture has one colour, or so nearly that nothing can be seen in it."""
    return all(high - low <= HARDLY_DIFFERENT for low, high in image.getextrema())  # type: ignore[misc]


def upright_rgb(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says, as RGB on the ground of `open_image`."""
    picture.load()
    turn = TURNS.get(orientation_of(picture))
    return _rgb(picture if turn is None else picture.transpose(turn))


def orientation_of(picture: Image.Image) -> int:
    """How the camera was held, as EXIF numbers it: 1 is upright; 1 too where nothing tells it."""
    try:
        told = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF raises whatever Pillow stumbles over; the pixels are whole all the same
        return UPRIGHT
    return told if told in TURNS else UPRIGHT


def scaled_size(height: int, width: int, spec: DatasetSpec) -> tuple[int, int]:
    """Height and width in pixels that a picture fills of a view of H x W; the rest is padding.

    `pad`: as large as fits into the view. `keep_height`: the full height, at most W wide and at least as wide as the
    spec's `least_width`. `stretch`: the whole view.
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

    A picture of the right size comes back unchanged. Otherwise columns beyond a multiple of V are cut
    off; a picture of fewer than V columns is stretched as a whole.

    Returns:
        uint8 [H, V*W, 3].
    """
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    if fits(*image.size, spec):
        return np.array(image)
    view_width = image.width // V
    if not view_width:
        return _stretched(image, H, V * W)
    views = [image.crop((v * view_width, 0, (v + 1) * view_width, image.height)) for v in range(V)]
    return fit_views(views, spec)


def shows_one_view(height: int, width: int, spec: DatasetSpec) -> bool:
    """Whether a picture of that size is shaped like one of several views, not like all of them side by side."""
    V, H, W = spec.num_views, spec.image_height, spec.image_width
    exact = (height, width) == (H, V * W)
    return V > 1 and not exact and width * H < math.sqrt(V) * W * height


def in_every_view(image: Image.Image, spec: DatasetSpec) -> Image.Image:
    """A picture that shows one view, V times side by side, which `fit` takes apart again."""
    canvas = Image.new("RGB", (spec.num_views * image.width, image.height))
    for view in range(spec.num_views):
        canvas.paste(image, (view * image.width, 0))
    return canvas


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


def fits(width: int, height: int, spec: DatasetSpec) -> bool:
    """Whether a picture of all views, of that size, can be used as it is."""
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    return (width, height) == (V * W, H) and not is_turned(H, W, spec)


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
        return Image.fromarray(_eight_bits(np.asarray(image).astype(np.int64))).convert("RGB")
    if image.mode == "F":
        return Image.fromarray(_from_fractions(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        return _on_its_ground(image.convert("RGBA"))
    return image.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Whole numbers of any depth as uint8: the highest bit that the picture uses becomes the highest of a byte.

    Of all 16 bits that gives the high byte, as libpng (and so TensorFlow) and Pillow's own 16-bit colour have it; of 8
    or 12 bits in 16, which cameras and scanners write, the picture rather than a black one.
    """
    values = values.clip(0)
    bits = int(values.max(initial=0)).bit_length()
    if bits > 8:
        values >>= bits - 8
    elif 0 < bits < 8:
        values = values * 255 // (2**bits - 1)
    return values.astype(np.uint8)


def _from_fractions(values: np.ndarray) -> np.ndarray:
    """Fractions in 0..1, or numbers of any depth, as uint8; what is not a number is black."""
    values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0).clip(0)
    most = values.max(initial=0.0)
    if 0 < most < 2:  # of 255 levels that would be black
        return (values * (255 / max(most, 1.0)) + 0.5).astype(np.uint8)
    return values.astype(np.uint8) if most < 256 else _eight_bits(values.clip(0, 2**62).astype(np.int64))


def _on_its_ground(image: Image.Image) -> Image.Image:
    """An RGBA picture as RGB on white; on black if on white nothing dark is left to be seen."""
    on_white = _on(image, "white")
    is_light = np.asarray(on_white.convert("L")).min() >= LIGHT
    return _on(image, "black") if is_light and np.asarray(image)[..., 3].any() else on_white


def _on(image: Image.Image, ground: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")


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
