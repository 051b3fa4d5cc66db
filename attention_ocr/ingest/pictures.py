"""The picture of a line as a record holds it: its own file if that fits, otherwise a PNG. No TensorFlow."""

import functools
import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from attention_ocr import addresses
from attention_ocr.config import MAX_PIXELS
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest import stores
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.png_files import may_show_nothing, plain_pixels
from attention_ocr.records import pictures

JPEG_SCAN, JPEG_END = b"\xff\xda", b"\xff\xd9"
HASH_BYTES = 8
Notes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of H x V*W pixels.

    Attributes:
        encoded: the file's bytes.
        image_format: `PNG` or `JPEG`.
        orig_width: pixels of its width that are not padding.
        wanted_width: how wide keep_height would make it if it fitted, where it does not; else 0.
        orig_height: pixels of its height that are not padding, which is as high above as below; None: all.
        notes: what is odd about it: in a few words, and in a sentence.
    """

    encoded: bytes
    image_format: str
    orig_width: int
    wanted_width: int = 0
    orig_height: int | None = None
    notes: Notes = ()

    @property
    def digest(self) -> int:
        """A 63-bit hash of the file's bytes; equal pictures that were prepared alike have the same."""
        return int.from_bytes(hashlib.blake2b(self.encoded, digest_size=HASH_BYTES).digest(), "big") >> 1


def load_picture(line: Annotation, spec: DatasetSpec, max_pixels: int = MAX_PIXELS) -> Picture:
    """The picture that a line names, fitted to the spec; an empty one of its V paths becomes noise.

    Raises:
        UserError: a picture is missing, is not a whole one or has more than `max_pixels` pixels, or its region is
            empty.
    """
    path = line.paths[0]
    if len(line.paths) > 1:
        return _load_views(line, spec, max_pixels)
    if line.region:
        image, notes = _cropped(line, max_pixels)
        return _fitted(image, spec, (*notes, *_flaws(image, _name(line, path))))
    encoded = stores.read_bytes(line, path, max_pixels)
    height, width, _ = spec.image_shape
    plain = b"" if pictures.is_turned(height, spec.image_width, spec) else plain_pixels(encoded, height, width)
    if plain and not may_show_nothing(encoded, plain, height, width):
        return Picture(encoded, "PNG", width)
    with pictures.decoded(encoded, _name(line, path), max_pixels) as picture:
        is_jpeg = _is_fitting_jpeg(picture, encoded, spec)
        notes = _pages(picture, _name(line, path))
        image = pictures.upright_rgb(picture)
    notes += _flaws(image, _name(line, path))
    if plain or is_jpeg:
        return Picture(encoded, "PNG" if plain else "JPEG", width, notes=notes)
    return _fitted(image, spec, notes)


