"""The decoder of arXiv 1912.04561: it attends to an area, so a text may be bent, upright or slanted."""

import keras
from keras import ops

from attention_ocr.model import decoder_axes, recurrent
from attention_ocr.model.attention import attention_of
from attention_ocr.model.description import character_size


def mean_feature(features, is_picture=None):
    """The mean [B, C] of `features` [B, N, C] where `is_picture`, bool [B, N], is true; None: everywhere."""
    if is_picture is None:
        return ops.mean(features, axis=1)
    inside = ops.cast(is_picture, features.dtype)  # [B, N]
    shares = inside / ops.maximum(ops.sum(inside, axis=1, keepdims=True), 1)
    return ops.einsum("bn,bnc->bc", shares, features)


@keras.saving.register_keras_serializable("attention_ocr")
class AreaAttentionDecoder(recurrent.StepwiseDecoder):
    """An LSTM that attends before each step and starts from the picture's mean feature; its output is an embedding.

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
        A = self.num_keys = C
        E = self.embedding_size = character_size(self.config, K)
        self.num_features = C
        glorot, zeros = "glorot_uniform", "zeros"
        l2 = {"regularizer": keras.regularizers.L2(0.5 * self.config.weight_decay)}
        # DIFFERS: the last row is learned; the published code feeds zeros before the first character.
        self.embedding = self.add_weight((K + 1, E), glorot, name="embedding")
        self.state_kernel = self.add_weight((C, 2 * U), glorot, name="state_kernel", **l2)
        self.attention_w = self.add_weight((C, A), glorot, name="attention_w", **l2)
        uniform = keras.initializers.RandomUniform(-0.1, 0.1)
        self.attention_v = self.add_weight((A,), uniform, name="attention_v", autocast=False, **l2)
        self.query_kernel = self.add_weight((U, A), glorot, name="query_kernel", **l2)
        self.lstm_kernel = self.add_weight((E + A + U, 4 * U), "orthogonal", name="lstm_kernel", **l2)
        self.lstm_bias = self.add_weight((4 * U,), zeros, name="lstm_bias")
        self.output_kernel = self.add_weight((A + U, E), glorot, name="output_kernel", **l2)
        self.softmax_w = self.add_weight((E, K), glorot, name="softmax_w", autocast=False, **l2)
        self.softmax_b = self.add_weight((K,), zeros, name="softmax_b", autocast=False)

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for; fine-tuning matches weights by it."""
        return decoder_axes.area(self.config)

    def keys(self, features):
        return ops.matmul(features, self.attention_w)

    def start(self, features, copies=1, is_picture=None, training=False, keys=None):
        """As in StepwiseDecoder; the state is (c, h)."""
        keys = recurrent.repeat(self.keys(features) if keys is None else keys, copies)  # [B, N, A]
        # DIFFERS: the published code's mean counts the black around a picture.
        first = ops.tanh(ops.matmul(mean_feature(features, is_picture), self.state_kernel))  # [B, 2U]
        c, h = ops.split(recurrent.repeat(first, copies), 2, axis=-1)
        is_picture = None if is_picture is None else recurrent.repeat(is_picture, copies)
        # Times 1, as TensorFlow's gradient would be sparse, with a row for each character, and its norm a wrong one.
        embedding = self.embedding * 1.0  # [K + 1, E]

        attend = attention_of(keys, keys, self.attention_v, is_picture, self.max_sequence_length, training)
        shape = [ops.shape(keys)[0], self.config.num_lstm_units]
        drop_c, drop_h = (self.dropout(shape, features.dtype, training) for _ in range(2))

        def feed(fed):
            return ops.take(embedding, fed, axis=0)

        def step(t, state, character):
            query = ops.matmul(state[1], self.query_kernel)  # [B, A]
            context, weights = attend(t, query)  # [B, A], [B, N]
            inputs = ops.concatenate([character, context], axis=-1)  # [B, E + A]
            c, h = recurrent.lstm_cell(inputs, state, self.lstm_kernel, self.lstm_bias, forget_bias=0.0)
            c, h = drop_c(t, c), drop_h(t, h)
            return (c, h), ops.concatenate([context, h, character], axis=-1), weights

        return feed, step, (c, h)

    def before_logits(self, output):
        seen, character = ops.split(output, [self.output_kernel.shape[0]], axis=-1)
        return ops.matmul(seen, self.output_kernel) + character
