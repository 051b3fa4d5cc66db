"""Small residual convolutions (He et al. 2015, arXiv 1512.03385) over a line of text, columns four pixels apart."""

import keras
import numpy as np
from keras import ops

from attention_ocr.errors import UserError
from attention_ocr.model import padding
from attention_ocr.model.layouts.residual import EPSILON, STAGES, STRIDE

MOMENTUM = 0.95  # of batch norm's averages: slower ones lag behind short trainings


@keras.saving.register_keras_serializable("attention_ocr")
class ConvBatchNorm(keras.layers.Layer):
    """A convolution without bias and batch norm, [B, h, w, C'] to [B, h / down, w / across, filters], rounded up.

    Args:
        filters, kernel_size: as in `keras.layers.Conv2D`.
        strides: (down, across).
        weight_decay: 0.5 * weight_decay * sum of squares of the kernel is added to the loss.
    """

    def __init__(self, filters, kernel_size, strides, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides
        # A 1 x 1 kernel sees the pixels that its stride does not skip, so that they can be left out before it. With a
        # stride, oneDNN's gradient of such a kernel over fewer than 16 channels writes beyond its memory.
        self.skips = kernel_size == 1 and strides != (1, 1)
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            (1, 1) if self.skips else strides,
            "same",
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
            name="convolution",
        )
        self.normalization = keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name="normalization")

    def build(self, shape):
        self.convolution.build(shape)
        self.normalization.build(self.convolution.compute_output_shape(shape))

    def call(self, features, cells=None, training=False):
        """Features; zeros where `cells`, bool [B, h / down, w / across], is given and false."""
        if self.skips:
            features = features[:, :: self.strides[0], :: self.strides[1]]
        return padding.clear(self.normalization(self.convolution(features), training=training, mask=cells), cells)


@keras.saving.register_keras_serializable("attention_ocr")
class ResidualBlock(keras.layers.Layer):
    """Two 3 x 3 convolutions beside a shortcut, which is a 1 x 1 convolution where shapes change.

    Args:
        filters, strides, weight_decay: as in `ConvBatchNorm`.
        has_convolution: whether the shortcut is one.
    """

    def __init__(self, filters, strides, weight_decay, has_convolution, **kwargs):
        super().__init__(**kwargs)
        self.strides = strides
        self.first = ConvBatchNorm(filters, 3, strides, weight_decay, name="first")
        self.second = ConvBatchNorm(filters, 3, (1, 1), weight_decay, name="second")
        self.shortcut = ConvBatchNorm(filters, 1, strides, weight_decay, name="shortcut") if has_convolution else None

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:3], self.first.filters))
        if self.shortcut:
            self.shortcut.build(shape)

    def call(self, features, cells=None, training=False):
        """`features` after the block; `cells` as in `ConvBatchNorm`."""
        before = self.shortcut(features, cells, training=training) if self.shortcut else features
        features = ops.relu(self.first(features, cells, training=training))
        return ops.relu(before + self.second(features, cells, training=training))


@keras.saving.register_keras_serializable("attention_ocr")
class Residual(keras.layers.Layer):
    """From [B, H, W, 3] to [B, H/16, W/4, C], rounded up.

    Args:
        num_channels: C of the features; the stages before have an eighth, a quarter and a half.
        weight_decay: as in `ConvBatchNorm`.
        dropout: share of the features dropped in training.
    """

    def __init__(self, num_channels, weight_decay, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_channels = num_channels
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        before = num_channels // STAGES[0][0]
        if before < 2 and keras.backend.backend() == "jax":  # Keras' batch norm cannot mask one channel there
            raise UserError(f"--encoder_channels={num_channels}: jax needs {2 * STAGES[0][0]} or more")
        self.stem = ConvBatchNorm(before, 3, (2, 2), weight_decay, name="stem")
        self.blocks = []
        for stage, (divisor, blocks, strides) in enumerate(STAGES, start=1):
            for number in range(1, blocks + 1):
                filters, step = num_channels // divisor, strides if number == 1 else (1, 1)
                changes, name = step != (1, 1) or filters != before, f"stage_{stage}_block_{number}"
                self.blocks.append(ResidualBlock(filters, step, weight_decay, changes, name=name))
                before = filters

    def feature_sizes(self, sizes):
        """`feature_grid` of each of `sizes` int [B, 2]."""
        return (sizes + np.array(STRIDE, "int32") - 1) // np.array(STRIDE, "int32")

    def activations(self, height, width):
        """How many numbers training keeps for the gradient of a picture of `height` x `width` pixels."""
        kept, (down, across) = 3 * height * width * self.stem.filters // 4, self.stem.strides
        for block in self.blocks:
            down, across = down * block.strides[0], across * block.strides[1]
            kept += (8 if block.shortcut else 7) * (height // down) * (width // across) * block.first.filters
        return kept

    def build(self, shape):  # else Keras calls the layers to find out their shapes, those within them again, and so on
        shape = (None, None, None, shape[-1])
        self.stem.build(shape)
        shape = (*shape[:3], self.stem.filters)
        for block in self.blocks:
            block.build(shape)
            shape = (*shape[:3], block.first.filters)

    def call(self, images, sizes=None, training=False):
        """Features of pictures.

        Args:
            images: [B, H, W, 3]; with sizes, H and W are multiples of 16 and 4.
            sizes: int [B, 2], height and width of the picture at the top left of each; pixels beyond count as outside
                the picture, and their features are zeros. None: all is picture.
            training: whether batch norm learns.
        """
        cells = padding.inside(images, sizes)
        features = padding.clear(images, cells)
        for layer in (self.stem, *self.blocks):
            cells = padding.strided(cells, *layer.strides)
            features = layer(features, cells, training=training)
            features = ops.relu(features) if layer is self.stem else features
        return self.dropout(features, training=training)
