"""Opens model files without a framework, whatever their kind."""

import os
from pathlib import Path

from attention_ocr.model.ppocr_network import NAME as PPOCR
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.ppocr import read_recogniser
from attention_ocr.ready import catalog


def open_model_file(path: str | os.PathLike) -> ModelFile:
    """What `model.model_file.load_model` opens, and as it names it.

    Raises:
        UserError: there is no such file, it is damaged, or it is not a model of this project.
    """
    if str(path) == PPOCR and not Path(path).exists():
        return read_recogniser()
    if str(path).endswith(".onnx"):
        return read_recogniser(path)
    return read_keras_file(catalog.model_file(path))