def view_size(line: Annotation, spec_views: int, vertical: str, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width in pixels of a line's first view before it is fitted.

    Args:
        line: a line with one picture or several.
        spec_views: V.
        vertical: the vertical policy.
        max_pixels: a picture of more is not decoded.

    Raises:
        UserError: the picture cannot be read.
    """
    path = next(path for path in line.paths if path)
    if line.region:
        width, height = _cropped(line, max_pixels)[0].size
    else:
        encoded = stores.read_bytes(line, path, max_pixels)
        with pictures.decoded(encoded, _name(line, path), max_pixels) as picture:
            is_on_its_side = pictures.orientation_of(picture) >= 5
            width, height = picture.size[::-1] if is_on_its_side else picture.size
    width = max(1, width // (spec_views if len(line.paths) == 1 else 1))
    return (width, height) if vertical == "rotate" and height > pictures.TALL * width else (height, width)


def _load_views(line: Annotation, spec: DatasetSpec, max_pixels: int) -> Picture:
    views, notes = [], []
    for view, path in enumerate(line.paths):
        if not path:
            views.append(_noise(line, view, spec))
            continue
        image, found = _open_view(line, path, max_pixels)
        views.append(image)
        notes += [*found, *_flaws(image, _name(line, path))]
    return Picture(_png(pictures.fit_views(views, spec)), "PNG", spec.image_shape[1], notes=tuple(notes))


def _fitted(image: Image.Image, spec: DatasetSpec, notes: Notes) -> Picture:
    return Picture(_png(pictures.fit(image, spec)), "PNG", *_sizes(image, spec), notes)


def _flaws(image: Image.Image, name: str) -> Notes:
    return (("one colour", f"{name} shows nothing: it is of one colour"),) if pictures.shows_nothing(image) else ()


def _pages(picture: Image.Image, name: str) -> Notes:
    number = pictures.number_of_pages(picture)
    return (("several pages", f"{name} has {number} pages, the first is read"),) if number > 1 else ()


def _cropped(line: Annotation, max_pixels: int) -> tuple[Image.Image, Notes]:
    from attention_ocr.ingest.cropping import crop_region  # OpenCV, which few data sets need

    image, notes = _photograph(line.paths[0], str(line.image_root), line.store, max_pixels)
    try:
        return crop_region(image, line.region), notes
    except UserError as error:
        raise UserError(f"{_name(line, line.paths[0])}: {error}") from error


@functools.lru_cache(maxsize=1)
def _photograph(path: str, image_root: str, store: str, max_pixels: int) -> tuple[Image.Image, Notes]:
    """The whole picture, upright; the last one is kept, since its regions come one after the other."""
    return _open_view(Annotation((path,), "", "", image_root, store), path, max_pixels)


def _open_view(line: Annotation, path: str, max_pixels: int) -> tuple[Image.Image, Notes]:
    name = _name(line, path)
    with pictures.decoded(stores.read_bytes(line, path, max_pixels), name, max_pixels) as picture:
        return pictures.upright_rgb(picture), _pages(picture, name)


def _name(line: Annotation, path: str) -> str:
    return f"{line.image_root}/{path}" if line.image_root and not addresses.is_address(path) else path


def _noise(line: Annotation, view: int, spec: DatasetSpec) -> Image.Image:
    """What FSNS puts where a sign has fewer than four views: uniform noise, the same for the same line."""
    seed = hashlib.sha256(f"{view}:{','.join(line.paths)}".encode("utf-8", "surrogatepass")).digest()
    shape = (spec.image_height, spec.image_width, 3)
    return Image.fromarray(np.random.default_rng(list(seed)).integers(0, 256, shape, np.uint8))


def _sizes(image: Image.Image, spec: DatasetSpec) -> tuple[int, int, int | None]:
    """A fitted picture's `orig_width`, `wanted_width` and `orig_height`."""
    if spec.num_views > 1:
        return spec.image_shape[1], 0, None
    height, width = image.height, image.width
    if pictures.is_turned(height, width, spec):
        height, width = width, height
    at_full_height = int(width * spec.image_height / height + 0.5)
    is_squeezed = spec.resize == "keep_height" and at_full_height > spec.image_width
    filled = pictures.scaled_size(height, width, spec)
    return filled[1], at_full_height if is_squeezed else 0, filled[0] if spec.resize == "pad" else None


def _is_fitting_jpeg(picture: Image.Image, encoded: bytes, spec: DatasetSpec) -> bool:
    """Whether a file needs no change: grey or colour, upright, the exact size."""
    return (
        picture.format == "JPEG"
        and pictures.fits(*picture.size, spec)
        and picture.mode in ("L", "RGB")
        and pictures.orientation_of(picture) == pictures.UPRIGHT
        and _has_jpeg_end(encoded)
    )


def _has_jpeg_end(encoded: bytes) -> bool:
    """Whether the end of a JPEG follows its last scan: Pillow can do without, TensorFlow refuses."""
    return encoded.rfind(JPEG_END) > encoded.rfind(JPEG_SCAN)


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
