"""Inception-v4 (Szegedy et al. 2016, arXiv 1602.07261) as arXiv 1912.04561 cuts it: 8 pixels from cell to cell."""

import keras
from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.inception import ConvBatchNormRelu
from attention_ocr.model.layouts.inception_v4 import AVERAGE, BLOCKS, LAST, MAXIMUM, STEM, STRIDE


@keras.saving.register_keras_serializable("attention_ocr")
class InceptionV4(keras.layers.Layer):
    """The tower from [B, H, W, 3] to [B, H/8, W/8, 1024], rounded up.

    Weights are found by slim's names in `layers_by_name`: `Mixed_5b/Branch_0/Conv2d_0a_1x1`.

    Args:
        weight_decay: 0.5 * weight_decay * sum of squares of each kernel is added to the loss.
        batch_norm_decay: the decay of the moving averages after warm-up.
    """

    def __init__(self, weight_decay, batch_norm_decay, **kwargs):
        super().__init__(**kwargs)
        self.layers_by_name = {}
        branches = {f"{block}/Branch_{n}/": b for block, blocks in BLOCKS.items() for n, b in enumerate(blocks)}
        for prefix, branch in {"": STEM, **branches}.items():
            for name, kernel, filters, stride in branch:
                if filters not in (AVERAGE, MAXIMUM):
                    path = prefix + name
                    self.layers_by_name[path] = ConvBatchNormRelu(
                        filters, kernel, stride, "same", 1, weight_decay, batch_norm_decay, name=path.replace("/", "_")
                    )

    num_channels = sum(branch[-1][2] for branch in BLOCKS[LAST])

    def feature_sizes(self, sizes):
        """Rows and columns of the features, int [B, 2], of pictures of `sizes` int [B, 2] pixels."""
        return (sizes + STRIDE - 1) // STRIDE

    def activations(self, height, width):
        """How many numbers training keeps for the gradient of a picture of `height` x `width` pixels."""
        kept, stride = 0, 1
        for branches in ((STEM,), *BLOCKS.values()):
            before = stride
            for branch in branches:
                stride = before
                for _, _, kind, step in branch:
                    stride *= step
                    kept += 3 * (height // stride) * (width // stride) * (kind if isinstance(kind, int) else 0)
        return kept

    def build(self, shape):
        # How many training steps the averages have seen, as in InceptionV3.
        self.num_updates = self.add_weight((), "zeros", dtype="int32", trainable=False, name="num_updates")

    def call(self, images, sizes=None, training=False):
        """Features of pictures.

        Args:
            images: [B, H, W, 3].
            sizes: int [B, 2], height and width of the picture at the top left of each; pixels beyond count as
                outside the picture, and their features are zeros; H and W are then multiples of 8. None: all is
                picture.
            training: whether batch norm learns.

        Returns:
            [B, h, w, 1024].
        """
        features = self.endpoints(images, sizes, training)[LAST]
        if training:
            self.num_updates.assign(self.num_updates + 1)
        return features

    def endpoints(self, images, sizes=None, training=False):
        """The intermediate features of `call` by slim's names: after the stem and after each block."""
        options = {"num_updates": ops.convert_to_tensor(self.num_updates), "training": training}
        cells = padding.inside(images, sizes)
        features, cells = self._branch("", STEM, padding.clear(images, cells), cells, options)
        found = {STEM[-1][0]: features}
        for block, branches in BLOCKS.items():
            outputs = [
                self._branch(f"{block}/Branch_{number}/", branch, features, cells, options)
                for number, branch in enumerate(branches)
            ]
            features, cells = ops.concatenate([output for output, _ in outputs], axis=-1), outputs[0][1]
            found[block] = features
        return found

    def _branch(self, prefix, branch, features, cells, options):
        """Features after a branch's layers, and which cells of them belong to their picture."""
        for name, window, kind, stride in branch:
            cells = padding.strided(cells, stride, stride)
            if kind == AVERAGE:
                features = average_pool(features, window, cells)
            elif kind == MAXIMUM:  # after a ReLU, so that zeros beyond a picture are never larger than what is in it
                features = ops.max_pool(features, window, stride, "same")
            else:
                features = self.layers_by_name[prefix + name](features, cells=cells, **options)
            features = padding.clear(features, cells)
        return features, cells


def average_pool(features, window, cells=None):
    """The mean of those cells around each that belong to its picture, [B, h, w, C].

    Args:
        features: [B, h, w, C], zeros beyond each picture.
        window: cells a side.
        cells: bool [B, h, w], which belong to their picture; None: all.
    """
    means = ops.average_pool(features, window, 1, "same")
    if cells is None:
        return means
    shares = ops.average_pool(ops.cast(cells, features.dtype)[..., None], window, 1, "same")  # [B, h, w, 1]
    return means / ops.maximum(shares, 1 / window**2)
