"""Picture files in TensorFlow's graph: the pixels that `records.pictures` opens with Pillow, or a clear error.

A graph cannot call Pillow. TensorFlow's decoders know fewer files, and some they decode otherwise without a word; what
they do not decode as Pillow does is refused here.
"""

import tensorflow as tf

from attention_ocr.data.orientation import jpeg_tells, orientation_of, png_tells, turned_upright
from attention_ocr.data.png_in_graph import decode_png
from attention_ocr.data.walking import byte_at, follow, number_at

JPEG, PNG, BMP, GIFS = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", (b"GIF87a", b"GIF89a")
SHORTEST = 40  # bytes: no picture is shorter, and every head ends within them
GIF_EXTENSION, GIF_CONTROL, GIF_IMAGE = 0x21, 0xF9, 0x2C
GIF_HEADER, BMP_HEADER = 13, 14  # bytes
CONVERT = "; convert it to PNG or JPEG"


def decode_pixels(encoded: tf.Tensor) -> tf.Tensor:
    """uint8 [height, width, 3] of the bytes, string [], of a JPEG, PNG, GIF or BMP file, whatever its name says.

    As they are stored: records hold pictures that are upright. `decode_file` follows what a file tells.
    """
    return tf.case(
        [(_begins(encoded, JPEG), lambda: _decode_jpeg(encoded)), (_begins(encoded, PNG), lambda: decode_png(encoded))],
        lambda: _decode_others(encoded),
    )


def decode_file(encoded: tf.Tensor, max_pixels: int) -> tf.Tensor:
    """`decode_pixels` of a file from anywhere: upright, and not decoded if it has more pixels than allowed."""
    is_jpeg, is_png = _begins(encoded, JPEG), _begins(encoded, PNG)
    size = size_of(encoded)
    with tf.control_dependencies([_require(tf.reduce_prod(size) <= max_pixels, f"has more than {max_pixels} pixels")]):
        encoded = tf.identity(encoded)
    nothing = {"exif": tf.constant(b""), "xmp": tf.constant(b"")}
    told = tf.case([(is_jpeg, lambda: _jpeg_tells(encoded)), (is_png, lambda: png_tells(encoded))], lambda: nothing)
    return turned_upright(decode_pixels(encoded), orientation_of(told["exif"], told["xmp"]))


def size_of(encoded: tf.Tensor) -> tf.Tensor:
    """Height and width in pixels, int64 [2], of a file as it has them, not decoded."""
    is_known = _begins(encoded, JPEG) | _begins(encoded, PNG) | _begins(encoded, BMP) | _begins(encoded, *GIFS)
    with tf.control_dependencies([_require_known(encoded, is_known)]):
        encoded = tf.identity(encoded)

    def bmp() -> tf.Tensor:
        width, height = tf.unstack(tf.io.decode_raw(tf.strings.substr(encoded, 18, 8), tf.int32), 2)
        return tf.cast(tf.abs(tf.stack([height, width])), tf.int64)  # a negative height: the first row comes first

    def side(at: int, size: int, big: bool) -> tf.Tensor:
        return number_at(encoded, at, size, big)

    return tf.case(
        [
            (_begins(encoded, JPEG), lambda: tf.io.extract_jpeg_shape(encoded, tf.int64)[:2]),
            (_begins(encoded, PNG), lambda: tf.stack([side(20, 4, True), side(16, 4, True)])),
            (_begins(encoded, *GIFS), lambda: tf.stack([side(8, 2, False), side(6, 2, False)])),
        ],
        bmp,
    )


def _begins(encoded: tf.Tensor, *texts: bytes) -> tf.Tensor:
    return tf.reduce_any([tf.strings.substr(encoded, 0, len(text)) == text for text in texts])


def _require(condition: tf.Tensor, problem: str) -> tf.Operation:
    """What must run before a picture is used: an error that tells its `problem` unless the `condition` holds."""
    return tf.debugging.Assert(condition, [f"the picture {problem}"])


def _require_known(encoded: tf.Tensor, is_known: tf.Tensor) -> tf.Operation:
    problem = "is not a JPEG, PNG, GIF or BMP file, or ends too soon" + CONVERT
    return _require(is_known & (tf.strings.length(encoded) >= SHORTEST), problem)


