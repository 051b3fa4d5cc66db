"""train: `keras.Model.fit` over endless batches; an epoch is the interval between two checkpoints."""

import contextlib
import functools
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
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.training import memory, optimizers, run_directory, transfer
from attention_ocr.training.data import TrainingData
from attention_ocr.training.progress import ProgressCallback
from attention_ocr.training.run_directory import RunDirectory
from attention_ocr.training.tensorboard import Summaries

PRECISIONS = {"none": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def train(
    config: Config,
    dataset: DatasetSpec,
    data: TrainingData,
    run: RunDirectory,
    start: str = "",
    initialize: Callable[[AttentionOcr], Any] | None = None,
) -> int:
    """Trains until `max_number_of_steps` or Ctrl-C, from the run's newest checkpoint if it has one.

    Args:
        config: all knobs.
        dataset: the records' shape.
        data: what to learn from.
        run: where checkpoints, config and summaries go.
        start: a model file whose weights a new run begins with.
        initialize: called on the model of a new run that has no `start`.

    Returns:
        The step reached.

    Raises:
        UserError: the run is of another network, the loss is no number any more, or too many examples are bad.
    """
    run.check_resumable(config, dataset)
    while True:
        step = _train_from_newest(config, dataset, data, run, start, initialize)
        if step is not None:
            return step


def _train_from_newest(config, dataset, data, run, start, initialize) -> int | None:
    """What `train` does, as far as the examples are good; None after a bad one: it is left out from then on."""
    model = _compiled(config, dataset)
    heads.check_labels(config.model, dataset, model.feature_grid, data.labels, _columns_of(model))
    if config.model.attention_loss_weight and ("places" not in data.sample or not model.geometry.cells):
        raise UserError(
            f"--attention_loss_weight={config.model.attention_loss_weight}: needs --render=signs, which knows where it "
            "draws each character, and attention over --encoder=inception_v3"
        )
    newest = run.newest()
    if newest:
        run_directory.restore(model, newest)
    elif start:
        transfer.start_from(model, start)
    elif initialize:
        initialize(model)
    step, last_step = newest.step if newest else 0, config.train.max_number_of_steps
    print(
        f"{run.path}: {_described(model, config)}, " + (f"resumed at step {step}" if newest else "a new run"),
        flush=True,
    )
    needed = memory.training_bytes(model, config.train, config.data.batch_size) / 1e9
    print(
        f"memory: about {needed:.1f} GB for a step of {config.data.batch_size} pictures, beside about 1 GB for "
        f"{keras.backend.backend()} itself (an estimate)",
        flush=True,
    )
    if step >= last_step:
        print(f"{run.path}: step {step} is reached already; raise --max_number_of_steps to go on", flush=True)
        return step
    summaries = Summaries(run.path / "train", step)
    summaries.run(run.write_config(config, dataset), step)
    progress = ProgressCallback(config, data, summaries, step)
    saving = SaveCallback(config, data, run, summaries, progress)
    interval = config.train.save_interval_steps
    try:
        with stopping_on_interrupt(progress):
            model.fit(
                data.batches(step),
                steps_per_epoch=interval,
                epochs=math.ceil((last_step - step) / interval),
                callbacks=[progress, saving],
                shuffle=False,  # the batches come shuffled
                verbose=0,
            )
    except Exception as error:
        if not data.recover(error, progress.step):
            raise
        if progress.step > step and keras.backend.backend() == "tensorflow":  # jax's weights went with the failed step
            model.optimizer.iterations.assign(progress.step)  # the graph counted the failed step
            with optimizers.averaged(model):
                run.save(model, progress.step, config.train.checkpoints_to_keep)
        return None
    finally:
        data.close()
        summaries.close()
    return progress.step


def _columns_of(model: AttentionOcr) -> Callable[[int], int] | None:
    """A picture's columns of features by its width in pixels, where pictures are read as wide as they are."""
    if not model.geometry.canvas or model.dataset.resize == "pad":
        return None
    height = model.dataset.image_height
    return functools.cache(lambda width: int(model.encoder.feature_sizes(np.array([[height, width]], "int32"))[0, 1]))


def _compiled(config: Config, dataset: DatasetSpec) -> AttentionOcr:
    keras.utils.set_random_seed(config.train.seed)
    with precision(config.train.mixed_precision):
        model = AttentionOcr(config.model, dataset)
    jit = config.train.jit_compile or keras.backend.backend() == "jax"  # XLA is slower for TensorFlow on a CPU
    model.compile(optimizers.build(config.train), jit_compile=jit)
    model.optimizer.build(model.trainable_variables)  # else TensorFlow traces the step twice, once to make these
    return model


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

    def on_epoch_end(self, epoch, logs=None):
        with optimizers.averaged(self.model):
            self._save()

    def _save(self):
        step = self.progress.step
        checkpoint = self.run.save(self.model, step, self.config.checkpoints_to_keep)
        score, what = [-self.progress.interval_loss()], "training loss above the floor, negative"
        if self.data.has_validation:
            evaluation = self.data.validate(Reader(KerasBackend(self.model)))
            self.summaries.scalars({f"validation/{k}": v for k, v in evaluation.scores().items()}, step)
            score = [evaluation.ExactMatch, evaluation.NormalizedEditDistance]
            what = "ExactMatch and NormalizedEditDistance of the validation split"
            print(
                f"step {step}  validation: ExactMatch {score[0]:.4f}, 1 - N.E.D. {score[1]:.4f} "
                f"of {evaluation.num_examples}",
                flush=True,
            )
        best = self.run.keep_if_best(checkpoint, score, what)
        self.summaries.histograms(self.model, step)
        print(f"step {step}  saved {checkpoint.path}" + (", the best so far" if best else ""), flush=True)


class stopping_on_interrupt:  # noqa: N801 - reads as a statement
    """Within it the first Ctrl-C (or SIGTERM) lets the step end and saves; a second one stops at once."""

    def __init__(self, progress: ProgressCallback):
        self.progress = progress
        self.before: dict[int, Any] = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._stop)

    def _stop(self, number, frame):
        self.progress.interrupted = True
        print("\nstopping after this step, saving; Ctrl-C again stops at once without saving", flush=True)
        signal.signal(number, signal.default_int_handler)

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.progress.interrupted:
            print(f"stopped at step {self.progress.step}; the same command goes on from there", flush=True)


def _described(model: AttentionOcr, config: Config) -> str:
    K, T = len(model.dataset.charset), model.dataset.max_sequence_length
    return (
        f"{model.count_params():,} parameters, {model.dataset.num_views} views, K={K}, T={T}, "
        f"{config.train.optimizer} {config.train.learning_rate}, backend {keras.backend.backend()}"
    )
