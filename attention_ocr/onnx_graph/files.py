"""Opens model files without a framework, whatever their kind."""

import os

from attention_ocr.model import ppocr_files
from attention_ocr.model.names import file_of
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.ppocr import read_recogniser


def open_model_file(path: str | os.PathLike) -> ModelFile:
    """What `model.model_file.load_model` opens, and as it names it.

    Raises:
        UserError: there is no such file, it is damaged, or it is not a model of this project.
    """
    path = file_of(path)
    return read_recogniser(path) if ppocr_files.is_one(path) else read_keras_file(path)
