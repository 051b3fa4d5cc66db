"""Pictures of every kind end in a record that TensorFlow decodes to the pixels that reading a picture gives."""

import dataclasses
import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.pictures import Picture, load_picture, view_size
from attention_ocr.records import pictures

H, W = 6, 12
NOISE = np.random.default_rng(0).integers(0, 256, (H, W, 4), np.uint8)
COLOUR = Image.fromarray(NOISE[:, :, :3])
SMOOTH = COLOUR.resize((2, 1)).resize((W, H), Image.Resampling.BICUBIC)  # JPEG decoders differ on noise
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def spec(num_views: int = 1, height: int = H, width: int = W, **policies: str) -> DatasetSpec:
    return DatasetSpec("toy", num_views, height, width, 3, Charset.from_labels(["a"]), **policies)


def file_of(image: Image.Image, image_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(rows: Iterable[bytes], depth: int, colour: int, interlace: int = 0, extra: bytes = b"") -> bytes:
    """A PNG of H x W by hand; `rows` without their filter byte."""
    header = struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, interlace)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return PNG_SIGNATURE + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def interlaced() -> bytes:
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    parts = [NOISE[top::down, left::right, 0] for top, left, down, right in passes]
    return png((row.tobytes() for part in parts if part.size for row in part), 8, 0, interlace=1)


def deep_colour() -> bytes:
    return png((row.astype(">u2").tobytes() for row in NOISE[:, :, :3].astype(np.uint16) * 257), 16, 2)


def with_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


PALETTE = COLOUR.convert("P", palette=Image.Palette.ADAPTIVE)
GREY = COLOUR.convert("L")
FRAMES = {"save_all": True, "append_images": [Image.new("RGB", (W, H)), COLOUR.rotate(180)]}
KINDS = {
    "RGB png": (file_of(COLOUR), "as it is"),
    "grey png": (file_of(GREY), "as it is"),
    "interlaced png": (interlaced(), "as it is"),
    "png with text": (file_of(COLOUR, dpi=(72, 72)), "as it is"),
    "png and more": (file_of(COLOUR) + b"more", "as it is"),
    "RGB jpeg": (file_of(SMOOTH, "JPEG", quality=95), "as it is"),
    "grey jpeg": (file_of(SMOOTH.convert("L"), "JPEG", quality=95), "as it is"),
    "progressive jpeg": (file_of(SMOOTH, "JPEG", progressive=True, quality=95), "as it is"),
    "upright jpeg": (file_of(SMOOTH, "JPEG", exif=with_orientation(1), quality=95), "as it is"),
    "CMYK jpeg": (file_of(COLOUR.convert("CMYK"), "JPEG"), "new"),
    "LA png": (file_of(Image.fromarray(NOISE[:, :, :2], "LA")), "new"),
    "RGBA png": (file_of(Image.fromarray(NOISE)), "new"),
    "palette png": (file_of(PALETTE), "new"),
    "palette png with a transparent colour": (file_of(PALETTE, transparency=3), "new"),
    "palette png with alphas": (file_of(PALETTE, transparency=bytes(range(0, 250, 10))), "new"),
    "grey png with a transparent grey": (file_of(GREY, transparency=int(NOISE[0, 0, 0])), "new"),
    "RGB png with a transparent colour": (file_of(COLOUR, transparency=(0, 0, 0)), "new"),
    "1-bit png": (file_of(GREY.convert("1")), "new"),
    "2-bit grey png": (png((b"\x1b\xe4\x1b" for _ in range(H)), 2, 0), "new"),
    "4-bit grey png": (png((b"\x01\x23\x45\x67\x89\xab" for _ in range(H)), 4, 0), "new"),
    "16-bit grey png": (file_of(Image.fromarray(NOISE[:, :, 0].astype(np.uint16) * 255 + 7)), "new"),
    "16-bit colour png": (deep_colour(), "new"),
    "animated png": (file_of(COLOUR, **FRAMES), "new"),
    "gif": (file_of(PALETTE, "GIF"), "new"),
    "animated gif": (file_of(COLOUR, "GIF", **FRAMES), "new"),
    "webp": (file_of(COLOUR, "WEBP"), "new"),
    "webp with alpha": (file_of(Image.fromarray(NOISE), "WEBP", lossless=True), "new"),
    "animated webp": (file_of(COLOUR, "WEBP", **FRAMES), "new"),
    "bmp": (file_of(COLOUR, "BMP"), "new"),
    "tiff": (file_of(COLOUR, "TIFF"), "new"),
    "1-bit fax tiff": (file_of(GREY.convert("1"), "TIFF", compression="group4"), "new"),
    "CMYK tiff": (file_of(COLOUR.convert("CMYK"), "TIFF"), "new"),
    "float tiff": (file_of(GREY.convert("F"), "TIFF"), "new"),
}
TURNED = {
    f"{name} turned {turn}": (file_of(SMOOTH if name == "JPEG" else COLOUR, name, exif=with_orientation(turn)), "new")
    for name in ("JPEG", "PNG", "TIFF", "WEBP")
    for turn in range(2, 9)
}
KINDS |= TURNED


