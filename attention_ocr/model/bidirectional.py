"""A bidirectional LSTM in which both directions take each step together.

Keras runs one loop a direction, with the product of the inputs, the mask and the gradients of the weights in it: on a GPU
some forty small kernels a step, whose launches take longer than their work.
"""

import keras
from keras import ops


def both_directions(layer, columns, mask=None):
    """What a Keras layer gives of columns, [B, w, 2U]: the forward direction's outputs, then the backward direction's.

    Args:
        layer: a built `keras.layers.Bidirectional` of an LSTM with Keras's defaults; its weights are used.
        columns: [B, w, C].
        mask: bool [B, w], true for each picture's columns, which come first; None: all are. Beyond them come zeros.
    """
    cells = (layer.forward_layer.cell, layer.backward_layer.cell)
    kernel, recurrent_kernel, bias = (
        ops.cast(ops.stack([getattr(cell, name) for cell in cells]), layer.compute_dtype)
        for name in ("kernel", "recurrent_kernel", "bias")
    )
    inputs = _in_step(ops.repeat(ops.transpose(columns, [1, 0, 2])[:, :, None], 2, axis=2))  # [w, B, 2, C]
    inputs = ops.einsum("wbdc,dcg->wbdg", inputs, kernel) + bias  # [w, B, 2, 4U]
    if mask is None:
        mask = ops.ones(ops.shape(columns)[:2], "bool")
    valid = ops.cast(ops.transpose(mask), "float32")[:, :, None, None]  # [w, B, 1, 1]
    valid = _in_step(ops.repeat(valid, 2, axis=2))  # [w, B, 2, 1]
    outputs = _in_step(_lstm(inputs, recurrent_kernel, valid))  # [w, B, 2, U]
    w, B, _, U = ops.shape(outputs)
    return ops.transpose(ops.reshape(outputs, [w, B, 2 * U]), [1, 0, 2])


def _in_step(values):
    """`values` [w, B, 2, ...] with those of the backward direction, [:, :, 1], from the last column to the first."""
    return ops.stack([values[:, :, 0], ops.flip(values[:, :, 1], axis=0)], axis=2)


@ops.custom_gradient
def _lstm(inputs, kernel, valid):
    """The outputs of all steps, [w, B, 2, U] (Hochreiter & Schmidhuber 1997).

    The state is zero until a direction's first valid step. The gates are computed in float32.

    Args:
        inputs: [w, B, 2, 4U], what the inputs add to the gates input, forget, candidate, output.
        kernel: [2, U, 4U], the recurrent weights.
        valid: float32 [w, B, 2, 1], 1 for steps that count and 0 for those before them or after.
    """
    _, B, _, _ = ops.shape(inputs)
    _, U, _ = ops.shape(kernel)
    dtype = inputs.dtype

    def step(state, given):
        h, c = state
        added, counts = given
        gates = ops.cast(added, "float32") + ops.cast(ops.einsum("bdu,dug->bdg", h, kernel), "float32")
        i, f, j, o = ops.split(gates, 4, axis=-1)
        i, f, j, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(j), ops.sigmoid(o)
        new_c = counts * (f * c + i * j)
        h = ops.cast(o * ops.tanh(new_c), dtype)  # 0 where it does not count
        return (h, new_c), (h, *(ops.cast(value, dtype) for value in (c, i, f, j, o)))

    start = ops.zeros([B, 2, U], dtype), ops.zeros([B, 2, U], "float32")
    _, (outputs, *kept) = ops.scan(step, start, (inputs, valid))

    def gradient(*arguments, upstream=None):
        (upstream,) = arguments if upstream is None else (upstream,)

        def step_back(state, given):
            dh, dc = state
            added, counts, *values = given
            c, i, f, j, o = (ops.cast(value, "float32") for value in values)
            new_c = ops.tanh(f * c + i * j)
            dh = counts * (ops.cast(added, "float32") + ops.cast(dh, "float32"))
            dc = counts * dc + dh * o * (1 - new_c * new_c)
            gates = [dc * j * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - j * j), dh * new_c * o * (1 - o)]
            gates = ops.cast(ops.concatenate(gates, axis=-1), dtype)  # [B, 2, 4U]
            return (ops.einsum("bdg,dug->bdu", gates, kernel), dc * f), gates

        _, gates = ops.scan(step_back, start, (upstream, valid, *kept), reverse=True)  # [w, B, 2, 4U]
        d_kernel = ops.einsum("wbdu,wbdg->dug", outputs[:-1], gates[1:])
        return gates, d_kernel, ops.zeros_like(valid)

    return outputs, gradient
