"""The convolutions of CRNN (Shi et al. 2015, arXiv 1507.05717, table 1): seven of them, columns four pixels apart."""

import keras
from keras import ops

from attention_ocr.errors import UserError

POOL = "pool"
# Filters, kernel, padding, batch norm; or a pooling with its window, which is its stride too. Table 1 from the bottom.
LAYERS = (
    (64, 3, "same", False),
    (POOL, (2, 2)),
    (128, 3, "same", False),
    (POOL, (2, 2)),
    (256, 3, "same", False),
    (256, 3, "same", False),
    (POOL, (2, 1)),
    (512, 3, "same", True),
    (512, 3, "same", True),
    (POOL, (2, 1)),
    (512, 2, "valid", False),
)
MOMENTUM = 0.99  # of batch norm's averages: slower ones lag behind short trainings


@keras.saving.register_keras_serializable("attention_ocr")
class Crnn(keras.layers.Layer):
    """From [V*B, H, W, 3] to [V*B, H/16 - 1, W/4 - 1, 512]: one row where H is 32.

    Args:
        weight_decay: 0.5 * weight_decay * sum of squares of each kernel is added to the loss.
    """

    def __init__(self, weight_decay, **kwargs):
        super().__init__(**kwargs)
        self.convolutions, self.normalizations = [], {}
        for filters, kernel, padding, normalized in (layer for layer in LAYERS if layer[0] != POOL):
            number = len(self.convolutions) + 1
            self.convolutions.append(
                keras.layers.Conv2D(
                    filters,
                    kernel,
                    padding=padding,
                    kernel_initializer="he_normal",
                    kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
                    name=f"convolution_{number}",
                )
            )
            if normalized:
                name = f"normalization_{number}"
                self.normalizations[name] = keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-5, name=name)

    num_channels = LAYERS[-1][0]
    cells = None  # rows and columns lie differently far apart

    def feature_grid(self, height, width):
        """(h, w) of the features of pictures of `height` x `width` pixels.

        Raises:
            UserError: they are too small.
        """
        h, w = height, width
        for layer in LAYERS:
            if layer[0] == POOL:
                h, w = h // layer[1][0], w // layer[1][1]
            elif layer[2] == "valid":
                h, w = h - layer[1] + 1, w - layer[1] + 1
        if h < 1 or w < 1:
            raise UserError(
                f"views of {height} x {width} pixels (height x width) are too small for --encoder=crnn, which needs 32 "
                "x 8; make records with a larger --image_height"
            )
        return h, w

    def build(self, shape):
        for layer in self.convolutions:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
            name = layer.name.replace("convolution", "normalization")
            if name in self.normalizations:
                self.normalizations[name].build(shape)

    def call(self, images, training=False):
        """Features of `images` [V*B, H, W, 3]."""
        features, convolutions = images, iter(self.convolutions)
        for kind, *shape in LAYERS:
            if kind == POOL:
                features = ops.max_pool(features, shape[0], shape[0])
                continue
            layer = next(convolutions)
            features = layer(features)
            name = layer.name.replace("convolution", "normalization")
            if name in self.normalizations:
                features = self.normalizations[name](features, training=training)
            features = ops.relu(features)
        return features
