"""A recogniser of PP-OCRv6 as a model file: `model/ppocr_import.py` without a framework."""

import os

from attention_ocr import files
from attention_ocr.model import ppocr_files
from attention_ocr.model.ppocr_network import charset_of, config_of, head_of, spec_of
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.weights import Weights


def read_recogniser(path: str | os.PathLike) -> ModelFile:
    """The contents of an ONNX or a safetensors file of PP-OCRv6.

    Raises:
        UserError: there is no such file, or it holds another network.
    """
    recogniser = ppocr_files.read(path)
    arrays = {
        f"encoder/LcNet/{name}": [kernel.reshape(_kernel_shape(name, kernel.shape)), bias]
        for name, (kernel, bias) in recogniser.weights.items()
    }
    weights = Weights({**arrays, "decoder": list(head_of(recogniser))}, str(path))
    dataset = spec_of(recogniser.name, charset_of(recogniser))
    return ModelFile(config_of(recogniser), dataset, 0, weights, files.digest(path))


def _kernel_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """That of the Keras layer: the neck's layers see columns, one axis less than a picture or two."""
    while name.startswith("neck/") and shape[0] == 1 and len(shape) > 1:
        shape = shape[1:]
    return shape
