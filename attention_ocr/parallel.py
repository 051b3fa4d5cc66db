"""A function over many items in several processes, results in order, with a bounded number under way."""

import collections
import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from attention_ocr.errors import UserError

CHUNK = 64
ITEMS_A_WORKER = 64  # Below this another process costs more than it saves.

_function: Callable[[Any], Any]


def number_of_workers(wanted: int, num_items: int) -> int:
    """How many processes to use; 1: none besides this one."""
    most = wanted or available_cores()
    return max(1, min(most, num_items // ITEMS_A_WORKER))


def map_in_order(
    function: Callable[[Any], Any], items: Iterable[Any], num_workers: int, chunk: int = CHUNK
) -> Generator[Any, None, None]:
    """The results of `function` in order.

    Args:
        function: what to compute; with more than one worker it, its items and results must be picklable.
        items: taken as they are needed, a few chunks ahead.
        num_workers: processes; 1: this one alone.
        chunk: items that a process is given at once.

    Raises:
        UserError: a process died.
    """
    if num_workers <= 1:
        yield from map(function, items)
        return
    chunks = in_chunks(items, chunk)
    pending: collections.deque[Future] = collections.deque()
    context = multiprocessing.get_context("spawn")  # forking a process that holds TensorFlow's threads may hang
    pool = ProcessPoolExecutor(num_workers, context, _begin, (function,))
    try:
        for some in chunks:
            with interrupts_held():
                pending.append(pool.submit(_call, some))
            if len(pending) >= 4 * num_workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    except BrokenProcessPool as error:
        raise UserError(
            f"one of {num_workers} processes that prepare pictures died; if memory ran out lower --num_workers or "
            'shrink the pictures; a script that comes here needs `if __name__ == "__main__":`'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def available_cores() -> int:
    """Those this process may use, which in a container may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Processes that begin within never see Ctrl-C, from before `_begin` on; this one sees it afterwards.

    The mask is what they inherit. It alone would not hold Ctrl-C back here: the system gives the signal to any thread
    that has no such mask, and Python then interrupts the main one.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    interruptible = threading.current_thread() is threading.main_thread()
    seen: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number)) if interruptible else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if interruptible:
            signal.signal(signal.SIGINT, handler)
        if seen:
            signal.raise_signal(signal.SIGINT)


def in_chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of `size`; the last one may be shorter."""
    source = iter(items)
    while chunk := list(itertools.islice(source, size)):
        yield chunk


def _begin(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    begin_worker()


def begin_worker() -> None:
    """For a new process: leaves Ctrl-C to its parent, and lets it end with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot shut the pool down: without this its processes would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _call(chunk: list[Any]) -> list[Any]:
    return [_function(item) for item in chunk]
