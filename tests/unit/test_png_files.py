"""A PNG is taken as it is only if every reader decodes it, and to the same pixels."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.ingest.png_files import ADAM7, SIGNATURE, may_show_nothing, plain_pixels
from attention_ocr.records.pictures import HARDLY_DIFFERENT, shows_nothing

H, W = 11, 9


def png(mode="RGB", **options):
    pixels = np.random.default_rng(0).integers(0, 256, (H, W, 4), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[:, :, :3]).convert(mode).save(file, "PNG", **options)
    return file.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def made(rows, interlace=0, colour=0, extra=b"", parts=1):
    """A PNG of our own with these bytes of rows."""
    data = zlib.compress(rows)
    cuts = [data[n * len(data) // parts : (n + 1) * len(data) // parts] for n in range(parts)]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, colour, 0, 0, interlace))
    return SIGNATURE + header + extra + b"".join(chunk(b"IDAT", cut) for cut in cuts) + chunk(b"IEND", b"")


GOOD = bytes(H * (1 + W))
INTERLACED_SIZE = sum(  # each part's rows, a filter and their pixels
    len(range(top, H, down)) * (1 + len(range(left, W, right)))
    for left, top, right, down in (
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
    )
)


@pytest.mark.parametrize(
    "encoded",
    [
        png("RGB"),
        png("L"),
        png("RGB", compress_level=0),
        made(GOOD),
        made(GOOD, parts=4),
        made(GOOD, extra=chunk(b"tEXt", b"Comment\0hello")),
        made(bytes(INTERLACED_SIZE), interlace=1),
    ],
)
def test_a_plain_file_is_taken_and_tensorflow_reads_it(encoded):
    assert plain_pixels(encoded, H, W)
    assert tf.io.decode_png(encoded, 3).shape == (H, W, 3)
    assert not plain_pixels(encoded, W, H)


@pytest.mark.parametrize(
    "encoded",
    [
        png("RGBA"),
        png("LA"),
        png("P"),
        png("1"),
        png("I;16"),
        png("L", transparency=3),
        made(GOOD, extra=chunk(b"eXIf", b"MM")),
        made(GOOD, extra=chunk(b"acTL", bytes(8))),
        made(GOOD, extra=chunk(b"zTXt", b"Raw profile type exif\0\0...")),  # may say that it is turned
        made(GOOD, extra=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0...")),
        made(GOOD, extra=chunk(b"ABCD", b"must be understood")),
        made(GOOD[:-1]),
        made(GOOD + b"\0"),
        made(b"\5" + GOOD[1:]),
        made(GOOD, interlace=1),
        made(GOOD, interlace=2),
        made(GOOD, colour=7),
        b"",
        SIGNATURE,
        png()[:-12],
        png()[:60],
        b"\xff\xd8" + png(),
    ],
)
def test_others_are_not(encoded):
    assert not plain_pixels(encoded, H, W)


def test_a_checksum_stands_over_every_byte():
    encoded = png("L")
    changed = [bytes((*encoded[:place], encoded[place] ^ 0x10, *encoded[place + 1 :])) for place in range(len(encoded))]
    assert [place for place, file in enumerate(changed) if plain_pixels(file, H, W)] == []


def filtered(pixels, filters, interlace):
    """The rows of a PNG of pixels [H, W, C], each part's rows filtered in turn as `filters` says."""
    parts = [(0, 0, 1, 1)] if not interlace else ADAM7
    found = b""
    for left, top, right, down in parts:
        part = pixels[top::down, left::right].astype(int)
        if not part.size:
            continue
        padded = np.pad(part, ((1, 0), (1, 0), (0, 0)))
        left_of, above, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
        guess = left_of + above - corner
        distances = np.stack([np.abs(guess - each) for each in (left_of, above, corner)])
        paeth = np.choose(distances.argmin(axis=0), [left_of, above, corner])
        predicted = [0 * part, left_of, above, (left_of + above) // 2, paeth]
        for row in range(len(part)):
            filter_type = filters[row % len(filters)]
            difference = (part[row] - predicted[filter_type][row]) % 256
            found += bytes([filter_type]) + difference.astype(np.uint8).tobytes()
    return found


@pytest.mark.parametrize("filters", [(0,), (1,), (2,), (3,), (4,), (4, 3, 2, 1, 0), (0, 4, 1, 3)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("base", [0, 120, 255 - HARDLY_DIFFERENT])
def test_a_picture_that_shows_nothing_is_never_overlooked(filters, channels, interlace, base):
    random = np.random.default_rng(0)
    pixels = random.integers(base, base + HARDLY_DIFFERENT + 1, (H, W, channels), np.uint8)
    encoded = made(filtered(pixels, filters, interlace), interlace, colour=0 if channels == 1 else 2)
    assert plain_pixels(encoded, H, W)
    decoded = Image.open(io.BytesIO(encoded)).convert("RGB")
    np.testing.assert_array_equal(np.asarray(decoded), np.broadcast_to(pixels, (H, W, 3)))
    assert shows_nothing(decoded)
    assert may_show_nothing(encoded, plain_pixels(encoded, H, W), H, W)


@pytest.mark.parametrize("filters", [(0,), (1,), (2,), (3,), (4,)])
@pytest.mark.parametrize("interlace", [0, 1])
def test_a_picture_with_ink_need_not_be_decoded(filters, interlace):
    pixels = np.full((H, W, 3), 250, np.uint8)
    pixels[4:9, 2:7] = 10
    encoded = made(filtered(pixels, filters, interlace), interlace, colour=2)
    assert not may_show_nothing(encoded, plain_pixels(encoded, H, W), H, W)
