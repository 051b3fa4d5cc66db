"""A `.keras` file of this project, opened."""

import os
import zipfile
from pathlib import Path

import keras

from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.ready import catalog


def load_model(path: str | os.PathLike) -> AttentionOcr:
    """The model of a `.keras` file, or of the ready-made reader of that name, without its optimiser.

    Raises:
        UserError: there is no such file, or it is not a model of this project.
    """
    path = catalog.model_file(path)
    check_is_model_file(path)
    try:
        model = keras.saving.load_model(path, compile=False)
    except (TypeError, ValueError, KeyError, OSError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path}: is not a model of attention-ocr ({str(error).splitlines()[0][:200]})") from error
    if not isinstance(model, AttentionOcr):
        raise UserError(f"{path}: holds a {type(model).__name__}, not a model of attention-ocr")
    return model


def check_is_model_file(path: str | os.PathLike) -> None:
    """Raises a UserError unless there is a `.keras` file."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such model file")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: is not a .keras model file (or is damaged)")
