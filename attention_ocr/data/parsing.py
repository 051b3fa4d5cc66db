"""A serialized record -> its picture and label, in TensorFlow's graph."""

import tensorflow as tf


def parse_example(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """A record's picture and label, in a TensorFlow graph or eagerly.

    Args:
        serialized: string [], a `tf.train.Example`.

    Returns:
        `encoded` string [], the picture's file; `labels` int64 [T], class ids padded with the null;
        `text` string [], empty if the record has none; `orig_height` and `orig_width` int64 [], how much of the picture
        is no padding, -1 if the record does not tell.
    """
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/class": tf.io.VarLenFeature(tf.int64),
        "image/text": tf.io.FixedLenFeature([], tf.string, default_value=""),
        "image/orig_height": tf.io.FixedLenFeature([], tf.int64, default_value=-1),
        "image/orig_width": tf.io.FixedLenFeature([], tf.int64, default_value=-1),
    }
    parsed = tf.io.parse_single_example(serialized, features)
    return {
        "encoded": parsed["image/encoded"],
        "labels": tf.sparse.to_dense(parsed["image/class"]),
        "text": parsed["image/text"],
        "orig_height": parsed["image/orig_height"],
        "orig_width": parsed["image/orig_width"],
    }