def _decode_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    # Pillow decodes accurately; the default here is a faster transform that differs by some levels.
    return tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")


def _jpeg_tells(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
    """`jpeg_tells`, `exif` and `xmp`; an error for inks that Pillow takes for inverted, TensorFlow not."""
    told = jpeg_tells(encoded)
    is_cmyk = tf.io.extract_jpeg_shape(encoded)[2] == 4
    problem = "is a CMYK JPEG that does not say whether its inks are inverted" + CONVERT
    with tf.control_dependencies([_require(told["is_adobes"] | ~is_cmyk, problem)]):
        return {name: tf.identity(told[name]) for name in ("exif", "xmp")}


# Not a part of the graph around it: a branch that is not taken costs time for each of its operations.
@tf.function(
    input_signature=[tf.TensorSpec([], tf.string)], autograph=False, experimental_attributes={"_noinline": True}
)
def _decode_others(encoded: tf.Tensor) -> tf.Tensor:
    is_gif = _begins(encoded, *GIFS)
    with tf.control_dependencies([_require_known(encoded, is_gif | _begins(encoded, BMP))]):
        encoded = tf.identity(encoded)
    return tf.cond(is_gif, lambda: _decode_gif(encoded), lambda: _decode_bmp(encoded))


def _decode_gif(encoded: tf.Tensor) -> tf.Tensor:
    """The first frame."""
    flags = byte_at(encoded, 10)
    palette = tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)

    def step(at: tf.Tensor, found: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        kind = byte_at(encoded, at)
        is_control = ~found["inside"] & (kind == GIF_EXTENSION) & (byte_at(encoded, at + 1) == GIF_CONTROL)
        ends = ~found["inside"] & (kind != GIF_EXTENSION)
        size = tf.where(found["inside"], 1 + kind, 2)  # of a part of an extension with its length, or of its head
        return {
            "inside": tf.where(found["inside"], kind != 0, True),
            "is_transparent": found["is_transparent"] | (is_control & (byte_at(encoded, at + 3) % 2 == 1)),
            "image": tf.where(ends, at, found["image"]),
            "at": tf.where(ends, tf.constant(2**62, tf.int64), at + tf.cast(size, tf.int64)),
        }

    nothing = {"inside": tf.constant(False), "is_transparent": tf.constant(False), "image": tf.constant(0, tf.int64)}
    found = follow(encoded, GIF_HEADER + palette, step, nothing)
    whole = tf.strings.join(
        [bytes([GIF_IMAGE]), bytes(4), tf.strings.substr(encoded, 6, 4)]
    )  # left, top, width, height
    is_whole = tf.strings.substr(encoded, found["image"], 9) == whole
    problem = "is a GIF whose first frame is transparent or smaller than the whole" + CONVERT
    with tf.control_dependencies([_require(is_whole & ~found["is_transparent"], problem)]):
        return tf.io.decode_gif(tf.identity(encoded))[0]


def _decode_bmp(encoded: tf.Tensor) -> tf.Tensor:
    header, bits = number_at(encoded, 14, 4, big=False), number_at(encoded, 28, 2, big=False)
    is_plain = (header >= 40) & (number_at(encoded, 30, 4, big=False) == 0)  # neither compressed nor with masks
    problem = "is a compressed BMP, or one of another depth than 8, 24 or 32 bits" + CONVERT
    with tf.control_dependencies([_require(is_plain & ((bits == 8) | (bits == 24) | (bits == 32)), problem)]):
        pixels = tf.io.decode_bmp(tf.identity(encoded))

    def with_palette() -> tf.Tensor:
        colours = tf.io.decode_raw(tf.strings.substr(encoded, BMP_HEADER + header, 4 * 256), tf.uint8)
        colours = tf.reshape(colours[: tf.size(colours) // 4 * 4], [-1, 4])[:, 2::-1]  # blue, green, red, nothing
        colours = tf.pad(colours, [[0, 256 - tf.shape(colours)[0]], [0, 0]])
        return tf.gather(colours, tf.cast(pixels[..., 0], tf.int32))

    return tf.cond(bits == 8, with_palette, lambda: pixels[..., :3])
