"""Reads with OpenVINO, on a processor."""

import os
import threading
from collections import Counter
from functools import cached_property
from pathlib import Path

import numpy as np
import openvino
from openvino import opset13

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.onnx_graph.metadata import KEY, Description
from attention_ocr.onnx_graph.plan import ONCE
from attention_ocr.reading.backends.graphs import check, check_greedy, check_uncut, load_graph
from attention_ocr.reading.backends.onnxruntime import with_sizes
from attention_ocr.reading.backends.openvino_runs import Runs, name_of
from attention_ocr.reading.backends.parts import in_parts, joined, pictures_a_run, reading_cores

MOST_SIZES = 4  # of single pictures that have a network of their own: each takes memory for as long as the reader lives
OFTEN = 4  # single pictures of a size: then it gets its own network, which takes as long as reading 100 of them
HINTS = {"float32": "f32", "int8": "f32", "bfloat16": "bf16"}


class OpenVinoBackend:
    """A graph in OpenVINO. One picture is read by all cores together; of several each core reads some.

    OpenVINO takes up to a quarter less time where all sizes are known beforehand. So a network that reads one picture a
    run, and has no canvas, is compiled for just that. A head that reads columns gets a network of its own for each size
    of which pictures are often read alone: the first MOST_SIZES have one, others are read as batches.

    With bfloat16 the decoder of a head that reads one character a step keeps float32: it is a small part of the sums,
    and its errors grow from step to step.

    Args:
        model: what to read with.
        description: what it says of itself.
        precision: float32, bfloat16 or int8.
    """

    any_batch = True

    def __init__(self, model: openvino.Model, description: Description, precision: str):
        self.config, self.dataset, self.step = description.config, description.dataset, description.step
        self.confidence_power = description.confidence_power
        self.fingerprint = f"{description.digest} openvino {openvino.get_version().split('-')[0]} {precision}"
        geometry = geometry_of(self.config, self.dataset)
        self._has_canvas = geometry.canvas is not None
        self._most = pictures_a_run(self.config, geometry)
        self._cores = reading_cores()
        self._stages = [(model, HINTS[precision])]
        if precision == "bfloat16" and self.config.head != "ctc":
            encoder, decoder = parted(model)
            self._stages = [(encoder, "bf16"), (decoder, "f32")]
        if self._most == 1 and not self._has_canvas:
            self._stages = [(of_one_picture(stage), hint) for stage, hint in self._stages]
        self._of_sizes: dict[tuple[int, int], Runs] = {}
        self._read_alone: Counter[tuple[int, int]] = Counter()
        self._compiling = threading.Lock()

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        inputs = with_sizes(pixels, sizes, self._has_canvas)
        parts = in_parts(inputs, self._most, self._cores)
        if len(parts) > 1:
            return joined(self._apart.run(parts))
        is_alone = len(pixels) == 1 and self.config.head == "ctc"
        return joined((self._of_size(*pixels.shape[1:3]) if is_alone else self._together).run(parts))

    def _of_size(self, height: int, width: int) -> Runs:
        """For one picture on a canvas of that size: all cores work on it."""
        size = height, width
        with self._compiling:
            self._read_alone[size] += 1
            is_due = self._read_alone[size] >= OFTEN and len(self._of_sizes) < MOST_SIZES
            if is_due and size not in self._of_sizes:
                ((model, hint),) = self._stages
                fixed = with_shapes(model, {"images": [1, height, width, 3], "sizes": [1, 2]})
                self._of_sizes[size] = Runs([(fixed, hint)], streams=1, threads=self._cores)
            return self._of_sizes.get(size) or self._together

    @cached_property
    def _together(self) -> Runs:
        """For one picture, or where there is one core: all cores work on it."""
        return Runs(self._stages, streams=1, threads=self._cores)

    @cached_property
    def _apart(self) -> Runs:
        """For several runs side by side: each has one core."""
        return Runs(self._stages, streams=self._cores, threads=self._cores)


def with_shapes(model: openvino.Model, shapes: dict[str, list[int]]) -> openvino.Model:
    """The model for inputs of just these shapes, by their names; it may have fewer."""
    fixed = model.clone()
    fixed.reshape({port: next(shapes[name] for name in port.get_names() if name in shapes) for port in fixed.inputs})
    return fixed


def of_one_picture(model: openvino.Model) -> openvino.Model:
    """The model for one picture at a time; the other sides of its inputs are as they were."""
    fixed = model.clone()
    fixed.reshape({port: openvino.PartialShape([1, *list(port.get_partial_shape())[1:]]) for port in fixed.inputs})
    return fixed


def parted(model: openvino.Model) -> tuple[openvino.Model, openvino.Model]:
    """Encoder and decoder of a network as two models: what one gives, the other takes."""
    encoder, decoder = model.clone(), model.clone()
    given = _handed_over(encoder)
    first = openvino.Model([opset13.result(output) for output in given], encoder.get_parameters(), "encoder")
    taken = []
    for output in _handed_over(decoder):
        name = name_of(output)
        parameter = opset13.parameter(output.get_partial_shape(), output.get_element_type(), name)
        parameter.output(0).get_tensor().set_names({name})
        for target in output.get_target_inputs():
            target.replace_source_output(parameter.output(0))
        taken.append(parameter)
    sizes = [parameter for parameter in decoder.get_parameters() if "sizes" in parameter.output(0).get_names()]
    return first, openvino.Model(decoder.get_results(), [*taken, *sizes], "decoder")


def _handed_over(model: openvino.Model) -> list[openvino.Output]:
    outputs = [output for node in model.get_ordered_ops() for output in node.outputs()]
    return [output for output in outputs if set(ONCE) & set(output.get_names())]


def load(path: str | os.PathLike, reading: ReadConfig, knobs: BackendConfig) -> OpenVinoBackend:
    """The backend of a `.xml` file, or of what `graphs.load_graph` opens.

    Raises:
        UserError: the file is missing, damaged or of another project; or it is asked for what it or the processor has
            not.
    """
    path = Path(path)
    check_greedy(path, reading)
    core = openvino.Core()
    if knobs.precision == "bfloat16":
        found = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if "BF16" not in found:
            raise UserError(f"--precision=bfloat16: this processor has {', '.join(found)}; use --precision=float32")
    if path.suffix == ".xml":
        check_uncut(path, reading)
        model, description = _read_ir(core, path, knobs)
    else:
        graph = load_graph(path, reading, knobs)
        model, description = core.read_model(graph.content, b""), graph.description
    precision = description.precision if knobs.precision == "auto" else knobs.precision
    return OpenVinoBackend(model, description, precision)


def _read_ir(core: openvino.Core, path: Path, knobs: BackendConfig) -> tuple[openvino.Model, Description]:
    if not path.is_file():
        raise UserError(f"{path}: no such model file")
    try:
        model = core.read_model(path)
    except RuntimeError as error:
        raise UserError(f"{path}: is not an OpenVINO model, or its .bin is missing or damaged") from error
    told = model.get_rt_info([KEY]).astype(str) if model.has_rt_info([KEY]) else ""
    description = Description.from_strings({KEY: told}, str(path))
    check(description, path, knobs)
    return model, description
