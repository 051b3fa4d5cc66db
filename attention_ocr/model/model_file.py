"""Opens the `.keras` model files of this project."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras

from attention_ocr.errors import UserError
from attention_ocr.model import cut_network, ppocr_files, ppocr_import
from attention_ocr.model.names import file_of
from attention_ocr.model.network import AttentionOcr

CONFIG_FILE = "config.json"  # in the file, beside the weights


def load_model(path: str | os.PathLike, characters: str = "", ignore_case: bool = False) -> AttentionOcr:
    """The model of a `.keras` file, or of the ready-made reader of that name, without its optimiser.

    Only numbers, texts and weights are taken from the file. Keras would make any object that a file names, before
    anyone can look at what it is.

    Args:
        path: the file or the name. `ppocr` is the recogniser of PP-OCRv6 in the installed package rapidocr; an ONNX
            or a safetensors file may be one too. Of its 18,710 classes only those that stay are made.
        characters, ignore_case: what is to be read of what the model knows, as `cut_network.restricted` takes them.

    Raises:
        UserError: there is no such file, it is damaged, it is not a model of this project, or `characters` is wrong.
    """
    return cut_network.restricted(_whole_model(path, characters, ignore_case), characters, ignore_case)


def _whole_model(path: str | os.PathLike, characters: str, ignore_case: bool) -> AttentionOcr:
    """The model of a file with all its classes; of a recogniser of PP-OCRv6 with those that stay."""
    path = file_of(path)
    if ppocr_files.is_one(path):
        return ppocr_import.open_recogniser(path, cut_network.allowed_characters(characters, ignore_case))
    check_is_model_file(path)
    config = _config_of(path)
    try:
        model = AttentionOcr.from_config(config)
        model.load_weights(path)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (TypeError, ValueError, KeyError, OSError) as error:
        raise UserError(f"{path}: is not a model of attention-ocr ({_first_line(error)})") from error
    return model


def check_is_model_file(path: str | os.PathLike) -> None:
    """Raises a UserError unless there is a `.keras` file whose checksums are right."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such model file")
    try:
        with zipfile.ZipFile(path) as file:
            is_damaged = file.testzip() is not None
    except PermissionError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception:  # damaged bytes raise whatever zipfile stumbles over
        is_damaged = True
    if is_damaged:
        raise UserError(f"{path}: is not a .keras model file (or is damaged)")


def _config_of(path: str | os.PathLike) -> dict[str, Any]:
    """What `AttentionOcr.get_config` returned when the file was written."""
    try:
        with zipfile.ZipFile(path) as file:
            saved = json.loads(file.read(CONFIG_FILE))
        name, class_name, config = saved["registered_name"], saved["class_name"], saved["config"]
    except (TypeError, ValueError, KeyError) as error:
        raise UserError(f"{path}: is not a model of attention-ocr ({_first_line(error)})") from error
    if name != keras.saving.get_registered_name(AttentionOcr) or not isinstance(config, dict):
        raise UserError(f"{path}: holds a {class_name}, not a model of attention-ocr")
    return config


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
