"""How a camera was held, read from a file's bytes in TensorFlow's graph as Pillow reads it: EXIF, or else XMP.

Orientations are EXIF's: 1 is upright, 2 to 8 say how the pixels are turned or mirrored.
"""

import numpy as np
import tensorflow as tf

from attention_ocr.data.walking import Found, follow, number_at

UPRIGHT = 1
ORIENTATION_TAG = 0x0112
SHORTS, LONGS = (3, 8), (4, 9)  # TIFF's types of two and of four bytes
ENTRY = 12  # bytes of a TIFF directory's entry
EXIF_PREFIX, XMP_PREFIX = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
END, SCAN, APP1, APP14 = 0xD9, 0xDA, 0xE1, 0xEE  # JPEG's markers
TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")  # PNG's
PROFILE_KEY, XMP_KEY = b"Raw profile type exif\0", b"XML:com.adobe.xmp\0"
XMP_ORIENTATION = r'tiff:Orientation(?:="|>)([0-9])'
HEX_DIGITS = np.zeros(256, np.int32)
HEX_DIGITS[[ord(digit) for digit in "0123456789abcdefABCDEF"]] = [*range(16), *range(10, 16)]


def turned_upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Pixels [height, width, C] turned as an orientation, int32 [], says."""
    is_one_of = lambda *values: tf.reduce_any(tf.equal(orientation, values))  # noqa: E731
    pixels = tf.cond(is_one_of(5, 6, 7, 8), lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
    dims = tf.stack([is_one_of(3, 4, 7, 8), is_one_of(2, 3, 6, 7), False])
    return tf.cond(orientation > UPRIGHT, lambda: tf.raw_ops.Reverse(tensor=pixels, dims=dims), lambda: pixels)


def orientation_of(exif: tf.Tensor, xmp: tf.Tensor) -> tf.Tensor:
    """The orientation, int32 [], in 1..8.

    Args:
        exif: string [], a TIFF directory, `Exif` and two zeros before it or not; empty: none.
        xmp: string [], which counts where EXIF does not tell; empty: none.
    """
    data = tf.strings.regex_replace(exif, "^(?:Exif\\x00\\x00)+", "")
    found = tf.cond(tf.strings.length(data) >= 8, lambda: _in_tiff(data), lambda: tf.constant(0))
    found = tf.cond(found == 0, lambda: _in_xmp(xmp), lambda: found)
    return tf.where((found >= 1) & (found <= 8), found, UPRIGHT)  # XMP may tell another digit


def jpeg_tells(encoded: tf.Tensor) -> Found:
    """A JPEG's `exif` and `xmp`, string [], and whether it has Adobe's mark, `is_adobes` bool []."""
    none = tf.constant(b"")

    def step(at: tf.Tensor, found: Found) -> Found:
        head = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, at, 4), tf.uint8), tf.int64)
        marker, size = head[1], head[2] * 256 + head[3]
        is_marker = (head[0] == 0xFF) & (marker != 0xFF)  # else filling
        has_size = ~((marker == 0x01) | ((marker >= 0xD0) & (marker <= 0xD8)))
        is_end = is_marker & ((marker == SCAN) | (marker == END))
        content = tf.strings.substr(encoded, at + 4, tf.maximum(size - 2, 0))
        begins = lambda text: tf.strings.substr(content, 0, len(text)) == text  # noqa: E731
        is_app = lambda number: is_marker & (marker == number)  # noqa: E731
        is_exif = is_app(APP1) & begins(EXIF_PREFIX) & (found["exif"] == none)
        after = at + tf.where(is_marker, tf.where(has_size, 2 + tf.maximum(size, 2), 2), 1)
        return {
            "exif": tf.where(is_exif, content, found["exif"]),
            "xmp": tf.where(is_app(APP1) & begins(XMP_PREFIX), content, found["xmp"]),
            "is_adobes": found["is_adobes"] | (is_app(APP14) & begins(b"Adobe")),
            "at": tf.where(is_end, tf.constant(2**62, tf.int64), after),
        }

    return follow(encoded, 2, step, {"exif": none, "xmp": none, "is_adobes": tf.constant(False)})


def png_tells(encoded: tf.Tensor) -> Found:
    """A PNG's `exif` and `xmp`, string []."""
    none = tf.constant(b"")

    def step(at: tf.Tensor, found: Found) -> Found:
        size, kind = number_at(encoded, at, 4, big=True), tf.strings.substr(encoded, at + 4, 4)
        content = lambda: tf.strings.substr(encoded, at + 8, size)  # noqa: E731
        is_text = tf.reduce_any(kind == TEXT_CHUNKS)
        profile, xmp = tf.cond(is_text, lambda: _of_text(kind, content()), lambda: (none, none))
        exif = tf.cond(kind == b"eXIf", content, lambda: none)
        return {
            "exif": tf.where(exif == none, found["exif"], exif),
            "profile": tf.where(profile == none, found["profile"], profile),
            "xmp": tf.where(xmp == none, found["xmp"], xmp),
            "at": at + 12 + size,
        }

    found = follow(encoded, 8, step, {"exif": none, "profile": none, "xmp": none})
    exif = tf.cond(found["exif"] == none, lambda: _from_hex(found["profile"]), lambda: found["exif"])
    return {"exif": exif, "xmp": found["xmp"]}


