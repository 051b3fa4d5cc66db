"""TrainConfig -> optimiser: its kind, learning rate schedule and clipping."""

from typing import Any

import keras
from keras import ops

from attention_ocr.config import TrainConfig
from attention_ocr.errors import UserError

OPTIMIZERS = {
    "momentum": lambda config: (keras.optimizers.SGD, {"momentum": config.momentum}),
    "adam": lambda config: (keras.optimizers.Adam, {}),
    "adamw": lambda config: (keras.optimizers.AdamW, {}),
    "adadelta": lambda config: (keras.optimizers.Adadelta, {}),
    "adagrad": lambda config: (keras.optimizers.Adagrad, {}),
    "rmsprop": lambda config: (keras.optimizers.RMSprop, {"momentum": config.momentum}),
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
    has_end = config.max_number_of_steps < TrainConfig().max_number_of_steps and steps > 0
    if config.learning_rate_schedule == "constant" or (config.learning_rate_schedule == "auto" and not has_end):
        base = Constant(rate)
    elif config.learning_rate_schedule == "exponential":
        base = keras.optimizers.schedules.ExponentialDecay(
            rate, config.learning_rate_decay_steps, config.learning_rate_decay_rate, staircase=True
        )
    elif not has_end:
        raise UserError(
            "--learning_rate_schedule=cosine needs --max_number_of_steps, more than --warmup_steps="
            f"{config.warmup_steps}"
        )
    else:
        base = keras.optimizers.schedules.CosineDecay(rate, steps, config.learning_rate_end_fraction)
    return WarmUp(base, config.warmup_steps)


def build(config: TrainConfig) -> keras.optimizers.Optimizer:
    """The optimiser; it notes the norm of all gradients, before clipping, in `gradient_norm`."""
    found = OPTIMIZERS[config.optimizer](config)
    base: Any = found[0]

    class WithGradientNorm(base):
        def build(self, variables):
            super().build(variables)
            self.gradient_norm = self.add_variable((), name="gradient_norm")

        def apply(self, grads, trainable_variables=None):
            squares = [ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in grads]
            result = super().apply(grads, trainable_variables)
            self.gradient_norm.assign(ops.sqrt(ops.sum(ops.stack(squares))))
            return result

    together, each = config.clip_global_norm or None, config.clip_gradient_norm or None
    clipping = {"global_clipnorm": together} if together else {"clipnorm": each}
    return WithGradientNorm(schedule(config), **clipping, **found[1])
