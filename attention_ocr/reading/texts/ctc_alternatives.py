"""The likeliest texts of a CTC head beside the one that is read, whatever the runtime."""

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.reading.texts import ctc_beams, ctc_paths


class NoPreference:
    """Stands where a text model would: any class may follow any text.

    Args:
        charset: the classes.
    """

    length = 1

    def __init__(self, charset: Charset):
        self.null_id = charset.null_id

    def log_probabilities(self, history: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Zeros [R, G]."""
        del history
        return np.zeros(classes.shape)


class CtcAlternatives:
    """Endpoints -> endpoints with `beam_chars` and so on: the likeliest texts. What was read stays, as the first.

    Args:
        charset: the classes.
        length: T, the most characters of a text.
        number: W, how many texts are told.
    """

    def __init__(self, charset: Charset, length: int, number: int):
        self._null_id, self._number = charset.null_id, number
        self._how = ctc_beams.Search(NoPreference(charset), 0.0, number + 2, 0.0, length)

    def __call__(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = ctc_beams.search(ctc_paths.log_probabilities(outputs["chars_logit"], self._null_id), self._how)
        read = outputs["predicted_chars"]
        exists = found.log_probabilities > ctc_beams.NONE / 2
        scores = np.where(exists, found.log_probabilities, -np.inf)
        scores[(found.ids == read[:, None]).all(axis=2)] = -np.inf  # that text comes first anyway
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self._number - 1]  # [B, W - 1]
        scores = np.take_along_axis(scores, order, axis=1)
        ids = np.take_along_axis(found.ids, order[:, :, None], axis=1)
        lengths = np.take_along_axis(found.lengths, order, axis=1)
        confidence = np.where(np.isfinite(scores), np.exp(scores / (lengths + 1)), 0)
        return {
            **outputs,
            "beam_chars": np.concatenate([read[:, None], ids], axis=1),
            "beam_scores": np.concatenate([outputs["predicted_conf"][:, None], scores], axis=1),
            "beam_conf": np.concatenate([outputs["normalized_seq_conf"][:, None], confidence], axis=1),
        }
