"""Pictures of several requests gathered into batches, which one thread reads."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from attention_ocr.serving.refusals import is_full

logger = logging.getLogger(__name__)
Read = Callable[[Sequence[Any]], Sequence[Any]]
Told = Callable[[int, float], None]


class Batcher:
    """Reads what is submitted, in batches of its own thread.

    A batch begins with the first item that waits. It is read at once if it is full or nothing else is on its way;
    otherwise it waits for what is, for `max_delay_s` at most. While a batch is read the next one gathers.

    Args:
        read: items -> results in their order.
        max_batch: items that are read together at most.
        max_delay_s: how long the first item of a batch waits for others at most, in seconds.
        queue_size: items that are reserved, waiting or being read at most.
        on_batch: told of every batch: its items, and the seconds that reading took.
    """

    def __init__(
        self,
        read: Read,
        max_batch: int,
        max_delay_s: float,
        queue_size: int,
        on_batch: Told = lambda number, seconds: None,
    ):
        self._read, self._max_batch, self._max_delay_s = read, max_batch, max_delay_s
        self._queue_size, self._on_batch = queue_size, on_batch
        self._changed = threading.Condition()
        self._waiting: list[tuple[Any, Future]] = []
        self._coming = self._being_read = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    @property
    def under_way(self) -> int:
        """Items that are reserved, waiting or being read."""
        with self._changed:
            return self._coming + len(self._waiting) + self._being_read

    def reserve(self, number: int) -> None:
        """Keeps places for items that are on their way; each is then submitted or released.

        Raises:
            RefusalError: there are not so many.
        """
        with self._changed:
            taken = self._coming + len(self._waiting) + self._being_read
            if self._is_closed or taken + number > self._queue_size:
                raise is_full(f"{taken} pictures are under way, of at most {self._queue_size}")
            self._coming += number

    def release(self, number: int = 1) -> None:
        """Gives back reserved places: so many items do not come."""
        with self._changed:
            self._coming -= number
            self._changed.notify()

    def submit(self, item: Any) -> Future:
        """The result of an item that a place was reserved for."""
        future: Future = Future()
        with self._changed:
            self._coming -= 1
            if self._is_closed:
                raise is_full("the service ends")
            self._waiting.append((item, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Reads what is under way, and ends."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._gathered():
            started = time.perf_counter()
            self._answer([entry for entry in batch if entry[1].set_running_or_notify_cancel()])
            with self._changed:
                self._being_read = 0
            self._on_batch(len(batch), time.perf_counter() - started)

    def _gathered(self) -> list[tuple[Any, Future]]:
        """The next batch; empty: the end."""
        with self._changed:
            while not self._waiting:
                if self._is_closed:  # no request is left that anything could come from
                    return []
                self._changed.wait()
            deadline = time.monotonic() + self._max_delay_s
            while len(self._waiting) < self._max_batch and self._coming:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            batch = self._waiting[: self._max_batch]
            del self._waiting[: self._max_batch]
            self._being_read = len(batch)
            return batch

    def _answer(self, batch: list[tuple[Any, Future]]) -> None:
        """Sets each result; where a batch fails, each item is read alone, so that it fails for its own fault only."""
        if not batch:
            return
        try:
            results = self._read([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results of {len(batch)} items")
        except Exception as error:
            if len(batch) == 1:
                logger.exception("a picture could not be read")
                batch[0][1].set_exception(error)
                return
            logger.warning("a batch of %d could not be read (%s); reading one by one", len(batch), error)
            for entry in batch:
                self._answer([entry])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
