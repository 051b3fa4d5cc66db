"""A batch in parts that run side by side, one a core."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from attention_ocr.config import ModelConfig
from attention_ocr.model.geometry import Geometry

Arrays = dict[str, np.ndarray]
# Positions of features that one run of a decoder looks at: what it keeps of them fits into a core's own cache, and a
# short text need not wait for the longest of a large batch.
POSITIONS = 1024


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pictures_a_run(config: ModelConfig, geometry: Geometry) -> int:
    """The most pictures that are read at once; 0: as many as there are."""
    if config.head == "ctc":
        return 0
    h, w = geometry.largest_grid
    return max(1, POSITIONS // (geometry.num_views * h * w))


def slices(number: int, most: int, workers: int) -> list[slice]:
    """`number` pictures in parts of nearly the same size, one a worker or more, of at most `most` (0: any)."""
    parts = max(min(workers, number), -(-number // most) if most else 1)
    edges = [round(part * number / parts) for part in range(parts + 1)]
    return [slice(start, end) for start, end in itertools.pairwise(edges)]


class Workers:
    """Runs parts of batches in threads.

    Args:
        number: threads.
    """

    def __init__(self, number: int):
        self.number = number
        self._pool = ThreadPoolExecutor(number) if number > 1 else None

    def run(self, run: Callable[[Arrays], Arrays], inputs: Arrays, most: int) -> Arrays:
        """What `run` gives of each part of `inputs`, arrays [B, ...], together again."""
        number = len(next(iter(inputs.values())))
        parts = [{name: array[part] for name, array in inputs.items()} for part in slices(number, most, self.number)]
        if len(parts) == 1:
            return run(parts[0])
        found = list(self._pool.map(run, parts) if self._pool else map(run, parts))
        return {name: np.concatenate([part[name] for part in found]) for name in found[0]}
