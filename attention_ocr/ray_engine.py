"""What `parallel` does on one machine, on a Ray cluster: a function over many items by Ray Data, results in order.

Ray calls the function again where a process or a machine died, so the results are the same as without.
"""

import contextlib
import functools
import itertools
import logging
import os
import pickle
import re
import secrets
import socket
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from attention_ocr import extras, parallel
from attention_ocr.errors import UserError

CHUNK = 256
CHUNKS_AT_ONCE = 1024  # given to Ray Data together, so that memory does not grow with the number of items
MOST_ATTEMPTS = 4  # at a chunk whose process dies each time; Ray Data itself would try for ever
ADDRESS = "RAY_ADDRESS"  # Ray's own variable
HOST_AND_PORT = re.compile(r"(?:ray://)?(?P<host>[^:/]+):(?P<port>\d+)")
CONNECT_SECONDS = 10


def map_in_order(
    begin: Callable[[], Callable[[Any], Any]], items: Iterable[Any], num_workers: int, chunk: int = CHUNK
) -> Generator[Any, None, None]:
    """The results of a function in order.

    Args:
        begin: makes the function, once in each of Ray's processes; it, items and results must be picklable.
        items: taken as they are needed, a few hundred thousand ahead.
        num_workers: chunks under way at a time; 0: one for each core of the cluster.
        chunk: items that a process is given at once.

    Raises:
        UserError: Ray is missing or cannot be reached, or processes died again and again at the same items.
    """
    with connected() as ray, _attempts_counted() as attempts:
        arguments = {"begin": ray.cloudpickle.dumps(begin), "folder": os.getcwd(), "attempts": attempts}  # noqa: PTH109
        chunks = enumerate(parallel.in_chunks(items, chunk))
        while some := list(itertools.islice(chunks, CHUNKS_AT_ONCE)):
            rows = [{"place": number * chunk, "items": pickle.dumps(given)} for number, given in some]
            blocks = ray.data.from_items(rows, override_num_blocks=len(rows))  # a block is a task
            pool = ray.data.TaskPoolStrategy(num_workers or None)
            for row in blocks.map(_call, fn_kwargs=arguments, compute=pool).iter_rows():
                results = pickle.loads(row["results"])
                if isinstance(results, UserError):
                    raise results
                yield from results


def _call(row: dict[str, Any], begin: bytes, folder: str, attempts: str) -> dict[str, Any]:
    """What Ray runs in its processes: the pickled results of a chunk, or the error that ends the job."""
    items = pickle.loads(row["items"])
    try:
        if _attempt(f"{attempts}{row['place']}") > MOST_ATTEMPTS:
            first = row["place"] + 1
            raise UserError(
                f"Ray: {MOST_ATTEMPTS} processes died at items {first} to {row['place'] + len(items)}; if memory ran "
                "out lower --num_workers or shrink the pictures, else look for a damaged one among them"
            )
        function = _begun(begin, folder)
        return {"results": pickle.dumps([function(item) for item in items])}
    except UserError as error:  # raised here it would come in Ray's own, of sixty lines
        return {"results": pickle.dumps(error)}


@contextlib.contextmanager
def _attempts_counted() -> Iterator[str]:
    """The beginning of the keys under which the cluster notes attempts at chunks; they go with the block."""
    from ray.experimental import internal_kv

    beginning = f"attention_ocr {secrets.token_hex(8)} "
    try:
        yield beginning
    finally:
        internal_kv._internal_kv_del(beginning, del_by_prefix=True)


def _attempt(key: str) -> int:
    """The number of this attempt at a chunk: what a process that died noted is still there."""
    from ray.experimental import internal_kv

    number = int(internal_kv._internal_kv_get(key) or 0) + 1
    internal_kv._internal_kv_put(key, str(number))
    return number


@functools.lru_cache(maxsize=1)
def _begun(begin: bytes, folder: str) -> Callable[[Any], Any]:
    """The function; a process makes it once for all its chunks."""
    with contextlib.suppress(OSError):  # relative paths mean the job's folder, which another machine may not have
        os.chdir(folder)
    return pickle.loads(begin)()


@contextlib.contextmanager
def connected() -> Iterator[Any]:
    """Ray is there: the cluster of RAY_ADDRESS, else one of this machine's cores that ends with the block.

    Yields:
        The module ray.

    Raises:
        UserError: Ray is missing or cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise extras.missing(error, "--engine=ray") or error from None
    was_there = ray.is_initialized()
    if not was_there:
        where = os.environ.get(ADDRESS)
        try:
            if where and (given := HOST_AND_PORT.fullmatch(where)):  # Ray itself would try for many minutes
                socket.create_connection((given["host"], int(given["port"])), CONNECT_SECONDS).close()
            ray.init(log_to_driver=False, logging_level=logging.CRITICAL, include_dashboard=False)
        except (OSError, RuntimeError, ValueError) as error:
            told = f"{ADDRESS}={where}: Ray cannot be reached" if where else "--engine=ray: Ray cannot be started"
            raise UserError(f"{told} ({getattr(error, 'strerror', None) or _first_line(error)})") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # the job has its own
    context.execution_options.preserve_order = True
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    # Until Ray has ended it prints what died, where a job may print its results.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            yield ray
        finally:
            if not was_there:
                ray.shutdown()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
