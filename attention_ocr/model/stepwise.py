"""A decoder asked step by step from the host: for texts that are searched, or known, outside the graph."""

import keras
import numpy as np
from keras import ops

from attention_ocr.model import recurrent

MOST_ROWS = 64  # texts in one step; memory holds a picture's features once for each


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


class Step(keras.Model):
    """One step of a decoder on rows of several pictures; a model of its own, so that `predict` compiles it.

    Args:
        decoder: a StepwiseDecoder.
    """

    def __init__(self, decoder, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder
        self.built = True

    def call(self, inputs, training=False):
        del training
        features, keys, is_picture = (
            ops.take(inputs[name], inputs["pictures"], axis=0) if name in inputs else None
            for name in ("features", "keys", "is_picture")
        )
        step, _ = recurrent.start(self.decoder, features, 1, is_picture, keys)
        state, logits, attention = step(inputs["number"][0], inputs["state"], inputs["fed"])
        outputs = {"state": state, "log_probability": ops.log_softmax(ops.cast(logits, "float32"))}
        return outputs if attention is None else {**outputs, "attention": attention}


class Steps:
    """The steps of a decoder that reads one character a step, on the pictures of a batch.

    Args:
        step: the Step of the decoder, which compiles it once for all batches.
        features: [B, N, C].
        is_picture: bool [B, N], or None.
    """

    def __init__(self, step, features, is_picture=None):
        decoder = self._decoder = step.decoder
        self._step = step
        self._seen = {"features": ops.convert_to_tensor(features)}
        keys = decoder.keys(self._seen["features"])
        if keys is not None:
            self._seen["keys"] = keys
        if is_picture is not None:
            self._seen["is_picture"] = ops.convert_to_tensor(is_picture)

    @property
    def num_classes(self):
        """K; as a class that is fed, it stands for nothing."""
        return self._decoder.num_classes

    def first(self, pictures):
        """The state of a text before its first character in each of `pictures` int [R]: nested arrays [R, ...]."""
        seen = [self._seen.get(name) for name in ("features", "keys", "is_picture")]
        features, keys, is_picture = (None if array is None else ops.take(array, pictures, axis=0) for array in seen)
        _, state = recurrent.start(self._decoder, features, 1, is_picture, keys)
        return keras.tree.map_structure(ops.convert_to_numpy, state)

    def take(self, state, rows):
        """The `rows` int [R] of a state."""
        return keras.tree.map_structure(lambda array: array[rows], state)

    def advance(self, number, pictures, state, fed):
        """Goes on by one step.

        Args:
            number: of the step, from 0.
            pictures: int [R], the picture that each text is looked for in.
            state: nested arrays [R, ...].
            fed: int [R], the character before.

        Returns:
            The new state; log-probabilities float32 [R, K]; attention [R, N], or None.
        """
        parts = []
        for start in range(0, len(fed), MOST_ROWS):
            rows = np.arange(start, min(start + MOST_ROWS, len(fed)))
            parts.append(self._advance(number, pictures[rows], self.take(state, rows), fed[rows]))
        joined = keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
        return joined["state"], joined["log_probability"], joined.get("attention")

    def _advance(self, number, pictures, state, fed):
        """The outputs of Step for so few rows that they fit one; filled up, so that few shapes are compiled."""
        R = len(fed)
        rows = np.minimum(np.arange(1 << max(R - 1, 0).bit_length()), R - 1)
        told = {
            "number": np.full(len(rows), number, "int32"),
            "pictures": pictures[rows].astype("int32"),
            "fed": fed[rows].astype("int32"),
            "state": self.take(state, rows),
        }
        outputs = self._step.predict_on_batch({**self._seen, **told})
        return keras.tree.map_structure(lambda array: np.asarray(array)[:R], outputs)
