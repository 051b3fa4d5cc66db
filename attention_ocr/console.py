"""What a terminal shows: messages, results, tables, and progress bars on standard error beside them."""

import codecs
import contextlib
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

# rich is imported where it is used: it takes a tenth of a second, for which reading a picture need not wait.


def print_any_character() -> None:
    """From now on a character that the console or the file behind it cannot hold is printed as its code, `\\u05d0`.

    Otherwise the first such character ends the job: on Windows, and wherever the locale is not UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whoever calls a job from Python may have put another in its place
            stream.reconfigure(errors="backslashreplace")


def json_of(value: Any, indent: int | None = None) -> str:
    """`value` as JSON to be printed: characters beyond ASCII as they are where standard output is UTF-8, else escaped.

    A `\\xe9`, as `print_any_character` has it, would not be JSON.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return json.dumps(value, ensure_ascii=codecs.lookup(encoding).name != "utf-8", indent=indent)


class Lines(logging.Handler):
    """Shows messages bare on standard output, and warnings on standard error.

    Attributes:
        beside_results: whether standard output is for results alone, and messages go to standard error, too.
    """

    beside_results = False

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if record.levelno >= logging.WARNING:
            print(f"{record.levelname.lower()}: {line}", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr if self.beside_results else sys.stdout, flush=True)


def show_messages(beside_results: bool = False) -> None:
    """From now on what this package logs is shown; a library that uses it decides for itself.

    Args:
        beside_results: as the attribute of `Lines`.
    """
    log = logging.getLogger("attention_ocr")
    if not any(isinstance(handler, Lines) for handler in log.handlers):
        log.addHandler(Lines())
        log.setLevel(logging.INFO)
    for handler in log.handlers:
        if isinstance(handler, Lines):
            handler.beside_results = beside_results


def as_text(table: Any) -> str:
    """A table of `rich` as lines of text, as wide as the terminal."""
    from rich.console import Console

    console = Console()
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")


@contextlib.contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with counts and, where `total` is known, ETA.

    Yields:
        A function to call with the number of items done since the last call.
    """
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total)
        yield lambda done: progress.advance(task, done)
