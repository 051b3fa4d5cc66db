"""What onnxruntime and OpenVINO read: a `.onnx` file, or the graph of a `.keras` file made in memory."""

from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from attention_ocr.config import BackendConfig
from attention_ocr.errors import UserError
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.onnx_graph.metadata import Description
from attention_ocr.onnx_graph.network import onnx_model


@dataclass(frozen=True)
class SerializedGraph:
    """An ONNX model.

    Attributes:
        content: the bytes of its file.
        description: what it says of itself.
    """

    content: bytes
    description: Description


def load_graph(path: Path, knobs: BackendConfig) -> SerializedGraph:
    """The graph of a `.onnx` or `.keras` file.

    Raises:
        UserError: there is no such file, it is damaged or not of this project, or it is not what `knobs` ask for.
    """
    if path.suffix == ".onnx":
        graph = _read(path)
    else:
        model = onnx_model(read_keras_file(path), knobs.stop_early)
        graph = SerializedGraph(model.SerializeToString(), _described(model, path))
    check(graph.description, path, knobs)
    return graph


def check(description: Description, path: Path, knobs: BackendConfig) -> None:
    """Raises a UserError where a file is not what `knobs` ask for."""
    held = description.precision
    if knobs.precision == "int8" and held != "int8":
        raise UserError(
            f"--precision=int8: {path} is {held}; make an int8 file with `attention-ocr export --format=int8`"
        )
    if held == "int8" and knobs.precision not in ("auto", "int8"):
        raise UserError(f"--precision={knobs.precision}: {path} is int8; give the .keras file it was made from")
    if knobs.stop_early and not description.stops:
        raise UserError(
            f"--stop_early: {path} was exported without; export it with --stop_early, or read the .keras file"
        )


def check_greedy(path: Path, beam_width: int) -> None:
    """Raises a UserError where beams are asked for: a graph reads greedily."""
    if beam_width > 1:
        raise UserError(
            f"--beam_width={beam_width}: onnxruntime and openvino read greedily; read the .keras file with "
            f"--backend=keras (not {path})"
        )


def _read(path: Path) -> SerializedGraph:
    try:
        content = path.read_bytes()
        model = onnx.load_model_from_string(content)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such model file") from error
    except (OSError, DecodeError) as error:
        raise UserError(f"{path}: is not an ONNX file, or is damaged") from error
    return SerializedGraph(content, _described(model, path))


def _described(model: onnx.ModelProto, path: Path) -> Description:
    return Description.from_strings({entry.key: entry.value for entry in model.metadata_props}, str(path))
