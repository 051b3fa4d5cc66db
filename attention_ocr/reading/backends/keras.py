"""Reads with the Keras model itself."""

import os

import keras
import numpy as np

from attention_ocr import files
from attention_ocr.config import ReadConfig
from attention_ocr.model.beam_search import BeamReader
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr


class KerasBackend:
    """A model in memory; it sees later changes of the weights.

    Args:
        model: the network.
        beam_width, length_penalty: as in ReadConfig.
        digest: of the model file; empty: there is none.
    """

    def __init__(self, model: AttentionOcr, beam_width: int = 1, length_penalty: float = 0.0, digest: str = ""):
        ReadConfig(beam_width, length_penalty)  # checks them
        self.config, self.dataset, self.step = model.config, model.dataset, model.step
        self.fingerprint = f"{digest or 'unsaved'} keras {keras.__version__} ({keras.backend.backend()}) float32"
        self._network = model if beam_width == 1 else BeamReader(model, beam_width, length_penalty)

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        return self._network.predict_on_batch(
            {"images": pixels} if sizes is None else {"images": pixels, "sizes": sizes}
        )


def load(path: str | os.PathLike, beam_width: int = 1, length_penalty: float = 0.0) -> KerasBackend:
    """The backend of a `.keras` file.

    Raises:
        UserError: there is no such file, or it is not a model of this project.
    """
    return KerasBackend(load_model(path), beam_width, length_penalty, files.digest(path))
