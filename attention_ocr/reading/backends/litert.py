"""Reads with LiteRT, once TensorFlow Lite: one picture of one size at a time."""

import importlib.metadata
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.onnx_graph.metadata import KEY, Description
from attention_ocr.reading.backends.graphs import check, check_greedy, check_uncut
from attention_ocr.reading.backends.onnxruntime import with_sizes
from attention_ocr.reading.backends.parts import Arrays, joined, reading_cores

# In the zip archive at the file's end: what it is, and what its outputs are called, one per line.
DESCRIPTION_FILE, OUTPUTS_FILE = "attention_ocr.json", "outputs.txt"


class LiteRtBackend:
    """A `.tflite` file in LiteRT.

    Args:
        content: the bytes of the file.
        description: what it says of itself.
        outputs: the names of its outputs.
        source: how messages call it.

    Raises:
        UserError: LiteRT cannot run it.
    """

    any_batch = True

    def __init__(self, content: bytes, description: Description, outputs: list[str], source: str):
        self.config, self.dataset, self.step = description.config, description.dataset, description.step
        self.confidence_power = description.confidence_power
        self.fingerprint = f"{description.digest} litert {importlib.metadata.version('ai-edge-litert')} float32"
        self._content = content  # the interpreter reads it as long as it lives
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=reading_cores())
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise UserError(f"{source}: LiteRT cannot run it ({str(error).splitlines()[0][:200]})") from error
        inputs = self._interpreter.get_input_details()
        self._inputs = {"images" if len(each["shape"]) == 4 else "sizes": each for each in inputs}
        self._outputs = dict(zip(outputs, self._interpreter.get_output_details(), strict=True))
        self._geometry = geometry_of(self.config, self.dataset)
        self._lock = threading.Lock()

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        inputs = with_sizes(pixels, sizes, "sizes" in self._inputs)
        beyond = self._inputs["images"]["shape"][2] - pixels.shape[2]
        inputs["images"] = np.pad(pixels, [[0, 0], [0, 0], [0, beyond], [0, 0]])
        with self._lock:
            found = [self._run({name: each[[n]] for name, each in inputs.items()}) for n in range(len(pixels))]
        return self._narrowed(joined(found), *pixels.shape[1:3]) if beyond else joined(found)

    def _narrowed(self, outputs: Arrays, height: int, width: int) -> Arrays:
        """The endpoints as of a canvas of `height` x `width` pixels, instead of the widest: those of its positions."""
        (h, whole), (_, w) = self._geometry.largest_grid, self._geometry.feature_grid(height, width)
        axes = {"attention": 2, "chars_logit": 1} if self.config.head == "ctc" else {"attention": 2}
        found = dict(outputs)
        for name, axis in axes.items():
            if name in outputs:
                rows = outputs[name].reshape(*outputs[name].shape[:axis], h, whole, *outputs[name].shape[axis + 1 :])
                kept = np.take(rows, np.arange(w), axis=axis + 1)
                found[name] = kept.reshape(*outputs[name].shape[:axis], h * w, *outputs[name].shape[axis + 1 :])
        return found

    def _run(self, inputs: Arrays) -> Arrays:
        for name, value in inputs.items():
            self._interpreter.set_tensor(self._inputs[name]["index"], value)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(each["index"]) for name, each in self._outputs.items()}


def load(path: str | os.PathLike, reading: ReadConfig, knobs: BackendConfig) -> LiteRtBackend:
    """The backend of a `.tflite` file.

    Raises:
        UserError: the file is missing, damaged or of another project; or it is asked for what LiteRT has not.
    """
    path = Path(path)
    check_greedy(path, reading)
    check_uncut(path, reading)
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            described, outputs = (archive.read(name).decode() for name in (DESCRIPTION_FILE, OUTPUTS_FILE))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such model file") from error
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: was not exported by attention-ocr, or is damaged; export the model anew") from error
    description = Description.from_strings({KEY: described}, str(path))
    check(description, path, knobs)
    if knobs.precision not in ("auto", "float32"):
        raise UserError(f"--precision={knobs.precision}: litert reads in float32; use --backend=openvino")
    return LiteRtBackend(content, description, outputs.split("\n"), str(path))
