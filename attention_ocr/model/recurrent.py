"""What the decoders share: the LSTM cell of the reference, and the loop that feeds each character to the next step."""

import keras
import numpy as np
from keras import ops

from attention_ocr.model.description import NEVER


def lstm_cell(inputs, state, kernel, bias, clip=None, forget_bias=1.0):
    """One step of TensorFlow 1's LSTMCell (Hochreiter & Schmidhuber 1997).

    Args:
        inputs: [B, I].
        state: (c, h), each [B, U].
        kernel: [I + U, 4U], the gates in the order input, candidate, forget, output.
        bias: [4U].
        clip: the cell's state is clipped to +- this; None: not at all.
        forget_bias: what is added to the forget gate before its sigmoid.

    Returns:
        The new (c, h).
    """

    def gated(gates, c):
        i, j, f, o = ops.split(gates, 4, axis=-1)
        c = ops.sigmoid(f + forget_bias) * c + ops.sigmoid(i) * ops.tanh(j)
        c = c if clip is None else ops.clip(c, -clip, clip)
        return c, ops.sigmoid(o) * ops.tanh(c)

    if keras.backend.backend() == "jax":
        from attention_ocr.model.on_jax.recomputing import recomputed

        gated = recomputed(gated)
    c, h = state
    return gated(ops.matmul(ops.concatenate([inputs, h], axis=-1), kernel) + bias, c)


def read(decoder, feed, step, state, labels=None, forced=None):
    """Reads T characters, each step fed with the character before it.

    On jax the steps are one loop, since XLA takes minutes to compile 37 of them one after the other. TensorFlow runs
    them faster unrolled: tools/benchmark_training.py. What can be computed for all steps at once is not in it.

    Args:
        decoder: has `max_sequence_length` T, `num_classes` K, `logits` and `rematerialize`.
        feed, step, state: what its `start` returns.
        labels: int [B, T] to teach with, or None to feed the likeliest character.
        forced: bool [], whether the labels are fed; None: they are if there are any.

    Returns:
        `chars_logit` [B, T, K], and `attention` [B, T, N] where the step has one.
    """
    T, K = decoder.max_sequence_length, decoder.num_classes
    step = keras.remat(step) if decoder.rematerialize else step
    loop = _loop if keras.backend.backend() == "jax" else _unrolled
    nothing = ops.full([ops.shape(keras.tree.flatten(state)[0])[0]], K, "int32")
    labels = None if labels is None else ops.cast(ops.transpose(labels[:, :T]), "int32")  # [T, B]

    def advance_taught(state, t, character):
        state, output, weights = step(t, state, character)
        return state, (output, weights)

    def advance(carry, t, label):
        state, fed = carry
        state, output, weights = step(t, state, feed(fed))
        logits = decoder.logits(output)
        likeliest = ops.cast(ops.argmax(logits, axis=-1), "int32")
        return (state, likeliest if label is None else ops.where(forced, label, likeliest)), (logits, weights)

    if labels is not None and forced is None:
        characters = feed(ops.concatenate([nothing[None], labels[:-1]], axis=0))  # [T, B, E]
        outputs, attention = loop(advance_taught, state, T, characters)
        # One product for all steps: with thousands of classes the gradient of each one's would take as much memory.
        logits = decoder.logits(outputs)
    else:
        logits, attention = loop(advance, (state, nothing), T, labels)
    return {"chars_logit": logits} if attention is None else {"chars_logit": logits, "attention": attention}


def _unrolled(advance, carry, num_steps, given):
    """What `advance` returns in each step, [B, T, ...] each, or None; `given` [T, ...] or None: each has its part."""
    parts = [None] * num_steps if given is None else ops.unstack(given, num_steps)
    steps = []
    for t, part in enumerate(parts):
        carry, found = advance(carry, t, part)
        steps.append(found)
    return tuple(None if values[0] is None else ops.stack(values, axis=1) for values in zip(*steps, strict=True))


def _loop(advance, carry, num_steps, given):
    """Like `_unrolled`, but compiled once for all steps."""
    _, steps = ops.scan(lambda carry, own: advance(carry, *own), carry, (ops.arange(num_steps), given))  # [T, B, ...]
    return tuple(None if values is None else ops.moveaxis(values, 0, 1) for values in steps)


