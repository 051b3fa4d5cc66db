"""Pictures of several sizes in one batch: cells beyond each one's rows and columns are ignored."""

from keras import ops


def is_picture(sizes, rows, columns):
    """Which cells belong to their picture, bool [B, rows, columns].

    Args:
        sizes: int [B, 2], each picture's rows and columns, counted from the top left.
        rows, columns: of the batch.
    """
    down = ops.arange(rows, dtype="int32")[None] < sizes[:, :1]  # [B, rows]
    across = ops.arange(columns, dtype="int32")[None] < sizes[:, 1:]  # [B, columns]
    return ops.logical_and(down[:, :, None], across[:, None])


def inside(features, sizes):
    """`is_picture` bool [B, h, w] of the cells of `features` [B, h, w, C]; None where `sizes` is None: all of them."""
    if sizes is None:
        return None
    _, h, w, _ = ops.shape(features)
    return is_picture(sizes, h, w)


def strided(cells, down, across):
    """`cells` bool [B, h, w] after a layer of strides `down` and `across` whose sides are rounded up; None stays None.

    A cell belongs to the picture if the first of the cells it stands for does.
    """
    return None if cells is None else cells[:, ::down, ::across]


def clear(features, cells):
    """`features` [B, h, w, C] with zeros beyond each picture, as if a convolution's own padding began there.

    Args:
        features: [B, h, w, C].
        cells: what `inside` returns.
    """
    return features if cells is None else features * ops.cast(cells, features.dtype)[..., None]
