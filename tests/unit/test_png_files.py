"""A PNG is taken as it is only if every reader decodes it, and to the same pixels."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.ingest.png_files import SIGNATURE, is_plain_png

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
    assert is_plain_png(encoded, H, W)
    assert tf.io.decode_png(encoded, 3).shape == (H, W, 3)
    assert not is_plain_png(encoded, W, H)


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
    assert not is_plain_png(encoded, H, W)


def test_a_checksum_stands_over_every_byte():
    encoded = png("L")
    changed = [bytes((*encoded[:place], encoded[place] ^ 0x10, *encoded[place + 1 :])) for place in range(len(encoded))]
    assert [place for place, file in enumerate(changed) if is_plain_png(file, H, W)] == []
