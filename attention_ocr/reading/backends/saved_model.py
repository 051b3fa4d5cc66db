"""Reads with an exported SavedModel."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from attention_ocr import files
from attention_ocr.config import ModelConfig, ReadConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.migration import current
from attention_ocr.model.description import CONFIDENCE_POWER
from attention_ocr.model.geometry import geometry_of

DESCRIPTION_FILE = Path("assets.extra") / "attention_ocr.json"

# The reference's endpoint names <- ours.
ENDPOINTS = {
    "predictions": "predicted_chars",
    "scores": "predicted_scores",
    "chars_logit": "chars_logit",
    "predicted_length": "predicted_length",
    "predicted_conf": "predicted_conf",
    "normalized_seq_conf": "normalized_seq_conf",
    "attention_masks": "attention",
    "feature_sizes": "feature_sizes",
}

GREEDY = ReadConfig()


class SavedModelBackend:
    """An export that was loaded.

    Args:
        folder: of a version: it holds `saved_model.pb`.

    Attributes:
        signatures: what it can be called by: `serving_default`, `images`, `examples`.

    Raises:
        UserError: it is not an export of this project, or it is damaged.
    """

    any_batch = False

    def __init__(self, folder: Path):
        if not (folder / DESCRIPTION_FILE).exists():
            raise UserError(f"{folder}: is not an export of attention-ocr ({DESCRIPTION_FILE} is missing)")
        try:
            description = current(files.read_json(folder / DESCRIPTION_FILE))
            self.config = ModelConfig.from_dict(description["model"])
            self.dataset = DatasetSpec.from_dict(description["dataset"], str(folder))
            self.step = description["step"]
            self.confidence_power = float(description.get(CONFIDENCE_POWER, 1.0))
            self._loaded = tf.saved_model.load(str(folder))  # the signatures live as long as it does
        except UserError:
            raise
        except Exception as error:  # damaged bytes raise whatever is stumbled over
            what = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise UserError(f"{folder}: is a damaged export ({what}); export the model anew") from error
        self.fingerprint = f"{files.digest(folder)} tensorflow {tf.__version__} float32"
        self.signatures = self._loaded.signatures
        self._has_canvas = geometry_of(self.config, self.dataset).canvas is not None

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        inputs = {"images": tf.constant(pixels)}
        if self._has_canvas:
            full = np.tile(pixels.shape[1:3], [len(pixels), 1])
            inputs["sizes"] = tf.constant(full if sizes is None else sizes, tf.int32)
        outputs = self.signatures["images"](**inputs)
        return {ours: outputs[theirs].numpy() for theirs, ours in ENDPOINTS.items() if theirs in outputs}


def load(path: str | os.PathLike, knobs: ReadConfig = GREEDY) -> SavedModelBackend:
    """The backend of an exported version, or of the newest one in a folder of versions.

    Raises:
        UserError: there is no export of this project, or it is asked for what only a `.keras` file can do.
    """
    searches = knobs.beam_width > 1 and not (knobs.lexicon or knobs.text_model)
    for flag, is_given in {
        f"--beam_width={knobs.beam_width}": searches,
        f"--characters={knobs.characters}": bool(knobs.characters),
        "--ignore_case": knobs.ignore_case,
    }.items():
        if is_given:
            raise UserError(
                f"{flag}: {path} is an export, whose graph reads greedily what it was made for; give the .keras file "
                "it was made from, or export that anew with --characters"
            )
    folder = Path(path)
    if not (folder / "saved_model.pb").exists():
        found = versions(folder)
        if not found:
            raise UserError(f"{path}: holds no SavedModel; make one with `attention-ocr export`")
        folder = max(found, key=lambda version: int(version.name))
    return SavedModelBackend(folder)


def versions(folder: Path) -> list[Path]:
    """The exported versions in a folder."""
    return [path for path in folder.glob("*") if path.name.isdecimal() and (path / "saved_model.pb").exists()]
