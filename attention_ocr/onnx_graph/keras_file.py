"""A `.keras` file of this project, opened without Keras: config, data set, step and weights."""

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from attention_ocr import files
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.description import CONFIDENCE_POWER, of_this_version
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.weights import read_weights


def read_keras_file(path: str | os.PathLike) -> ModelFile:
    """The contents of a `.keras` file.

    Raises:
        UserError: there is no such file, it is damaged, or it is not a model of this project.
    """
    with _faults_named(path):
        content = Path(path).read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            described = json.loads(archive.read("config.json"))
            weights = archive.read("model.weights.h5")
        description = _own(described, path)
        with h5py.File(io.BytesIO(weights)) as opened:
            arrays = read_weights(opened, str(path))
        return ModelFile(
            ModelConfig.from_dict(description["model"]),
            DatasetSpec.from_dict(description["dataset"], str(path)),
            int(description["step"]),
            arrays,
            files.digest(path),
            confidence_power=float(description.get(CONFIDENCE_POWER, 1.0)),
        )


def _own(described: dict[str, Any], path: str | os.PathLike) -> dict[str, Any]:
    """The network's own description."""
    if described["class_name"] != "AttentionOcr":
        raise UserError(f"{path}: holds a {described['class_name']}, not a model of attention-ocr")
    return of_this_version(described["config"])


@contextlib.contextmanager
def _faults_named(path: str | os.PathLike) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such model file") from error
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: is not a .keras model file (or is damaged)") from error
    except (KeyError, OSError, TypeError, ValueError) as error:
        told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UserError(f"{path}: is not a model of attention-ocr, or is damaged ({told})") from error
