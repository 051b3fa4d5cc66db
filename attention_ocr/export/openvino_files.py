"""A model file -> OpenVINO's `.xml` and `.bin`; no framework is needed."""

from pathlib import Path

import openvino

from attention_ocr import files
from attention_ocr.onnx_graph.metadata import KEY
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.network import onnx_model


def write_openvino(file: ModelFile, target: Path, stop_early: bool = False) -> Path:
    """Writes the graph of a model file as OpenVINO has it: `target`, a `.xml`, and a `.bin` beside it.

    Raises:
        UserError: the file lacks weights that its config asks for, or `target` cannot be written.
    """
    model = onnx_model(file, stop_early)
    told = {entry.key: entry.value for entry in model.metadata_props}
    made = openvino.Core().read_model(model.SerializeToString(), b"")
    made.set_rt_info(told[KEY], [KEY])
    with files.replacing(target.with_suffix(".bin")) as weights, files.replacing(target) as temporary:
        openvino.save_model(made, temporary, compress_to_fp16=False)
        temporary.with_suffix(".bin").replace(weights)
    return target
