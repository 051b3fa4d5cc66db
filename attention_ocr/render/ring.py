"""Drawn pictures in memory that processes share: the newest ones lie in a ring and are overwritten by newer ones."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from attention_ocr.render.batches import Example

ALIGNED = 64  # bytes


@dataclass(frozen=True)
class RingShape:
    """How large a ring is.

    Attributes:
        slots: pictures that it holds.
        pixels: bytes of the largest picture.
        length: T.
        views: V, for which characters' places are known; 0: for none.
    """

    slots: int
    pixels: int
    length: int
    views: int = 0

    @property
    def fields(self) -> dict[str, tuple[type, tuple[int, ...]]]:
        """The type and shape of each array of the ring."""
        found: dict[str, tuple[type, tuple[int, ...]]] = {
            "numbers": (np.int64, (self.slots,)),
            "sizes": (np.int32, (self.slots, 2)),
            "ids": (np.int32, (self.slots, self.length)),
            "unpainted": (np.bool_, (self.slots,)),
            "pixels": (np.uint8, (self.slots, self.pixels)),
        }
        if self.views:
            found["places"] = (np.float32, (self.slots, self.length, self.views, 2))
        return found

    @property
    def num_bytes(self) -> int:
        """What a ring needs."""
        return sum(_aligned(kind, shape) for kind, shape in self.fields.values())


class Ring:
    """Picture n lies in slot n % slots.

    Args:
        shape: how large it is.
        memory: of `shape.num_bytes` bytes, zeros at first.
    """

    def __init__(self, shape: RingShape, memory: Any):
        self._slots, offset = shape.slots, 0
        arrays: dict[str, np.ndarray] = {}
        for name, (kind, size) in shape.fields.items():
            arrays[name] = np.frombuffer(memory, kind, int(np.prod(size)), offset).reshape(size)
            offset += _aligned(kind, size)
        self._numbers, self._sizes, self._ids = arrays["numbers"], arrays["sizes"], arrays["ids"]
        self._pixels, self._places = arrays["pixels"], arrays.get("places")
        self._unpainted = arrays["unpainted"]

    def put(self, number: int, example: Example) -> None:
        """Writes picture `number` over an older one."""
        slot, pixels = number % self._slots, example.pixels
        self._numbers[slot] = 0
        self._sizes[slot] = pixels.shape[:2]
        self._ids[slot] = example.ids
        self._unpainted[slot] = example.is_unpainted
        self._pixels[slot, : pixels.size] = pixels.ravel()
        if self._places is not None:
            self._places[slot] = np.nan if example.places is None else example.places
        self._numbers[slot] = number + 1  # last: from here on the picture is there

    def has(self, numbers: range) -> bool:
        """Whether these pictures are all there."""
        wanted = np.arange(numbers.start, numbers.stop)
        return bool((self._numbers[wanted % self._slots] == wanted + 1).all())

    def widths(self, numbers: np.ndarray) -> np.ndarray:
        """The widths in pixels of these pictures."""
        return self._sizes[numbers % self._slots, 1]

    def examples(self, numbers: Sequence[int]) -> list[Example]:
        """These pictures; their arrays lie in the ring."""
        found = []
        for number in numbers:
            slot = number % self._slots
            height, width = self._sizes[slot]
            pixels = self._pixels[slot, : height * width * 3].reshape(height, width, 3)
            places = None if self._places is None else self._places[slot]
            found.append(Example(pixels, self._ids[slot], places, bool(self._unpainted[slot])))
        return found


class LocalDrawing:
    """Pictures that are drawn where they are needed, by this process alone.

    Args:
        ring: where they go.
        draw: number -> picture.
    """

    def __init__(self, ring: Ring, draw: Callable[[int], Example]):
        self.ring = ring
        self._draw, self._stopped = draw, threading.Event()

    def wait(self, numbers: range) -> bool:
        """Draws those of these pictures that are not there; False: `stop` was called before the last one."""
        for number in numbers:
            if self._stopped.is_set():
                return False
            if not self.ring.has(range(number, number + 1)):
                self.ring.put(number, self._draw(number))
        return True

    def leave(self, number: int) -> None:
        """Pictures before `number` are not needed any more."""

    def stop(self) -> None:
        """Lets `wait` return after the picture it draws."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing is to be ended."""


def _aligned(kind: type, shape: tuple[int, ...]) -> int:
    """The bytes of an array and of what keeps the next one aligned."""
    return -(-int(np.prod(shape)) * np.dtype(kind).itemsize // ALIGNED) * ALIGNED
