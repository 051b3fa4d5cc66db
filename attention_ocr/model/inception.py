"""Inception-v3 (Szegedy et al. 2015, arXiv 1512.00567) as slim builds it, cut at any endpoint."""

import keras
from keras import ops

from attention_ocr.model.layouts.inception_v3 import (
    BLOCKS,
    EPSILON,
    REDUCTIONS,
    STEM,
    blocks_to,
    convolutions_of,
    stem_side,
)

ALL = [1, 2, 3]  # the axes of a view's statistics


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
            cells: bool [B, h, w], the features that belong to their picture, with one view only; batch norm ignores
                the others. None: all.
            training: whether batch norm uses and learns the batch's statistics.
        """
        features = self.convolution(inputs)
        if not training:
            features = ops.cast(features, "float32")
            scale = ops.rsqrt(self.moving_variance + EPSILON)
            return ops.relu(self._computed(features * scale + (self.beta - self.moving_mean * scale)))
        V = self.num_views
        _, h, w, C = ops.shape(features)
        views = ops.reshape(features, [V, -1, h, w, C])  # [V, B, h, w, C]
        views, mean, variance = self._normalized(views, cells)
        self._move_averages(ops.reshape(mean, [V, C]), ops.reshape(variance, [V, C]), num_updates)
        return ops.reshape(views, [-1, h, w, C])

    def _normalized(self, views, cells):
        """ReLU of the normalized `views` [V, B, h, w, C], and the mean and variance [V, 1, 1, 1, C] of each view."""
        shares = _shares(views, cells)
        if keras.backend.backend() == "jax":
            from attention_ocr.model.on_jax import batch_norm

            return batch_norm.normalized(views, ops.convert_to_tensor(self.beta), shares, EPSILON)
        views = ops.cast(views, "float32")
        mean, variance = ops.moments(views, ALL, keepdims=True) if cells is None else _moments(views, shares)
        scale = ops.rsqrt(variance + EPSILON)
        return ops.relu(self._computed(views * scale + (self.beta - mean * scale))), mean, variance

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


def _shares(views, cells):
    """How much each feature of `views` [V, B, h, w, C] counts in its view's mean: float32 [], or [1, B, h, w, 1].

    Args:
        views: the features.
        cells: bool [B, h, w], those that count; None: all.
    """
    if cells is None:
        return 1 / ops.cast(ops.prod(ops.shape(views)[1:4]), "float32")
    counted = ops.cast(cells, "float32")[None, ..., None]
    return counted / ops.sum(counted)


def _moments(views, shares):
    """Mean and variance [V, 1, 1, 1, C] of each view of `views` float32 [V, B, h, w, C]."""
    mean = ops.sum(views * shares, axis=ALL, keepdims=True)
    return mean, ops.sum(ops.square(views - mean) * shares, axis=ALL, keepdims=True)


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
        for block in blocks_to(self.final_endpoint):
            for number, branch in enumerate(BLOCKS[block]):
                for step in branch:
                    for layer in convolutions_of(step):
                        self._add_convolution(f"{block}/Branch_{number}/{layer[0]}", layer)

    @property
    def num_channels(self):
        """C of the features."""
        C = next(filters for *_, filters in reversed(STEM) if filters)
        for block in blocks_to(self.final_endpoint):  # a branch that only pools keeps its input's channels
            C = sum(sum(layer[2] for layer in convolutions_of(branch[-1])) or C for branch in BLOCKS[block])
        return C

    def activations(self, height, width):
        """How many numbers training keeps for the gradient of a picture of `height` x `width` pixels."""
        kept = 0
        for number, (*_, filters) in enumerate(STEM, start=1):
            h, w = (stem_side(STEM[:number], side) for side in (height, width))
            kept += 3 * h * w * filters
        h, w = (stem_side(STEM, side) for side in (height, width))
        for block in blocks_to(self.final_endpoint):
            before = h * w
            h, w = ((h - 3) // 2 + 1, (w - 3) // 2 + 1) if block in REDUCTIONS else (h, w)
            for branch in BLOCKS[block]:
                for number, step in enumerate(branch, start=1):
                    cells = h * w if number == len(branch) else before
                    kept += 3 * cells * sum(layer[2] for layer in convolutions_of(step))
        return kept

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
        for block in blocks_to(self.final_endpoint):
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
                    for layer in convolutions_of(step)
                ]
                features = outputs[0] if len(outputs) == 1 else ops.concatenate(outputs, axis=-1)
        return features
