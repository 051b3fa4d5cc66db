"""The callback that tells how a training goes: a line, TensorBoard scalars and readings at each summary."""

import datetime
import logging
import time

import keras
import numpy as np

from attention_ocr.model.metrics import exact_match
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.training import devices, finiteness, optimizers
from attention_ocr.training.processes import ALONE, is_first

log = logging.getLogger(__name__)


class Callbacks(keras.callbacks.CallbackList):
    """Hands a step's values over as they are.

    Keras makes numbers of them after each step, for which the next one has to wait until the device has done this one.
    """

    def on_train_batch_end(self, batch, logs=None):
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)


class ProgressCallback(keras.callbacks.Callback):
    """Counts steps, reports them, and stops at the last one or when the loss is no number.

    Args:
        config: all knobs.
        data: what is learned.
        summaries: where scalars go.
        step: done before.
        last_step: at which it stops; None: max_number_of_steps.
        processes: who trains together.

    Attributes:
        step: steps done, those of the run's earlier parts included.
        interrupted: whether a signal asked to stop.
    """

    def __init__(self, config, data, summaries, step, last_step=None, processes=ALONE):
        super().__init__()
        self.processes = processes
        self.last_step = last_step or config.train.max_number_of_steps
        self.config, self.data, self.summaries = config, data, summaries
        self.step = step
        self.interrupted = False
        self.messages = {}
        self.losses = []
        self.summary_step, self.summary_time, self.summary_waited = step, time.perf_counter(), data.waited()

    def on_train_begin(self, logs=None):
        self.summaries.input_pictures(self._shown(), self.step)
        self.messages = self.data.messages()
        self._tell()

    def _shown(self):
        """The sample as the training step sees it."""
        sample, augmentation = self.data.sample, self.model.augmentation
        if augmentation is None:
            return sample
        return {**sample, "images": augmentation.preview(sample["originals"], sample.get("sizes"))}

    def on_epoch_begin(self, epoch, logs=None):
        self.losses = []
        devices.spread_metrics(self.model)
        self._restart_clock()

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        self.interrupted = self.processes.told_to_stop(self.step) or self.interrupted
        last = self.step >= self.last_step
        if last or self.interrupted:
            self.model.stop_training = True
        first = self.step == 1
        if last or first or self.step % self.config.train.save_summaries_steps == 0:
            self._summarize({name: float(value) for name, value in logs.items()})
        if not last:
            self._tell()

    def _tell(self):
        if self.step in self.messages:
            log.info(self.messages[self.step])

    def on_epoch_end(self, epoch, logs=None):
        self._check_finite({name: float(value) for name, value in logs.items()})
        if not self.losses:
            self.losses.append(float(logs["loss_above_floor"]))

    def interval_loss(self):
        """The mean loss above the floor of the summaries since the last checkpoint."""
        return float(np.mean(self.losses))

    def _summarize(self, logs):
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()  # the weights live outside the model while fit runs
        self._check_finite(logs)
        self.losses.append(logs["loss_above_floor"])
        seconds = time.perf_counter() - self.summary_time
        speed = (self.step - self.summary_step) * self.config.data.batch_size / seconds
        waiting = min((self.data.waited() - self.summary_waited) / seconds, 1.0)
        scalars = self._scalars(logs, speed, waiting)
        if is_first(self.processes):
            self.summaries.scalars(scalars, self.step)
            with devices.on_one_device(self.model):
                reading, truth = self._write_readings()
            left = (self.config.train.max_number_of_steps - self.step) * self.config.data.batch_size / speed
            log.info(self._line(logs, speed, waiting, left, reading, truth))
        self.processes.agree()  # the others wait here, not in the middle of a step
        self._restart_clock()

    def _check_finite(self, logs):
        loss = logs["sequence_loss"] + logs["regularization"] + logs.get("attention_loss", 0.0)
        gradient = float(optimizers.inner(self.model.optimizer).gradient_norm)
        finiteness.check_numbers(self.step, {"the loss": loss, "the norm of the gradients": gradient})

    def _scalars(self, logs, speed, waiting):
        optimizer = optimizers.inner(self.model.optimizer)
        weight, looks = self.config.model.attention_loss_weight, logs.get("attention_loss", 0.0)
        return {
            **({"loss/attention": looks} if weight else {}),
            "loss/total": logs["sequence_loss"] + logs["regularization"] + weight * looks,
            "loss/sequence": logs["sequence_loss"],
            "loss/above_floor": logs["loss_above_floor"],
            "loss/perplexity": logs["perplexity"],
            "loss/regularization": logs["regularization"],
            "accuracy/SequenceAccuracy": logs["SequenceAccuracy"],
            "accuracy/CharacterAccuracy": logs["CharacterAccuracy"],
            "optimizer/learning_rate": float(optimizer.learning_rate),
            "optimizer/gradient_norm": float(optimizer.gradient_norm),
            "speed/examples_per_second": speed,
            "speed/share_waiting_for_data": waiting,
        }

    def _write_readings(self):
        """Reads some training pictures as a user would, without teaching; returns one reading and its truth."""
        reader = Reader(KerasBackend(self.model))
        pixels, labels, sizes = (self.data.sample.get(name) for name in ("originals", "labels", "sizes"))
        truths = [reader.dataset.charset.decode(label) for label in labels]
        with optimizers.averaged(self.model):
            readings = reader.read_batch(pixels, sizes=sizes)
        texts = [reading.text for reading in readings]
        seen = pixels if sizes is None else [picture[:h, :w] for picture, (h, w) in zip(pixels, sizes, strict=True)]
        self.summaries.readings(seen, truths, readings, reader, self.step)
        self.summaries.scalars({"accuracy/ExactMatch_of_sample": exact_match(truths, texts)}, self.step)
        self._warn_if_all_equal(texts, truths)
        shown = self.step // self.config.train.save_summaries_steps % len(texts)
        return texts[shown], truths[shown]

    def _warn_if_all_equal(self, texts, truths):
        if self.step >= 2000 and len(set(texts)) == 1 and len(set(truths)) > 2:
            log.warning(
                "step %d: all %d sample pictures read %r; if this stays, lower --learning_rate, check the labels, or "
                "start from --checkpoint",
                *(self.step, len(texts), texts[0]),
            )

    def _line(self, logs, speed, waiting, left, reading, truth):
        end = self.config.train.max_number_of_steps
        endless = end == type(self.config.train)().max_number_of_steps
        total = "" if endless else f"/{end}"
        compiling = self.step - self.summary_step == 1  # the first step's time says nothing of the others
        eta = "" if endless or compiling else f"  ETA {datetime.timedelta(seconds=round(left))}"
        return (
            f"step {self.step}{total}  loss above floor {logs['loss_above_floor']:.3f}  "
            f"sequence {logs['SequenceAccuracy']:.3f}  character {logs['CharacterAccuracy']:.3f}  "
            f"{speed:.1f} examples/s (waiting {waiting:.0%}){eta}  {reading!r} => {truth!r}"
        )

    def _restart_clock(self):
        self.summary_step, self.summary_time, self.summary_waited = self.step, time.perf_counter(), self.data.waited()