def load(folder, encoded: bytes, to: DatasetSpec | None = None) -> Picture:
    (folder / "a").write_bytes(encoded)
    return load_picture(Annotation(("a",), "a", "a.tsv:1", folder), to or spec())


def load_unless_damaged(folder, encoded: bytes) -> Picture | None:
    """The picture, made sure that TensorFlow decodes it; None if it is refused with its name."""
    try:
        picture = load(folder, encoded)
    except UserError as refused:
        message = str(refused)
    else:
        assert_decodes(picture, encoded, spec())
        return picture
    assert message.startswith(f"{folder}/a: cannot be read as an image (")
    return None


def assert_decodes(picture: Picture, encoded: bytes, to: DatasetSpec) -> None:
    decoded = tf.io.decode_image(picture.encoded, channels=3, expand_animations=False).numpy()
    expected = pictures.fit(pictures.open_image(encoded), to)
    most = 3 if picture.image_format == "JPEG" else 0  # TensorFlow's inverse DCT is not quite Pillow's
    assert decoded.shape == expected.shape
    assert abs(decoded.astype(int) - expected).max() <= most
    assert Image.open(io.BytesIO(picture.encoded)).format == picture.image_format


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_decodes_to_the_pixels_that_reading_gives(kind, tmp_path):
    encoded, how = KINDS[kind]
    picture = load(tmp_path, encoded)
    assert_decodes(picture, encoded, spec())
    assert (picture.encoded == encoded) == (how == "as it is")
    assert picture.orig_width == W


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_fitted_to_another_size(kind, tmp_path):
    encoded, _ = KINDS[kind]
    to = spec(height=5, width=20, resize="pad")
    assert_decodes(load(tmp_path, encoded, to), encoded, to)


@pytest.mark.parametrize("kind", TURNED)
def test_the_usual_size_is_that_of_the_upright_picture(kind, tmp_path):
    (tmp_path / "a").write_bytes(TURNED[kind][0])
    upright = (H, W) if int(kind[-1]) < 5 else (W, H)
    assert view_size(Annotation(("a",), "a", "", tmp_path), 1, "keep") == upright
    assert pictures.open_image(tmp_path / "a").size == upright[::-1]


def test_an_animation_shows_its_first_frame(tmp_path):
    for kind in ("animated png", "animated gif"):
        decoded = tf.io.decode_image(load(tmp_path, KINDS[kind][0]).encoded, channels=3)
        np.testing.assert_array_equal(decoded, COLOUR)


def changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def with_pixels(pixels: bytes, *before: bytes) -> bytes:
    """The colour PNG with other compressed pixels, and chunks before them."""
    header = file_of(COLOUR)[8:33]
    return b"".join([PNG_SIGNATURE, header, *before, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


WHOLE = file_of(COLOUR)
PIXELS = zlib.compress(b"".join(b"\0" + row.tobytes() for row in NOISE[:, :, :3]))
DAMAGED = {
    "checksum of the header": changed(WHOLE, 29),
    "checksum of the pixels": changed(WHOLE, len(WHOLE) - 13),
    "checksum of the end": changed(WHOLE, len(WHOLE) - 1),
    "checksum of a text": changed(with_pixels(PIXELS, chunk(b"tEXt", b"Comment\0hello")), 33 + 8 + 3),
    "no end": WHOLE[:-12],
    "half an end": WHOLE[:-5],
    "pixels cut": WHOLE[:-40],
    "pixels without their checksum": with_pixels(PIXELS[:-4]),
    "pixels without their last bytes": with_pixels(PIXELS[:-1]),
    "a chunk that must be understood": with_pixels(PIXELS, chunk(b"ABCD", b"?")),
    "two headers": with_pixels(PIXELS, WHOLE[8:33]),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_png_is_written_anew_or_refused(damage, tmp_path):
    picture = load_unless_damaged(tmp_path, DAMAGED[damage])
    if picture:
        assert picture.encoded != DAMAGED[damage]
        np.testing.assert_array_equal(tf.io.decode_png(picture.encoded, channels=3), COLOUR)


def test_a_png_made_by_hand_is_stored_as_it_is(tmp_path):
    """So that what the test above sees is the damage."""
    for whole in (with_pixels(PIXELS), with_pixels(PIXELS, chunk(b"tEXt", b"Comment\0hello"))):
        assert load(tmp_path, whole).encoded == whole


@pytest.mark.parametrize("left", [0, 1, 20, 200, -1, -2, -20])
def test_a_cut_jpeg_is_refused_unless_all_pixels_are_there(left, tmp_path):
    encoded = file_of(SMOOTH, "JPEG", quality=95)[:left]
    picture = load_unless_damaged(tmp_path, encoded)
    if left in (-1, -2):
        assert picture is None or picture.encoded != encoded
    else:
        assert picture is None


def test_a_store_as_it_is_asks_for_the_exact_size_and_no_turn(tmp_path):
    encoded = file_of(COLOUR.rotate(90, expand=True))
    assert load(tmp_path, encoded, spec(height=W, width=H)).encoded == encoded
    assert load(tmp_path, encoded, spec(height=W, width=H, vertical="rotate")).encoded != encoded
    assert load(tmp_path, encoded, spec(2, height=W, width=H // 2)).encoded == encoded
    assert load(tmp_path, encoded, spec(2, height=W, width=H)).encoded != encoded


def test_equal_pictures_have_equal_digests(tmp_path):
    first, again, other = (load(tmp_path, data) for data in (WHOLE, WHOLE, file_of(GREY)))
    assert first.digest == again.digest != other.digest
    assert 0 <= first.digest < 2**63


def line_of(tmp_path, **pictures_of_names):
    for name, data in pictures_of_names.items():
        (tmp_path / name).write_bytes(data)
    return Annotation(tuple(pictures_of_names), "a", "l.tsv:1", tmp_path)


def whats(picture):
    return [what for what, _ in picture.notes]


CLEAR = Image.new("RGBA", (W, H), (255, 255, 255, 0))


@pytest.mark.parametrize("size", [(W, H), (W * 2, H * 2)])
@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("noise", lambda size: file_of(COLOUR.resize(size)), []),
        ("black", lambda size: file_of(Image.new("RGB", size)), ["one colour"]),
        ("grey", lambda size: file_of(Image.new("L", size, 77)), ["one colour"]),
        ("jpeg", lambda size: file_of(Image.new("L", size, 77), "JPEG"), ["one colour"]),
        ("clear", lambda size: file_of(CLEAR.resize(size)), ["one colour"]),
        ("faint", lambda size: file_of(COLOUR.resize(size).point(lambda v: 90 + v % 16)), ["one colour"]),
        ("less faint", lambda size: file_of(COLOUR.resize(size).point(lambda v: 90 + v % 18)), []),
        (
            "pages",
            lambda size: file_of(COLOUR.resize(size), "TIFF", save_all=True, append_images=[Image.new("RGB", size)]),
            ["several pages"],
        ),
        (
            "black pages",
            lambda size: file_of(Image.new("L", size), "GIF", save_all=True, append_images=[Image.new("L", size, 9)]),
            ["several pages", "one colour"],
        ),
    ],
)
def test_what_is_odd_about_a_picture_is_noted(tmp_path, size, name, data, expected):
    picture = load_picture(line_of(tmp_path, a=data(size)), spec())
    assert whats(picture) == expected, name
    if expected == ["one colour"]:
        assert picture.notes[0][1] == f"{tmp_path}/a shows nothing: it is of one colour"
    if expected == ["several pages"]:
        assert picture.notes[0][1] == f"{tmp_path}/a has 2 pages, the first is read"


def test_each_view_is_looked_at(tmp_path):
    line = line_of(tmp_path, a=file_of(COLOUR), b=file_of(Image.new("L", (W, H))))
    assert whats(load_picture(line, spec(num_views=2))) == ["one colour"]


def test_a_region_is_looked_at_alone(tmp_path):
    half = COLOUR.copy()
    half.paste((0, 0, 0), (0, 0, 6, H))
    (tmp_path / "a").write_bytes(file_of(half))
    for left, right, expected in ((0, 6, ["one colour"]), (6, 12, [])):
        region = (left, 0, right, 0, right, H, left, H)
        assert whats(load_picture(Annotation(("a",), "a", "", tmp_path, region=region), spec())) == expected


@pytest.mark.parametrize("region", [(), (0, 0, 6, 0, 6, 6, 0, 6)])
@pytest.mark.parametrize("views", [1, 2])
def test_too_many_pixels_are_refused_whatever_holds_them(tmp_path, region, views):
    data = file_of(COLOUR.resize((50, 20)))
    line = dataclasses.replace(line_of(tmp_path, a=data, b=data), region=region)
    line = dataclasses.replace(line, paths=line.paths[: 1 if region else views])
    to = spec(num_views=len(line.paths))
    for call in (lambda most: load_picture(line, to, most), lambda most: view_size(line, to.num_views, "keep", most)):
        assert call(1000)
        with pytest.raises(UserError, match="a: has 50 x 20 = 1,000 pixels, more than --max_pixels=999; "):
            call(999)
