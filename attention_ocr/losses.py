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


def sequence_loss(logits, labels, label_smoothing=0.1, ignore_nulls=True, average_across_timesteps=False):
    """Cross-entropy in nats.

    Args:
        logits: [B, T, K].
        labels: int [B, T].
        label_smoothing: the share of a label's weight spread over all K classes.
        ignore_nulls: see `step_weights`.
        average_across_timesteps: divide the sum over a text's steps by the sum of their weights.

    Returns:
        The loss and its floor, the least value that smoothed labels allow (29.9 at K = 134, T = 37), both scalars.
    """
    K = logits.shape[-1]
    log_probability = ops.log_softmax(ops.cast(logits, "float32"))  # [B, T, K]
    at_label = ops.sum(log_probability * ops.one_hot(labels, K), axis=-1)  # [B, T]
    spread = label_smoothing * ops.mean(log_probability, axis=-1)
    losses = -(1 - label_smoothing) * at_label - spread  # [B, T]
    weights = step_weights(labels, K, ignore_nulls)
    texts = ops.sum(losses * weights, axis=1)  # [B]
    floors = ops.sum(weights, axis=1) * smoothed_entropy(K, label_smoothing)
    if average_across_timesteps:
        steps = ops.sum(weights, axis=1) + 1e-12
        texts, floors = texts / steps, floors / steps
    return ops.mean(texts), ops.mean(floors)


def smoothed_entropy(num_classes, label_smoothing):
    """Entropy in nats of one smoothed label: what remains of a step's loss when the network is perfect."""
    spread = label_smoothing / num_classes
    peak = 1 - label_smoothing + spread
    entropy = -peak * math.log(peak)
    return entropy - (num_classes - 1) * spread * math.log(spread) if spread else entropy
