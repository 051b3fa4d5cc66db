"""Reads with onnxruntime, on a processor."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.reading.backends.graphs import SerializedGraph, check_greedy, load_graph
from attention_ocr.reading.backends.parts import Arrays, in_parts, joined, pictures_a_run, reading_cores


class OnnxRuntimeBackend:
    """A graph in onnxruntime. One picture is read by all cores together; of several each core reads some.

    Args:
        graph: what to read with.
        source: how messages call it.
    """

    any_batch = True

    def __init__(self, graph: SerializedGraph, source: str):
        told = graph.description
        self.config, self.dataset, self.step = told.config, told.dataset, told.step
        self.confidence_power = told.confidence_power
        self.fingerprint = f"{told.digest} onnxruntime {onnxruntime.__version__} {told.precision}"
        geometry = geometry_of(told.config, told.dataset)
        self._graph, self._source = graph, source
        self._has_canvas = geometry.canvas is not None
        self._most = pictures_a_run(told.config, geometry)
        self._cores = reading_cores()
        self._threads = ThreadPoolExecutor(self._cores)
        self._names = [output.name for output in self._together.get_outputs()]

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        parts = in_parts(with_sizes(pixels, sizes, self._has_canvas), self._most, self._cores)
        if len(parts) == 1:
            return self._run(self._together, parts[0])
        return joined(list(self._threads.map(self._run, [self._apart] * len(parts), parts)))

    def _run(self, session: onnxruntime.InferenceSession, inputs: Arrays) -> Arrays:
        return dict(zip(self._names, session.run(self._names, inputs), strict=True))

    @cached_property
    def _together(self) -> onnxruntime.InferenceSession:
        """For one picture: all cores work on it."""
        return self._session(self._cores)

    @cached_property
    def _apart(self) -> onnxruntime.InferenceSession:
        """For several runs side by side: each has one core."""
        return self._session(1)

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self._graph.content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own classes share no base but this one
            raise UserError(f"{self._source}: onnxruntime cannot run it ({_first_line(error)})") from error


def with_sizes(pixels: np.ndarray, sizes: np.ndarray | None, has_canvas: bool) -> Arrays:
    """The inputs of a graph; pictures without `sizes` fill the canvas."""
    if not has_canvas:
        return {"images": pixels}
    full = np.tile(np.array(pixels.shape[1:3], np.int32), [len(pixels), 1])
    return {"images": pixels, "sizes": full if sizes is None else np.asarray(sizes, np.int32)}


def load(path: str | os.PathLike, reading: ReadConfig, knobs: BackendConfig) -> OnnxRuntimeBackend:
    """The backend of what `graphs.load_graph` opens.

    Raises:
        UserError: the file is missing, damaged or of another project; or it is asked for what onnxruntime has not.
    """
    check_greedy(Path(path), reading)
    if knobs.precision == "bfloat16":
        raise UserError("--precision=bfloat16: onnxruntime has none on processors; use --backend=openvino or float32")
    return OnnxRuntimeBackend(load_graph(Path(path), reading, knobs), str(path))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
