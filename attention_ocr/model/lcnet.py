"""LCNetV4, the convolutions of PP-OCRv6, maybe with the layers that make columns of their features."""

import math

import keras
import numpy as np
from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.layouts.lcnet import LEAST_LINE, SIZES, STRIDE, Block
from attention_ocr.model.lcnet_layers import NearIdentity, around, convolution, mean_of_cells
from attention_ocr.model.lcnet_necks import NECKS


class Stem(keras.layers.Layer):
    """From [B, H, W, 3] to [B, H/4, W/4, C], rounded up: two convolutions with a GELU between them.

    Args:
        inside, after: channels after the first convolution and after the last.
        weight_decay: as in `LcNet`.
    """

    def __init__(self, inside, after, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.first = convolution(inside, 3, weight_decay, "first", 2, "valid")
        self.second = convolution(after, 3, weight_decay, "second", 2, "valid")

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:3], self.first.filters))

    def call(self, images, cells):
        """`cells`: of a picture at full, half and quarter size, bool [B, h, w] each, or None."""
        features = padding.clear(keras.activations.gelu(self.first(around(images)), approximate=False), cells[1])
        return padding.clear(self.second(around(features)), cells[2])


class BranchingStem(keras.layers.Layer):
    """As `Stem`, with a ReLU after each convolution and, between the first two, two small ones beside a pooling."""

    def __init__(self, inside, after, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.first = convolution(inside, 3, weight_decay, "first", 2, "valid")
        self.branch_1 = convolution(inside // 2, 2, weight_decay, "branch_1")
        self.branch_2 = convolution(inside, 2, weight_decay, "branch_2")
        self.second = convolution(inside, 3, weight_decay, "second", 2, "valid")
        self.third = convolution(after, 1, weight_decay, "third")

    def build(self, shape):
        pictures, inside = shape[:3], self.first.filters
        self.first.build(shape)
        self.branch_1.build((*pictures, inside))
        self.branch_2.build((*pictures, self.branch_1.filters))
        self.second.build((*pictures, inside + self.branch_2.filters))
        self.third.build((*pictures, self.second.filters))

    def call(self, images, cells):
        """As in `Stem`."""
        features = padding.clear(ops.relu(self.first(around(images))), cells[1])
        branch = padding.clear(ops.relu(self.branch_1(features)), cells[1])
        branch = padding.clear(ops.relu(self.branch_2(branch)), cells[1])
        largest = ops.max_pool(features, 2, 1, "same")  # of numbers from 0, so that zeros at the edge do no harm
        features = ops.relu(self.second(around(ops.concatenate([largest, branch], axis=-1))))
        return padding.clear(ops.relu(self.third(features)), cells[2])


class LcNetBlock(keras.layers.Layer):
    """What `layouts.lcnet.Block` tells.

    Args:
        block: the same.
        weight_decay: as in `LcNet`.
    """

    def __init__(self, block: Block, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.block = block
        self.depthwise = keras.layers.DepthwiseConv2D(
            3, padding="same", depthwise_initializer=NearIdentity(), name="depthwise"
        )
        if block.excites:
            self.squeeze = convolution(block.before // 4, 1, weight_decay, "squeeze")
            self.excite = convolution(block.before, 1, weight_decay, "excite")
        self.widen = convolution(2 * block.before, 1, weight_decay, "widen")
        # A block with a shortcut starts as that alone: in the published code a batch norm's scale starts at 0.
        self.narrow = convolution(
            block.channels, 1, weight_decay, "narrow", start="zeros" if block.has_shortcut else "he_normal"
        )

    def build(self, shape):
        self.depthwise.build(shape)
        if self.block.excites:
            self.squeeze.build(shape)
            self.excite.build((*shape[:3], self.squeeze.filters))
        self.widen.build(shape)
        self.narrow.build((*shape[:3], self.widen.filters))

    def call(self, features, cells):
        """`features` [B, h, w, C'], zeros beyond pictures, as [B, h / down, w, C]; `cells` are those of the output."""
        # Not by the layer's strides: TensorFlow knows none that differ down and across.
        features = self.depthwise(features)[:, :: self.block.down]
        if self.block.excites:  # else what is beyond a picture stays there until it is cleared at the end
            features = padding.clear(features, cells)
            share = self.excite(ops.relu(self.squeeze(mean_of_cells(features, cells))))
            features = features * ops.clip(share / 6 + 0.5, 0, 1)
        mixed = self.narrow(keras.activations.gelu(self.widen(features), approximate=False))
        return padding.clear(features + mixed if self.block.has_shortcut else mixed, cells)


@keras.saving.register_keras_serializable("attention_ocr")
class LcNet(keras.layers.Layer):
    """From [B, H, W, 3] to [B, H/16, W/4, C], rounded up; with the neck to [B, 1, W/8, C].

    Args:
        size: which of SIZES.
        has_neck: whether the neck follows; then pictures count as LEAST_LINE pixels wide at least.
        weight_decay: 0.5 * weight_decay * sum of squares of each kernel is added to the loss, but for depthwise ones.
        dropout: share of the features left out while training.
    """

    def __init__(self, size, has_neck, weight_decay, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.size = SIZES[size]
        stem = BranchingStem if self.size.branches else Stem
        self.stem = stem(*self.size.stem, weight_decay, name="stem")
        self.blocks = [
            LcNetBlock(block, weight_decay, name=f"block_{number}")
            for number, block in enumerate(self.size.blocks, start=1)
        ]
        self.neck = NECKS[type(self.size.neck)](self.size.neck, weight_decay, name="neck") if has_neck else None
        self.dropout = keras.layers.Dropout(dropout, name="dropout")

    @property
    def num_channels(self):
        """C of the features."""
        return self.size.neck.channels if self.neck else self.size.channels

    def feature_sizes(self, sizes):
        """`feature_grid` of each of `sizes` int [B, 2]."""
        sizes = _at_least_a_line(sizes) if self.neck else sizes
        cells = (sizes + np.array(STRIDE, "int32") - 1) // np.array(STRIDE, "int32")
        return ops.stack([ops.ones_like(cells[:, 0]), cells[:, 1] // 2], axis=1) if self.neck else cells

    def activations(self, height, width):
        """Numbers that training keeps of a picture of `height` x `width` pixels for the gradient."""
        width = max(width, LEAST_LINE) if self.neck else width
        (inside, after), cells = self.size.stem, height * width
        kept = cells * 3 + cells // 4 * inside * (8 if self.size.branches else 3) + cells // 16 * after * 2
        rows, columns = math.ceil(height / 4), math.ceil(width / 4)
        for block in self.size.blocks:
            kept += rows * columns * block.before  # the depthwise convolution's input
            rows = -(-rows // block.down)
            kept += rows * columns * ((2 if block.excites else 1) * block.before + 6 * block.before + block.channels)
        return kept + (self.neck.activations(columns // 2) if self.neck else 0)

    def build(self, shape):  # else Keras calls the layers to find out their shapes, those within them again, and so on
        shape = (None, None, None, shape[-1])
        self.stem.build(shape)
        shape = (*shape[:3], self.size.stem[1])
        for block in self.blocks:
            block.build(shape)
            shape = (*shape[:3], block.block.channels)
        if self.neck:
            self.neck.build(shape)

    def call(self, images, sizes=None, training=False):
        """Features of pictures.

        Args:
            images: [B, H, W, 3].
            sizes: int [B, 2], height and width of the picture at the top left of each; what lies beyond counts as that
                picture's edge, and its features are zeros. None: all is picture.
            training: whether features are left out.
        """
        images = padding.clear(images, padding.inside(images, sizes))
        if not self.neck:
            return self.dropout(self._map(images, sizes)[0], training=training)
        width = images.shape[2] or ops.shape(images)[2]
        seen = max(width, LEAST_LINE) if isinstance(width, int) else ops.maximum(width, LEAST_LINE)
        images = ops.pad(images, [[0, 0], [0, 0], [0, LEAST_LINE], [0, 0]])[:, :, :seen]  # zeros are grey
        features = self.neck(*self._map(images, None if sizes is None else _at_least_a_line(sizes)))
        cells = None if sizes is None else padding.inside(features, self.feature_sizes(sizes))
        return self.dropout(padding.clear(features, cells), training=training)

    def _map(self, images, sizes):
        """The features [B, h, w, C] before the neck, and which are a picture's own, bool [B, h, w]; None: all."""
        cells = [padding.inside(images, sizes)]
        for _ in range(2):
            cells.append(padding.strided(cells[-1], 2, 2))
        features, own = self.stem(images, cells), cells[2]
        for block in self.blocks:
            own = padding.strided(own, block.block.down, 1)
            features = block(features, own)
        return features, own


def _at_least_a_line(sizes):
    """`sizes` int [B, 2] as the neck's network sees pictures: as wide as LEAST_LINE or wider."""
    return ops.maximum(sizes, np.array([0, LEAST_LINE], "int32"))
