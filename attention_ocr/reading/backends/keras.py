"""Reads with the Keras model itself."""

import os

import keras
import numpy as np

from attention_ocr import files
from attention_ocr.config import ReadConfig
from attention_ocr.model.beam_search import BeamReader
from attention_ocr.model.model_file import load_model
from attention_ocr.model.names import file_of
from attention_ocr.model.network import AttentionOcr
from attention_ocr.model.stepwise import FeatureReader, Step, Steps

GREEDY = ReadConfig()


class KerasBackend:
    """A model in memory; it sees later changes of the weights.

    Args:
        model: the network.
        beam_width, length_penalty: as in ReadConfig.
        digest: of the model file; empty: there is none.
    """

    any_batch = False

    def __init__(self, model: AttentionOcr, beam_width: int = 1, length_penalty: float = 0.0, digest: str = ""):
        ReadConfig(beam_width, length_penalty)  # checks them
        self._model = model
        self.config, self.dataset, self.step = model.config, model.dataset, model.step
        self.confidence_power = model.confidence_power
        self.fingerprint = f"{digest or 'unsaved'} keras {keras.__version__} ({keras.backend.backend()}) float32"
        self._step: Step | None = None
        self._network = model if beam_width == 1 else BeamReader(model, beam_width, length_penalty)

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        return self._network.predict_on_batch(
            {"images": pixels} if sizes is None else {"images": pixels, "sizes": sizes}
        )

    def with_features(self) -> "KerasBackend":
        """The same model, read greedily; `predict` also returns what `steps` needs."""
        found = KerasBackend(self._model)
        found._network, found.fingerprint = FeatureReader(self._model), self.fingerprint
        return found

    def steps(self, outputs: dict[str, np.ndarray]) -> Steps:
        """The decoder's steps on the pictures of what `with_features().predict` returned."""
        self._step = self._step or Step(self._model.decoder)
        return Steps(self._step, outputs["features"], outputs.get("is_picture"))


def load(path: str | os.PathLike, knobs: ReadConfig = GREEDY) -> KerasBackend:
    """The backend of a `.keras` file.

    Raises:
        UserError: there is no such file, it is not a model of this project, or it knows none of the characters.
    """
    model = load_model(path, knobs.characters, knobs.ignore_case)
    path = file_of(path)
    digest = files.digest(path) if path.is_file() else ""
    if knobs.lexicon or knobs.text_model:  # the texts are searched on what is read greedily
        return KerasBackend(model, digest=digest)
    return KerasBackend(model, knobs.beam_width, knobs.length_penalty, digest)
