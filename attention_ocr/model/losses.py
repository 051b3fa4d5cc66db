"""The reference's loss: cross-entropy of smoothed labels, summed over the steps, averaged over the batch."""

import math

from keras import ops


def step_weights(labels, num_classes, ignore_nulls):
    """Weight of each step, [B, T]: 1, or 0 where `ignore_nulls` is False and the label is class K-1.

    The reference's flag does the opposite of its name; so does this.
    """
    if ignore_nulls:
        return ops.ones(ops.shape(labels), "float32")
    return ops.cast(labels != num_classes - 1, "float32")


def weights_to_end(labels, null_id):
    """Weight of each step, [B, T]: 1 up to the first null, which ends the text, and 0 after it."""
    is_null = ops.cast(labels == null_id, "int32")
    return ops.cast(ops.cumsum(is_null, axis=1) - is_null == 0, "float32")


def sequence_loss(logits, labels, label_smoothing=0.1, weights=None, average_across_timesteps=False):
    """Cross-entropy in nats.

    Args:
        logits: [B, T, K].
        labels: int [B, T].
        label_smoothing: the share of a label's weight spread over all K classes.
        weights: [B, T], of the steps; None: all 1.
        average_across_timesteps: divide the sum over a text's steps by the sum of their weights.

    Returns:
        Three scalars: the loss; its floor, the least value that smoothed labels allow (29.9 at K = 134, T = 37); and
        the mean number of steps in a text's sum.
    """
    K = logits.shape[-1]
    logits = ops.cast(logits, "float32")
    at_label = ops.take_along_axis(logits, ops.cast(labels, "int32")[..., None], axis=-1)[..., 0]  # [B, T]
    smoothed = (1 - label_smoothing) * at_label + label_smoothing * ops.mean(logits, axis=-1)
    losses = ops.logsumexp(logits, axis=-1) - smoothed  # [B, T]
    weights = ops.ones_like(losses) if weights is None else weights
    texts, steps = ops.sum(losses * weights, axis=1), ops.sum(weights, axis=1)  # [B]
    floors = steps * smoothed_entropy(K, label_smoothing)
    if average_across_timesteps:
        texts, floors, steps = texts / (steps + 1e-12), floors / (steps + 1e-12), ops.ones_like(steps)
    return ops.mean(texts), ops.mean(floors), ops.mean(steps)


def attention_loss(attention, places, feature_grid, cells, reach=1.0):
    """The negative logarithm of attention's weight near each character, in nats per text.

    "Near" is a Gaussian around the character in every view that shows it, so attention may look at any of them.

    Args:
        attention: [B, T, N], weights of the positions v*h*w + y*w + x.
        places: [B, T, V, 2], each character's (x, y) in pixels of view v; NaN: not in that view.
        feature_grid: (h, w).
        cells: the pixel at the centre of the first cell, and pixels between cells.
        reach: the Gaussian's standard deviation in cells.

    Returns:
        A scalar, the mean over texts of the sum over their characters.
    """
    (h, w), (first, stride) = feature_grid, cells
    V = places.shape[2]
    is_there = ops.logical_not(ops.any(ops.isnan(places), axis=-1))  # [B, T, V]
    found = (ops.where(ops.isnan(places), -1e3, places) - first) / stride  # [B, T, V, 2] in cells
    across = ops.exp(-0.5 * ((found[..., :1] - ops.arange(w, dtype="float32")) / reach) ** 2)  # [B, T, V, w]
    down = ops.exp(-0.5 * ((found[..., 1:] - ops.arange(h, dtype="float32")) / reach) ** 2)  # [B, T, V, h]
    near = ops.reshape(down[..., :, None] * across[..., None, :], [-1, places.shape[1], V * h * w])  # [B, T, N]
    weight = ops.sum(ops.cast(attention, "float32") * near, axis=2)  # [B, T]
    counted = ops.cast(ops.any(is_there, axis=2), "float32")  # [B, T]
    return ops.mean(ops.sum(-ops.log(weight + 1e-6) * counted, axis=1))


def smoothed_entropy(num_classes, label_smoothing):
    """Entropy in nats of one smoothed label: the loss of a step in which the network is perfect."""
    spread = label_smoothing / num_classes
    peak = 1 - label_smoothing + spread
    entropy = -peak * math.log(peak)
    return entropy - (num_classes - 1) * spread * math.log(spread) if spread else entropy
