"""Inception-v3 (Szegedy et al. 2015, arXiv 1512.00567) as slim builds it, cut at any endpoint."""

import keras
from keras import ops

from attention_ocr.errors import UserError

EPSILON = 0.001

# The stem: name, kernel, stride, padding, filters (0: max pooling).
STEM = (
    ("Conv2d_1a_3x3", 3, 2, "valid", 32),
    ("Conv2d_2a_3x3", 3, 1, "valid", 32),
    ("Conv2d_2b_3x3", 3, 1, "same", 64),
    ("MaxPool_3a_3x3", 3, 2, "valid", 0),
    ("Conv2d_3b_1x1", 1, 1, "valid", 80),
    ("Conv2d_4a_3x3", 3, 1, "valid", 192),
    ("MaxPool_5a_3x3", 3, 2, "valid", 0),
)


def _conv(name, kernel, filters, stride=1):
    return name, kernel, filters, stride, "same" if stride == 1 else "valid"


def _block_35(pool, one="Conv2d_0a_1x1", five="Conv2d_0b_5x5"):
    return (
        (_conv("Conv2d_0a_1x1", 1, 64),),
        (_conv(one, 1, 48), _conv(five, 5, 64)),
        (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96), _conv("Conv2d_0c_3x3", 3, 96)),
        ("average", _conv("Conv2d_0b_1x1", 1, pool)),
    )


def _block_17(width):
    return (
        (_conv("Conv2d_0a_1x1", 1, 192),),
        (
            _conv("Conv2d_0a_1x1", 1, width),
            _conv("Conv2d_0b_1x7", (1, 7), width),
            _conv("Conv2d_0c_7x1", (7, 1), 192),
        ),
        (
            _conv("Conv2d_0a_1x1", 1, width),
            _conv("Conv2d_0b_7x1", (7, 1), width),
            _conv("Conv2d_0c_1x7", (1, 7), width),
            _conv("Conv2d_0d_7x1", (7, 1), width),
            _conv("Conv2d_0e_1x7", (1, 7), 192),
        ),
        ("average", _conv("Conv2d_0b_1x1", 1, 192)),
    )


def _block_8(second):
    return (
        (_conv("Conv2d_0a_1x1", 1, 320),),
        (_conv("Conv2d_0a_1x1", 1, 384), (_conv("Conv2d_0b_1x3", (1, 3), 384), _conv(second, (3, 1), 384))),
        (
            _conv("Conv2d_0a_1x1", 1, 448),
            _conv("Conv2d_0b_3x3", 3, 384),
            (_conv("Conv2d_0c_1x3", (1, 3), 384), _conv("Conv2d_0d_3x1", (3, 1), 384)),
        ),
        ("average", _conv("Conv2d_0b_1x1", 1, 192)),
    )


# Block -> branches -> layers in order. "average" and "max" pool; a tuple of layers in a tuple is a fork whose
# outputs are joined. slim's layer names are irregular; checkpoints use them, so they stay.
BLOCKS = {
    "Mixed_5b": _block_35(32),
    "Mixed_5c": _block_35(64, "Conv2d_0b_1x1", "Conv_1_0c_5x5"),
    "Mixed_5d": _block_35(64),
    "Mixed_6a": (
        (_conv("Conv2d_1a_1x1", 3, 384, 2),),
        (_conv("Conv2d_0a_1x1", 1, 64), _conv("Conv2d_0b_3x3", 3, 96), _conv("Conv2d_1a_1x1", 3, 96, 2)),
        ("max",),
    ),
    "Mixed_6b": _block_17(128),
    "Mixed_6c": _block_17(160),
    "Mixed_6d": _block_17(160),
    "Mixed_6e": _block_17(192),
    "Mixed_7a": (
        (_conv("Conv2d_0a_1x1", 1, 192), _conv("Conv2d_1a_3x3", 3, 320, 2)),
        (
            _conv("Conv2d_0a_1x1", 1, 192),
            _conv("Conv2d_0b_1x7", (1, 7), 192),
            _conv("Conv2d_0c_7x1", (7, 1), 192),
            _conv("Conv2d_1a_3x3", 3, 192, 2),
        ),
        ("max",),
    ),
    "Mixed_7b": _block_8("Conv2d_0b_3x1"),
    "Mixed_7c": _block_8("Conv2d_0c_3x1"),
}

REDUCTIONS = ("Mixed_6a", "Mixed_7a")


