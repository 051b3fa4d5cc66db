"""The first layers of a network: they crop each view to its middle and scale pixels, so that no caller has to."""

from keras import ops


def scaled(images):
    """Pixels 0..255 (uint8 or float) [B, H, V*W, 3] as float32 in -1.25..1.25."""
    return (ops.cast(images, "float32") / 255 - 0.5) * 2.5


def cropped(images, num_views, crop):
    """The middle of each view.

    Args:
        images: [B, H, V*W, 3].
        num_views: V.
        crop: (height, width) to keep of a view in pixels; 0: all of it.

    Returns:
        [B, height, V*width, 3].
    """
    if not any(crop):
        return images
    _, H, full_width, C = images.shape
    top, left = crop_offset((H, full_width // num_views), crop)
    height, width = crop[0] or H, crop[1] or full_width // num_views
    views = ops.reshape(images, [-1, H, num_views, full_width // num_views, C])
    views = views[:, top : top + height, :, left : left + width]
    return ops.reshape(views, [-1, height, num_views * width, C])


def crop_offset(view, crop):
    """(top, left): the first row and column of a view that a crop keeps.

    Args:
        view: (height, width) of a view in pixels.
        crop: (height, width) to keep; 0: all of it.
    """
    height, width = crop[0] or view[0], crop[1] or view[1]
    return (view[0] - height) // 2, (view[1] - width) // 2
