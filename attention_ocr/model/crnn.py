"""Convolutions over a line of text, columns four pixels apart: CRNN's, and those of two relatives."""

import keras
from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.layouts.crnn import EPSILON, LAYERS, POOL, WIDE_POOL, side_after

MOMENTUM = 0.9  # of batch norm's averages, as in Torch, in which CRNN was written; slower ones lag behind short runs


@keras.saving.register_keras_serializable("attention_ocr")
class Crnn(keras.layers.Layer):
    """From [B, H, W, 3] to [B, H/16 - 1, W/4 - 1, 512]: one row where H is 32.

    Args:
        weight_decay: 0.5 * weight_decay * sum of squares of each kernel is added to the loss.
        kind: which of LAYERS.
        dropout: share of the features left out while training.
    """

    def __init__(self, weight_decay, kind="crnn", dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.kind = LAYERS[kind]
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.convolutions, self.normalizations = [], {}
        for filters, kernel, edge, normalized in (layer for layer in self.kind if len(layer) == 4):
            number = len(self.convolutions) + 1
            self.convolutions.append(
                keras.layers.Conv2D(
                    filters,
                    kernel,
                    padding=edge,
                    kernel_initializer="he_normal",
                    kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
                    name=f"convolution_{number}",
                )
            )
            if normalized:
                name = f"normalization_{number}"
                self.normalizations[name] = keras.layers.BatchNormalization(
                    momentum=MOMENTUM, epsilon=EPSILON, name=name
                )

    num_channels = 512

    def feature_sizes(self, sizes):
        """`feature_grid` of each of `sizes` int [B, 2]; of a picture too small, one row and column."""
        for layer in self.kind:
            sizes = _shrunk(sizes, layer)
        return ops.maximum(sizes, 1)

    def activations(self, height, width):
        """Numbers that training keeps of a picture of `height` x `width` pixels for the gradient."""
        kept, C = 0, 3
        for layer in self.kind:
            height, width = side_after(height, layer, 0), side_after(width, layer, 1)
            C = layer[0] if len(layer) == 4 else C
            kept += height * width * C * (1 if len(layer) == 2 else 3 if layer[3] else 2)
        return kept

    def build(self, shape):
        for layer in self.convolutions:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
            name = layer.name.replace("convolution", "normalization")
            if name in self.normalizations:
                self.normalizations[name].build(shape)

    def call(self, images, sizes=None, training=False):
        """Features of `images` [B, H, W, 3]; what lies beyond `sizes` int [B, 2], if given, counts as their edge."""
        features, convolutions = padding.clear(images, padding.inside(images, sizes)), iter(self.convolutions)
        for layer in self.kind:
            sizes = None if sizes is None else _shrunk(sizes, layer)
            if layer[0] == POOL:
                features = ops.max_pool(features, layer[1], layer[1])
            elif layer[0] == WIDE_POOL:  # after a ReLU, so that zeros around it are never the largest
                around = ops.pad(features, [[0, 0], [0, 0], [1, 1], [0, 0]])
                features = ops.max_pool(around, 2, layer[1])
            else:
                features = self._convolved(features, next(convolutions), sizes, training)
            features = padding.clear(features, padding.inside(features, sizes))
        return self.dropout(features, training=training)

    def _convolved(self, features, convolution, sizes, training):
        """A convolution, maybe its batch norm, and ReLU; `sizes` int [B, 2], or None, are those of its output."""
        features = convolution(features)
        name = convolution.name.replace("convolution", "normalization")
        if name in self.normalizations:
            counted = padding.inside(features, sizes)
            features = self.normalizations[name](features, training=training, mask=counted)
        return ops.relu(features)


def _shrunk(sizes, layer):
    """`sizes` int [B, 2] after a layer; no picture shrinks to nothing."""
    return ops.maximum(ops.stack([side_after(sizes[:, 0], layer, 0), side_after(sizes[:, 1], layer, 1)], axis=1), 1)
