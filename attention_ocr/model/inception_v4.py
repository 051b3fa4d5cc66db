"""Inception-v4 (Szegedy et al. 2016, arXiv 1602.07261) as arXiv 1912.04561 cuts it: 8 pixels from cell to cell."""

import keras
from keras import ops

from attention_ocr.errors import UserError
from attention_ocr.model import padding
from attention_ocr.model.inception import ConvBatchNormRelu

AVERAGE, MAXIMUM = "average", "maximum"
SMALLEST = 16  # pixels of a side: two cells


def _conv(name, kernel, filters, stride=1):
    return name, kernel, filters, stride


def _average(name):
    return name, 3, AVERAGE, 1


def _maximum(name, stride):
    return name, 3, MAXIMUM, stride


# Name, kernel or window, filters or which pooling, stride; all padding is "same".
STEM = (
    _conv("Conv2d_1a_3x3", 3, 32, 2),
    _conv("Conv2d_2a_3x3", 3, 32),
    _conv("Conv2d_2b_3x3", 3, 64),
)

BLOCK_A = (
    (_conv("Conv2d_0a_1x1", 1, 96),),
    (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96)),
    (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96), _conv("Conv2d_0c_3x3", 3, 96)),
    (_average("AvgPool_0a_3x3"), _conv("Conv2d_0b_1x1", 1, 96)),
)

BLOCK_B = (
    (_conv("Conv2d_0a_1x1", 1, 384),),
    (
        _conv("Conv2d_0a_1x1", 1, 192),
        _conv("Conv2d_0b_1x7", (1, 7), 224),
        _conv("Conv2d_0c_7x1", (7, 1), 256),
    ),
    (
        _conv("Conv2d_0a_1x1", 1, 192),
        _conv("Conv2d_0b_7x1", (7, 1), 192),
        _conv("Conv2d_0c_1x7", (1, 7), 224),
        _conv("Conv2d_0d_7x1", (7, 1), 224),
        _conv("Conv2d_0e_1x7", (1, 7), 256),
    ),
    (_average("AvgPool_0a_3x3"), _conv("Conv2d_0b_1x1", 1, 128)),
)

# Block -> branches -> layers in order; the names are slim's, which checkpoints use.
BLOCKS = {
    "Mixed_3a": ((_maximum("MaxPool_0a_3x3", 2),), (_conv("Conv2d_0a_3x3", 3, 96, 2),)),
    "Mixed_4a": (
        (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_1a_3x3", 3, 96)),
        (
            _conv("Conv2d_0a_1x1", 1, 64),
            _conv("Conv2d_0b_1x7", (1, 7), 64),
            _conv("Conv2d_0c_7x1", (7, 1), 64),
            _conv("Conv2d_1a_3x3", 3, 96),
        ),
    ),
    "Mixed_5a": ((_conv("Conv2d_1a_3x3", 3, 192, 2),), (_maximum("MaxPool_1a_3x3", 2),)),
    **{f"Mixed_5{letter}": BLOCK_A for letter in "bcde"},
    # A stride of 1 here, and "same" above: arXiv 1912.04561. slim has 2, and "valid" wherever sizes change.
    "Mixed_6a": (
        (_conv("Conv2d_1a_3x3", 3, 384),),
        (_conv("Conv2d_0a_1x1", 1, 192), _conv("Conv2d_0b_3x3", 3, 224), _conv("Conv2d_1a_3x3", 3, 256)),
        (_maximum("MaxPool_1a_3x3", 1),),
    ),
    **{f"Mixed_6{letter}": BLOCK_B for letter in "bcdefgh"},
}
LAST = "Mixed_6h"


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
    # Of an even number of cells, "same" pads none at the left: a stride of 2 looks around the second of each two,
    # so the first cell is at 1 + 2 + 4. Sides that are no multiples of 8 are off by a few pixels.
    cells = (7, 8)
    masks = True

    def feature_grid(self, height, width):
        """(h, w) of the features of pictures of `height` x `width` pixels.

        Raises:
            UserError: they are too small.
        """
        if min(height, width) < SMALLEST:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for --encoder=inception_v4, which "
                f"needs {SMALLEST} x {SMALLEST}; use larger pictures"
            )
        _, stride = self.cells
        return -(-height // stride), -(-width // stride)

    def feature_sizes(self, sizes):
        """Rows and columns of the features, int [B, 2], of pictures of `sizes` int [B, 2] pixels."""
        _, stride = self.cells
        return (sizes + stride - 1) // stride

    def activations(self, height, width):
        """Numbers that training keeps of a picture of `height` x `width` pixels for the gradient."""
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
            sizes: int [B, 2], height and width of the picture at the top left of each; what lies beyond counts as
                that picture's edge, and its features are zeros. H and W are multiples of 8 then. None: all is picture.
            training: whether batch norm learns.

        Returns:
            [B, h, w, 1024].
        """
        features = self.endpoints(images, sizes, training)[LAST]
        if training:
            self.num_updates.assign(self.num_updates + 1)
        return features

    def endpoints(self, images, sizes=None, training=False):
        """What `call` computes on its way, by slim's names: the features after the stem and after each block."""
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
