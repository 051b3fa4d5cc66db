"""Bytes of a file in TensorFlow's graph: its numbers, and its blocks one after the other."""

from collections.abc import Callable

import tensorflow as tf

Found = dict[str, tf.Tensor]
LEAST = 12  # bytes of the shortest block that is looked at, with what must follow it


def follow(
    encoded: tf.Tensor, start: tf.Tensor | int, step: Callable[[tf.Tensor, Found], Found], found: Found
) -> Found:
    """What `step` finds in a file's blocks.

    Args:
        encoded: the file, string [].
        start: where the first block begins.
        step: from where a block begins, int64 [], and what was found before it, to what is found with it; its `at` is
            where the next block begins, or a number past the end.
        found: what is found where there is no block.
    """
    last = tf.cast(tf.strings.length(encoded), tf.int64) - LEAST
    begin = {**found, "at": tf.cast(start, tf.int64)}
    return tf.while_loop(lambda found: found["at"] <= last, lambda found: [step(found["at"], found)], [begin])[0]


def number_at(encoded: tf.Tensor, at: tf.Tensor | int, size: int, big: bool) -> tf.Tensor:
    """The number, int64 [], that 2 or 4 bytes of a file are, the big end first or last."""
    dtype = {2: tf.uint16, 4: tf.int32}[size]
    number = tf.io.decode_raw(tf.strings.substr(encoded, at, size), dtype, little_endian=not big)[0]
    return tf.bitwise.bitwise_and(tf.cast(number, tf.int64), 2 ** (8 * size) - 1)


def byte_at(encoded: tf.Tensor, at: tf.Tensor | int) -> tf.Tensor:
    """A byte of a file, int32 []."""
    return tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, at, 1), tf.uint8)[0], tf.int32)
