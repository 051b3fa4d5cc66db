"""Views in, attention positions out: splitting, recurrent columns, coordinates, flattening."""

import keras
from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.on_jax.columns import both_directions


def split_views(images, num_views):
    """Views one after another [V*B, H, W, 3] of views side by side [B, H, V*W, 3]."""
    return ops.concatenate(ops.split(images, num_views, axis=2), axis=0)


def join_views(features, num_views):
    """Positions [B, N, C] of view after view [V*B, h, w, C]; position n = v*h*w + y*w + x."""
    _, h, w, C = ops.shape(features)
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
class RecurrentColumns(keras.layers.Layer):
    """Bidirectional LSTMs over the columns of the features (arXiv 1507.05717, section 2.2).

    As in CRNN's published code, there is a linear layer between two of them.

    Args:
        num_layers: LSTMs, each in both directions.
        num_units: U, units of a direction.
    """

    def __init__(self, num_layers, num_units, **kwargs):
        super().__init__(**kwargs)
        self.num_layers, self.num_units = num_layers, num_units
        self.layers = []
        for number in range(1, num_layers + 1):
            if number > 1:
                self.layers.append(keras.layers.Dense(num_units, name=f"linear_{number - 1}"))
            lstm = keras.layers.LSTM(num_units, return_sequences=True, name="lstm")  # else numbered anew in each model
            self.layers.append(keras.layers.Bidirectional(lstm, name=f"lstm_{number}"))

    def build(self, shape):
        _, h, w, C = shape
        columns = (None, w, h * C)
        for layer in self.layers:
            layer.build(columns)
            columns = layer.compute_output_shape(columns)

    def call(self, features, sizes=None, training=False):
        """[B, 1, w, 2U] of `features` [B, h, w, C], whose rows are joined.

        Columns beyond `sizes`, int [B, 2] (rows, columns), are ignored and come out as zeros.
        """
        _, h, w, C = ops.shape(features)
        columns = ops.reshape(ops.transpose(features, [0, 2, 1, 3]), [-1, w, h * C])
        cells = None if sizes is None else padding.is_picture(ops.maximum(sizes, 1), 1, w)  # [B, 1, w]
        mask = None if cells is None else cells[:, 0]
        for layer in self.layers:
            if "lstm" not in layer.name:
                columns = layer(columns)
            elif keras.backend.backend() == "jax":
                columns = both_directions(layer, columns, mask)
            else:
                columns = layer(columns, mask=mask, training=training)
        return padding.clear(columns[:, None], cells)


@keras.saving.register_keras_serializable("attention_ocr")
class MultiViewEncoder(keras.layers.Layer):
    """One tower for all views, optional recurrent layers over columns, optional coordinates, then a row of positions.

    Args:
        tower: a layer from [V*B, H, W, 3] to [V*B, h, w, C].
        num_views: V.
        coordinates: whether to append one-hot rows and columns.
        columns: a RecurrentColumns, or None.
    """

    def __init__(self, tower, num_views, coordinates, columns=None, **kwargs):
        super().__init__(**kwargs)
        self.tower = tower
        self.num_views = num_views
        self.coordinates = coordinates
        self.columns = columns

    def feature_sizes(self, sizes):
        """Rows and columns of the features, int [B, 2], of pictures of `sizes` int [B, 2] (height, width) in pixels."""
        found = self.tower.feature_sizes(sizes)
        return ops.stack([ops.ones_like(found[:, 0]), found[:, 1]], axis=1) if self.columns else found

    def call(self, images, sizes=None, training=False):
        """Positions of pictures.

        Args:
            images: [B, H, V*W, 3] in -1.25..1.25.
            sizes: int [B, 2], height and width of the picture at the top left of each; the rest is padding. None: all
                is picture. Only for a tower whose layout masks.
            training: whether batch norm learns.

        Returns:
            `features` [B, N, C]; where there are sizes also `is_picture` bool [B, N], the positions that belong to the
            picture.
        """
        views = split_views(images, self.num_views)  # [V*B, H, W, 3]
        if sizes is None:
            features = self.tower(views, training=training)  # [V*B, h, w, C]
            if self.columns:
                features = self.columns(features, training=training)  # [V*B, 1, w, 2U]
            if self.coordinates:
                features = encode_coordinates(features)
            return {"features": join_views(features, self.num_views)}
        features = self.tower(views, sizes=sizes, training=training)
        cells = self.tower.feature_sizes(sizes)  # [B, 2]
        if self.columns:
            features, cells = self.columns(features, cells, training=training), self.feature_sizes(sizes)
        _, h, w, _ = ops.shape(features)
        is_picture = ops.reshape(padding.is_picture(cells, h, w), [-1, h * w])
        return {"features": join_views(features, 1), "is_picture": is_picture}