class StepwiseDecoder(keras.layers.Layer):
    """The base of decoders that read one character a step.

    A decoder has `softmax_w`, `softmax_b`, and `start`, which makes its step. Logits are float32, whatever the
    precision of the rest.

    Args:
        config: its decoder's knobs are used.
        num_classes: K.
        max_sequence_length: T.
    """

    def __init__(self, config, num_classes, max_sequence_length, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.num_classes = num_classes
        self.max_sequence_length = max_sequence_length
        self.joined_cases = None  # a JoinedCases where capital and small letters are to be read as one
        self.rematerialize = False  # whether the gradient computes each step again, so that less is kept; jax only

    def call(self, features, labels=None, teach=False, is_picture=None, forced=None, training=False):
        """Reads T characters.

        Args:
            features: [B, N, C].
            labels: int [B, T], needed to teach.
            teach: feed the labels; otherwise feed what was read.
            is_picture: bool [B, N], the positions of the picture, to which attention is limited; None: all.
            forced: bool [], whether the labels are fed in this batch; None: whenever `teach` is true.
            training: whether dropout applies.

        Returns:
            `chars_logit` [B, T, K], and `attention` [B, T, N] where the decoder has one.
        """
        start = self.start(features, is_picture=is_picture, training=training)
        return read(self, *start, labels if teach else None, forced)

    def keys(self, features):
        """What attention compares its query with, [B, N, A] of `features` [B, N, C]; None: there is no attention."""
        del features

    def start(self, features, copies=1, is_picture=None, training=False, keys=None):
        """How each picture's characters are read: the one step that teaching, greedy reading and beam search share.

        Args:
            features: [B, N, C].
            copies: how many texts are read side by side for each picture; below, B counts them all, and row
                b * copies + i is text i of picture b.
            is_picture: bool [B, N], the positions of the picture, to which attention is limited; None: all.
            training: whether dropout applies.
            keys: what `keys` gives of the features; None: it is asked here, once a picture.

        Returns:
            feed: characters int [...] -> what stands for them [..., E]; K means no character.
            step: (t, state, the character before [B, E]) -> state, output [B, ...], attention [B, N] or None.
            state: the first state, nested arrays [B, ...].
        """
        raise NotImplementedError

    def dropout(self, shape, dtype, training):
        """A function (t, values [*shape]) -> values, which drops a share of them in training.

        The masks of all steps are drawn before the first one, since a loop cannot draw. Only for decoders that have a
        `seed_generator`.
        """
        rate = self.config.decoder_dropout
        if not training or not rate:
            return lambda t, values: values
        ones = ops.ones([self.max_sequence_length, *shape], dtype)
        kept = keras.random.dropout(ones, rate, seed=self.seed_generator)  # 0 or 1 / (1 - rate)
        return lambda t, values: values * kept[t]

    def logits(self, output):
        """The logits [..., K] of what steps output, [..., U]."""
        return joined(ops.matmul(self.before_logits(output), self.softmax_w) + self.softmax_b, self.joined_cases)

    def before_logits(self, output):
        """What the logits are made of, of what steps output."""
        return output


def start(decoder, features, copies=1, is_picture=None, keys=None):
    """The decoder's step and first state; the step takes characters, int [B], and returns logits [B, K]."""
    feed, step, state = decoder.start(features, copies, is_picture, keys=keys)

    def step_to_logits(t, state, fed):
        state, output, weights = step(t, state, feed(fed))
        return state, decoder.logits(output), weights

    return step_to_logits, state


def joined(logits, cases):
    """`logits` [..., K, and maybe more classes] in which a letter's two cases count as one; None: they do not.

    Args:
        logits: of the classes.
        cases: a JoinedCases.
    """
    if cases is None:
        return logits
    K = len(cases.partners)
    more = logits.shape[-1] - K  # CTC's blank
    partners = np.append(cases.partners, np.arange(K, K + more)).astype("int32")
    both = ops.logaddexp(logits, ops.take(logits, partners, axis=-1))
    logits = ops.where(partners == np.arange(K + more), logits, both)
    return ops.where(np.append(cases.removed, np.zeros(more, bool)), ops.cast(NEVER, logits.dtype), logits)


def repeat(array, copies):
    """`array` [B, ...] with each row `copies` times, one after another: [B * copies, ...]."""
    return array if copies == 1 else ops.repeat(array, copies, axis=0)


def with_nothing(table):
    """`table` [K, D] with a row of zeros for class K, which means no character."""
    return ops.pad(table, [[0, 1], [0, 0]])
