"""The decoder of the PyTorch attention OCRs: a GRU that attends before each step, with the previous hidden state."""

import functools

import keras
from keras import ops

from attention_ocr.model import decoder_axes, recurrent
from attention_ocr.model.attention import attention_of
from attention_ocr.model.description import character_size


def gru_cell(inputs, h, kernel, bias, recurrent_kernel, recurrent_bias):
    """One step of PyTorch's GRU (Cho et al. 2014, arXiv 1406.1078, the reset gate after the product).

    Args:
        inputs: [B, I].
        h: [B, U].
        kernel: [I, 3U], the gates in the order reset, update, new.
        bias: [3U].
        recurrent_kernel: [U, 3U].
        recurrent_bias: [3U].

    Returns:
        The new h.
    """
    of_inputs = ops.split(ops.matmul(inputs, kernel) + bias, 3, axis=-1)
    of_state = ops.split(ops.matmul(h, recurrent_kernel) + recurrent_bias, 3, axis=-1)
    r, z = (ops.sigmoid(one + other) for one, other in zip(of_inputs[:2], of_state[:2], strict=True))
    n = ops.tanh(of_inputs[2] + r * of_state[2])
    return (1 - z) * n + z * h


def pytorch_uniform():
    """PyTorch's initial weights of a linear layer: uniform within +- 1 / sqrt(inputs)."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


@keras.saving.register_keras_serializable("attention_ocr")
class GruAttentionDecoder(recurrent.StepwiseDecoder):
    """Additive attention with the hidden state as its query, then a GRU over the embedded character and the context.

    Args:
        config: its decoder's knobs are used.
        num_classes: K.
        max_sequence_length: T.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, shape):
        K, U, C = self.num_classes, self.config.num_lstm_units, shape[-1]
        A = U
        E = self.embedding_size = character_size(self.config, K)
        self.num_features = C
        l2 = keras.regularizers.L2(0.5 * self.config.weight_decay)
        normal, zeros = keras.initializers.RandomNormal(stddev=1.0), "zeros"
        self.embedding = self.add_weight((K + 1, E), normal, name="embedding")
        self.query_kernel = self.add_weight((U, A), pytorch_uniform(), name="query_kernel")
        self.key_kernel = self.add_weight((C, A), pytorch_uniform(), name="key_kernel")
        self.key_bias = self.add_weight((A,), zeros, name="key_bias")
        self.attention_v = self.add_weight((A,), pytorch_uniform(), name="attention_v", autocast=False)
        self.input_kernel = self.add_weight((E + C, U), pytorch_uniform(), name="input_kernel")
        self.input_bias = self.add_weight((U,), zeros, name="input_bias")
        self.gru_kernel = self.add_weight((U, 3 * U), pytorch_uniform(), name="gru_kernel")
        self.gru_bias = self.add_weight((3 * U,), zeros, name="gru_bias")
        self.gru_recurrent_kernel = self.add_weight((U, 3 * U), pytorch_uniform(), name="gru_recurrent_kernel")
        self.gru_recurrent_bias = self.add_weight((3 * U,), zeros, name="gru_recurrent_bias")
        self.softmax_w = self.add_weight((U, K), pytorch_uniform(), regularizer=l2, name="softmax_w", autocast=False)
        self.softmax_b = self.add_weight((K,), zeros, regularizer=l2, name="softmax_b", autocast=False)

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for; fine-tuning matches weights by it."""
        return decoder_axes.gru(self.config)

    def keys(self, features):
        return ops.matmul(features, self.key_kernel) + self.key_bias

    def start(self, features, copies=1, is_picture=None, training=False, keys=None):
        """As in StepwiseDecoder; the state is (h,)."""
        keys = recurrent.repeat(self.keys(features) if keys is None else keys, copies)  # [B, N, A]
        features = recurrent.repeat(features, copies)
        is_picture = None if is_picture is None else recurrent.repeat(is_picture, copies)
        # Times 1, as TensorFlow's gradient would be sparse, with a row for each character, and its norm a wrong one.
        embedding = self.embedding * 1.0  # [K + 1, E]

        attend = attention_of(keys, features, self.attention_v, is_picture, self.max_sequence_length, training)
        drop = self.dropout([ops.shape(features)[0], self.embedding_size], features.dtype, training)

        def feed(fed):
            return ops.take(embedding, fed, axis=0)

        def step(t, state, character):
            h, weights = self._step(functools.partial(attend, t), state[0], drop(t, character))
            return (h,), h, weights

        return feed, step, (ops.zeros([ops.shape(features)[0], self.config.num_lstm_units], features.dtype),)

    def _step(self, attend, h, character):
        """The next h and where the last one looked [B, N]; `character` [B, E] is the one before."""
        query = ops.matmul(h, self.query_kernel)  # [B, A]
        context, weights = attend(query)
        inputs = ops.matmul(ops.concatenate([character, context], axis=-1), self.input_kernel) + self.input_bias
        inputs = ops.relu(inputs)  # [B, U]
        h = gru_cell(
            inputs, h, self.gru_kernel, self.gru_bias, self.gru_recurrent_kernel, self.gru_recurrent_bias
        )  # [B, U]
        return h, weights
