"""A serialized record -> its picture and label, in TensorFlow's graph."""

import tensorflow as tf


def parse_example(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """A record's picture and label, in a TensorFlow graph or eagerly.

    Args:
        serialized: string [], a `tf.train.Example`.

    Returns:
        `encoded` string [], the picture's file; `labels` int64 [T], class ids padded with the null;
        `text` string [], empty if the record has none; `orig_height` and `orig_width` int64 [], how much of the picture
        is not padding, -1 if the record does not say, or has the key without a value.
    """
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/class": tf.io.VarLenFeature(tf.int64),
        "image/text": tf.io.FixedLenSequenceFeature([], tf.string, allow_missing=True),
        "image/orig_height": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
        "image/orig_width": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    }
    parsed = tf.io.parse_single_example(serialized, features)
    return {
        "encoded": parsed["image/encoded"],
        "labels": tf.sparse.to_dense(parsed["image/class"]),
        "text": _first(parsed["image/text"], ""),
        "orig_height": _first(parsed["image/orig_height"], -1),
        "orig_width": _first(parsed["image/orig_width"], -1),
    }


def _first(values: tf.Tensor, otherwise: str | int) -> tf.Tensor:
    """The first of values [n], or another one where there is none."""
    return tf.concat([values, tf.constant([otherwise], values.dtype)], axis=0)[0]
