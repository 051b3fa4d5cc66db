"""The attention decoder: where to look, one character a step."""

import functools

import keras
from keras import ops

from attention_ocr.model import decoder_axes, recurrent
from attention_ocr.model.description import HIDDEN, character_size


def additive_attention(keys, query, values, scale, mask=None):
    """Weights `values` by how well `keys` match `query` (Bahdanau et al. 2015, eq. 5-6).

    Scores and weights are float32, whatever the precision of the rest.

    Args:
        keys: [B, N, A] projected features.
        query: [B, A] projected decoder state.
        values: [B, N, C] features to average.
        scale: [A] the vector v.
        mask: bool [B, N], the positions to look at; None: all.

    Returns:
        context [B, C] and weights [B, N], which sum to 1 over N.
    """
    matches = ops.cast(ops.tanh(keys + query[:, None]), "float32")  # [B, N, A]
    scores = ops.einsum("bna,a->bn", matches, ops.cast(scale, "float32"))  # [B, N]
    if mask is not None:
        scores = ops.where(mask, scores, HIDDEN)
    weights = ops.softmax(scores)
    return weighted_sum(ops.cast(weights, values.dtype), values), weights


def attention_of(keys, values, scale, mask, num_steps, training):
    """`additive_attention` for each of a decoder's steps: a function (t, query [B, A]) -> context, weights.

    Args:
        num_steps: T; in training, each step is asked for once.
        training: whether there will be a gradient.
    """
    if training and keras.backend.backend() == "jax":
        from attention_ocr.model.on_jax import attention as taught

        return taught.attention(keys, values, ops.convert_to_tensor(scale), mask, num_steps)
    return lambda t, query: additive_attention(keys, query, values, scale, mask)


@ops.custom_gradient
def weighted_sum(weights, values):
    """einsum("bn,bnc->bc"), with a gradient that multiplies by broadcasting instead of B matrix products of width 1.

    A third off the decoder's training step on a CPU: tools/benchmark_training.py.
    """

    def gradient(*arguments, upstream=None):
        upstream = arguments[0] if upstream is None else upstream  # [B, C]
        return ops.einsum("bnc,bc->bn", values, upstream), weights[..., None] * upstream[:, None]

    return ops.einsum("bn,bnc->bc", weights, values), gradient


@keras.saving.register_keras_serializable("attention_ocr")
class AttentionDecoder(recurrent.StepwiseDecoder):
    """TensorFlow 1's `attention_decoder` with one head, around an LSTM.

    Args:
        config: its decoder's knobs are used.
        num_classes: K.
        max_sequence_length: T.
    """

    def build(self, shape):
        K, U, C = self.num_classes, self.config.num_lstm_units, shape[-1]
        A = self.num_keys = C
        # DIFFERS: the reference makes the LSTM's input as wide as the charset, which 5,000 characters make too large.
        I = self.num_inputs = character_size(self.config, K)  # noqa: E741
        self.num_features = C
        l2 = keras.regularizers.L2(0.5 * self.config.weight_decay)
        glorot, zeros = "glorot_uniform", "zeros"
        self.attention_w = self.add_weight((C, A), glorot, name="attention_w")
        self.attention_v = self.add_weight(
            (A,), keras.initializers.RandomUniform(-0.1, 0.1), name="attention_v", autocast=False
        )
        self.input_kernel = self.add_weight((K + C, I), glorot, name="input_kernel")
        self.input_bias = self.add_weight((I,), zeros, name="input_bias")
        self.lstm_kernel = self.add_weight((I + U, 4 * U), "orthogonal", name="lstm_kernel")
        self.lstm_bias = self.add_weight((4 * U,), zeros, name="lstm_bias")
        self.query_kernel = self.add_weight((2 * U, A), glorot, name="query_kernel")
        self.query_bias = self.add_weight((A,), zeros, name="query_bias")
        self.output_kernel = self.add_weight((U + C, U), glorot, name="output_kernel")
        self.output_bias = self.add_weight((U,), zeros, name="output_bias")
        self.softmax_w = self.add_weight((U, K), "orthogonal", regularizer=l2, name="softmax_w", autocast=False)
        self.softmax_b = self.add_weight((K,), zeros, regularizer=l2, name="softmax_b", autocast=False)

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for; fine-tuning matches weights by it."""
        return decoder_axes.attention(self.config)

    def keys(self, features):
        return ops.matmul(features, self.attention_w)

    def start(self, features, copies=1, is_picture=None, training=False, keys=None):
        """As in StepwiseDecoder; the state is (c, h, context)."""
        keys = recurrent.repeat(self.keys(features) if keys is None else keys, copies)  # [B, N, A]
        features = recurrent.repeat(features, copies)
        is_picture = None if is_picture is None else recurrent.repeat(is_picture, copies)
        attend = attention_of(keys, features, self.attention_v, is_picture, self.max_sequence_length, training)
        feedback = recurrent.with_nothing(self.input_kernel[: self.num_classes])  # [K + 1, I]
        B, C = ops.shape(features)[0], features.shape[-1]
        zero = ops.zeros([B, self.config.num_lstm_units], features.dtype)

        def feed(fed):
            fed = fed if self.config.use_autoregression else ops.full_like(fed, self.num_classes)
            return ops.take(feedback, fed, axis=0)

        def step(t, state, character):
            (c, h, context), weights = self._step(functools.partial(attend, t), state, character)
            return (c, h, context), ops.concatenate([h, context], axis=-1), weights

        return feed, step, (zero, zero, ops.zeros([B, C], features.dtype))

    def _step(self, attend, state, character):
        """The next (c, h, context) and where it looked [B, N]; `character` [B, I] is the one before."""
        c, h, context = state
        inputs = character + ops.matmul(context, self.input_kernel[self.num_classes :]) + self.input_bias  # [B, I]
        c, h = recurrent.lstm_cell(inputs, (c, h), self.lstm_kernel, self.lstm_bias, self.config.lstm_state_clip_value)
        query = ops.matmul(ops.concatenate([c, h], axis=-1), self.query_kernel) + self.query_bias  # [B, A]
        context, weights = attend(query)
        return (c, h, context), weights

    def before_logits(self, output):
        return ops.matmul(output, self.output_kernel) + self.output_bias
