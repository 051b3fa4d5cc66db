"""A start for a data set: what to begin with, the batch, the steps, and how long that takes on this machine."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from attention_ocr.canvas import batch_width
from attention_ocr.config import Config
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.presets import preset
from attention_ocr.ready import catalog
from attention_ocr.training import optimizers
from attention_ocr.validation.findings import Report
from attention_ocr.validation.statistics import SplitStatistics, median

READERS = {1: "words", 4: "signs"}  # views -> the ready-made reader of such pictures
KNOWN = 0.95  # share of the labels' characters that a reader must know to be begun with
MANY_CLASSES = 1000  # of which PP-OCR's recogniser knows most
EPOCHS = 60  # over the training pictures, of a run that begins from nothing
LEAST_STEPS, MOST_STEPS = 600, 30_000
FINE_TUNING_STEPS = 2000
FEW = 200  # training pictures
TIMED_STEPS = 4


@dataclass(frozen=True)
class Advice:
    """A start.

    Attributes:
        flags: of `train`, beside the folders.
        reasons: why these.
        steps, batch_size: how long.
        config: the knobs that the start comes to, of the network above all.
    """

    flags: list[str]
    reasons: list[str]
    steps: int
    batch_size: int
    config: Config

    def lines(self, dataset_dir: str, pictures_per_second: float) -> list[str]:
        """What a user reads.

        Args:
            dataset_dir: the folder of records.
            pictures_per_second: that training learns from here.
        """
        minutes = self.steps * self.batch_size / pictures_per_second / 60
        shown = f"{minutes:.0f} minutes" if minutes >= 1.5 else "a minute or two"
        command = ["attention-ocr train", f"--dataset_dir={dataset_dir}", "--train_log_dir=logs/mine", *self.flags]
        speed = (
            f"about {shown} here, at the {pictures_per_second:.1f} pictures/s just measured over {TIMED_STEPS} steps"
        )
        return ["A start:", f"  {' '.join(command)}", f"  {speed}", *(f"  {reason}" for reason in self.reasons)]


def advise(report: Report) -> Advice:
    """A start for a data set that was validated.

    Raises:
        UserError: it has no training split with labels.
    """
    train = report.splits.get("train")
    if report.spec is None or train is None or not sum(train.label_lengths.values()):
        raise UserError(f"--advise: {report.dataset_dir} has no train split with labels that can be read")
    spec, number = report.spec, train.num_records
    begin, config, reasons = _beginning(spec, train)
    batch_size = 16 if number < FEW else 32
    is_fine_tuning = begin.startswith("--checkpoint")
    steps = min(max(EPOCHS * number // batch_size, LEAST_STEPS), MOST_STEPS)
    steps = FINE_TUNING_STEPS if is_fine_tuning else math.ceil(steps / 100) * 100
    reasons.append(
        f"{steps:,} steps: {steps * batch_size / number:.0f} times each of {number:,} training pictures"
        + ("; few, so expect it to learn them by heart, and compare on the validation split" if number < FEW else "")
    )
    if spec.num_views == 1 and spec.resize == "stretch":
        reasons.append(
            "pictures are stretched to one size; records made with --resize=keep_height --image_height=32 keep their "
            "shapes, and narrow ones are learned faster"
        )
    if "validation" not in report.splits:
        reasons.append("no validation split: the best checkpoint cannot be told; draw one with --validation_fraction")
    flags = [begin, f"--batch_size={batch_size}", f"--max_number_of_steps={steps}"]
    return Advice(flags, reasons, steps, batch_size, config.replace(batch_size=batch_size))


def measured_speed(config: Config, spec: DatasetSpec, split: SplitStatistics) -> float:
    """Pictures a second that training learns from on this machine.

    Args:
        config: the network, the optimiser and the batch.
        spec: sizes and charset.
        split: tells how wide pictures are and how long texts.
    """
    model = AttentionOcr(config.model, spec)
    model.compile(optimizers.build(config.train))
    batch = _made_up_batch(model, config.data.batch_size, split)
    model.train_on_batch(batch)  # compiles
    started = time.perf_counter()
    for _ in range(TIMED_STEPS):
        model.train_on_batch(batch)
    return TIMED_STEPS * config.data.batch_size / (time.perf_counter() - started)


def _beginning(spec: DatasetSpec, train: SplitStatistics) -> tuple[str, Config, list[str]]:
    """The flag that says what a run begins with, the knobs that it means, and why."""
    name = READERS.get(spec.num_views)
    if name:
        reader = read_keras_file(catalog.model_file(name))
        known = set("".join(map("".join, reader.dataset.charset.classes)))
        total = sum(train.characters.values())
        share = sum(number for character, number in train.characters.items() if character in known) / total
        if share >= KNOWN:
            config = Config(model=reader.config, train=preset("base").train)
            reason = f"the ready-made reader {name!r} knows {share:.1%} of the labels' characters"
            return f"--checkpoint={name}", config, [reason]
    if spec.num_views > 1:
        return "--preset=signs", preset("signs"), [f"{spec.num_views} views, and characters that no reader knows"]
    if len(spec.charset) > MANY_CLASSES:
        reason = f"{len(spec.charset):,} classes: PP-OCR's recogniser knows most (pip install 'attention-ocr[ppocr]')"
        return "--checkpoint=ppocr", preset("ppocr"), [reason]
    return "--preset=base", preset("base"), ["one view, and characters that no ready-made reader knows well enough"]


def _made_up_batch(model: AttentionOcr, batch_size: int, split: SplitStatistics) -> dict[str, Any]:
    """Noise of the data set's usual size, with texts of its usual length."""
    spec, random = model.dataset, np.random.default_rng(0)
    height, width, _ = spec.image_shape
    canvas = model.geometry.canvas
    if canvas:
        height, width = canvas.height, batch_width(split.orig_width.get("median", width))
    classes = [n for n in range(len(spec.charset)) if n != spec.charset.null_id]
    length = min(median(split.label_lengths), spec.max_sequence_length)
    labels = np.full([batch_size, spec.max_sequence_length], spec.charset.null_id, np.int32)
    labels[:, :length] = random.choice(classes, [batch_size, length])
    batch = {"images": random.integers(0, 256, [batch_size, height, width, 3], np.uint8), "labels": labels}
    return {**batch, "sizes": np.tile(np.array([height, width], np.int32), [batch_size, 1])} if canvas else batch


SpeedOf = Callable[[Config, DatasetSpec, SplitStatistics], float]


def told(report: Report, speed_of: SpeedOf = measured_speed) -> list[str]:
    """The lines of the advice for a data set, its speed measured."""
    advice = advise(report)
    assert report.spec is not None
    return advice.lines(report.dataset_dir, speed_of(advice.config, report.spec, report.splits["train"]))
