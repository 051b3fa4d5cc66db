"""An iterator that a thread of its own fills, a few items ahead of its consumer."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

PATIENCE = 0.2  # seconds between two looks at whether it was closed
_END = object()


class ReadAhead:
    """The items of an iterator.

    Args:
        items: runs in the thread, and is closed there.
        most: items that wait to be taken.

    Attributes:
        waited: seconds that the consumer has waited for items so far.
        error: what the iterator raised, which a framework between may hide in an error of its own.
    """

    def __init__(self, items: Iterator[Any], most: int = 2):
        self.waited = 0.0
        self.error: BaseException | None = None
        self._ready: queue.Queue[Any] = queue.Queue(most)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, args=(items,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Any]:
        """The items; it ends after the last one or when it is closed, and raises what the iterator raised."""
        while not self._closed.is_set():
            started = time.perf_counter()
            try:
                found = self._ready.get(timeout=PATIENCE)
            except queue.Empty:
                continue
            finally:
                self.waited += time.perf_counter() - started
            if found is _END:
                return
            if isinstance(found, BaseException):
                raise found
            yield found

    def close(self) -> None:
        """Ends the thread, which must not wait for anything else by now."""
        self._closed.set()
        self._thread.join()

    def _fill(self, items: Iterator[Any]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
            self._put(_END)
        except BaseException as error:  # the consumer raises it
            self.error = error
            self._put(error)

    def _put(self, item: Any) -> bool:
        """Whether the item was put before the end."""
        while not self._closed.is_set():
            try:
                self._ready.put(item, timeout=PATIENCE)
            except queue.Full:
                continue
            return True
        return False
