"""`records.pictures` in TensorFlow's graph, for exports: the same pixels within 1 of 255."""

import math

import tensorflow as tf

from attention_ocr.canvas import Canvas
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.records import pictures


def fit(pixels: tf.Tensor, spec: DatasetSpec) -> tf.Tensor:
    """`pictures.fit` in TensorFlow: uint8 [height, width, 3] of any size -> uint8 [H, V*W, 3]."""
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]

    def fit_views() -> tf.Tensor:
        each = width // V
        views = tf.reshape(pixels[:, : V * each], [height, V, each, 3])
        views = _fit_view(tf.transpose(views, [1, 0, 2, 3]), spec)  # [V, H, W, 3]
        return tf.reshape(tf.transpose(views, [1, 0, 2, 3]), [H, V * W, 3])

    def fit_too_narrow() -> tf.Tensor:
        return _resize(pixels[None], H, V * W)[0]

    exact = tf.reduce_all(tf.equal(tf.shape(pixels)[:2], [H, V * W])) & (not pictures.is_turned(H, W, spec))
    cases = [(exact, lambda: pixels), (width < V, fit_too_narrow)]
    return tf.ensure_shape(tf.case(cases, fit_views), spec.image_shape)


def in_every_view(pixels: tf.Tensor, spec: DatasetSpec) -> tf.Tensor:
    """uint8 [height, width, 3]; one that shows a single view of several, V times side by side, as `Reader` does it."""
    V, H, W = spec.num_views, spec.image_height, spec.image_width
    if V == 1:
        return pixels
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    exact = tf.equal(height, H) & tf.equal(width, V * W)
    narrow = tf.cast(width * H, tf.float64) < math.sqrt(V) * W * tf.cast(height, tf.float64)
    return tf.tile(pixels, [1, tf.where(narrow & ~exact, V, 1), 1])


def fit_unpadded(pixels: tf.Tensor, spec: DatasetSpec, canvas: Canvas) -> tuple[tf.Tensor, tf.Tensor]:
    """`pictures.fit_unpadded` in TensorFlow, on the whole canvas: uint8 [H, W, 3], and int32 [2], the picture's size.

    Args:
        pixels: uint8 [height, width, 3] of any size.
        spec: how it is fitted.
        canvas: gives H and W; it is zero below and to the right of the picture.
    """
    pixels = _turned(pixels[None], spec)[0]
    height, width = _scaled_size(pixels, spec)
    H, W = canvas.height, canvas.width
    filled = tf.pad(_resize(pixels[None], height, width)[0], [[0, H - height], [0, W - width], [0, 0]])
    return tf.ensure_shape(filled, [H, W, 3]), tf.stack([height, width])


def _fit_view(views: tf.Tensor, spec: DatasetSpec) -> tf.Tensor:
    """[V, H, W, 3] of views [V, height, width, 3] by the spec's policies."""
    H, W = spec.image_height, spec.image_width
    views = _turned(views, spec)
    if spec.resize == "stretch":
        return _resize(views, H, W)
    new_height, new_width = _scaled_size(views[0], spec)
    top = (H - new_height) // 2
    margins = [[0, 0], [top, H - new_height - top], [0, W - new_width], [0, 0]]
    return tf.pad(_resize(views, new_height, new_width), margins, constant_values=pictures.PAD_GREY)


def _turned(views: tf.Tensor, spec: DatasetSpec) -> tf.Tensor:
    """Views [V, height, width, 3], rotated if they are taken for vertical text."""
    if spec.vertical != "rotate":
        return views
    is_tall = tf.cast(tf.shape(views)[1], tf.float64) > pictures.TALL * tf.cast(tf.shape(views)[2], tf.float64)
    return tf.cond(is_tall, lambda: tf.image.rot90(views), lambda: views)


def _scaled_size(pixels: tf.Tensor, spec: DatasetSpec) -> tuple[tf.Tensor, tf.Tensor]:
    """`pictures.scaled_size` of `pixels` [height, width, 3] for the policies that keep the aspect."""
    H, W = spec.image_height, spec.image_width
    height, width = tf.cast(tf.shape(pixels)[0], tf.float64), tf.cast(tf.shape(pixels)[1], tf.float64)
    scale = H / height if spec.resize == "keep_height" else tf.minimum(H / height, W / width)
    least = max(spec.least_width, 1) if spec.resize == "keep_height" else 1
    return (
        tf.clip_by_value(tf.cast(height * scale + 0.5, tf.int32), 1, H),
        tf.clip_by_value(tf.cast(width * scale + 0.5, tf.int32), least, W),
    )


def _resize(pictures: tf.Tensor, height: int, width: int) -> tf.Tensor:
    resized = tf.image.resize(pictures, tf.stack([height, width]), antialias=True)
    return tf.cast(tf.clip_by_value(tf.floor(resized + 0.5), 0, 255), tf.uint8)