@keras.saving.register_keras_serializable("attention_ocr")
class ConvBatchNormRelu(keras.layers.Layer):
    """Convolution without bias, batch norm with beta and no gamma, ReLU; each view has its own statistics.

    Args:
        filters, kernel_size, strides, padding: as in `keras.layers.Conv2D`.
        num_views: V; the batch is V groups, view after view.
        weight_decay: 0.5 * weight_decay * sum of squares of the kernel is added to the loss.
        batch_norm_decay: the decay of the moving averages after its warm-up.
    """

    def __init__(self, filters, kernel_size, strides, padding, num_views, weight_decay, batch_norm_decay, **kwargs):
        super().__init__(**kwargs)
        self.num_views = num_views
        self.batch_norm_decay = batch_norm_decay
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding,
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(2.0),  # slim's default in the v3 arg scope
            kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
            name="convolution",
        )

    def build(self, shape):
        self.convolution.build(shape)
        channels = (self.convolution.filters,)
        frozen = {"trainable": False, "autocast": False}  # statistics stay float32 in mixed precision
        self.beta = self.add_weight(channels, "zeros", autocast=False, name="beta")
        self.moving_mean = self.add_weight(channels, "zeros", name="moving_mean", **frozen)
        self.moving_variance = self.add_weight(channels, "ones", name="moving_variance", **frozen)

    def call(self, inputs, num_updates, cells=None, training=False):
        """Features [V*B, h, w, filters] of `inputs` [V*B, h', w', channels].

        Args:
            inputs: the features or pixels below.
            num_updates: int [], how many training steps the moving averages have seen.
            cells: bool [B, h, w], which of the features belong to their picture, with one view only; batch norm counts
                no others. None: all.
            training: whether batch norm uses and learns the batch's statistics.
        """
        features = ops.cast(self.convolution(inputs), "float32")
        if not training:
            scale = ops.rsqrt(self.moving_variance + EPSILON)
            return ops.relu(self._computed(features * scale + (self.beta - self.moving_mean * scale)))
        V = self.num_views
        _, h, w, C = ops.shape(features)
        views = ops.reshape(features, [V, -1, h, w, C])  # [V, B, h, w, C]
        mean, variance = _moments(views, cells)  # [V, 1, 1, 1, C]
        self._move_averages(ops.reshape(mean, [V, C]), ops.reshape(variance, [V, C]), num_updates)
        scale = ops.rsqrt(variance + EPSILON)
        views = ops.relu(self._computed(views * scale + (self.beta - mean * scale)))
        return ops.reshape(views, [-1, h, w, C])

    def _computed(self, features):
        return ops.cast(features, self.compute_dtype)

    def _move_averages(self, mean, variance, num_updates):
        """Moves the averages V times, view after view, as the reference's tower does when it runs once a view."""
        V = self.num_views
        # DIFFERS: the reference's decay is 0.9997 from the first step, so its averages lag thousands of steps
        # behind and a short training evaluates wrong; here the decay warms up to it.
        n = ops.cast(num_updates, "float32")
        decay = ops.minimum(self.batch_norm_decay, (1 + n) / (10 + n))
        share = (1 - decay) * decay ** ops.arange(V - 1, -1, -1, dtype="float32")  # [V]
        for average, values in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * decay**V + ops.einsum("v,vc->c", share, values))


def _moments(views, cells):
    """Mean and variance [V, 1, 1, 1, C] of each view of `views` [V, B, h, w, C]; of its `cells` [B, h, w] if given."""
    if cells is None:
        return ops.moments(views, axes=[1, 2, 3], keepdims=True)
    counted = ops.cast(cells, views.dtype)[None, ..., None]  # [1, B, h, w, 1]
    shares = counted / ops.sum(counted)
    mean = ops.sum(views * shares, axis=[1, 2, 3], keepdims=True)
    return mean, ops.sum(ops.square(views - mean) * shares, axis=[1, 2, 3], keepdims=True)


