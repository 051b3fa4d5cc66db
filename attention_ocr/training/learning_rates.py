"""--find_learning_rate: some steps with a rising rate show at which a run learns (Smith 2017, arXiv 1506.01186)."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import optimizers
from attention_ocr.training.curve_picture import curve_picture
from attention_ocr.training.data import TrainingData
from attention_ocr.training.tensorboard import Summaries

log = logging.getLogger(__name__)

STEPS = 100
RANGES = {"adadelta": (1e-3, 1e3)}  # its steps have a size of their own
RANGE = (1e-6, 10.0)  # of other optimisers
SMOOTHING = 5.0  # steps, the standard deviation of the weights by which neighbours are averaged
LOST = 4.0  # times the least loss: where the sweep ends, since higher rates only destroy
REACH = 100.0  # times lower than the rate of the least loss: what falls before is chance
LEAST_FALL = 0.03  # of the loss; less is taken for chance
FOLDER = "learning_rate"


class Rising(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises exponentially.

    Args:
        optimizer: its name, as `--optimizer` has it.

    Attributes:
        begun_at: the optimiser's count of steps when it begins.
    """

    def __init__(self, optimizer: str):
        self.first, self.last = RANGES.get(optimizer, RANGE)
        self.begun_at = 0

    def __call__(self, step):
        share = (ops.cast(step, "float32") - self.begun_at) / (STEPS - 1)
        return self.first * ops.exp(share * math.log(self.last / self.first))

    def at(self, number: int) -> float:
        """The rate of a step of the sweep, the first being 0."""
        return self.first * (self.last / self.first) ** (number / (STEPS - 1))


class _Noting(keras.callbacks.Callback):
    """Notes the loss of each step in nats a character, since batches differ in length; ends where it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch, logs=None):
        perplexity = float(logs["perplexity"])
        if not math.isfinite(perplexity):
            self.model.stop_training = True
            return
        self.losses.append(math.log(perplexity))
        if smoothed(self.losses)[-1] > LOST * min(smoothed(self.losses)):
            self.model.stop_training = True


@dataclass(frozen=True)
class Suggestion:
    """What a sweep found.

    Attributes:
        rate: the learning rate to use.
        fastest: the rate at which the loss fell fastest.
        least: the rate at which it was least.
    """

    rate: float
    fastest: float
    least: float


def find(model: AttentionOcr, data: TrainingData, rates: Rising, run_path: Path, step: int) -> Suggestion:
    """Trains with rising rates, shows the losses in TensorBoard, and says which rate to use.

    Args:
        model: compiled with `rates`; afterwards it and its optimiser are as they were.
        data: what is learned.
        rates: the rates.
        run_path: the run's directory; the curve goes to its folder `learning_rate`.
        step: of the run, where it begins.

    Raises:
        UserError: the loss falls at no rate.
    """
    log.info("learning rate: %d steps from %.1e to %.1e", STEPS, rates.first, rates.last)
    variables = [*model.variables, *model.optimizer.variables]
    before = [np.asarray(variable).copy() for variable in variables]
    rates.begun_at = int(optimizers.inner(model.optimizer).iterations)
    noting = _Noting()
    if model.augmentation:
        model.augmentation.begin(step)
    is_mended = False
    try:
        model.fit(data.batches(step), steps_per_epoch=STEPS, callbacks=[noting], shuffle=False, verbose=0)
    except Exception as error:
        is_mended = data.recover(error, step + len(noting.losses))
        if not is_mended:
            raise
    finally:
        data.close()
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
    if is_mended:  # without the bad records
        return find(model, data, rates, run_path, step)
    tried = [rates.at(number) for number in range(len(noting.losses))]
    found = suggested(tried, noting.losses)
    _show(run_path / FOLDER, tried, noting.losses, found)
    if found is None:
        raise UserError(
            f"--find_learning_rate: the loss fell at no rate from {rates.first:g} to {rates.last:g}, see TensorBoard; "
            "raise --batch_size, or keep the preset's --learning_rate"
        )
    log.info(
        "learning rate: use --learning_rate=%.1g: there the loss fell fastest (%.1g), and it is at most a tenth of "
        "where the loss was least (%.1g); the curve is in TensorBoard, and nothing was saved",
        *(found.rate, found.fastest, found.least),
    )
    return found


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """Each loss averaged with its neighbours, those nearest most, so that the curve does not lag behind."""
    numbers = np.arange(len(losses))
    weights = np.exp(-0.5 * ((numbers[:, None] - numbers) / SMOOTHING) ** 2)
    return weights @ np.asarray(losses, float) / weights.sum(axis=1)


def suggested(rates: Sequence[float], losses: Sequence[float]) -> Suggestion | None:
    """The rate at which the smoothed loss falls fastest, a tenth to a hundredth of that at which it is least.

    Args:
        rates: rising exponentially.
        losses: at each.

    Returns:
        None: the loss falls too little to tell.
    """
    if len(losses) < 3:
        return None
    curve = smoothed(losses)
    least = int(np.argmin(curve))
    if curve[least] > (1 - LEAST_FALL) * curve[: least + 1].max() or not least:
        return None
    first = next(number for number, rate in enumerate(rates) if rate >= rates[least] / REACH)
    fastest = first + int(np.argmin(np.gradient(curve)[first : least + 1]))
    return Suggestion(min(rates[fastest], rates[least] / 10), rates[fastest], rates[least])


def _show(folder: Path, rates: Sequence[float], losses: Sequence[float], found: Suggestion | None) -> None:
    summaries = Summaries(folder)
    curve: list[float] = smoothed(losses).tolist()
    for number, (rate, loss, smooth) in enumerate(zip(rates, losses, curve, strict=True)):
        scalars = {"learning_rate/rate": rate, "learning_rate/loss": loss, "learning_rate/smoothed_loss": smooth}
        summaries.scalars(scalars, number)
    if losses:
        marked = found.rate if found else None
        summaries.picture("learning_rate/curve", curve_picture(rates, [losses, curve], marked), 0)
    summaries.close()