def _of_text(kind: tf.Tensor, content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """ImageMagick's EXIF as hexadecimal digits, and XMP, if a chunk of text holds either; else empty."""
    is_profile = tf.strings.substr(content, 0, len(PROFILE_KEY)) == PROFILE_KEY
    is_xmp = tf.strings.substr(content, 0, len(XMP_KEY)) == XMP_KEY
    text = tf.strings.regex_replace(content, r"^[^\x00]*\x00", "")
    # A zTXt tells how it is compressed; an iTXt whether it is, how, its language and its keyword's translation.
    is_compressed = (kind == b"zTXt") | ((kind == b"iTXt") & (tf.strings.substr(text, 0, 1) == b"\1"))
    text = tf.case(
        [
            (kind == b"zTXt", lambda: tf.strings.substr(text, 1, 2**31 - 1)),
            (kind == b"iTXt", lambda: tf.strings.regex_replace(text, r"^\C\C[^\x00]*\x00[^\x00]*\x00", "")),
        ],
        lambda: text,
    )
    is_wanted = is_profile | is_xmp
    text = tf.cond(is_wanted & is_compressed, lambda: tf.io.decode_compressed(text, "ZLIB"), lambda: text)
    return tf.where(is_profile, text, b""), tf.where(is_xmp, text, b"")


def _from_hex(text: tf.Tensor) -> tf.Tensor:
    """The bytes, string [], that ImageMagick wrote as lines of hexadecimal digits after three others."""
    digits = tf.strings.reduce_join(tf.strings.split(text, "\n")[3:])
    values = tf.gather(HEX_DIGITS, tf.cast(tf.io.decode_raw(digits, tf.uint8), tf.int32))
    values = values[: tf.size(values) // 2 * 2]
    characters = tf.constant([bytes([value]) for value in range(256)])
    return tf.strings.reduce_join(tf.gather(characters, values[::2] * 16 + values[1::2]))


def _in_tiff(tiff: tf.Tensor) -> tf.Tensor:
    """The value of the first directory's orientation, int32 []; 0: it has none."""
    data = tf.cast(tf.io.decode_raw(tiff, tf.uint8), tf.int64)
    is_big = tf.strings.substr(tiff, 0, 2) == b"MM"
    is_tiff = (is_big | (tf.strings.substr(tiff, 0, 2) == b"II")) & (data[2] * data[3] == 0) & (data[2] + data[3] == 42)
    words = tf.where(is_big, [256, 1], [1, 256])
    longs = tf.where(is_big, [2**24, 2**16, 2**8, 1], [1, 2**8, 2**16, 2**24])

    def number(part: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(part * tf.cast(weights, tf.int64), axis=-1)

    size = tf.size(data, tf.int64)
    directory = number(data[4:8], longs)
    is_tiff &= directory + 2 <= size
    directory = tf.where(is_tiff, directory, 0)
    rows = tf.minimum(number(data[directory : directory + 2], words), (size - directory - 2) // ENTRY)
    rows = tf.where(is_tiff, rows, 0)
    entries = tf.reshape(data[directory + 2 : directory + 2 + ENTRY * rows], [-1, ENTRY])
    tags, types, counts = (
        number(entries[:, :2], words),
        number(entries[:, 2:4], words),
        number(entries[:, 4:8], longs),
    )
    is_short = tf.reduce_any(types[:, None] == SHORTS, axis=1) & ((counts == 1) | (counts == 2))
    is_long = tf.reduce_any(types[:, None] == LONGS, axis=1) & (counts == 1)
    values = tf.where(is_short, number(entries[:, 8:10], words), number(entries[:, 8:12], longs))
    values = tf.where((values >= 1) & (values <= 8), values, UPRIGHT)
    values = tf.boolean_mask(values, (tags == ORIENTATION_TAG) & (is_short | is_long))
    return tf.cast(tf.concat([values, [tf.constant(0, tf.int64)]], axis=0)[0], tf.int32)


def _in_xmp(xmp: tf.Tensor) -> tf.Tensor:
    r"""The orientation that XMP tells, int32 []; 0: it tells none. `\C` is any byte."""
    has_it = tf.strings.regex_full_match(xmp, rf"\C*?{XMP_ORIENTATION}\C*")
    digit = tf.strings.regex_replace(xmp, rf"\C*?{XMP_ORIENTATION}\C*", r"\1", replace_global=False)
    return tf.strings.to_number(tf.where(has_it, digit, "0"), tf.int32)
