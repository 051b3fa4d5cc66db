"""An export's graph decodes a file to the pixels that Pillow gives, or says that it cannot."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.data.decoding import decode_file, decode_pixels, size_of
from attention_ocr.records import pictures

HEIGHT, WIDTH = 24, 40
ORIENTATION = 0x0112
MAX_PIXELS = 10_000
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def smooth_pixels(channels=3):
    """uint8 [24, 40, channels] of waves, every channel another."""
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(channels), indexing="ij")
    return (127 + 120 * np.sin(y / 5 + c) * np.cos(x / 7 - c)).astype(np.uint8)


SMOOTH = Image.fromarray(smooth_pixels())
SEE_THROUGH = Image.fromarray(smooth_pixels(4), "RGBA")


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def decoded_file(encoded):
    """As an export has it."""
    return decode_file(encoded, MAX_PIXELS)


def file_of(picture, image_format, **options):
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(depth, colour, rows, width, *chunks):
    """A PNG by hand: Pillow writes few depths. `rows` without the number of their filter."""
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return PNG_SIGNATURE + b"".join(parts)


def with_chunk(encoded, name, data, after_pixels=False):
    """A PNG with one more chunk."""
    place = encoded.index(b"IEND" if after_pixels else b"IDAT") - 4
    return encoded[:place] + chunk(name, data) + encoded[place:]


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x010E] = "a description that lies beside the directory"
    exif[ORIENTATION] = orientation
    exif[0x0131] = "a program"
    return exif


def tiff(orientation, order="<", kind=3, count=1, head=None):
    """A TIFF directory of one entry, by hand."""
    head = head or (b"II*\0" if order == "<" else b"MM\0*")
    value = struct.pack(order + {1: "BBBB", 3: "HH", 4: "I"}[kind], *[orientation, 0, 0, 0][: {1: 4, 3: 2, 4: 1}[kind]])
    return head + struct.pack(order + "IHHHI", 8, 1, ORIENTATION, kind, count) + value + bytes(4)


def assert_as_pillow(encoded, allowed=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, on odd EXIF
        expected = np.array(pictures.open_image(encoded))
        with Image.open(io.BytesIO(encoded)) as opened:
            stored = opened.size[::-1]
    found = decoded_file(encoded).numpy()
    assert found.dtype == np.uint8
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected).max()
    assert difference <= allowed, f"{difference} levels"
    assert tuple(size_of(tf.constant(encoded)).numpy()) == stored


def stored(encoded):
    with Image.open(io.BytesIO(encoded)) as picture:
        return np.array(picture.convert("RGB"))


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_orientation_is_followed(orientation, image_format, mode):
    encoded = file_of(SMOOTH.convert(mode), image_format, exif=exif_of(orientation))
    assert_as_pillow(encoded)
    assert decoded_file(encoded).shape == ((WIDTH, HEIGHT, 3) if 5 <= orientation <= 8 else (HEIGHT, WIDTH, 3))
    np.testing.assert_array_equal(decode_pixels(encoded), stored(encoded))  # records are taken as they are


EXIFS = {
    "little endian": tiff(6),
    "big endian": tiff(6, ">"),
    "long": tiff(6, kind=4),
    "long, big endian": tiff(6, ">", kind=4),
    "byte": tiff(6, kind=1),
    "two values": tiff(6, count=2),
    "no value": tiff(6, count=0),
    "zero": tiff(0),
    "odd head": tiff(6, head=b"II\0*"),
    "another odd head": tiff(6, ">", head=b"MM*\0"),
    "no head": tiff(6, head=b"XX*\0"),
    "twice": tiff(6)[:8] + b"\2\0" + tiff(3)[10:22] + tiff(8)[10:22] + bytes(4),
    "cut off in the entry": tiff(6)[:20],
    "cut off after it": tiff(6)[:22],
    "directory beyond the end": b"II*\0" + struct.pack("<I", 2**31),
    "directory at the end": b"II*\0" + struct.pack("<I", 8),
    "more entries than there are": tiff(6)[:8] + b"\xff\xff" + tiff(6)[10:],
    "head only": b"II*\0",
    "empty": b"",
    "words": b"no directory at all",
}


@pytest.mark.parametrize("name", EXIFS)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_exif_is_read_as_pillow_reads_it(name, image_format):
    assert_as_pillow(file_of(SMOOTH, image_format, exif=b"Exif\0\0" + EXIFS[name]))


def test_exif_stands_anywhere_in_a_png():
    plain = file_of(SMOOTH, "PNG")
    for after_pixels in (False, True):
        encoded = with_chunk(plain, b"eXIf", tiff(6), after_pixels)
        assert_as_pillow(encoded)
        assert decoded_file(encoded).shape == (WIDTH, HEIGHT, 3)


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_exif_of_older_imagemagick_is_read(name, orientation):
    data = b"Exif\0\0" + tiff(orientation)
    lines = "\n".join(data.hex()[start : start + 72] for start in range(0, 2 * len(data), 72))
    text = f"\nexif\n{len(data):8}\n{lines}\n".encode()
    text = b"\0" + zlib.compress(text) if name == b"zTXt" else text
    assert_as_pillow(with_chunk(file_of(SMOOTH, "PNG"), name, b"Raw profile type exif\0" + text))


@pytest.mark.parametrize("form", ['tiff:Orientation="%d"', "<tiff:Orientation>%d</tiff:Orientation>", "none %d"])
@pytest.mark.parametrize("orientation", [0, 1, 5, 6, 9])
def test_xmp_is_read_where_exif_tells_nothing(form, orientation):
    xmp = b'<x:xmpmeta note="\xc3\xa9\n">' + (form % orientation).encode() + b' tiff:Orientation="4"</x:xmpmeta>'
    assert_as_pillow(file_of(SMOOTH, "JPEG", xmp=xmp))
    assert_as_pillow(file_of(SMOOTH, "JPEG", xmp=xmp, exif=exif_of(3)))
    plain = file_of(SMOOTH, "PNG")
    for flag, text in ((b"\0", xmp), (b"\1", zlib.compress(xmp))):
        content = b"XML:com.adobe.xmp\0" + flag + b"\0en\0a title\0" + text
        assert_as_pillow(with_chunk(plain, b"iTXt", content))
        assert_as_pillow(with_chunk(with_chunk(plain, b"iTXt", content), b"eXIf", tiff(8)))


def test_other_blocks_are_passed_over():
    jpeg = file_of(SMOOTH, "JPEG", exif=exif_of(6), icc_profile=bytes(70_000), comment=b"Exif\0\0" + tiff(8))
    assert_as_pillow(jpeg)
    filled = jpeg.replace(b"\xff\xe1", b"\xff\xff\xff\xe1", 1)  # a marker may follow any number of 0xFF
    assert_as_pillow(filled)
    png_file = with_chunk(file_of(SMOOTH, "PNG", exif=exif_of(6)), b"tEXt", b"eXIf\0eXIf tRNS")
    assert_as_pillow(png_file)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "1"])
def test_png_decodes_as_pillow_does(mode):
    channels = {"RGB": 3, "L": 1, "RGBA": 4, "LA": 2, "P": 3, "1": 3}[mode]
    pixels = smooth_pixels(channels)
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode if channels != 3 else "RGB")
    assert_as_pillow(file_of(picture.quantize(64) if mode == "P" else picture.convert(mode), "PNG"))


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["grey", "grey with a transparent one", "palette", "palette with transparent ones"])
def test_every_depth_of_png_decodes_as_pillow_does(depth, kind):
    random = np.random.default_rng(depth)
    rows = [random.integers(0, 256, 16 * depth // 8, np.uint8).tobytes() for _ in range(9)]
    palette = chunk(b"PLTE", random.integers(0, 200, 3 * 2**depth, np.uint8).tobytes())
    chunks = {
        "grey": [],
        "grey with a transparent one": [chunk(b"tRNS", struct.pack(">H", 2**depth - 1))],
        "palette": [palette],
        "palette with transparent ones": [palette, chunk(b"tRNS", bytes([0, 128]))],
    }
    assert_as_pillow(
        png(depth, 3 if "palette" in kind else 0, rows, 16, *chunks[kind]), allowed=1 if "ones" in kind else 0
    )


@pytest.mark.parametrize("colour", [2, 4, 6])
def test_sixteen_bits_a_channel_decode_as_pillow_does(colour):
    row_bytes = 5 * 2 * {2: 3, 4: 2, 6: 4}[colour]
    rows = [np.random.default_rng(n).integers(0, 256, row_bytes, np.uint8).tobytes() for n in range(4)]
    assert_as_pillow(png(16, colour, rows, 5))


@pytest.mark.parametrize("most", [0, 1, 7, 15, 100, 255, 256, 1000, 4095, 4096, 32767, 32768, 65535])
def test_sixteen_bits_of_grey_decode_as_pillow_does(most):
    assert_as_pillow(file_of(Image.fromarray(np.linspace(0, most, 960).reshape(24, 40).astype(np.uint16)), "PNG"))


@pytest.mark.parametrize("darkest", [0, 150, 185, 191, 192, 193, 200, 255])
@pytest.mark.parametrize("alphas", [(0, 255), (0, 0), (255, 255), (40, 255), (0, 128)])
def test_what_is_light_on_nothing_decodes_as_pillow_does(darkest, alphas):
    pixels = np.full((6, 8, 4), 255, np.uint8)
    pixels[:, :4, :3] = darkest
    pixels[:3, :, 3], pixels[3:, :, 3] = alphas
    assert_as_pillow(file_of(Image.fromarray(pixels), "PNG"))


@pytest.mark.parametrize("colour", [(255, 255, 0), (0, 0, 255), (150, 220, 160), (0, 255, 255)])
def test_light_colours_decode_as_pillow_does(colour):
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[1:3, 1:3] = (*colour, 255)
    assert_as_pillow(file_of(Image.fromarray(pixels), "PNG"))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"subsampling": 1}, {"progressive": True}])
def test_jpeg_decodes_as_pillow_does(mode, options):
    assert_as_pillow(file_of(SMOOTH.convert(mode), "JPEG", quality=90, **options), allowed=2)


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_gif_decodes_as_pillow_does(mode):
    frames = [SMOOTH.convert(mode), SMOOTH.rotate(180).convert(mode)]
    assert_as_pillow(file_of(frames[0], "GIF"))
    assert_as_pillow(file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], comment=b"x" * 300))


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_bmp_decodes_as_pillow_does(mode):
    picture = SMOOTH.quantize(60) if mode == "P" else SMOOTH.convert(mode)
    encoded = file_of(picture, "BMP")
    assert_as_pillow(encoded)
    if mode == "RGB":  # the first row first
        assert_as_pillow(encoded[:22] + struct.pack("<i", -HEIGHT) + encoded[26:])


def without_adobes_mark():
    encoded = file_of(SMOOTH.convert("CMYK"), "JPEG")
    start = encoded.index(b"\xff\xee")
    return encoded[:start] + encoded[start + 2 + int.from_bytes(encoded[start + 2 : start + 4], "big") :]


def smaller_first_frame():
    encoded = bytearray(file_of(SMOOTH.convert("L"), "GIF"))
    encoded[6:10] = struct.pack("<HH", WIDTH + 3, HEIGHT)
    return bytes(encoded)


REFUSED = {
    "webp": (lambda: file_of(SMOOTH, "WEBP"), "is not a JPEG, PNG, GIF or BMP file"),
    "tiff": (lambda: file_of(SMOOTH, "TIFF"), "is not a JPEG, PNG, GIF or BMP file"),
    "words": (lambda: b"no picture, but a text that is longer than any head", "is not a JPEG, PNG, GIF or BMP file"),
    "nothing": (lambda: b"", "is not a JPEG, PNG, GIF or BMP file, or ends too soon"),
    "a head": (lambda: file_of(SMOOTH, "PNG")[:30], "is not a JPEG, PNG, GIF or BMP file, or ends too soon"),
    "cmyk": (without_adobes_mark, "is a CMYK JPEG that does not say whether its inks are inverted"),
    "transparent gif": (lambda: file_of(SEE_THROUGH, "GIF", transparency=0), "is a GIF whose first frame is transp"),
    "smaller frame": (smaller_first_frame, "is a GIF whose first frame is transparent or smaller"),
    "black and white bmp": (
        lambda: file_of(SMOOTH.convert("1"), "BMP"),
        "is a compressed BMP, or one of another depth",
    ),
    "compressed bmp": (
        lambda: (lambda b: b[:30] + struct.pack("<I", 1) + b[34:])(file_of(SMOOTH.convert("L"), "BMP")),
        "is a compressed BMP, or one of another depth",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_decodes_otherwise_is_refused_with_the_way_out(name):
    make, problem = REFUSED[name]
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"the picture {problem}.*; convert it to PNG or JPEG"):
        decoded_file(make())
    if name not in ("cmyk", "a head"):  # of records, TensorFlow says itself what is damaged
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"the picture {problem}.*; convert it to PNG or JPEG"):
            decode_pixels(make())


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP"])
def test_a_file_cut_off_anywhere_is_an_error_or_the_picture(image_format):
    """Never a crash, nor an endless loop."""
    encoded = file_of(SMOOTH.quantize(60) if image_format == "GIF" else SMOOTH, image_format)
    for length in range(0, len(encoded) - 20, 37):
        with pytest.raises(tf.errors.OpError):
            decoded_file(encoded[:length])


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP"])
def test_too_many_pixels_are_refused(image_format):
    too_large = file_of(Image.new("RGB", (101, 100)), image_format)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"the picture has more than {MAX_PIXELS} pixels"):
        decoded_file(too_large)
    assert decoded_file(file_of(Image.new("RGB", (100, 100)), image_format)).shape == (100, 100, 3)
