"""NetSlice: the reference's decoder without attention, which reads a window of consecutive positions a step."""

import keras
from keras import ops

from attention_ocr.errors import UserError
from attention_ocr.model import decoder_axes, recurrent


@keras.saving.register_keras_serializable("attention_ocr")
class SliceDecoder(recurrent.StepwiseDecoder):
    """An LSTM over features[:, t : t + N // T], flattened.

    Args:
        config: its decoder's knobs are used.
        num_classes: K.
        max_sequence_length: T.
    """

    def build(self, shape):
        _, N, C = shape
        K, U = self.num_classes, self.config.num_lstm_units
        self.num_features = C
        self.slice_length = N // self.max_sequence_length
        if not self.slice_length:
            raise UserError(
                f"--head=slice: {N} positions of the feature map cannot be cut into {self.max_sequence_length} "
                "slices; use larger pictures or an earlier --final_endpoint"
            )
        self.slice_width = self.slice_length * C
        inputs = self.slice_width + (K if self.config.use_autoregression else 0)
        l2 = keras.regularizers.L2(0.5 * self.config.weight_decay)
        self.lstm_kernel = self.add_weight((inputs + U, 4 * U), "orthogonal", name="lstm_kernel")
        self.lstm_bias = self.add_weight((4 * U,), "zeros", name="lstm_bias")
        self.softmax_w = self.add_weight((U, K), "orthogonal", regularizer=l2, name="softmax_w", autocast=False)
        self.softmax_b = self.add_weight((K,), "zeros", regularizer=l2, name="softmax_b", autocast=False)

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for; fine-tuning matches weights by it."""
        return decoder_axes.slices(self.config, self.slice_length)

    def start(self, features, copies=1, is_picture=None, training=False, keys=None):
        """As in StepwiseDecoder; the state is (c, h), and there is no attention."""
        del is_picture, training, keys  # pictures of one size only
        features = recurrent.repeat(features, copies)
        B, K = ops.shape(features)[0], self.num_classes
        zero = ops.zeros([B, self.config.num_lstm_units], features.dtype)

        def feed(fed):
            return ops.one_hot(fed, K if self.config.use_autoregression else 0, dtype=features.dtype)  # K: zeros

        def step(t, state, character):
            positions = t + ops.arange(self.slice_length)
            inputs = ops.reshape(ops.take(features, positions, axis=1), [B, self.slice_width])
            inputs = ops.concatenate([inputs, character], axis=-1)
            state = recurrent.lstm_cell(
                inputs, state, self.lstm_kernel, self.lstm_bias, self.config.lstm_state_clip_value
            )
            return state, state[1], None

        return feed, step, (zero, zero)
