"""train: `keras.Model.fit` over endless batches; an epoch is the interval between two checkpoints."""

import contextlib
import functools
import logging
import math
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from attention_ocr.config import Config
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import heads
from attention_ocr.model.distortion.again import SeenAgain
from attention_ocr.model.distortion.strong import StrongAugmentation
from attention_ocr.model.network import AttentionOcr
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.training import (
    devices,
    early_stopping,
    finiteness,
    freezing,
    learning_rates,
    memory,
    optimizers,
    run_directory,
    trackers,
    transfer,
)
from attention_ocr.training.data import Source, TrainingData
from attention_ocr.training.fine_tuning import FineTuning
from attention_ocr.training.painter import Painter
from attention_ocr.training.processes import ALONE, Processes, is_first, stop_all
from attention_ocr.training.progress import Callbacks, ProgressCallback
from attention_ocr.training.run_directory import Checkpoint, RunDirectory
from attention_ocr.training.tensorboard import NoSummaries, Summaries

log = logging.getLogger(__name__)
PRECISIONS = {"none": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def train(
    config: Config,
    source: Source,
    run: RunDirectory,
    start: FineTuning | None = None,
    tower: str = "",
    reset: bool = False,
    processes: Processes = ALONE,
) -> int:
    """Trains until `max_number_of_steps` or Ctrl-C, from the run's newest checkpoint if it has one.

    Whoever calls it holds the lock of the run's directory.

    Args:
        config: all knobs.
        source: what to learn from.
        run: where checkpoints, config and summaries go.
        start: what a new run begins with.
        tower: a TF1 checkpoint of Inception-v3 with which the tower of a new run begins that has no `start`.
        reset: begin anew: what an earlier run wrote is removed as soon as the model is built.
        processes: who trains together. Each does the same; the first one alone writes, reads and tells.

    Returns:
        The step reached.

    Raises:
        UserError: the run is of another network, the directory to reset is none of a run, a loss or weight is no number
            any more, too many examples are bad, or something cannot be written.
    """
    first = is_first(processes)
    trackers.library_of(config.train.experiment_tracker)
    if first:
        run.check_resettable() if reset else run.check_resumable(config, source.spec)
    over = devices.distribution(config.data.batch_size)
    newest = run.at(processes.agree(-1 if reset else _newest_step(run)))
    log.info("%s: building %s, which takes longer the larger T is", run.path, _named(config, source.spec))
    rates = _rates(config, processes)
    config = config.replace(find_learning_rate=False)  # the run that comes next is another
    model = compiled_model(config, source.spec, newest.step if newest else 0, rates)
    _check_examples(config, source, model)
    if reset and first:
        run.reset()
    if model.order:
        log.info("%s: texts that run from right to left are learned in the order of the picture", run.path)
    if newest and newest.step >= config.train.max_number_of_steps:
        log.info("%s: step %d is reached already; raise --max_number_of_steps to go on", run.path, newest.step)
        if start and first:
            start.finish(source.open(run.path, processes.share), run)
        return newest.step
    if newest and processes.agree(early_stopping.is_over(run, newest.step, config.train)):
        why = early_stopping.told(run, newest.step, config.train).removeprefix("; ")
        log.info("%s: step %d, %s; raise --early_stop_patience to go on", run.path, newest.step, why)
        return newest.step
    changed = run.changes(config) if newest else []
    _load(model, newest, start, tower)
    summary = run.write_config(config, source.spec) if first else {}
    data = _opened(source, run, processes)
    origin = _origin(newest, start.checkpoint if start else tower, changed)
    log.info("%s: %s, %s", run.path, _described(model, config), origin)
    _tell_memory(model, config, over.num_model_replicas if over else 1)
    if rates:
        learning_rates.find(model, data, rates, run.path, newest.step if newest else 0)
        return newest.step if newest else 0
    if start and first and not newest:
        start.measure_before(model, data, run)
    with trackers.tracking(config.train.experiment_tracker if first else "", summary, run.path) as tracker:
        while True:
            step = _train_from(newest, model, config, data, run, summary, tracker, processes, over)
            if step is not None:
                break
            newest = run.at(processes.agree(_newest_step(run)))
            model = compiled_model(config, source.spec, newest.step if newest else 0)
            _load(model, newest, start, tower)
    is_at_end = step >= config.train.max_number_of_steps or early_stopping.is_over(run, step, config.train)
    if start and first and is_at_end:
        start.finish(data, run)
    return step


def _rates(config: Config, processes: Processes) -> learning_rates.Rising | None:
    """The rates that --find_learning_rate tries; None: none."""
    if not config.train.find_learning_rate:
        return None
    if processes.share.count > 1:
        raise UserError("--find_learning_rate: tries them in one process; add --num_processes=1")
    return learning_rates.Rising(config.train.optimizer)


def _newest_step(run: RunDirectory) -> int:
    """The step of the newest checkpoint; -1: there is none."""
    newest = run.newest()
    return newest.step if newest else -1


def _opened(source: Source, run: RunDirectory, processes: Processes) -> TrainingData:
    """The examples, which the first process opens before the others, since it may write some to the run's directory."""
    if not is_first(processes):
        processes.agree()
    data = source.open(run.path, processes.share)
    if is_first(processes):
        processes.agree()
    return data


def _load(model: AttentionOcr, newest: Checkpoint | None, start: FineTuning | None, tower: str) -> None:
    """Gives the model the weights it goes on or begins with."""
    if newest:
        run_directory.restore(model, newest)
    elif start:
        start.load_into(model)
    elif tower:
        transfer.start_tower_from(model, tower)


def _check_examples(config: Config, source: Source, model: AttentionOcr) -> None:
    """Raises a UserError if what is to be learned is not what the examples tell."""
    is_drawn = bool(config.data.render)
    heads.check_labels(config.model, source.spec, model.feature_grid, source.labels, _columns_of(model), is_drawn)
    weight = config.model.attention_loss_weight
    if weight and not (config.data.render == "signs" and model.geometry.cells):
        raise UserError(
            f"--attention_loss_weight={weight}: needs --render=signs, which knows where it draws each character, and "
            "attention over --encoder=inception_v3"
        )


def _train_from(newest, model, config, data, run, summary, tracker, processes, over) -> int | None:
    """Trains on from a checkpoint as far as the examples are good and the same variables are learned.

    Returns:
        The step reached; None: train on, after bad examples, which are left out by now, or with a thawed encoder.
    """
    step = newest.step if newest else 0
    summaries = Summaries(run.path / "train", step, tracker) if is_first(processes) else NoSummaries()
    summaries.run(summary, step)
    last_step = freezing.phase_end(config.train, step)
    progress = ProgressCallback(config, data, summaries, step, last_step, processes)
    saving = SaveCallback(config, data, run, summaries, progress)
    interval = config.train.save_interval_steps
    for layer in (model.painter, model.augmentation):
        if layer:
            layer.begin(step)
    try:
        kept = devices.compiled_in(run.path / run_directory.COMPILED_FOLDER)
        with stopping_on_interrupt(progress), kept, devices.spread(model, over):
            model.fit(
                data.batches(step),
                steps_per_epoch=interval,
                epochs=math.ceil((last_step - step) / interval),
                callbacks=Callbacks([progress, saving], add_history=True, model=model),
                shuffle=False,  # the batches come shuffled
                verbose=0,
            )
    except Exception as error:
        if not data.recover(error, progress.step):
            raise
        if processes.share.count > 1:
            raise UserError("bad records are left out from now on; the same commands go on") from error
        if progress.step > step and keras.backend.backend() == "tensorflow":  # jax's weights went with the failed step
            finiteness.check_weights(model, progress.step)
            iterations = model.optimizer.iterations  # the graph counted the failed step
            iterations.assign(min(int(iterations), progress.step))
            with optimizers.averaged(model):
                run.save(model, progress.step, config.train.checkpoints_to_keep)
        return None
    finally:
        data.close()
        summaries.close()
    ends = progress.interrupted or saving.is_over
    if progress.step == last_step < config.train.max_number_of_steps and not ends:
        log.info("step %d  from here on the encoder learns, too", last_step)
        return None
    return progress.step


def _columns_of(model: AttentionOcr) -> Callable[[int], int] | None:
    """A picture's columns of features by its width in pixels, where pictures are read as wide as they are."""
    if not model.geometry.canvas or model.dataset.resize == "pad":
        return None
    height = model.dataset.image_height
    return functools.cache(lambda width: int(model.encoder.feature_sizes(np.array([[height, width]], "int32"))[0, 1]))


def compiled_model(config: Config, dataset: DatasetSpec, step: int = 0, rates: Any = None) -> AttentionOcr:
    """A new network and its optimiser, ready for `fit`.

    Args:
        config: all knobs.
        dataset: what it is to read.
        step: at which training begins, which decides what is frozen.
        rates: learning rates to try instead of the config's.

    Raises:
        UserError: --rematerialize with another backend than jax.
    """
    with quiet_imports():  # of TensorFlow, which Keras seeds, too, where it is installed
        keras.utils.set_random_seed(config.train.seed)
    with precision(config.train.mixed_precision):
        painter = Painter(config.train.seed) if config.data.render_masks else None
        model = AttentionOcr(config.model, dataset, _augmentation(config, dataset), painter)
    jit = config.train.jit_compile or keras.backend.backend() == "jax"  # XLA is slower for TensorFlow on a CPU
    if config.train.rematerialize:
        if keras.backend.backend() != "jax":
            raise UserError(f"--rematerialize: needs KERAS_BACKEND=jax, not {keras.backend.backend()}")
        model.decoder.rematerialize = True
    frozen = freezing.frozen_variables(model, config.train, step)
    model.compile(optimizers.build(config.train, frozen, rates), jit_compile=jit)
    model.optimizer.build(model.trainable_variables)  # else TensorFlow traces the step twice, once to make these
    return model


def _augmentation(config: Config, dataset: DatasetSpec) -> StrongAugmentation | SeenAgain | None:
    if config.distorts_strongly:
        return StrongAugmentation(config.strong, dataset.num_views, config.train.seed)
    if config.data.use_augment_input and config.data.render_reuse > 1:
        return SeenAgain(dataset.num_views, config.train.seed)
    return None


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Layers made within it compute in half precision (`bfloat16`, `float16`) or not (`none`)."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(PRECISIONS[name])
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)


