"""What the decoders share: the LSTM cell of the reference, and which character is fed at a step."""

from keras import ops


def lstm_cell(inputs, state, kernel, bias, clip):
    """One step of TensorFlow 1's LSTMCell with forget bias 1 and a clipped cell (Hochreiter & Schmidhuber 1997).

    Args:
        inputs: [B, I].
        state: (c, h), each [B, U].
        kernel: [I + U, 4U], the gates in the order input, candidate, forget, output.
        bias: [4U].
        clip: the cell's state stays in +- this.

    Returns:
        The new (c, h).
    """
    c, h = state
    gates = ops.matmul(ops.concatenate([inputs, h], axis=-1), kernel) + bias  # [B, 4U]
    i, j, f, o = ops.split(gates, 4, axis=-1)
    c = ops.sigmoid(f + 1) * c + ops.sigmoid(i) * ops.tanh(j)
    c = ops.clip(c, -clip, clip)
    return c, ops.sigmoid(o) * ops.tanh(c)


def fed_ids(step, logits, labels, batch_size, num_classes, autoregression):
    """The class fed to a step, int [B]: K, which stands for nothing, or the previous character.

    Args:
        step: which step, from 0.
        logits: those of the steps before, a list of [B, K].
        labels: int [B, T] to teach with, or None to feed what was read.
        batch_size: B.
        num_classes: K.
        autoregression: whether characters are fed at all.
    """
    if step == 0 or not autoregression:
        return ops.full([batch_size], num_classes, "int32")
    if labels is not None:
        return ops.cast(labels[:, step - 1], "int32")
    return ops.cast(ops.argmax(logits[-1], axis=-1), "int32")


def with_nothing(table):
    """`table` [K, D] with a row of zeros for class K, what is fed when there is no character."""
    return ops.pad(table, [[0, 1], [0, 0]])
