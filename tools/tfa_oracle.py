"""Runs TensorFlow Addons' attention and beam search on seeded inputs, for tests/parity/test_tfa.py to compare with.

It runs in an environment of its own (dependency group `tfa`, tools/tfa_constraints.txt; Python 3.11), which the test
makes: TensorFlow Addons ended with TensorFlow 2.15.

python tools/tfa_oracle.py OUTPUT.npz
"""

import itertools
import sys
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

SEEDS, BATCH_SIZES, BEAM_WIDTHS, LENGTH_PENALTIES = (0, 1, 2), (1, 2, 5), (1, 3, 5), (0.0, 0.6, 1.0)
ATTENTION_SIZES = {"small": (1, 3, 2, 2, 4), "odd": (3, 11, 5, 7, 6), "fsns": (2, 1024, 288, 288, 512)}  # B N C A Q
K, T, U = 7, 9, 6

Arrays = dict[str, np.ndarray]


class Cell(tf.keras.layers.AbstractRNNCell):
    """A small RNN: h = tanh(x @ input_kernel + h @ kernel), logits = h @ output_kernel + output_bias."""

    state_size = tf.TensorShape([U])
    output_size = tf.TensorShape([K])

    def __init__(self, weights: Arrays):
        super().__init__()
        self.arrays = weights

    def call(self, inputs, states, training=None):
        """The logits and the next state."""
        del training
        (h,) = tf.nest.flatten(states)
        h = tf.tanh(inputs @ self.arrays["input_kernel"] + h @ self.arrays["kernel"])
        return h @ self.arrays["output_kernel"] + self.arrays["output_bias"], h


class Query(tf.keras.layers.AbstractRNNCell):
    """A cell that hands its input on, so that an AttentionWrapper asks with it."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    state_size = output_size = property(lambda self: tf.TensorShape([self.size]))

    def call(self, inputs, states, training=None):
        """The input, as output and state."""
        del states, training
        return inputs, inputs


def beam_inputs(seed: int, batch_size: int) -> Arrays:
    """Weights of a Cell, and the first state of each picture."""
    random = np.random.default_rng(seed)
    shapes = {"input_kernel": [K, U], "kernel": [U, U], "output_kernel": [U, K], "output_bias": [K]}
    arrays = {name: random.normal(size=shape, scale=1.2) for name, shape in shapes.items()}
    arrays["output_bias"][K - 1] += 2.5  # so that about half of the texts end
    arrays["state"] = random.normal(size=[batch_size, U])
    return {name: array.astype("float32") for name, array in arrays.items()}


def beam_search(inputs: Arrays, beam_width: int, length_penalty: float) -> Arrays:
    """What BeamSearchDecoder finds; class K - 1 ends a text.

    Returns:
        `ids` [B, steps, W], `scores` and `log_probability` [B, W]. It stops, in steps <= T, once all texts of the batch
        have ended. `predicted_ids` [B, steps, W] are the decoder's own, in which texts can stand beside another's
        score: it leaves out how beams changed places after a picture's last end, which a length penalty makes them do.
    """
    decoder = tfa.seq2seq.BeamSearchDecoder(
        Cell(inputs),
        beam_width,
        embedding_fn=lambda ids: tf.one_hot(ids, K),  # K, the start token: zeros
        length_penalty_weight=length_penalty,
        maximum_iterations=T,
    )
    batch_size = len(inputs["state"])
    state = tfa.seq2seq.tile_batch(inputs["state"], beam_width)
    outputs, final, _ = decoder(None, start_tokens=tf.fill([batch_size], K), end_token=K - 1, initial_state=state)
    found = outputs.beam_search_decoder_output  # arrays [B, steps, W]
    step_ids, parent_ids = (tf.transpose(ids, [1, 0, 2]) for ids in (found.predicted_ids, found.parent_ids))
    steps = tf.fill([batch_size], len(step_ids))
    ids = tfa.seq2seq.gather_tree(step_ids, parent_ids, max_sequence_lengths=steps, end_token=K - 1)
    return {
        "ids": tf.transpose(ids, [1, 0, 2]).numpy(),
        "predicted_ids": outputs.predicted_ids.numpy(),
        "scores": found.scores[:, -1].numpy(),
        "log_probability": final.log_probs.numpy(),
    }


def attention_inputs(seed: int, B: int, N: int, C: int, A: int, Q: int) -> Arrays:
    """Values, a query, and the three weights of additive attention."""
    random = np.random.default_rng(seed)
    shapes = {"values": [B, N, C], "query": [B, Q], "key_kernel": [C, A], "query_kernel": [Q, A], "scale": [A]}
    widths = {"key_kernel": C**-0.5, "query_kernel": Q**-0.5, "scale": A**-0.5}
    drawn = {name: random.normal(size=shape, scale=widths.get(name, 1.0)) for name, shape in shapes.items()}
    return {name: array.astype("float32") for name, array in drawn.items()}


def attention(inputs: Arrays) -> Arrays:
    """The `context` [B, C] and `weights` [B, N] of BahdanauAttention in an AttentionWrapper."""

    def dense(kernel: np.ndarray) -> tf.keras.layers.Dense:
        initializer = tf.constant_initializer(kernel)
        return tf.keras.layers.Dense(kernel.shape[1], use_bias=False, kernel_initializer=initializer)

    mechanism = tfa.seq2seq.BahdanauAttention(
        len(inputs["scale"]),
        memory=inputs["values"],
        kernel_initializer=tf.constant_initializer(inputs["scale"]),
        query_layer=dense(inputs["query_kernel"]),
        memory_layer=dense(inputs["key_kernel"]),
    )
    B, Q = inputs["query"].shape
    wrapper = tfa.seq2seq.AttentionWrapper(Query(Q), mechanism, cell_input_fn=lambda query, _: query)
    state = wrapper.get_initial_state(batch_size=B, dtype=tf.float32)
    context, state = wrapper(inputs["query"], state._replace(cell_state=tf.constant(inputs["query"])))
    return {"context": context.numpy(), "weights": state.alignments.numpy()}


def main(path: str) -> None:
    """Writes inputs and outputs of every case as `case/name`."""
    tfa.options.disable_custom_kernel()  # the compiled ones do not load in TensorFlow 2.15.1; the same in Python
    cases: dict[str, Arrays] = {}
    for seed, (name, sizes) in enumerate(ATTENTION_SIZES.items()):
        inputs = attention_inputs(seed, *sizes)
        cases[f"attention_{name}"] = {**inputs, **attention(inputs)}
    for seed, size, width, penalty in itertools.product(SEEDS, BATCH_SIZES, BEAM_WIDTHS, LENGTH_PENALTIES):
        inputs = beam_inputs(seed, size)
        cases[f"beam_{seed}_{size}_{width}_{penalty}"] = {**inputs, **beam_search(inputs, width, penalty)}
    flat: dict[str, Any] = {f"{case}/{name}": value for case, values in cases.items() for name, value in values.items()}
    np.savez(path, **flat)


if __name__ == "__main__":
    main(sys.argv[1])
