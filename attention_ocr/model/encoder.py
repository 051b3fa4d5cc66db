"""Views in, attention positions out: splitting, coordinates, flattening."""

import keras
from keras import ops


def split_views(images, num_views):
    """Views one after another [V*B, H, W, 3] of views side by side [B, H, V*W, 3]."""
    return ops.concatenate(ops.split(images, num_views, axis=2), axis=0)


def join_views(features, num_views):
    """Positions [B, N, C] of view after view [V*B, h, w, C]; position n = v*h*w + y*w + x."""
    _, h, w, C = features.shape
    features = ops.reshape(features, [num_views, -1, h * w, C])  # [V, B, h*w, C]
    return ops.reshape(ops.transpose(features, [1, 0, 2, 3]), [-1, num_views * h * w, C])  # [B, N, C]


def encode_coordinates(features):
    """Appends the one-hot of its row, then of its column, to every position (arXiv 1704.03549, section 2.2).

    Args:
        features: [B, h, w, C].

    Returns:
        [B, h, w, C + h + w].
    """
    B = ops.shape(features)[0]
    _, h, w, _ = features.shape
    rows = ops.broadcast_to(ops.eye(h, dtype=features.dtype)[None, :, None], [B, h, w, h])
    columns = ops.broadcast_to(ops.eye(w, dtype=features.dtype)[None, None], [B, h, w, w])
    return ops.concatenate([features, rows, columns], axis=-1)


@keras.saving.register_keras_serializable("attention_ocr")
class MultiViewEncoder(keras.layers.Layer):
    """One tower for all views, then coordinates, then one row of positions.

    Args:
        tower: a layer from [V*B, H, W, 3] to [V*B, h, w, C].
        num_views: V.
        coordinates: whether to append one-hot rows and columns.

    """

    def __init__(self, tower, num_views, coordinates, **kwargs):
        super().__init__(**kwargs)
        self.tower = tower
        self.num_views = num_views
        self.coordinates = coordinates

    def call(self, images, training=False):
        """Positions [B, N, C] of `images` [B, H, V*W, 3] in [0, 1]."""
        views = split_views((images - 0.5) * 2.5, self.num_views)  # [V*B, H, W, 3]
        features = self.tower(views, training=training)  # [V*B, h, w, C]
        if self.coordinates:
            features = encode_coordinates(features)
        return join_views(features, self.num_views)