class SaveCallback(keras.callbacks.Callback):
    """Saves a checkpoint at each epoch's end and finds the best one."""

    def __init__(self, config, data, run, summaries, progress):
        super().__init__()
        self.config, self.data, self.run = config.train, data, run
        self.summaries, self.progress = summaries, progress
        self.is_over = False

    def on_epoch_end(self, epoch, logs=None):
        processes = self.progress.processes
        finiteness.check_weights(self.model, self.progress.step)
        with optimizers.averaged(self.model):
            is_over = False
            if is_first(processes):
                with devices.on_one_device(self.model):
                    is_over = self._save()
            self.is_over = processes.agree(is_over)  # the others wait until it is saved
        if self.is_over:
            self.model.stop_training = True

    def _save(self):
        """Whether the run has stopped getting better."""
        step = self.progress.step
        checkpoint = self.run.save(self.model, step, self.config.checkpoints_to_keep)
        score, what = [-self.progress.interval_loss()], "training loss above the floor, negative"
        if self.data.has_validation:
            evaluation = self.data.validate(Reader(KerasBackend(self.model)))
            self.summaries.scalars({f"validation/{k}": v for k, v in evaluation.scores().items()}, step)
            score = [evaluation.ExactMatch, evaluation.NormalizedEditDistance]
            what = "ExactMatch and NormalizedEditDistance of the validation split"
            log.info(
                "step %d  validation: ExactMatch %.4f, 1 - N.E.D. %.4f of %d", step, *score, evaluation.num_examples
            )
        best = self.run.keep_if_best(checkpoint, score, what)
        self.summaries.histograms(self.model, step)
        waiting = early_stopping.told(self.run, step, self.config)
        log.info("step %d  saved %s%s%s", step, checkpoint.path, ", the best so far" if best else "", waiting)
        return early_stopping.is_over(self.run, step, self.config)


