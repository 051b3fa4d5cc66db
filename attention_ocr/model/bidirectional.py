"""A bidirectional LSTM in which both directions take each step together.
"""

import os

import keras
from keras import ops

UNROLLED, UNB = map(int, os.environ.get("UNR","4,4").split(","))

def both_directions(layer, columns, mask=None):
    cells = (layer.forward_layer.cell, layer.backward_layer.cell)
    dtype=layer.compute_dtype
    forward = ops.transpose(columns, [1, 0, 2])
    inputs = [
        ops.matmul(given, ops.cast(cell.kernel, dtype))
        for given, cell in zip((forward, ops.flip(forward, axis=0)), cells)
    ]
    recurrent = ops.stack([ops.cast(cell.recurrent_kernel, dtype) for cell in cells])
    bias = ops.stack([ops.cast(cell.bias, dtype) for cell in cells])[:, None]
    if mask is None:
        mask = ops.ones(ops.shape(columns)[:2], "bool")
    valid = ops.cast(ops.transpose(mask), "float32")
    valid = ops.stack([valid, ops.flip(valid, axis=0)], axis=1)[..., None]  # [w, 2, B, 1]
    outputs = _lstm(*inputs, recurrent, bias, valid)  # [w, 2, B, U]
    outputs = ops.concatenate([outputs[:, 0], ops.flip(outputs[:, 1], axis=0)], axis=-1)
    return ops.transpose(outputs, [1, 0, 2])


@ops.custom_gradient
def _lstm(forward, backward, kernel, bias, valid):
    w, B, _ = ops.shape(forward)
    _, U, _ = ops.shape(kernel)
    dtype = forward.dtype

    def step(state, given):
        h, c = state
        forward, backward, counts = given
        gates = ops.stack([forward, backward]) + ops.matmul(h, kernel) + bias  # [2, B, 4U]
        i, f, j, o = _activated(gates)
        new_c = counts * (f * c + i * j)
        h = ops.cast(o * ops.tanh(new_c), dtype)  # 0 where it does not count
        return (h, new_c), (h, ops.cast(c, dtype), gates)

    start = ops.zeros([2, B, U], dtype), ops.zeros([2, B, U], "float32")
    _, (outputs, *kept) = ops.scan(step, start, (forward, backward, valid), unroll=UNROLLED)

    def gradient(*arguments, upstream=None):
        (upstream,) = arguments if upstream is None else (upstream,)
        kernel_t = ops.transpose(kernel, [0, 2, 1])

        def step_back(state, given):
            dh, dc = state
            added, counts, c, gates = given
            i, f, j, o = _activated(gates)
            c = ops.cast(c, "float32")
            new_c = ops.tanh(f * c + i * j)
            dh = counts * (ops.cast(added, "float32") + ops.cast(dh, "float32"))
            dc = counts * dc + dh * o * (1 - new_c * new_c)
            gates = [dc * j * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - j * j), dh * new_c * o * (1 - o)]
            gates = ops.cast(ops.concatenate(gates, axis=-1), dtype)  # [2, B, 4U]
            return (ops.matmul(gates, kernel_t), dc * f), gates

        given = (upstream, valid, *kept)
        _, gates = ops.scan(step_back, start, given, reverse=True, unroll=UNB)  # [w, B, 4U] each
        before = ops.pad(outputs, [[1, 0], [0, 0], [0, 0], [0, 0]])[:-1]
        forward, backward = gates[:, 0], gates[:, 1]
        d_kernel = ops.stack([ops.einsum("wbu,wbg->ug", before[:, d], part) for d, part in enumerate((forward, backward))])
        return forward, backward, d_kernel, ops.sum(gates, axis=(0, 2))[:, None], ops.zeros_like(valid)

    return outputs, gradient


def _activated(gates):
    i, f, j, o = ops.split(ops.cast(gates, "float32"), 4, axis=-1)
    return ops.sigmoid(i), ops.sigmoid(f), ops.tanh(j), ops.sigmoid(o)
