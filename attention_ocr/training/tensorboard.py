"""What a run writes for TensorBoard, on any backend: scalars, pictures, texts, histograms."""

import contextlib
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import summary
from tensorboardX.proto.event_pb2 import Event, SessionLog

from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading import attention_pictures
from attention_ocr.reading.evaluation import MEASURES
from attention_ocr.reading.reader import Reader, Reading
from attention_ocr.records.framing import framed
from attention_ocr.training.trackers import Tracker

SHOWN = 4
BINS = 50  # of a histogram


class EventFile:
    """A TensorBoard event file, written by the thread that calls it: whoever writes is told that the disk is full.

    Args:
        folder: where it goes, under a name of its own.
    """

    def __init__(self, folder: Path):
        self.path = folder / f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
        with self._told():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb", buffering=0)
        self._size = 0
        self.write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def write(self, event: Event) -> None:
        """Writes an event, or none of it.

        Raises:
            UserError: it cannot be written.
        """
        left = memoryview(framed(event.SerializeToString()))
        size = self._size + len(left)
        with self._told():
            while left:
                left = left[self._file.write(left) :]
        self._size = size

    def close(self) -> None:
        """Ends it."""
        self._file.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError, AttributeError):
                self._file.truncate(self._size)
            raise UserError(f"{self.path}: cannot be written ({error.strerror or error})") from error


class Summaries:
    """A TensorBoard writer for one folder; `close` it.

    Args:
        folder: where the event file goes.
        step: what a former run wrote after this step is hidden.
        tracker: is told the scalars, too; None: nobody is.

    Raises:
        UserError: the folder or the file cannot be written; so do all methods.
    """

    def __init__(self, folder: Path, step: int = 0, tracker: Tracker | None = None):
        self._tracker = tracker
        self._file = EventFile(folder)
        if step:
            self._file.write(Event(step=step + 1, session_log=SessionLog(status=SessionLog.START)))

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Writes each value under its name."""
        for name, value in values.items():
            self._write(summary.scalar(name, value), step)
        if self._tracker:
            self._tracker.scalars(values, step)

    def run(self, config: dict[str, Any], step: int) -> None:
        """The command and the config as a text page."""
        command = shlex.join(sys.argv)
        page = f"    {command}\n\n```json\n{json.dumps(config, indent=1, ensure_ascii=False)}\n```"
        self._write(summary.text("run", page), step)

    def input_pictures(self, sample: dict[str, np.ndarray], step: int) -> None:
        """Training pictures before and after augmentation, one below the other."""
        for name, key in (("input/1_before_augmentation", "originals"), ("input/2_augmented", "images")):
            if key in sample:
                self.picture(name, np.concatenate(sample[key][:SHOWN], axis=0), step)

    def readings(
        self, pixels: Sequence[np.ndarray], truths: list[str], readings: list[Reading], reader: Reader, step: int
    ) -> None:
        """Truth beside reading as text, and a strip of attention for each of the prepared pictures."""
        rows = [
            f"| {_cell(truth)} | {_cell(reading.text)} | {reading.confidence:.3f} |"
            for truth, reading in zip(truths, readings, strict=True)
        ]
        table = "\n".join(["| truth | read | confidence |", "|---|---|---|", *rows])
        self._write(summary.text("readings", table), step)
        for number, (picture, reading) in enumerate(zip(pixels[:SHOWN], readings, strict=False)):
            if reading.attention is not None:
                strip = attention_pictures.attention_strip(
                    reader.cropped(picture),
                    reading.attention,
                    reader.dataset.num_views,
                    reading.feature_grid,
                    cells=reader.geometry.spacing,
                )
                self.picture(f"attention/{number}", strip, step)

    def histograms(self, model: AttentionOcr, step: int) -> None:
        """The distribution of each trained weight."""
        for variable in model.trainable_variables:
            values = np.asarray(variable, np.float64)  # the sum of squares is written too
            self._write(summary.histogram(f"weights/{variable.path}", values, BINS), step)

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def picture(self, name: str, pixels: np.ndarray, step: int) -> None:
        """Writes uint8 pixels [H, W, 3] under a name."""
        self._write(summary.image(name, pixels, dataformats="HWC"), step)

    def _write(self, found: Any, step: int) -> None:
        self._file.write(Event(wall_time=time.time(), step=step, summary=found))


class NoSummaries:
    """In place of Summaries in a process that writes nothing."""

    def run(self, config: dict[str, Any], step: int) -> None:
        """Writes nothing."""

    def input_pictures(self, sample: dict[str, np.ndarray], step: int) -> None:
        """Writes nothing."""

    def close(self) -> None:
        """Nothing is open."""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "(nothing)"


def write_scores(folder: Path, found: dict[str, Any]) -> None:
    """Adds the measures of `record_evaluation.evaluate_file` to the folder's event files."""
    summaries = Summaries(folder)
    summaries.scalars({f"eval/{name}": found[name] for name in MEASURES}, found["step"])
    summaries.close()
