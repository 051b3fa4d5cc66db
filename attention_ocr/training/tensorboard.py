"""What a run writes for TensorBoard, on any backend: scalars, pictures, texts, histograms."""

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import SummaryWriter

from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading import attention_pictures
from attention_ocr.reading.evaluation import MEASURES
from attention_ocr.reading.reader import Reader, Reading

SHOWN = 4


class Summaries:
    """A TensorBoard writer for one folder; `close` it.

    Args:
        folder: where the event file goes.
        step: what a former run wrote after this step is hidden.
    """

    def __init__(self, folder: Path, step: int = 0):
        self.writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Writes each value under its name."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()

    def run(self, config: dict[str, Any], step: int) -> None:
        """The command and the config as a text page."""
        command = shlex.join(sys.argv)
        page = f"    {command}\n\n```json\n{json.dumps(config, indent=1, ensure_ascii=False)}\n```"
        self.writer.add_text("run", page, step)

    def input_pictures(self, sample: dict[str, np.ndarray], step: int) -> None:
        """Training pictures before and after augmentation, one below the other."""
        for name, key in (("input/1_before_augmentation", "originals"), ("input/2_augmented", "images")):
            if key in sample:
                self.writer.add_image(name, np.concatenate(sample[key][:SHOWN], axis=0), step, dataformats="HWC")

    def readings(
        self, pixels: Sequence[np.ndarray], truths: list[str], readings: list[Reading], reader: Reader, step: int
    ) -> None:
        """Truth beside reading as text, and a strip of attention for each of the prepared pictures."""
        rows = [
            f"| {_cell(truth)} | {_cell(reading.text)} | {reading.confidence:.3f} |"
            for truth, reading in zip(truths, readings, strict=True)
        ]
        self.writer.add_text("readings", "\n".join(["| truth | read | confidence |", "|---|---|---|", *rows]), step)
        for number, (picture, reading) in enumerate(zip(pixels[:SHOWN], readings, strict=False)):
            if reading.attention is not None:
                strip = attention_pictures.attention_strip(
                    reader.cropped(picture),
                    reading.attention,
                    reader.dataset.num_views,
                    reading.feature_grid,
                    cells=reader.geometry.cells,
                )
                self.writer.add_image(f"attention/{number}", strip, step, dataformats="HWC")

    def histograms(self, model: AttentionOcr, step: int) -> None:
        """The distribution of each trained weight."""
        for variable in model.trainable_variables:
            self.writer.add_histogram(f"weights/{variable.path}", np.asarray(variable), step)

    def close(self) -> None:
        """Writes what is left."""
        self.writer.close()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "(nothing)"


def write_scores(folder: Path, found: dict[str, Any]) -> None:
    """Adds the measures of `record_evaluation.evaluate_file` to the folder's event files."""
    summaries = Summaries(folder)
    summaries.scalars({f"eval/{name}": found[name] for name in MEASURES}, found["step"])
    summaries.close()
