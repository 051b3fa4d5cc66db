"""Losses, gradients and weights that are not numbers: told, and never saved."""

import math

import keras
import numpy as np

from attention_ocr.errors import UserError

WAY_OUT = (
    "nothing was saved since the last checkpoint; lower --learning_rate, or clip gradients with --clip_gradient_norm, "
    "and run the same command to go on from there"
)


def check_numbers(step: int, values: dict[str, float]) -> None:
    """Raises a UserError unless each of the named `values` of a step is finite."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise UserError(f"step {step}: {name} is {value}; {WAY_OUT}")


def check_weights(model: keras.Model, step: int) -> None:
    """Raises a UserError unless all weights, and what the optimiser remembers of them, are finite after a step."""
    told = _not_finite(model)
    if told:
        raise UserError(f"step {step}: {told}; {WAY_OUT}")


def check_loaded(model: keras.Model, path: str, way_out: str) -> None:
    """Raises a UserError unless all weights that came from the file at `path` are finite."""
    told = _not_finite(model)
    if told:
        raise UserError(f"{path}: {told}; {way_out}")


def _not_finite(model: keras.Model) -> str:
    """How many variables hold values that are not finite; empty: none."""
    variables = [*model.weights, *(model.optimizer.variables if model.optimizer else [])]
    bad = [variable.path for variable in variables if not _is_finite(np.asarray(variable))]
    return f"{len(bad)} of {len(variables)} variables hold values that are no numbers, first {bad[0]}" if bad else ""


def _is_finite(values: np.ndarray) -> bool:
    return not np.issubdtype(values.dtype, np.inexact) or bool(np.isfinite(values).all())
