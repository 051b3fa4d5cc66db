"""The decoder of the PyTorch attention OCRs: a GRU that looks before each step, with what it knew after the last."""

import keras
from keras import ops

from attention_ocr.model import recurrent
from attention_ocr.model.attention import additive_attention
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
    """PyTorch's first values of a linear layer: within +- 1 / sqrt(inputs)."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


@keras.saving.register_keras_serializable("attention_ocr")
class GruAttentionDecoder(keras.layers.Layer):
    """Additive attention by the hidden state, then a GRU of the embedded character and what was looked at.

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
        self.attention_v = self.add_weight((A,), pytorch_uniform(), name="attention_v")
        self.input_kernel = self.add_weight((E + C, U), pytorch_uniform(), name="input_kernel")
        self.input_bias = self.add_weight((U,), zeros, name="input_bias")
        self.gru_kernel = self.add_weight((U, 3 * U), pytorch_uniform(), name="gru_kernel")
        self.gru_bias = self.add_weight((3 * U,), zeros, name="gru_bias")
        self.gru_recurrent_kernel = self.add_weight((U, 3 * U), pytorch_uniform(), name="gru_recurrent_kernel")
        self.gru_recurrent_bias = self.add_weight((3 * U,), zeros, name="gru_recurrent_bias")
        self.softmax_w = self.add_weight((U, K), pytorch_uniform(), regularizer=l2, name="softmax_w")
        self.softmax_b = self.add_weight((K,), zeros, regularizer=l2, name="softmax_b")

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for, as in `AttentionDecoder.axes`.

        go: what is fed first; embedding: the entries of an embedded character; unit: those of a key and of x_t, too.
        """
        gates = "unit unit unit"
        return {
            "embedding": ("class go", "embedding"),
            "query_kernel": ("unit", "unit"),
            "key_kernel": ("feature", "unit"),
            "key_bias": ("", "unit"),
            "attention_v": ("unit", ""),
            "input_kernel": ("embedding feature", "unit"),
            "input_bias": ("", "unit"),
            "gru_kernel": ("unit", gates),
            "gru_bias": ("", gates),
            "gru_recurrent_kernel": ("unit", gates),
            "gru_recurrent_bias": ("", gates),
            "softmax_w": ("unit", "class"),
            "softmax_b": ("", "class"),
        }

    def call(self, features, labels=None, teach=False, is_picture=None, forced=None, training=False):
        """Reads T characters.

        Args:
            features: [B, N, C].
            labels: int [B, T], needed to teach.
            teach: feed the labels; otherwise what was read.
            is_picture: bool [B, N], the positions that belong to the picture; None: all.
            forced: bool [], whether the labels are fed in this batch; None: they are whenever `teach`.
            training: whether a part of each embedded character is dropped.

        Returns:
            `chars_logit` [B, T, K] and `attention` [B, T, N].
        """
        step, state = self.start(features, is_picture=is_picture, training=training)
        labels = labels if teach else None
        return recurrent.read(self, step, state, labels, forced)

    def start(self, features, copies=1, is_picture=None, training=False):
        """How each picture's characters are read, as in `AttentionDecoder.start`.

        Args:
            features: [B, N, C].
            copies: how many texts of a picture are read side by side, below written into B: row b * copies + i.
            is_picture: bool [B, N], the positions that belong to the picture; None: all.
            training: whether a part of each embedded character is dropped.

        Returns:
            step: (t, state, fed int [B]) -> state, output [B, U], attention [B, N]; `fed` K stands for nothing.
            state: the first (h,).
        """
        keys = ops.matmul(features, self.key_kernel) + self.key_bias
        keys = recurrent.repeat(keys, copies)  # [B, N, A], computed once a picture
        features = recurrent.repeat(features, copies)
        is_picture = None if is_picture is None else recurrent.repeat(is_picture, copies)
        # Times 1, as TensorFlow's gradient would be sparse, with a row for each character, and its norm a wrong one.
        embedding = self.embedding * 1.0  # [K + 1, E]

        def step(t, state, fed):
            del t
            character = self._dropped(ops.take(embedding, fed, axis=0), training)  # [B, E]
            h, weights = self._step(keys, features, is_picture, state[0], character)
            return (h,), h, weights

        return step, (ops.zeros([ops.shape(features)[0], self.config.num_lstm_units], features.dtype),)

    def _dropped(self, character, training):
        rate = self.config.decoder_dropout
        return keras.random.dropout(character, rate, seed=self.seed_generator) if training and rate else character

    def _step(self, keys, features, is_picture, h, character):
        """The next h and where the last one looked [B, N]; `character` [B, E] is the one before."""
        query = ops.matmul(h, self.query_kernel)  # [B, A]
        context, weights = additive_attention(keys, query, features, self.attention_v, is_picture)
        inputs = ops.matmul(ops.concatenate([character, context], axis=-1), self.input_kernel) + self.input_bias
        inputs = ops.relu(inputs)  # [B, U]
        h = gru_cell(
            inputs, h, self.gru_kernel, self.gru_bias, self.gru_recurrent_kernel, self.gru_recurrent_bias
        )  # [B, U]
        return h, weights

    def logits(self, output):
        """The logits [..., K] of what a step gives, [..., U]."""
        return ops.matmul(output, self.softmax_w) + self.softmax_b
