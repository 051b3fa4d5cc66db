"""Random numbers of a batch of pictures, all of them a function of one seed."""

import zlib

import keras
import numpy as np
from keras import ops

COLUMNS = 128  # numbers that a picture's distortions may draw
STRIDE = 8  # tensors that a seed may draw


class _Derived(keras.random.SeedGenerator):
    """Seeds made from one; they are no state, so nothing has to track or save them."""

    def __init__(self, seed):
        self._first, self._drawn = seed * ops.convert_to_tensor([1, STRIDE], seed.dtype), 0

    def next(self, ordered=True):
        del ordered
        if self._drawn == STRIDE:
            raise ValueError(f"a seed draws {STRIDE} tensors at most")
        seed = self._first + ops.convert_to_tensor([0, self._drawn], self._first.dtype)
        self._drawn += 1
        return seed


class Stepped(keras.Layer):
    """A layer without weights that draws in each call; call n of a run draws the same whatever came before.

    Args:
        seed: of the run.
        name: of the layer; those of other names draw other numbers.
    """

    def __init__(self, seed: int, name: str):
        super().__init__(dtype="float32", trainable=False, autocast=False, name=name)
        self.seeds = keras.random.SeedGenerator(zlib.crc32(f"{name} {seed}".encode()) >> 1)  # of the run, and the step
        self.built = True

    def begin(self, step: int) -> None:
        """The next call draws what follows `step` steps of the run."""
        seed = self.seeds.get_config()["seed"]
        self.seeds.state.assign(np.array([seed, step], self.seeds.state.dtype))


class Randoms:
    """What is drawn for N pictures. A number of each picture comes from a table, since many small draws are slow.

    Args:
        seed: an int, or what `keras.random.SeedGenerator.next` returns; two seeds that differ draw other numbers.
        number: N.
    """

    def __init__(self, seed, number):
        if isinstance(seed, int):
            seed = ops.convert_to_tensor([seed % 2**31, 0], "uint32")
        self._seeds = _Derived(seed)
        self._table = keras.random.uniform([number, COLUMNS], dtype="float32", seed=self._seeds)
        self._column = 0

    def uniform(self, low, high, channels=1):
        """Numbers in low..high, which may differ by picture: [N, 1, 1, channels]."""
        start, self._column = self._column, self._column + channels
        if self._column > COLUMNS:
            raise ValueError(f"a picture draws {COLUMNS} numbers at most")
        return low + (high - low) * self._table[:, None, None, start : self._column]

    def happens(self, share):
        """1 for a share of the pictures, else 0: float32 [N, 1, 1, 1]."""
        return ops.cast(self.uniform(0.0, 1.0) < share, "float32")

    def normal(self, shape):
        """Normal numbers of mean 0 and variance 1, float32 of any shape."""
        return keras.random.normal(shape, dtype="float32", seed=self._seeds)
