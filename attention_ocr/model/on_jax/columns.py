"""A bidirectional LSTM whose directions share one loop.

Keras's layer runs a loop for each direction. Each of their steps multiplies the inputs, masks, and adds to the weights'
gradients: dozens of small kernels, and a GPU takes longer to launch them than to run them. Here all of that is outside.
"""

from keras import ops

# Steps taken at once: a loop then writes what it keeps, and counts, less often. With more of them XLA computes values
# of one step again in the next.
FORWARD_STEPS, GRADIENT_STEPS = 4, 2


def both_directions(layer, columns, mask=None):
    """What the layer returns of `columns`, [B, w, 2U]: for each column the forward outputs, then the backward ones.

    Args:
        layer: a built `keras.layers.Bidirectional` of an `LSTM` that returns sequences and has Keras's defaults.
        columns: [B, w, C].
        mask: bool [B, w], true for the columns of each picture, which come first; None: all are. Beyond the picture the
            outputs are zeros, where Keras's layer repeats the last one.
    """
    cells = layer.forward_layer.cell, layer.backward_layer.cell
    kernels, recurrent_kernels, biases = (
        [ops.cast(getattr(cell, name), layer.compute_dtype) for cell in cells]
        for name in ("kernel", "recurrent_kernel", "bias")
    )
    columns = ops.transpose(columns, [1, 0, 2])  # [w, B, C]
    w, B, _ = ops.shape(columns)
    in_picture = ops.ones([w, B], "float32") if mask is None else ops.cast(ops.transpose(mask), "float32")
    outputs = _lstm(
        ops.matmul(columns, kernels[0]),  # [w, B, 4U]
        ops.matmul(_reversed(columns), kernels[1]),
        ops.stack(recurrent_kernels),
        ops.stack(biases)[:, None],
        ops.stack([in_picture, _reversed(in_picture)], axis=1)[..., None],
    )  # [w, 2, B, U]
    outputs = ops.concatenate([outputs[:, 0], _reversed(outputs[:, 1])], axis=-1)  # [w, B, 2U]
    return ops.transpose(outputs, [1, 0, 2])


def _reversed(steps):
    return ops.flip(steps, axis=0)


@ops.custom_gradient
def _lstm(forward, backward, kernel, bias, in_picture):
    """Outputs of two LSTMs (Hochreiter & Schmidhuber 1997) side by side, [w, 2, B, U].

    A state is zero until the first step in the picture. Gates are in the order input, forget, candidate, output.

    Args:
        forward, backward: [w, B, 4U] each, what the inputs add to the gates; for `backward` the last column is first.
        kernel: [2, U, 4U], the recurrent weights.
        bias: [2, 1, 4U].
        in_picture: float32 [w, 2, B, 1], 1 for steps in the picture and 0 for others.
    """
    _, B, _ = ops.shape(forward)
    _, U, _ = ops.shape(kernel)
    dtype = forward.dtype
    start = ops.zeros([2, B, U], dtype), ops.zeros([2, B, U], "float32")

    def step(state, given):
        h, c = state
        forward, backward, counts = given
        gates = ops.stack([forward, backward]) + ops.matmul(h, kernel) + bias  # [2, B, 4U]
        i, f, j, o = _activated(gates)
        new_c = counts * (f * c + i * j)
        h = ops.cast(o * ops.tanh(new_c), dtype)
        return (h, new_c), (h, ops.cast(c, dtype), gates)

    _, (outputs, *kept) = ops.scan(step, start, (forward, backward, in_picture), unroll=FORWARD_STEPS)

    def gradient(d_outputs):
        from_gates = ops.transpose(kernel, [0, 2, 1])  # [2, 4U, U]

        def step_back(state, given):
            dh, dc = state
            added, counts, c, gates = given
            i, f, j, o = _activated(gates)
            c = _precise(c)
            tanh_c = ops.tanh(f * c + i * j)
            dh = counts * (_precise(added) + _precise(dh))
            dc = counts * dc + dh * o * (1 - tanh_c * tanh_c)
            gates = [dc * j * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - j * j), dh * tanh_c * o * (1 - o)]
            gates = ops.cast(ops.concatenate(gates, axis=-1), dtype)  # [2, B, 4U]
            return (ops.matmul(gates, from_gates), dc * f), gates

        given = (d_outputs, in_picture, *kept)
        _, gates = ops.scan(step_back, start, given, reverse=True, unroll=GRADIENT_STEPS)  # [w, 2, B, 4U]
        before = ops.pad(outputs[:-1], [[1, 0], [0, 0], [0, 0], [0, 0]])  # [w, 2, B, U], each step's state h
        # A product for each direction: XLA copies all gates for one product of both.
        d_kernel = ops.stack([ops.einsum("wbu,wbg->ug", before[:, d], gates[:, d]) for d in (0, 1)])
        d_bias = ops.sum(gates, axis=(0, 2))[:, None]
        return gates[:, 0], gates[:, 1], d_kernel, d_bias, ops.zeros_like(in_picture)

    return outputs, gradient


def _activated(gates):
    """The four gates, float32 [2, B, U] each, of their sums [2, B, 4U]."""
    i, f, j, o = ops.split(_precise(gates), 4, axis=-1)
    return ops.sigmoid(i), ops.sigmoid(f), ops.tanh(j), ops.sigmoid(o)


def _precise(values):
    return ops.cast(values, "float32")
