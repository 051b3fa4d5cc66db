"""What onnxruntime and OpenVINO read: a `.onnx` file, or the graph of another model file, made in memory."""

from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.ppocr_file import CHARACTERS_KEY
from attention_ocr.onnx_graph.cutting import restricted
from attention_ocr.onnx_graph.files import open_model_file
from attention_ocr.onnx_graph.metadata import KEY, Description
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


def load_graph(path: Path, reading: ReadConfig, knobs: BackendConfig) -> SerializedGraph:
    """The graph of a `.onnx` or `.keras` file, or of PP-OCRv6's recogniser: a file of it, or `ppocr`.

    Raises:
        UserError: there is no such file, it is damaged or not of this project, or it is not what `knobs` ask for.
    """
    graph = _exported(path) if path.suffix == ".onnx" else None
    if graph:
        check_uncut(path, reading)
    else:
        file = restricted(open_model_file(path), reading.characters, reading.ignore_case)
        model = onnx_model(file, knobs.stop_early)
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
            f"--stop_early: {path} was exported without; export it with --stop_early, or give the .keras file"
        )


def check_greedy(path: Path, reading: ReadConfig) -> None:
    """Raises a UserError where the network itself is to follow several texts: a graph reads greedily."""
    if reading.beam_width > 1 and not (reading.lexicon or reading.text_model):
        raise UserError(
            f"--beam_width={reading.beam_width}: onnxruntime and openvino read greedily; read the .keras file with "
            f"--backend=keras (not {path})"
        )


def check_uncut(path: Path, reading: ReadConfig) -> None:
    """Raises a UserError where an export is to read some of its characters."""
    if reading.characters or reading.ignore_case:
        flag = f"--characters={reading.characters}" if reading.characters else "--ignore_case"
        raise UserError(
            f"{flag}: {path} is an export, whose graph reads what it was made for; give the .keras file it was made "
            f"from, or export that anew with {flag.partition('=')[0]}"
        )


def _exported(path: Path) -> SerializedGraph | None:
    """An export of this project; None: it says that it is a recogniser of PP-OCRv6."""
    try:
        content = path.read_bytes()
        model = onnx.load_model_from_string(content)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such model file") from error
    except (OSError, DecodeError) as error:
        raise UserError(f"{path}: is not an ONNX file, or is damaged") from error
    keys = {entry.key for entry in model.metadata_props}
    if CHARACTERS_KEY in keys and KEY not in keys:
        return None
    return SerializedGraph(content, _described(model, path))


def _described(model: onnx.ModelProto, path: Path) -> Description:
    return Description.from_strings({entry.key: entry.value for entry in model.metadata_props}, str(path))
