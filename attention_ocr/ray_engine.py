"""What `parallel` does on one machine, on a Ray cluster: a function over many items by Ray Data, results in order.

Ray calls the function again where a process or a machine died, so the results are the same as without.
"""

import contextlib
import functools
import itertools
import logging
import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from attention_ocr import extras
from attention_ocr.errors import UserError

CHUNK = 64
CHUNKS_AT_ONCE = 4096  # given to Ray Data together, so that memory does not grow with the number of items
ADDRESS = "RAY_ADDRESS"  # Ray's own variable


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
        UserError: Ray is missing or cannot be reached, or a process died again and again.
    """
    with connected():
        chunks = _chunks(items, chunk)
        while some := list(itertools.islice(chunks, CHUNKS_AT_ONCE)):
            for results in _mapped(begin, some, num_workers):
                yield from results


def _mapped(begin: Callable[[], Callable], chunks: list[list[Any]], num_workers: int) -> Iterator[list[Any]]:
    """The results of each chunk; a chunk is a block of Ray Data, and so a task."""
    import ray

    rows = ray.data.from_items([{"items": pickle.dumps(some)} for some in chunks], override_num_blocks=len(chunks))
    arguments = {"begin": ray.cloudpickle.dumps(begin), "folder": os.getcwd()}  # noqa: PTH109
    mapped = rows.map(_call, fn_kwargs=arguments, compute=ray.data.TaskPoolStrategy(num_workers or None))
    try:
        for row in mapped.iter_rows():
            results = pickle.loads(row["results"])
            if isinstance(results, UserError):
                raise results
            yield results
    except ray.exceptions.RayTaskError:  # a fault of the function itself
        raise
    except ray.exceptions.RayError as error:
        raise UserError(
            f"Ray: a process or a machine died again and again at the same pictures ({_first_line(error)}); if memory "
            "ran out lower --num_workers or shrink the pictures"
        ) from error


def _call(row: dict[str, Any], begin: bytes, folder: str) -> dict[str, Any]:
    """What Ray runs in its processes: the pickled results of a chunk, or the error that ends the job."""
    try:
        function = _begun(begin, folder)
        return {"results": pickle.dumps([function(item) for item in pickle.loads(row["items"])])}
    except UserError as error:  # raised here it would come in Ray's own, of sixty lines
        return {"results": pickle.dumps(error)}


@functools.lru_cache(maxsize=1)
def _begun(begin: bytes, folder: str) -> Callable[[Any], Any]:
    """The function; a process makes it once for all its chunks."""
    with contextlib.suppress(OSError):  # relative paths mean the job's folder, which another machine may not have
        os.chdir(folder)
    return pickle.loads(begin)()


@contextlib.contextmanager
def connected() -> Iterator[None]:
    """Ray is there: the cluster of RAY_ADDRESS, else one of this machine's cores that ends with the block.

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
        try:
            ray.init(log_to_driver=False, logging_level=logging.CRITICAL, include_dashboard=False)
        except (OSError, RuntimeError, ValueError) as error:
            where = os.environ.get(ADDRESS)
            told = f"{ADDRESS}={where}: Ray cannot be reached" if where else "--engine=ray: Ray cannot be started"
            raise UserError(f"{told} ({_first_line(error)})") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # the job has its own
    context.execution_options.preserve_order = True
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        if not was_there:
            ray.shutdown()


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    source = iter(items)
    while chunk := list(itertools.islice(source, size)):
        yield chunk


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