class stopping_on_interrupt:  # noqa: N801 - reads as a statement
    """Within it the first Ctrl-C (or SIGTERM) lets the step end and saves; a second one stops at once.

    Several processes must end after the same step: SIGTERM is jax's own then, which agrees on it.
    """

    def __init__(self, progress: ProgressCallback):
        self.progress = progress
        self.is_alone = progress.processes.share.count == 1
        self.before: dict[int, Any] = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM) if self.is_alone else (signal.SIGINT,):
                self.before[number] = signal.signal(number, self._stop)

    def _stop(self, number, frame):
        if self.is_alone:
            self.progress.interrupted = True
        else:
            stop_all()
        log.info("\nstopping after this step, saving; Ctrl-C again stops at once without saving")
        signal.signal(number, signal.default_int_handler)

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.progress.interrupted:
            log.info("stopped at step %d; the same command goes on from there", self.progress.step)


def _named(config: Config, dataset: DatasetSpec) -> str:
    """The network's kind and how many steps it reads in."""
    model, length = config.model, dataset.max_sequence_length
    return f"--encoder={model.encoder} --head={model.head} for texts of T={length} characters"


def _origin(newest: Checkpoint | None, start: str, changed: list[str]) -> str:
    """What training begins with."""
    if not newest:
        return "a new run"
    found = f"resumed at step {newest.step}"
    if start:
        found += f", not begun anew from {start}"
    return found + (f"; from here on {', '.join(changed)}" if changed else "")


def _described(model: AttentionOcr, config: Config) -> str:
    K, T = len(model.dataset.charset), model.dataset.max_sequence_length
    return (
        f"{model.count_params():,} parameters, {model.dataset.num_views} views, K={K}, T={T}, "
        f"{config.train.optimizer} {config.train.learning_rate}, backend {keras.backend.backend()}"
    )


def _tell_memory(model: AttentionOcr, config: Config, num_devices: int) -> None:
    pictures = config.data.batch_size // num_devices
    needed = memory.training_bytes(model, config.train, pictures) / 1e9
    log.info(
        "memory: about %.1f GB for a step of %d pictures, beside about 1 GB for %s itself (an estimate)",
        *(needed, pictures, keras.backend.backend()),
    )
