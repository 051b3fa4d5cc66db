"""What the decoders share: the LSTM cell of the reference, and the loop that feeds each character to the next step."""

from keras import ops


def lstm_cell(inputs, state, kernel, bias, clip=None, forget_bias=1.0):
    """One step of TensorFlow 1's LSTMCell (Hochreiter & Schmidhuber 1997).

    Args:
        inputs: [B, I].
        state: (c, h), each [B, U].
        kernel: [I + U, 4U], the gates in the order input, candidate, forget, output.
        bias: [4U].
        clip: the cell's state stays in +- this; None: it may be anything.
        forget_bias: what is added to the forget gate before its sigmoid.

    Returns:
        The new (c, h).
    """
    c, h = state
    gates = ops.matmul(ops.concatenate([inputs, h], axis=-1), kernel) + bias  # [B, 4U]
    i, j, f, o = ops.split(gates, 4, axis=-1)
    c = ops.sigmoid(f + forget_bias) * c + ops.sigmoid(i) * ops.tanh(j)
    c = c if clip is None else ops.clip(c, -clip, clip)
    return c, ops.sigmoid(o) * ops.tanh(c)


def read(decoder, step, state, labels=None, forced=None):
    """Reads T characters, each step fed with the character before it.

    Args:
        decoder: has `max_sequence_length` T, `num_classes` K and `logits`.
        step, state: what its `start` returns.
        labels: int [B, T] to teach with, or None to feed the likeliest character.
        forced: bool [], whether the labels are fed; None: they are if there are any.

    Returns:
        `chars_logit` [B, T, K], and `attention` [B, T, N] where the step has one.
    """
    fed = ops.full([ops.shape(state[0])[0]], decoder.num_classes, "int32")
    outputs, logits, attention = [], [], []
    is_taught = labels is not None and forced is None
    for t in range(decoder.max_sequence_length):
        state, output, weights = step(t, state, fed)
        outputs.append(output)
        attention.append(weights)
        label = None if labels is None else ops.cast(labels[:, t], "int32")
        if is_taught:
            fed = label
            continue
        logits.append(decoder.logits(output))
        likeliest = ops.cast(ops.argmax(logits[-1], axis=-1), "int32")
        fed = likeliest if label is None else ops.where(forced, label, likeliest)
    # One product for all steps: with thousands of classes the gradient of each one's would take as much memory.
    found = {"chars_logit": decoder.logits(ops.stack(outputs, axis=1)) if is_taught else ops.stack(logits, axis=1)}
    return found if weights is None else {**found, "attention": ops.stack(attention, axis=1)}


def start(decoder, features, copies=1, is_picture=None):
    """As the decoder's `start`, but the step gives logits [B, K] in place of what they are made of."""
    step, state = decoder.start(features, copies, is_picture)

    def step_to_logits(t, state, fed):
        state, output, weights = step(t, state, fed)
        return state, decoder.logits(output), weights

    return step_to_logits, state


def repeat(array, copies):
    """`array` [B, ...] with each row `copies` times, one after another: [B * copies, ...]."""
    return array if copies == 1 else ops.repeat(array, copies, axis=0)


def with_nothing(table):
    """`table` [K, D] with a row of zeros for class K, what is fed when there is no character."""
    return ops.pad(table, [[0, 1], [0, 0]])
