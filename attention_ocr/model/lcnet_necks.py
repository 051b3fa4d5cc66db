"""What PP-OCRv6 has between LCNet's features and its head: one row of columns, each told of those around it."""

import keras
from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.attention import HIDDEN
from attention_ocr.model.layouts.lcnet import Guide, LightSvtr
from attention_ocr.model.lcnet_layers import NearIdentity, dense


def pooled_pairs(features, cells):
    """The mean of all rows of each two columns, [B, w / 2, C], rounded down.

    Args:
        features: [B, h, w, C], zeros beyond pictures.
        cells: bool [B, h, w], those of the picture, which alone are counted; None: all.

    Returns:
        The means, and which ones are a picture's own, bool [B, w / 2] or None: those of two columns of it.
    """
    _, h, w, C = ops.shape(features)
    pairs = ops.reshape(features[:, :, : w // 2 * 2], [-1, h, w // 2, 2, C])
    if cells is None:
        return ops.mean(pairs, (1, 3)), None
    of_two = ops.reshape(cells[:, :, : w // 2 * 2], [-1, h, w // 2, 2])
    count = ops.sum(ops.cast(of_two, features.dtype), (1, 3))  # [B, w / 2]
    own = ops.any(ops.all(of_two, axis=3), axis=1)  # [B, w / 2]
    means = ops.sum(pairs, (1, 3)) / ops.maximum(count, 1)[..., None]
    return clear(means, own), own


def clear(columns, own):
    """`columns` [B, w, C] with zeros where `own` bool [B, w] is False; None: as they are."""
    return columns if own is None else padding.clear(columns[:, None], own[:, None])[:, 0]


class TransformerBlock(keras.layers.Layer):
    """Attention of columns to each other, then a perceptron, each beside a shortcut and after a norm.

    Args:
        neck: tells the sizes.
        weight_decay: as in `LcNet`.
    """

    def __init__(self, neck: LightSvtr, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.neck = neck
        C = neck.channels
        self.norm_1 = keras.layers.LayerNormalization(epsilon=1e-5, name="norm_1")
        self.asked = dense(3 * C, weight_decay, "asked")  # queries, keys and values
        self.answer = dense(C, weight_decay, "answer")
        self.norm_2 = keras.layers.LayerNormalization(epsilon=1e-5, name="norm_2")
        self.widen = dense(neck.widened, weight_decay, "widen")
        self.narrow = dense(C, weight_decay, "narrow")

    def build(self, shape):
        for layer in (self.norm_1, self.asked, self.answer, self.norm_2, self.widen):
            layer.build(shape)
        self.narrow.build((*shape[:2], self.widen.units))

    def call(self, columns, own):
        """`columns` [B, w, C] after the block; only those that are `own`, bool [B, w], are looked at (None: all)."""
        columns = columns + self.answer(self._looked(self.asked(self.norm_1(columns)), own))
        return columns + self.narrow(ops.silu(self.widen(self.norm_2(columns))))

    def _looked(self, asked, own):
        """The values [B, w, C] of `asked` [B, w, 3C], averaged as queries match keys (arXiv 1706.03762)."""
        _, w, _ = ops.shape(asked)
        heads, C = self.neck.heads, self.neck.channels
        asked = ops.transpose(ops.reshape(asked, [-1, w, 3, heads, C // heads]), [2, 0, 3, 1, 4])
        queries, keys, values = asked[0], asked[1], asked[2]  # [B, heads, w, C / heads]
        scores = ops.einsum("bnqc,bnkc->bnqk", queries * (C // heads) ** -0.5, keys)
        if own is not None:
            scores = ops.where(own[:, None, None], scores, ops.cast(HIDDEN, scores.dtype))
        found = ops.einsum("bnqk,bnkc->bnqc", ops.softmax(scores), values)
        return ops.reshape(ops.transpose(found, [0, 2, 1, 3]), [-1, w, C])


class LightSvtrNeck(keras.layers.Layer):
    """From [B, h, w, C'] to [B, 1, w/2, C]: transformer blocks over columns, beside a linear layer.

    Args:
        neck: its sizes.
        weight_decay: as in `LcNet`.
    """

    def __init__(self, neck: LightSvtr, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.sizes = neck
        self.beside = dense(neck.channels, weight_decay, "beside")
        self.reduce = dense(neck.channels, weight_decay, "reduce")
        self.local = keras.layers.DepthwiseConv1D(7, padding="same", depthwise_initializer=NearIdentity(), name="local")
        self.blocks = [
            TransformerBlock(neck, weight_decay, name=f"block_{number}") for number in range(1, neck.blocks + 1)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6, name="norm")

    def build(self, shape):
        columns, reduced = (None, None, shape[-1]), (None, None, self.sizes.channels)
        self.beside.build(columns)
        self.reduce.build(columns)
        for layer in (self.local, *self.blocks, self.norm):
            layer.build(reduced)

    def call(self, features, cells):
        """As `pooled_pairs`; what it returns beyond pictures is of no use."""
        columns, own = pooled_pairs(features, cells)  # [B, w / 2, C']
        beside = ops.silu(self.beside(columns))
        columns = clear(ops.silu(self.reduce(columns)), own)
        columns = columns + ops.silu(self.local(columns))
        for block in self.blocks:
            columns = block(columns, own)
        return (self.norm(columns) + beside)[:, None]

    def activations(self, columns):
        """Numbers that training keeps of `columns` columns for the gradient."""
        C, neck = self.sizes.channels, self.sizes
        return columns * (8 * C + neck.blocks * (9 * C + 2 * neck.heads * columns + 3 * neck.widened))


class GuideNeck(keras.layers.Layer):
    """From [B, h, w, C'] to [B, 1, w/2, C]: two convolutions over columns, and a linear layer.

    Args:
        neck: its sizes.
        weight_decay: as in `LcNet`.
    """

    def __init__(self, neck: Guide, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.sizes, self.weight_decay = neck, weight_decay
        self.local = keras.layers.DepthwiseConv1D(5, padding="same", depthwise_initializer=NearIdentity(), name="local")
        self.reduce = dense(neck.channels, weight_decay, "reduce")

    def build(self, shape):
        columns = (None, None, shape[-1])
        self.mix = dense(shape[-1], self.weight_decay, "mix")
        for layer in (self.local, self.mix, self.reduce):
            layer.build(columns)

    def call(self, features, cells):
        """As `pooled_pairs`; what it returns beyond pictures is of no use."""
        columns, _ = pooled_pairs(features, cells)  # [B, w / 2, C']
        columns = keras.activations.hard_swish(self.local(columns))
        return self.reduce(keras.activations.hard_swish(self.mix(columns)))[:, None]

    def activations(self, columns):
        """Numbers that training keeps of `columns` columns for the gradient."""
        return columns * (6 * self.mix.units + self.sizes.channels)


NECKS = {LightSvtr: LightSvtrNeck, Guide: GuideNeck}
