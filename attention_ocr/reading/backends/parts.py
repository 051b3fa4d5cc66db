"""A batch in parts that run side by side, one per core."""

import itertools
import os

import numpy as np

from attention_ocr.config import ModelConfig
from attention_ocr.model.geometry import Geometry
from attention_ocr.parallel import available_cores

Arrays = dict[str, np.ndarray]
# Positions of features that one run of a decoder looks at: what it keeps of them fits into a core's own cache, and a
# short text need not wait for the longest of a large batch.
POSITIONS = 1024


def reading_cores() -> int:
    """Cores that a reader uses: no more than OMP_NUM_THREADS, which Ray sets to those that a process of it has."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(available_cores(), int(allowed)) if allowed.isdecimal() and int(allowed) else available_cores()


def pictures_a_run(config: ModelConfig, geometry: Geometry) -> int:
    """The most pictures that are read at once; 0: as many as there are."""
    if config.head == "ctc":
        return 0
    h, w = geometry.largest_grid
    return max(1, POSITIONS // (geometry.num_views * h * w))


def in_parts(inputs: Arrays, most: int, runs: int) -> list[Arrays]:
    """Arrays [B, ...] in parts that `runs` cores share alike, the largest first, of at most `most` pictures (0: any).

    A part has a power of two of pictures: runtimes keep what they compile for each shape, so shapes have to be few.
    """
    number = len(next(iter(inputs.values())))
    shares = max(min(runs, number), -(-number // most) if most else 1)
    edges = [round(share * number / shares) for share in range(shares + 1)]
    powers = [part for start, end in itertools.pairwise(edges) for part in powers_of_two(end - start)]
    ends = [0, *itertools.accumulate(sorted(powers, reverse=True))]
    return [{name: array[start:end] for name, array in inputs.items()} for start, end in itertools.pairwise(ends)]


def powers_of_two(number: int) -> list[int]:
    """The different powers of two whose sum is `number`."""
    return [1 << power for power in range(number.bit_length()) if number >> power & 1]


def joined(parts: list[Arrays]) -> Arrays:
    """The opposite of `in_parts`."""
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
