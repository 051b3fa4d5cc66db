"""Which backend runs a model file: the one asked for, or the one its kind asks for."""

import importlib
import importlib.util
import os
from pathlib import Path

from attention_ocr import extras
from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.names import PPOCR, file_of
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading.backends.backend import Backend

GRAPHS = ("onnxruntime", "openvino", "litert")  # backends that read a graph, which is fixed when it is made
AUTO = {".onnx": "onnxruntime", ".safetensors": "onnxruntime", ".xml": "openvino", ".tflite": "litert"}
GREEDY = ReadConfig()
KINDS = {
    "keras": (".keras", ".safetensors"),
    "saved_model": (),
    "onnxruntime": (".keras", ".onnx", ".safetensors"),
    "openvino": (".keras", ".onnx", ".safetensors", ".xml"),
    "litert": (".tflite",),
}


def load(path: str | os.PathLike, reading: ReadConfig, knobs: BackendConfig) -> Backend:
    """The backend that reads with a model file or an export.

    Raises:
        UserError: there is no model at `path`, or the backend is not installed or cannot do what is asked for.
    """
    name = choose(Path(path) if str(path) == PPOCR else file_of(path), knobs.backend)
    path = file_of(path)
    try:
        with quiet_imports():
            module = importlib.import_module(f"attention_ocr.reading.backends.{name}")  # each needs another framework
    except ModuleNotFoundError as error:
        raise extras.missing(error, f"--backend={name}") or error from None
    if name in GRAPHS:
        return module.load(path, reading, knobs)
    if knobs.precision not in ("auto", "float32"):
        raise UserError(
            f"--precision={knobs.precision}: {name} reads in float32; use --backend=openvino or onnxruntime"
        )
    if knobs.stop_early:
        raise UserError(f"--stop_early: {name} has none; use --backend=onnxruntime or openvino")
    return module.load(path, reading)


def choose(path: Path, backend: str) -> str:
    """The name of the backend.

    Raises:
        UserError: the one asked for cannot read such a file.
    """
    kind = "" if path.is_dir() else path.suffix
    if backend == "auto":
        if not kind and path.is_dir():
            return "saved_model"
        return AUTO.get(kind) or ("keras" if has_keras() else "onnxruntime")
    if path.exists() and (path.is_dir() != (backend == "saved_model") or (kind and kind not in KINDS[backend])):
        kinds = ", ".join(KINDS[backend]) or "a SavedModel's folder"
        raise UserError(f"--backend={backend}: reads {kinds}, not {path}")
    return backend


def has_keras() -> bool:
    """Whether Keras and what it runs on are installed."""
    return all(importlib.util.find_spec(name) for name in ("keras", os.environ.get("KERAS_BACKEND") or "tensorflow"))
