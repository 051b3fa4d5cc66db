"""Views side by side, as pictures have them, and one by one, as they are distorted."""

from keras import ops


def views_of(images, num_views):
    """[B, H, V*W, 3] as [B*V, H, W, 3]."""
    if num_views == 1:
        return images
    _, H, full_width, C = ops.shape(images)
    views = ops.reshape(images, [-1, H, num_views, full_width // num_views, C])
    return ops.reshape(ops.transpose(views, [0, 2, 1, 3, 4]), [-1, H, full_width // num_views, C])


def side_by_side(pictures, num_views):
    """The inverse of `views_of`."""
    if num_views == 1:
        return pictures
    _, H, W, C = ops.shape(pictures)
    views = ops.transpose(ops.reshape(pictures, [-1, num_views, H, W, C]), [0, 2, 1, 3, 4])
    return ops.reshape(views, [-1, H, num_views * W, C])
