"""Requests a second and latency of the service against the number of clients, beside the reader alone.

    python -m tools.benchmark_serving --pictures='photos/*.png' --clients=1,8,64 --seconds=10

Everything runs on this machine: the clients take some of its processor, too.
"""

import asyncio
import glob
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.serving.models import load_reader
from tools.serving_clients import Results, Served, clients, served

FLAGS = flags.FLAGS
flags.DEFINE_string("model", "words", "What `attention-ocr serve --model` takes.")
flags.DEFINE_string("pictures", None, "A glob of pictures.", required=True)
flags.DEFINE_integer("most", 200, "Pictures of those that are taken at most.")
flags.DEFINE_list("clients", ["1", "8", "64"], "Numbers of clients.")
flags.DEFINE_float("seconds", 10, "Seconds of each measurement.")
flags.DEFINE_list("max_batch", ["32", "1"], "Values of --max_batch; 1: without batching.")


def main(_: Sequence[str]) -> None:
    paths = sorted(glob.glob(FLAGS.pictures, recursive=True))[: FLAGS.most]  # noqa: PTH207 - may be absolute
    if not paths:
        raise app.UsageError(f"--pictures={FLAGS.pictures}: no picture is called so")
    pictures = [Path(path).read_bytes() for path in paths]
    reader = load_reader(FLAGS.model, ReadConfig(), BackendConfig())
    reader.read(pictures[:32], 16)
    started, used = time.perf_counter(), time.process_time()
    texts = [reading.text for reading in reader.read(pictures, 16)]
    alone = len(pictures) / (time.perf_counter() - started)
    each = 1000 * (time.process_time() - used) / len(pictures)
    print(f"reader alone, batches of 16: {alone:.1f} pictures/s, {each:.1f} ms of a processor each ({len(pictures)})")
    del reader
    print("max_batch clients  answers/s  of alone   p50 ms   p95 ms   p99 ms  wrong lost  429  CPU ms each  memory MB")
    for max_batch in FLAGS.max_batch:
        with served(FLAGS.model, f"--max_batch={max_batch}") as service:
            for number in map(int, FLAGS.clients):
                asyncio.run(clients(service.port, number, min(3, FLAGS.seconds), pictures, texts))  # sees all shapes
                used = service.processor_time()
                with Memory(service) as memory:
                    found = asyncio.run(clients(service.port, number, FLAGS.seconds, pictures, texts))
                print(line(max_batch, number, found, alone, service.processor_time() - used, memory), flush=True)


class Memory:
    """The memory of a service, looked at every half second, in a thread."""

    def __init__(self, service: Served):
        self._service, self._ends = service, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: list[int] = []

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(0.5):
            self.seen.append(self._service.memory())

    @property
    def growth(self) -> float:
        """From the tenth second (or the middle) to the end, as a share."""
        if len(self.seen) < 2:
            return 0.0
        return self.seen[-1] / self.seen[min(20, len(self.seen) // 2)] - 1


def line(max_batch: str, number: int, found: Results, alone: float, used: float, memory: Memory) -> str:
    rate = len(found.seconds) / FLAGS.seconds
    latency = "".join(f"{1000 * found.quantile(share):9.1f}" for share in (0.5, 0.95, 0.99))
    counts = (
        f"{found.wrong:7}{found.lost:5}{found.statuses.get(429, 0):5}{1000 * used / max(1, len(found.seconds)):13.1f}"
    )
    held = f"{max(memory.seen, default=0) / 1e6:11.0f} {memory.growth:+.1%}"
    return f"{max_batch:>9}{number:8}{rate:11.1f}{rate / alone:10.2f}{latency}{counts}{held}"


if __name__ == "__main__":
    sys.exit(app.run(main))
