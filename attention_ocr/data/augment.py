"""Training distortions: functions of one view and a seed, so that a resumed run draws what it would have drawn."""

import tensorflow as tf

RESIZE_METHODS = ("bilinear", "nearest", "bicubic", "area")

# The four orders in which the reference distorts colours.
COLOUR_ORDERS = (
    ("brightness", "saturation", "hue", "contrast"),
    ("saturation", "brightness", "contrast", "hue"),
    ("contrast", "hue", "brightness", "saturation"),
    ("hue", "saturation", "contrast", "brightness"),
)

COLOURS = {
    "brightness": lambda view, seed: tf.image.stateless_random_brightness(view, 32 / 255, seed),
    "saturation": lambda view, seed: tf.image.stateless_random_saturation(view, 0.5, 1.5, seed),
    "hue": lambda view, seed: tf.image.stateless_random_hue(view, 0.2, seed),
    "contrast": lambda view, seed: tf.image.stateless_random_contrast(view, 0.5, 1.5, seed),
}


def augment(image: tf.Tensor, num_views: int, name: str, seed: tf.Tensor) -> tf.Tensor:
    """`image` with each view distorted by itself.

    Args:
        image: float32 [H, V*W, 3] in [0, 1].
        num_views: V.
        name: `fsns` or `light`.
        seed: int32 [2]; the same seed draws the same distortion.

    Returns:
        float32 [H, V*W, 3] in [0, 1].
    """
    distort = AUGMENTATIONS[name]
    if num_views == 1:
        return distort(image, tf.random.split(seed, 1)[0])
    views = tf.split(image, num_views, axis=1)
    seeds = tf.random.split(seed, num_views)
    return tf.concat([distort(view, seeds[number]) for number, view in enumerate(views)], axis=1)


def distort_like_fsns(view: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The reference's distortion: a random crop resized by a random method, then colours in a random order."""
    seeds = tf.random.split(seed, 4)
    view = random_crop(view, seeds[0], seeds[1])
    orders = [lambda order=order: distort_colours(view, order, seeds[2]) for order in COLOUR_ORDERS]
    return tf.switch_case(tf.random.stateless_uniform([], seeds[3], 0, len(orders), tf.int32), orders)


def random_crop(view: tf.Tensor, seed: tf.Tensor, method_seed: tf.Tensor) -> tf.Tensor:
    """At least 0.8 of the view (area 0.8-1, aspect ratio 0.8-1.2), resized back by one of four methods."""
    H, W, _ = tf.unstack(tf.shape(view))
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(view),
        tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed,
        min_object_covered=0.8,
        aspect_ratio_range=(0.8, 1.2),
        area_range=(0.8, 1.0),
        max_attempts=100,
        use_image_if_no_bounding_boxes=True,
    )
    crop = tf.slice(view, begin, size)
    methods = [lambda method=method: tf.image.resize(crop, [H, W], method) for method in RESIZE_METHODS]
    resized = tf.switch_case(tf.random.stateless_uniform([], method_seed, 0, len(methods), tf.int32), methods)
    return tf.ensure_shape(resized, view.shape)


def distort_colours(view: tf.Tensor, order: tuple[str, ...], seed: tf.Tensor) -> tf.Tensor:
    """Brightness +-32/255, saturation x 0.5-1.5, hue +-0.2, contrast x 0.5-1.5 in `order`, clipped to [0, 1]."""
    for number, name in enumerate(order):
        view = COLOURS[name](view, tf.random.fold_in(seed, number))
    return tf.clip_by_value(view, 0.0, 1.0)


def distort_lightly(view: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A shift by up to a sixteenth of the view's shorter side, brightness +-0.1 and contrast x 0.7-1.3."""
    most = tf.reduce_min(tf.shape(view)[:2]) // 16  # a sixteenth of a long line is a whole character
    seeds = tf.random.split(seed, 3)
    padded = tf.pad(view, [[most, most], [most, most], [0, 0]], "SYMMETRIC")
    view = tf.ensure_shape(tf.image.stateless_random_crop(padded, tf.shape(view), seeds[0]), view.shape)
    view = tf.image.stateless_random_contrast(view, 0.7, 1.3, seeds[1])
    return tf.clip_by_value(tf.image.stateless_random_brightness(view, 0.1, seeds[2]), 0.0, 1.0)


AUGMENTATIONS = {"fsns": distort_like_fsns, "light": distort_lightly}
