"""The reference's attention network in float64, written with TensorFlow's own ops and TF1's variable names.

It shares no code with the package but the list of Inception's layers.
"""

import numpy as np
import tensorflow as tf

from attention_ocr.model.inception import BLOCKS, STEM

TOWER = "AttentionOcr_v1/conv_tower_fn/INCE/InceptionV3/"
HEAD = "AttentionOcr_v1/sequence_logit_fn/SQLR/"
DECODER = HEAD + "LSTM/attention_decoder/"


def features(reader, images, num_views, endpoint, coordinates, training):
    """[B, N, C] of uint8 `images` [B, H, V*W, 3]; batch statistics per view when `training`."""
    views = tf.split((tf.cast(images, "float64") / 255 - 0.5) * 2.5, num_views, axis=2)
    found = tf.concat([_tower(reader, view, endpoint, training) for view in views], axis=1)  # [B, V*h, w, C]
    B, h, w, _ = found.shape
    if coordinates:
        rows = tf.tile(tf.eye(h // num_views, dtype="float64")[None, :, None], [B, num_views, w, 1])
        columns = tf.tile(tf.eye(w, dtype="float64")[None, None], [B, h, 1, 1])
        found = tf.concat([found, rows, columns], axis=3)
    return tf.reshape(found, [B, h * w, found.shape[3]])


def decode(reader, features, T, labels=None):
    """Logits [B, T, K] and attention [B, T, N] of an autoregressive decoder; `labels` [B, T] are fed if given."""
    weights = {name: _values(reader, DECODER + name) for name in ("AttnW_0", "AttnV_0")}
    softmax_w, softmax_b = _values(reader, HEAD + "softmax_w"), _values(reader, HEAD + "softmax_b")
    linear = {
        name: (_values(reader, f"{DECODER}{name}kernel"), _values(reader, f"{DECODER}{name}bias"))
        for name in ("", "lstm_cell/", "Attention_0/", "AttnOutputProjection/")
    }

    def project(name, *inputs):
        kernel, bias = linear[name]
        return tf.concat(inputs, axis=1) @ kernel + bias

    B, N, C = features.shape
    U, K = softmax_w.shape
    keys = tf.reshape(tf.reshape(features, [B * N, C]) @ weights["AttnW_0"][0, 0], [B, N, C])
    c, h, context, fed = (tf.zeros([B, size], "float64") for size in (U, U, C, K))
    logits, attention = [], []
    for t in range(T):
        i, j, f, o = tf.split(project("lstm_cell/", project("", fed, context), h), 4, axis=1)
        c = tf.clip_by_value(tf.sigmoid(f + 1) * c + tf.sigmoid(i) * tf.tanh(j), -10, 10)
        h = tf.sigmoid(o) * tf.tanh(c)
        query = project("Attention_0/", c, h)
        attention.append(tf.nn.softmax(tf.reduce_sum(weights["AttnV_0"] * tf.tanh(keys + query[:, None]), axis=2)))
        context = tf.reduce_sum(attention[-1][:, :, None] * features, axis=1)
        logits.append(project("AttnOutputProjection/", h, context) @ softmax_w + softmax_b)
        fed = tf.one_hot(tf.argmax(logits[-1], axis=1) if labels is None else labels[:, t], K, dtype="float64")
    return np.stack(logits, axis=1), np.stack(attention, axis=1)


def _values(reader, name):
    return tf.constant(reader.get_tensor(name).astype("float64"))


def _tower(reader, images, endpoint, training):
    for name, kernel, stride, padding, filters in STEM:
        if filters:
            images = _convolution(reader, name, images, stride, padding, training)
        else:
            images = tf.nn.max_pool2d(images, kernel, stride, padding.upper())
    blocks = list(BLOCKS)
    for block in blocks[: blocks.index(endpoint) + 1]:
        branches = []
        for number, branch in enumerate(BLOCKS[block]):
            found = images
            for step in branch:
                if step == "average":
                    found = tf.nn.avg_pool2d(found, 3, 1, "SAME")
                else:
                    name, _, _, stride, padding = step
                    found = _convolution(reader, f"{block}/Branch_{number}/{name}", found, stride, padding, training)
            branches.append(found)
        images = tf.concat(branches, axis=3)
    return images


def _convolution(reader, path, images, stride, padding, training):
    found = tf.nn.conv2d(images, _values(reader, f"{TOWER}{path}/weights"), stride, padding.upper())
    names = ("beta", "moving_mean", "moving_variance")
    beta, mean, variance = (_values(reader, f"{TOWER}{path}/BatchNorm/{name}") for name in names)
    if training:
        mean, variance = tf.nn.moments(found, [0, 1, 2])
    return tf.nn.relu((found - mean) * tf.math.rsqrt(variance + 0.001) + beta)
