"""Batches of a generator as a tf.data data set, which TensorFlow's loop takes without tracing each width anew."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

WIDTH_AXIS = 2  # of `images`


def dataset_of(batches: Iterable[tuple[dict[str, np.ndarray]]], like: dict[str, np.ndarray]) -> Any:
    """The batches, one ahead.

    Args:
        batches: tuples of one dict, whose `images` [B, H, W, 3] have any width.
        like: such a dict; all others have its keys, types and, but for the width, its shapes.
    """
    shapes = {name: list(array.shape) for name, array in like.items()}
    shapes["images"][WIDTH_AXIS] = None
    signature = {name: tf.TensorSpec(shape, like[name].dtype) for name, shape in shapes.items()}
    return tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=(signature,)).prefetch(1)
