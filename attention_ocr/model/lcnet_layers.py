"""What LCNet and its necks are made of. Nothing here is normalised over a batch: published weights come without it."""

import keras
import numpy as np
from keras import ops


class NearIdentity(keras.initializers.Initializer):
    """Kernels of depthwise convolutions, [..., height, width, C, 1]: the pixel itself, and a little of those around.

    Without batch norms nothing else keeps what many of them give in the same range.
    """

    def __call__(self, shape, dtype=None):
        middle = np.zeros(shape, "float32")
        middle[tuple(side // 2 for side in shape[:-2])] = 1
        return keras.initializers.RandomNormal(stddev=0.1)(shape, dtype) + ops.convert_to_tensor(middle, dtype)


def convolution(filters, side, weight_decay, name, strides=1, padding="same", start="he_normal"):
    """A convolution whose kernel's squares are part of the loss."""
    l2 = keras.regularizers.L2(0.5 * weight_decay)
    return keras.layers.Conv2D(
        filters, side, strides, padding, kernel_initializer=start, kernel_regularizer=l2, name=name
    )


def dense(units, weight_decay, name):
    """A linear layer whose kernel's squares are part of the loss."""
    return keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay), name=name)


def around(features):
    """A row and a column of zeros on each side: what "same" does at stride 1, and never at stride 2."""
    return ops.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])


def mean_of_cells(features, cells):
    """The mean [B, 1, 1, C] over a picture's own cells.

    Args:
        features: [B, h, w, C], zeros elsewhere.
        cells: bool [B, h, w]; None: all.
    """
    if cells is None:
        return ops.mean(features, (1, 2), keepdims=True)
    count = ops.sum(ops.cast(cells, features.dtype), (1, 2))  # [B]
    return ops.sum(features, (1, 2), keepdims=True) / count[:, None, None, None]
