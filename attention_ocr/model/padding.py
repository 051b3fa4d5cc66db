"""Pictures of several sizes in one batch: what lies beyond each one's rows and columns counts for nothing."""

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


def clear(features, sizes):
    """`features` [B, h, w, C] with zeros beyond each picture, as if a convolution's own padding began there.

    Args:
        features: [B, h, w, C].
        sizes: as in `is_picture`; None: the pictures fill the batch.
    """
    if sizes is None:
        return features
    _, h, w, _ = ops.shape(features)
    return features * ops.cast(is_picture(sizes, h, w), features.dtype)[..., None]