@keras.saving.register_keras_serializable("attention_ocr")
class InceptionV3(keras.layers.Layer):
    """The tower from [V*B, H, W, 3] to [V*B, h, w, C] at `final_endpoint`.

    Weights are found by slim's names in `layers_by_name`: `Mixed_5b/Branch_0/Conv2d_0a_1x1`.

    Args:
        final_endpoint: the last block, Mixed_5b to Mixed_7c.
        num_views, weight_decay: as in `ConvBatchNormRelu`.
        batch_norm_decay: the decay of the moving averages after warm-up.
    """

    def __init__(self, final_endpoint, num_views, weight_decay, batch_norm_decay, **kwargs):
        super().__init__(**kwargs)
        self.final_endpoint = final_endpoint
        self.shared = (num_views, weight_decay, batch_norm_decay)
        self.layers_by_name = {}
        for name, kernel, stride, padding, filters in STEM:
            if filters:
                self._add_convolution(name, (name, kernel, filters, stride, padding))
        for block in self._blocks():
            for number, branch in enumerate(BLOCKS[block]):
                for step in branch:
                    for layer in _convolutions(step):
                        self._add_convolution(f"{block}/Branch_{number}/{layer[0]}", layer)

    masks = False  # the reference knows pictures of one size

    @property
    def num_channels(self):
        """C of the features."""
        C = next(filters for *_, filters in reversed(STEM) if filters)
        for block in self._blocks():  # a branch that only pools keeps its input's channels
            C = sum(sum(layer[2] for layer in _convolutions(branch[-1])) or C for branch in BLOCKS[block])
        return C

    def feature_grid(self, height, width):
        """(h, w) of the features of pictures of `height` x `width` pixels.

        Raises:
            UserError: they are too small for `final_endpoint`.
        """
        h, w = self._side(height), self._side(width)
        if h < 1 or w < 1:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for "
                f"--final_endpoint={self.final_endpoint}; use larger pictures or an earlier endpoint"
            )
        return h, w

    @property
    def cells(self):
        """The pixel that the first cell of the feature map is centred at, and pixels from one cell to the next."""
        first, stride = 0, 1
        for _, kernel, step, padding, _ in STEM:
            first += (kernel - 1) // 2 * stride if padding == "valid" else 0
            stride *= step
        for block in self._blocks():
            if block in REDUCTIONS:
                first, stride = first + stride, 2 * stride
        return first, stride

    def activations(self, height, width):
        """Numbers that training keeps of a picture of `height` x `width` pixels for the gradient."""
        kept = 0
        for number, (*_, filters) in enumerate(STEM, start=1):
            h, w = (_after(STEM[:number], side) for side in (height, width))
            kept += 3 * h * w * filters
        h, w = (_after(STEM, side) for side in (height, width))
        for block in self._blocks():
            before = h * w
            h, w = ((h - 3) // 2 + 1, (w - 3) // 2 + 1) if block in REDUCTIONS else (h, w)
            for branch in BLOCKS[block]:
                for number, step in enumerate(branch, start=1):
                    cells = h * w if number == len(branch) else before
                    kept += 3 * cells * sum(layer[2] for layer in _convolutions(step))
        return kept

    def _side(self, side):
        side = _after(STEM, side)
        for block in self._blocks():
            side = (side - 3) // 2 + 1 if block in REDUCTIONS else side
        return side

    def _blocks(self):
        names = list(BLOCKS)
        return names[: names.index(self.final_endpoint) + 1]

    def _add_convolution(self, path, layer):
        _, kernel, filters, stride, padding = layer
        self.layers_by_name[path] = ConvBatchNormRelu(
            filters, kernel, stride, padding, *self.shared, name=path.replace("/", "_")
        )

    def build(self, shape):
        # How many training steps the averages have seen; TF1 checkpoints call it global_step.
        self.num_updates = self.add_weight((), "zeros", dtype="int32", trainable=False, name="num_updates")

    def call(self, images, training=False):
        """Features [V*B, h, w, C] of `images` [V*B, H, W, 3] in [-1.25, 1.25]."""
        features, n = images, ops.convert_to_tensor(self.num_updates)
        for name, kernel, stride, padding, filters in STEM:
            if filters:
                features = self.layers_by_name[name](features, n, training=training)
            else:
                features = ops.max_pool(features, kernel, stride, padding)
        for block in self._blocks():
            branches = [
                self._branch(f"{block}/Branch_{number}", branch, features, n, training)
                for number, branch in enumerate(BLOCKS[block])
            ]
            features = ops.concatenate(branches, axis=-1)
        if training:
            self.num_updates.assign(n + 1)
        return features

    def _branch(self, path, branch, features, num_updates, training):
        for step in branch:
            if step == "average":
                features = ops.average_pool(features, 3, 1, "same")
            elif step == "max":
                features = ops.max_pool(features, 3, 2, "valid")
            else:
                outputs = [
                    self.layers_by_name[f"{path}/{layer[0]}"](features, num_updates, training=training)
                    for layer in _convolutions(step)
                ]
                features = outputs[0] if len(outputs) == 1 else ops.concatenate(outputs, axis=-1)
        return features


def _after(layers, side):
    """Rows or columns of `side` pixels after layers of the stem."""
    for _, kernel, stride, padding, _ in layers:
        side = (side - kernel) // stride + 1 if padding == "valid" else side
    return side


def _convolutions(step):
    """The convolutions of a branch's step: one, a fork's several, or none for a pooling."""
    if isinstance(step, str):
        return ()
    return step if isinstance(step[0], tuple) else (step,)
