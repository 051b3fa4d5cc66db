"""PNG files in TensorFlow's graph, with 16 bits of grey and transparency as in `records.pictures`."""

import tensorflow as tf

from attention_ocr.records import pictures

DEPTH_AT = 24  # where a PNG has its bits per channel, and then its colour type
DEEP_GREY = b"\x10\x00"
PILLOWS_GREY = (19595, 38470, 7471)  # of red, green and blue, in 65536ths


def decode_png(encoded: tf.Tensor) -> tf.Tensor:
    """uint8 [H, W, 3] of a PNG's bytes, as `pictures.open_image` sees them."""
    is_deep_grey = tf.equal(tf.strings.substr(encoded, DEPTH_AT, 2), DEEP_GREY)
    return tf.cond(is_deep_grey, lambda: _decode_deep_grey(encoded), lambda: _decode_shallow_png(encoded))


def _decode_deep_grey(encoded: tf.Tensor) -> tf.Tensor:
    """16 bits of grey as `pictures` makes 8 of them: the highest bit that is used becomes the highest of a byte."""
    values = tf.cast(tf.io.decode_png(encoded, channels=1, dtype=tf.uint16), tf.int32)
    bits = tf.reduce_sum(tf.cast(tf.reduce_max(values) >= [2**bit for bit in range(16)], tf.int32))
    widest = tf.bitwise.left_shift(1, bits) - 1
    few = (bits > 0) & (bits < 8)
    values = tf.where(
        few, values * 255 // tf.maximum(widest, 1), tf.bitwise.right_shift(values, tf.maximum(bits - 8, 0))
    )
    return tf.repeat(tf.cast(values, tf.uint8), 3, axis=-1)


def _decode_shallow_png(encoded: tf.Tensor) -> tf.Tensor:
    rgba = tf.io.decode_png(encoded, channels=4)
    # Where a file has no alpha, TensorFlow fills it with the largest value of the file's depth: 1 for black and white.
    depth = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, DEPTH_AT, 1), tf.uint8)[0], tf.int32)
    filling = tf.cast(tf.bitwise.left_shift(1, tf.minimum(depth, 8)) - 1, tf.uint8)
    is_opaque = tf.reduce_all(rgba[..., 3] == filling)
    return tf.cond(is_opaque, lambda: rgba[..., :3], lambda: _on_its_ground(rgba))


def _on_its_ground(rgba: tf.Tensor) -> tf.Tensor:
    """On white, or on black if on white nothing dark is left to be seen, as `pictures` has it."""

    def on(ground: float) -> tf.Tensor:
        opaque = tf.cast(rgba[..., 3:], tf.float32) / 255.0
        mixed = tf.cast(rgba[..., :3], tf.float32) * opaque + ground * (1.0 - opaque)
        return tf.cast(tf.floor(mixed + 0.5), tf.uint8)

    on_white = on(255.0)
    brightness = tf.reduce_sum(tf.cast(on_white, tf.int32) * PILLOWS_GREY, axis=-1) + 2**15
    is_light = tf.reduce_min(brightness) >= pictures.LIGHT * 2**16
    return tf.cond(is_light & tf.reduce_any(rgba[..., 3] > 0), lambda: on(0.0), lambda: on_white)
