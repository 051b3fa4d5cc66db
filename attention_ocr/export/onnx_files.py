"""A model file -> a `.onnx` file, or its int8 relative; no framework is needed."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from attention_ocr import files
from attention_ocr.onnx_graph.metadata import Description
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.network import onnx_model


def write_onnx(file: ModelFile, target: Path, stop_early: bool = False) -> Path:
    """Writes the graph of a model file.

    Raises:
        UserError: the file lacks weights that its config asks for, or `target` cannot be written.
    """
    with files.replacing(target) as temporary:
        onnx.save(onnx_model(file, stop_early), temporary)
    return target


def write_int8(
    file: ModelFile, target: Path, inputs: Sequence[dict[str, np.ndarray]], stop_early: bool = False
) -> Path:
    """Writes the graph of a model file whose convolutions are of whole numbers of 8 bits.

    Args:
        file: the model file.
        target: the `.onnx` file.
        inputs: what the graph reads to find out how large its features are.
        stop_early: as in BackendConfig.
    """
    model = onnx_model(file, stop_early)
    with tempfile.TemporaryDirectory() as folder, files.replacing(target) as temporary:
        whole = Path(folder) / "float32.onnx"
        onnx.save(onnx.shape_inference.infer_shapes(model), whole)
        level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)  # it warns of a step that would do nothing for this graph
        try:
            quantize_static(
                str(whole),
                str(temporary),
                _Calibration(inputs),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.getLogger().setLevel(level)
        made = onnx.load(temporary)
        told = {entry.key: entry.value for entry in model.metadata_props}
        description = replace(Description.from_strings(told, str(target)), precision="int8")
        del made.metadata_props[:]
        onnx.helper.set_model_props(made, description.to_strings())
        onnx.save(made, temporary)
    return target


class _Calibration(CalibrationDataReader):
    """The inputs, one after another."""

    def __init__(self, inputs: Sequence[dict[str, np.ndarray]]):
        self._inputs: Iterator[dict[str, np.ndarray]] = iter(inputs)

    def get_next(self):
        return next(self._inputs, None)
