"""Processes that draw pictures into a ring in shared memory, ahead of whoever uses them."""

import multiprocessing
import os
import shutil
import threading
import traceback
from collections.abc import Callable
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

from attention_ocr import parallel
from attention_ocr.errors import UserError
from attention_ocr.render.batches import Example
from attention_ocr.render.ring import Ring, RingShape
from attention_ocr.render.writing import use_one_thread

BLOCK = 8  # pictures that a process draws at a time
SHARED_FOLDER = Path("/dev/shm")  # where Linux has it
PATIENCE = 0.2  # seconds between two looks at whether the processes live


class Drawers:
    """Processes that draw picture after picture; each takes the next block of numbers as soon as it is free.

    They are ahead by as much as the ring holds. Whoever uses it says with `wait` which pictures it needs, and with
    `leave` which ones may be overwritten.

    Args:
        shape: of the ring.
        draw: number -> picture; it must be picklable.
        first: the number of the first picture to draw.
        batch_size: of the batches; blocks are no larger.
        workers: how many processes draw.

    Attributes:
        ring: where the pictures go.

    Raises:
        UserError: there is not so much shared memory.
    """

    def __init__(self, shape: RingShape, draw: Callable[[int], Example], first: int, batch_size: int, workers: int):
        self._memory = _shared(shape.num_bytes)
        self.ring: Ring = Ring(shape, self._memory.buf)
        self._stopped = threading.Event()
        self._block = min(BLOCK, batch_size)
        context = multiprocessing.get_context("spawn")  # forking a process that holds TensorFlow's threads may hang
        self._permits, self._done = context.Semaphore(0), context.Semaphore(0)
        self._errors: Any = context.SimpleQueue()
        self._first, self._slots, self._permitted = first, shape.slots, 0
        # A process opens them some time after its start, and they must be there as long.
        self._opened = context.Semaphore(0)
        self._signals = (self._permits, self._done, context.Value("q", first), self._errors, self._opened)
        arguments = (self._memory.name, shape, draw, self._block, self._signals)
        self._still_to_open = workers
        self._is_named = True  # by its name others can open the memory
        self._processes = [context.Process(target=_draw, args=arguments, daemon=True) for _ in range(workers)]
        try:
            self.leave(first)
            with parallel.interrupts_held():
                for process in self._processes:
                    process.start()
        except BaseException:
            self.close()
            raise

    def wait(self, numbers: range) -> bool:
        """Waits until these pictures are there; False: `stop` was called before.

        Raises:
            UserError: a process died, or raised one.
        """
        while not self._stopped.is_set():
            self._forget_name()
            self._check()  # though all are there: the others draw on, and nobody would learn that one is dead
            if self.ring.has(numbers):
                return True
            self._done.acquire(timeout=PATIENCE)
        return False

    def leave(self, number: int) -> None:
        """Pictures before `number` may be overwritten."""
        permitted = (number + self._slots - self._first) // self._block
        for _ in range(permitted - self._permitted):
            self._permits.release()
        self._permitted = max(permitted, self._permitted)

    def stop(self) -> None:
        """Lets `wait` return at once, whatever is there."""
        self._stopped.set()

    def close(self) -> None:
        """Ends the processes and frees the memory; nobody may use the ring any more."""
        self.stop()
        for process in self._processes:
            if process.pid is not None:
                process.kill()  # it holds nothing that must be tidied up
                process.join()
                process.close()
        self._processes = []
        del self.ring
        self._memory.close()
        if self._is_named:
            self._memory.unlink()

    def _forget_name(self) -> None:
        """Takes the name from the memory once all have opened it: even if all are killed, it is freed then."""
        while self._is_named and self._opened.acquire(block=False):
            self._still_to_open -= 1
            if not self._still_to_open:
                self._memory.unlink()
                self._is_named = False

    def _check(self) -> None:
        """Raises what a process raised, or a UserError if one died."""
        dead = [process.exitcode for process in self._processes if process.exitcode is not None]
        if not self._errors.empty():
            error, told = self._errors.get()
            raise error or RuntimeError(f"a process that draws pictures failed:\n{told}")
        if dead:
            raise UserError(
                f"one of {len(self._processes)} processes that draw pictures died (exit code {dead[0]}); if memory ran "
                'out lower --render_workers; a script that comes here needs `if __name__ == "__main__":`'
            )


def _shared(num_bytes: int) -> shared_memory.SharedMemory:
    """New shared memory.

    Raises:
        UserError: there is not so much.
    """
    free = shutil.disk_usage(SHARED_FOLDER).free if SHARED_FOLDER.is_dir() else num_bytes
    try:
        if free < num_bytes:  # it could be made, but a process that writes to what is not there is killed
            raise OSError(f"{free / 1e6:,.0f} MB are free")
        return shared_memory.SharedMemory(create=True, size=num_bytes)
    except OSError as error:
        raise UserError(
            f"{num_bytes / 1e6:,.0f} MB of shared memory for drawn pictures: {error.strerror or error}; lower "
            "--render_memory, or give the container more (docker run --shm-size=2g)"
        ) from error


def _draw(name: str, shape: RingShape, draw: Callable[[int], Example], block: int, signals: tuple) -> None:
    """What a process does until it is killed."""
    permits, done, counter, errors, opened = signals
    parallel.begin_worker()
    try:
        use_one_thread()
        memory = shared_memory.SharedMemory(name)
        opened.release()
        ring = Ring(shape, memory.buf)
        while True:
            permits.acquire()
            with counter.get_lock():
                first = counter.value
                counter.value = first + block
            for number in range(first, first + block):
                ring.put(number, draw(number))
            done.release()
    except Exception as error:
        errors.put((error if isinstance(error, UserError) else None, traceback.format_exc()))
    os._exit(1)  # the ring's arrays keep the memory open
