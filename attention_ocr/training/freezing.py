"""The encoder kept as it is, for a run's first steps or for all: --freeze=encoder, --freeze=encoder:500."""

import math
from typing import Any

from attention_ocr.model.network import AttentionOcr
from attention_ocr.train_config import TrainConfig


def frozen_steps(config: TrainConfig) -> float:
    """For how many of a run's steps the encoder is kept."""
    part, _, steps = config.freeze.partition(":")
    return 0 if not part else int(steps) if steps else math.inf


def is_frozen(config: TrainConfig, step: int) -> bool:
    """Whether the step after `step` leaves the encoder as it is."""
    return step < frozen_steps(config)


def frozen_variables(model: AttentionOcr, config: TrainConfig, step: int) -> list[Any]:
    """The variables that a model does not learn from a step on; its encoder's averages of batch norm stay, too."""
    model.encoder_is_frozen = is_frozen(config, step)
    return list(model.encoder.trainable_variables) if model.encoder_is_frozen else []


def phase_end(config: TrainConfig, step: int) -> int:
    """The step up to which a run that is at `step` learns the same variables."""
    steps = frozen_steps(config)
    return int(min(steps, config.max_number_of_steps)) if step < steps else config.max_number_of_steps
