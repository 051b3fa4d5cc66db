"""The FSNS `tf.train.Example`: a picture, its class ids and its text in a record."""

from collections.abc import Sequence

import tensorflow as tf


def write_example(
    encoded: bytes,
    image_format: str,
    height: int,
    width: int,
    orig_width: int,
    ids: Sequence[int],
    length: int,
    null_id: int,
    text: str,
) -> bytes:
    """A serialized record with all keys of the FSNS data set.

    Args:
        encoded: the file of all views side by side.
        image_format: `PNG` or `JPEG`.
        height: H in pixels.
        width: V*W in pixels.
        orig_width: the pixels of `width` that are real, not padding.
        ids: the label's class ids without padding.
        length: T.
        null_id: the class that pads the ids to T.
        text: the label.
    """
    padded = [*ids, *[null_id] * (length - len(ids))]
    features = {
        "image/encoded": _bytes(encoded),
        "image/format": _bytes(image_format.encode()),
        "image/height": _ints([height]),
        "image/width": _ints([width]),
        "image/orig_width": _ints([orig_width]),
        "image/class": _ints(padded),
        "image/unpadded_class": _ints(ids),
        "image/text": _bytes(text.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def parse_example(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """A record's picture and label, in a TensorFlow graph or eagerly.

    Args:
        serialized: string [], a `tf.train.Example`.

    Returns:
        `encoded` string [], the picture's file; `labels` int64 [T], class ids padded with the null;
        `text` string [], empty if the record has none.
    """
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/class": tf.io.VarLenFeature(tf.int64),
        "image/text": tf.io.FixedLenFeature([], tf.string, default_value=""),
    }
    parsed = tf.io.parse_single_example(serialized, features)
    return {
        "encoded": parsed["image/encoded"],
        "labels": tf.sparse.to_dense(parsed["image/class"]),
        "text": parsed["image/text"],
    }


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _ints(values: Sequence[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
