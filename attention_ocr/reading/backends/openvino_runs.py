"""Networks compiled by OpenVINO, whose parts of a batch run side by side."""

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Sequence
from queue import SimpleQueue

import numpy as np
import openvino

from attention_ocr.onnx_graph.network import ENDPOINTS
from attention_ocr.onnx_graph.plan import ONCE
from attention_ocr.reading.backends.parts import Arrays

WAITING = 2  # parts of a batch that wait inside OpenVINO, so that a core that is done need not wait for Python
Tensors = dict[str, openvino.Tensor]


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
            if len(self._slots) == 1:
                return [self._alone(part) for part in parts]
            try:
                return self._side_by_side(parts)
            except BaseException:
                for stage in itertools.chain(*self._slots):
                    stage.settle()  # so that the next run finds all of them free
                raise

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

    def settle(self) -> None:
        """Waits until nothing runs here."""
        with contextlib.suppress(RuntimeError):
            self._request.wait()

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
