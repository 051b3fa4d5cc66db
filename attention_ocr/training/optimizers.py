"""TrainConfig -> optimiser: its kind, learning rate schedule, clipping, and moving averages of the weights."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops

from attention_ocr.config import TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.train_config import ENDLESS

OPTIMIZERS = {
    "momentum": lambda config: (keras.optimizers.SGD, {"momentum": config.momentum}),
    "adam": lambda config: (keras.optimizers.Adam, {}),
    "adamw": lambda config: (keras.optimizers.AdamW, {}),
    "adadelta": lambda config: (keras.optimizers.Adadelta, {}),
}


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule whose rate rises from 0 over `warmup_steps`, and which then runs from its own step 0."""

    def __init__(self, schedule, warmup_steps):
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        step = ops.cast(step, "float32")
        after = self.schedule(ops.maximum(step - self.warmup_steps, 0.0))
        return after * ops.minimum((step + 1) / (self.warmup_steps + 1), 1.0)


class Constant(keras.optimizers.schedules.LearningRateSchedule):
    """The same rate at each step."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        return ops.convert_to_tensor(self.rate, "float32")


def schedule(config: TrainConfig) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over the steps.

    Raises:
        UserError: a cosine needs an end.
    """
    rate, steps = config.learning_rate, config.max_number_of_steps - config.warmup_steps
    has_end = config.max_number_of_steps < ENDLESS and steps > 0
    if config.learning_rate_schedule == "constant" or (config.learning_rate_schedule == "auto" and not has_end):
        base = Constant(rate)
    elif not has_end:
        raise UserError(
            "--learning_rate_schedule=cosine needs --max_number_of_steps, more than --warmup_steps="
            f"{config.warmup_steps}"
        )
    else:
        base = keras.optimizers.schedules.CosineDecay(rate, steps, config.learning_rate_end_fraction)
    return WarmUp(base, config.warmup_steps)


def build(
    config: TrainConfig,
    frozen: Sequence[Any] = (),
    rates: keras.optimizers.schedules.LearningRateSchedule | None = None,
) -> keras.optimizers.Optimizer:
    """The optimiser; it notes the norm of all gradients, before clipping, in `gradient_norm`.

    With `moving_average_decay` it keeps the weights' moving averages in `averages`. Their decay is n / (9 + n) after n
    steps, until it is the one asked for: a short run averages its last tenth, and nothing of how it began.

    Args:
        config: the knobs of learning.
        frozen: variables that stay as they are. The optimiser has a state for them nevertheless, so that a run may go
            on without them being frozen.
        rates: learning rates over the steps; None: those that the knobs ask for.
    """
    found = OPTIMIZERS[config.optimizer](config)
    base: Any = found[0]

    class WithGradientNorm(base):
        def build(self, variables):
            super().build(variables)
            self.gradient_norm = self.add_variable((), name="gradient_norm")
            averaged = variables if config.moving_average_decay else []
            self.averages = [self.add_variable_from_reference(variable, "average") for variable in averaged]

        def apply(self, grads, trainable_variables=None):
            variables = self._trainable_variables if trainable_variables is None else trainable_variables
            kept = {id(variable) for variable in frozen}
            grads = [
                ops.zeros_like(gradient) if id(variable) in kept else gradient
                for gradient, variable in zip(grads, variables, strict=True)
            ]
            squares = [ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in grads]
            result = super().apply(grads, trainable_variables)
            self.gradient_norm.assign(ops.sqrt(ops.sum(ops.stack(squares))))
            if self.averages:
                self._move_averages()
            return result

        def _move_averages(self):
            before = ops.cast(self.iterations, "float32") - 1
            share = 1 - ops.minimum(before / (9 + before), config.moving_average_decay)
            for variable, average in zip(self._trainable_variables, self.averages, strict=True):
                average.assign_add(share * (variable - average))

    together, each = config.clip_global_norm or None, config.clip_gradient_norm or None
    clipping = {"global_clipnorm": together} if together else {"clipnorm": each}
    made = WithGradientNorm(rates or schedule(config), **clipping, **found[1])
    made.exclude_from_weight_decay(var_list=list(frozen))
    return made


def inner(optimizer: Any) -> Any:
    """What `build` returned, of a model's optimiser: float16 wraps it to scale the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def swap_averages(model: keras.Model) -> None:
    """Gives a compiled model its weights' moving averages, if it keeps any, and its optimiser the weights, or back."""
    optimizer = inner(model.optimizer)
    if optimizer.averages:
        for variable, average in zip(model.trainable_variables, optimizer.averages, strict=True):
            weights = ops.copy(variable.value)
            variable.assign(average)
            average.assign(weights)


@contextlib.contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Within it the model is as it is saved and read with."""
    swap_averages(model)
    try:
        yield
    finally:
        swap_averages(model)
