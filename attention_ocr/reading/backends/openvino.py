"""Reads with OpenVINO, on a processor."""

import os
import threading
from collections import Counter, deque
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino
from openvino import opset13

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.onnx_graph.metadata import KEY, Description
from attention_ocr.onnx_graph.network import ENDPOINTS
from attention_ocr.onnx_graph.plan import ONCE
from attention_ocr.reading.backends.graphs import check, check_greedy, check_uncut, load_graph
from attention_ocr.reading.backends.onnxruntime import with_sizes
from attention_ocr.reading.backends.parts import Arrays, in_parts, joined, pictures_a_run, reading_cores

MOST_SIZES = 4  # of single pictures that have a network of their own: each takes memory for as long as the reader lives
OFTEN = 4  # single pictures of a size: then it gets its own network, which takes as long as reading 100 of them
WAITING = 2  # parts of a batch that wait inside OpenVINO, so that a core that is done need not wait for Python
Tensors = dict[str, openvino.Tensor]
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

    def _of_size(self, height: int, width: int) -> "Runs":
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
    def _together(self) -> "Runs":
        """For one picture, or where there is one core: all cores work on it."""
        return Runs(self._stages, streams=1, threads=self._cores)

    @cached_property
    def _apart(self) -> "Runs":
        """For several runs side by side: each has one core."""
        return Runs(self._stages, streams=self._cores, threads=self._cores)


class Runs:
    """Stages of a network, compiled, and as many runs side by side as there are streams.

    OpenVINO's own threads run them: Python's, when several make tensors at once, can wait for each other for ever.

    Args:
        stages: models and the precision of each; the outputs of one are inputs of the next.
        streams: runs side by side.
        threads: of all of them together.
    """

    def __init__(self, stages: Sequence[tuple[openvino.Model, str]], streams: int, threads: int):
        core = openvino.Core()
        compiled = [
            core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": hint,
                    "NUM_STREAMS": streams,
                    "INFERENCE_NUM_THREADS": threads,
                    "ENABLE_CPU_PINNING": False,  # a thread that is pinned waits for its core while another is free
                },
            )
            for model, hint in stages
        ]
        names = [
            ([port.get_names() for port in stage.inputs], [name_of(port) for port in stage.outputs])
            for stage in compiled
        ]
        # Names are asked for once: of a small picture that took as long as a twentieth of reading it.
        self._slots = [
            [Slot(stage.create_infer_request(), *told) for stage, told in zip(compiled, names, strict=True)]
            for _ in range(streams + WAITING if streams > 1 else 1)
        ]
        self._lock = threading.Lock()

    def run(self, parts: Sequence[Arrays]) -> list[Arrays]:
        """The outputs of the last stage for each of `parts`."""
        with self._lock:
            return self._side_by_side(parts) if len(self._slots) > 1 else [self._alone(part) for part in parts]

    def _alone(self, part: Arrays) -> Arrays:
        (stages,) = self._slots
        known = tensors_of(part)
        for stage in stages:
            known |= stage.run(known)
        return stages[-1].copied()

    def _side_by_side(self, parts: Sequence[Arrays]) -> list[Arrays]:
        found: list[Arrays] = [{} for _ in parts]
        free, todo, left = list(self._slots), deque(enumerate(parts)), len(parts)
        done: SimpleQueue = SimpleQueue()  # (number of a part, its slot, what is known of it, the stage that ended)
        while left:
            while todo and free:
                number, part = todo.popleft()
                slot, known = free.pop(), tensors_of(part)
                slot[0].start(known, done, (number, slot, known, 0))
            number, slot, known, stage = done.get()
            known |= slot[stage].outputs()
            stage += 1
            if stage < len(slot):
                slot[stage].start(known, done, (number, slot, known, stage))
            else:
                found[number], left = slot[-1].copied(), left - 1
                free.append(slot)
        return found


class Slot:
    """A place where a stage of a network can run.

    Args:
        request: of OpenVINO.
        takes: the names that each input has.
        gives: the name of each output.
    """

    def __init__(self, request: openvino.InferRequest, takes: Sequence[set[str]], gives: Sequence[str]):
        self._request, self._takes, self._gives = request, takes, gives
        request.set_callback(lambda given: given[0].put(given[1]), None)

    def run(self, known: Tensors) -> Tensors:
        """The outputs for those of `known` that are inputs."""
        self._take(known)
        self._request.infer()
        return self._tensors()

    def start(self, known: Tensors, done: SimpleQueue, told: tuple) -> None:
        """Begins to run with those of `known` that are inputs; puts `told` into `done` when it has run.

        The tensors must live until then.
        """
        self._take(known)
        self._request.start_async(userdata=(done, told))

    def outputs(self) -> Tensors:
        """The outputs of what was started, which the next run overwrites; an error, if it failed."""
        self._request.wait()
        return self._tensors()

    def copied(self) -> Arrays:
        """The outputs of the last run."""
        return {name: np.array(tensor.data) for name, tensor in self._tensors().items()}

    def _take(self, known: Tensors) -> None:
        for number, names in enumerate(self._takes):
            self._request.set_input_tensor(number, known[next(iter(names & known.keys()))])

    def _tensors(self) -> Tensors:
        return {name: self._request.get_output_tensor(number) for number, name in enumerate(self._gives)}


def tensors_of(arrays: Arrays) -> Tensors:
    """Tensors that share the memory of arrays."""
    writable = {name: np.require(array, None, ["C", "W"]) for name, array in arrays.items()}
    return {name: openvino.Tensor(array, shared_memory=True) for name, array in writable.items()}


def name_of(port: openvino.ConstOutput) -> str:
    """The name that we know an output by, among those that its tensor may have."""
    return next(name for name in (*ONCE, *ENDPOINTS) if name in port.get_names())


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
