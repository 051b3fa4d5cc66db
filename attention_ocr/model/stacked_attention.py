"""The decoder of Guo and Deng's visual attention OCR: stacked LSTMs that begin where the encoder's ended."""

import functools

import keras
from keras import ops

from attention_ocr.model import decoder_axes, recurrent
from attention_ocr.model.attention import attention_of
from attention_ocr.model.description import character_size


def last_position(features, is_picture):
    """[B, C] of `features` [B, N, C]: the last position, or the last where `is_picture` bool [B, N] is True."""
    if is_picture is None:
        return features[:, -1]
    last = ops.max(ops.where(is_picture, ops.arange(ops.shape(is_picture)[1], dtype="int32"), 0), axis=1)  # [B]
    return ops.take_along_axis(features, last[:, None, None], axis=1)[:, 0]


@keras.saving.register_keras_serializable("attention_ocr")
class StackedAttentionDecoder(recurrent.StepwiseDecoder):
    """TensorFlow 1's `attention_decoder` with one head, around several layers of LSTM, fed with embedded characters.

    It expects the features of a bidirectional LSTM: the forward direction's outputs, then the backward direction's.
    The decoder's layers start, by turns, from the last output of each direction.

    Args:
        config: its decoder's knobs are used.
        num_classes: K.
        max_sequence_length: T.
    """

    def build(self, shape):
        K, U, C = self.num_classes, self.config.num_lstm_units, shape[-1]
        A = self.num_keys = C
        L = self.config.num_decoder_lstm_layers
        E = self.embedding_size = character_size(self.config, K)
        self.num_features = C
        l2 = keras.regularizers.L2(0.5 * self.config.weight_decay)
        glorot, zeros = "glorot_uniform", "zeros"
        self.embedding = self.add_weight((K + 1, E), glorot, name="embedding")
        self.attention_w = self.add_weight((C, A), glorot, name="attention_w")
        self.attention_v = self.add_weight(
            (A,), keras.initializers.RandomUniform(-0.1, 0.1), name="attention_v", autocast=False
        )
        self.input_kernel = self.add_weight((E + C, U), glorot, name="input_kernel")
        self.input_bias = self.add_weight((U,), zeros, name="input_bias")
        self.starts, self.cells = [], []
        for layer in range(1, L + 1):
            half = C // 2 if layer % 2 else C - C // 2
            kernel = self.add_weight((half, 2 * U), glorot, name=f"start_{layer}_kernel")
            self.starts.append((kernel, self.add_weight((2 * U,), zeros, name=f"start_{layer}_bias")))
            kernel = self.add_weight((U + U, 4 * U), glorot, name=f"lstm_{layer}_kernel")
            self.cells.append((kernel, self.add_weight((4 * U,), zeros, name=f"lstm_{layer}_bias")))
        self.query_kernel = self.add_weight((L * 2 * U, A), glorot, name="query_kernel")
        self.query_bias = self.add_weight((A,), zeros, name="query_bias")
        self.output_kernel = self.add_weight((U + C, U), glorot, name="output_kernel")
        self.output_bias = self.add_weight((U,), zeros, name="output_bias")
        self.softmax_w = self.add_weight((U, K), glorot, regularizer=l2, name="softmax_w", autocast=False)
        self.softmax_b = self.add_weight((K,), zeros, regularizer=l2, name="softmax_b", autocast=False)

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for; fine-tuning matches weights by it."""
        return decoder_axes.stacked(self.config)

    def keys(self, features):
        return ops.matmul(features, self.attention_w)

    def start(self, features, copies=1, is_picture=None, training=False, keys=None):
        """As in StepwiseDecoder; the state is (context, (c, h) of each layer, from below)."""
        cells = self._first_cells(features, is_picture, copies)
        keys = recurrent.repeat(self.keys(features) if keys is None else keys, copies)  # [B, N, A]
        features = recurrent.repeat(features, copies)
        is_picture = None if is_picture is None else recurrent.repeat(is_picture, copies)
        attend = attention_of(keys, features, self.attention_v, is_picture, self.max_sequence_length, training)
        feedback = ops.matmul(self.embedding, self.input_kernel[: self.embedding_size])  # [K + 1, U]

        def feed(fed):
            return ops.take(feedback, fed, axis=0)

        def step(t, state, character):
            state, weights = self._step(functools.partial(attend, t), state, character)
            context, (_, h) = state[0], state[-1]
            return state, ops.concatenate([h, context], axis=-1), weights

        return feed, step, (ops.zeros([ops.shape(features)[0], self.num_features], features.dtype), *cells)

    def _first_cells(self, features, is_picture, copies):
        """The first (c, h) of each layer: by turns from where the forward and the backward direction ended."""
        # DIFFERS: Guo and Deng cut the forward state's c and h in two, one for each layer, and never read the backward
        # one's: their cells take only as many numbers off the joined states as they need.
        half = self.num_features // 2
        ends = (last_position(features, is_picture)[:, :half], features[:, 0, half:])  # [B, C // 2] and the rest
        states = [
            recurrent.repeat(ops.matmul(ends[layer % 2], kernel) + bias, copies)  # [B, 2U]
            for layer, (kernel, bias) in enumerate(self.starts)
        ]
        return [tuple(ops.split(state, 2, axis=-1)) for state in states]

    def _step(self, attend, state, character):
        """The next state and where it looked [B, N]; `character` [B, U] is the one before."""
        context, *cells = state
        inputs = character + ops.matmul(context, self.input_kernel[self.embedding_size :]) + self.input_bias  # [B, U]
        for layer, (kernel, bias) in enumerate(self.cells):
            # DIFFERS: their forget bias is 0; with 1 a cell remembers from the first step of training on.
            cells[layer] = recurrent.lstm_cell(inputs, cells[layer], kernel, bias)
            inputs = cells[layer][1]  # [B, U]
        query = ops.concatenate(keras.tree.flatten(cells), axis=-1)  # [B, L * 2U]
        query = ops.matmul(query, self.query_kernel) + self.query_bias  # [B, A]
        # DIFFERS: they set what lies beyond a picture to zeros, which attention can still choose.
        context, weights = attend(query)
        return (context, *cells), weights

    def before_logits(self, output):
        # DIFFERS: their output is one linear layer to K, without the U between.
        return ops.matmul(output, self.output_kernel) + self.output_bias
