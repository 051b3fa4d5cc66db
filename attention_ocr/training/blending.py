"""Weights between those that a run began with and those it learned (Wortsman et al. 2022, arXiv 2109.01903).

Fine-tuned weights read what they learned and forget some of what they knew. On the line between old and new weights
lie ones that keep both.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import keras
import numpy as np

Score = TypeVar("Score")
SHARES = (1.0, 0.8, 0.6, 0.4)  # of the new weights
MOST_LOST = 0.003  # of the exact match on what was learned


def weights_of(model: keras.Model) -> list[np.ndarray]:
    """Copies of all weights."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.weights]


def assign_blend(model: keras.Model, old: Sequence[np.ndarray], new: Sequence[np.ndarray], share: float) -> None:
    """Gives the model `share` of the new weights and the rest of the old ones."""
    for variable, before, after in zip(model.weights, old, new, strict=True):
        variable.assign(before + (after - before) * np.asarray(share, after.dtype))


def least_share(scores: dict[float, float]) -> float:
    """The smallest share whose score in [0, 1] is at most MOST_LOST below the best one.

    Args:
        scores: share -> score.
    """
    least = max(scores.values()) - MOST_LOST - 1e-9
    return min(share for share, score in scores.items() if score >= least)


def scores_of(
    model: keras.Model,
    old: Sequence[np.ndarray],
    new: Sequence[np.ndarray],
    shares: Sequence[float],
    score: Callable[[], Score],
) -> dict[float, Score]:
    """share -> what `score` says of the model with that blend; the model is left with the last one."""
    found = {}
    for share in shares:
        assign_blend(model, old, new, share)
        found[share] = score()
    return found
