"""A picture's decoder, asked step by step from the host: for texts that are searched, or known, outside the graph."""

import keras
import numpy as np
from keras import ops

from attention_ocr.model import recurrent

MOST_ROWS = 64  # texts in one step; memory holds the features once for each


class FeatureReader(keras.Model):
    """Reads as an AttentionOcr does, and returns what its encoder does, too: `features` and maybe `is_picture`.

    It shares the network's weights and sees their later changes.

    Args:
        network: the AttentionOcr.
    """

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.built = True

    def call(self, inputs, training=False):
        del training
        network, dataset = self.network, self.network.dataset
        seen = network.encode(inputs["images"], inputs.get("sizes"))
        outputs = network.decoder(seen["features"], is_picture=seen.get("is_picture"))
        null_id, T = dataset.charset.null_id, dataset.max_sequence_length
        found = network.head.read(network.config, outputs["chars_logit"], null_id, T)
        return {**seen, **outputs, **found, **network.seen_sizes(inputs.get("sizes"))}


class Steps:
    """The steps of a decoder that reads one character a step, on one picture.

    Args:
        decoder: a StepwiseDecoder.
        features: [1, N, C].
        is_picture: bool [1, N], or None.
    """

    def __init__(self, decoder, features, is_picture=None):
        self._decoder = decoder
        self._features = ops.convert_to_tensor(features)
        self._is_picture = None if is_picture is None else ops.convert_to_tensor(is_picture)
        self._steps = {}

    @property
    def num_classes(self):
        """K; as a class that is fed, it stands for nothing."""
        return self._decoder.num_classes

    def first(self):
        """The state of one text before its first character: nested arrays [1, ...]."""
        return keras.tree.map_structure(ops.convert_to_numpy, self._step(1)[1])

    def advance(self, number, state, fed):
        """Goes on by one step.

        Args:
            number: of the step, from 0.
            state: nested arrays [R, ...].
            fed: int [R], the character before.

        Returns:
            The new state; log-probabilities float32 [R, K]; attention [R, N], or None.
        """
        parts = []
        for start in range(0, len(fed), MOST_ROWS):
            rows = np.arange(start, min(start + MOST_ROWS, len(fed)))
            parts.append(self._advance(number, self.take(state, rows), fed[rows]))
        states, logits, attention = zip(*parts, strict=True)
        joined = keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *states)
        return joined, np.concatenate(logits), None if attention[0] is None else np.concatenate(attention)

    def take(self, state, rows):
        """The `rows` int [R] of a state."""
        return keras.tree.map_structure(lambda array: array[rows], state)

    def _advance(self, number, state, fed):
        """As `advance`, of so few rows that they fit one step; filled up, so that few shapes are compiled."""
        R = len(fed)
        copies = 1 << max(R - 1, 0).bit_length()
        rows = np.minimum(np.arange(copies), R - 1)
        step, _ = self._step(copies)
        state, logits, attention = step(number, self.take(state, rows), ops.convert_to_tensor(fed[rows], "int32"))
        log_probability = ops.convert_to_numpy(ops.log_softmax(ops.cast(logits, "float32")))[:R]
        state = keras.tree.map_structure(lambda array: ops.convert_to_numpy(array)[:R], state)
        return state, log_probability, None if attention is None else ops.convert_to_numpy(attention)[:R]

    def _step(self, copies):
        if copies not in self._steps:
            self._steps[copies] = recurrent.start(self._decoder, self._features, copies, self._is_picture)
        return self._steps[copies]
