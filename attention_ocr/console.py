"""What a terminal shows: messages, tables, and progress bars on standard error beside them."""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Lines(logging.Handler):
    """Shows messages bare on standard output, and warnings on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if record.levelno >= logging.WARNING:
            print(f"{record.levelname.lower()}: {line}", file=sys.stderr, flush=True)
        else:
            print(line, flush=True)


def show_messages() -> None:
    """From now on what this package logs is shown; a library that uses it decides for itself."""
    log = logging.getLogger("attention_ocr")
    if not any(isinstance(handler, Lines) for handler in log.handlers):
        log.addHandler(Lines())
        log.setLevel(logging.INFO)


def as_text(table: Any) -> str:
    """A table of `rich` as lines of text, as wide as the terminal."""
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
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total)
        yield lambda done: progress.advance(task, done)
