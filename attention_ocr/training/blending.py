"""Weights between those that a run began with and those it learned (Wortsman et al. 2022, arXiv 2109.01903).

Fine-tuned weights read what they learned and forget some of what they knew. On the line between old and new weights
lie ones that keep both.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import keras
import numpy as np

Score = TypeVar("Score")
SHARES = (1.0, 0.8, 0.6)  # of the new weights; with less, texts suffer that a small split does not show
MOST_LOST = 0.003  # of the exact match on what was learned


def weights_of(model: keras.Model) -> list[np.ndarray]:
    """Copies of all weights."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.weights]


def assign_blend(model: keras.Model, old: Sequence[np.ndarray], new: Sequence[np.ndarray], share: float) -> None:
    """Gives the model `share` of the new weights and the rest of the old ones."""
    for variable, before, after in zip(model.weights, old, new, strict=True):
        variable.assign(before + (after - before) * np.asarray(share, after.dtype))


def least_share(right: Mapping[float, Sequence[bool]]) -> float:
    """The smallest share that reads nearly as much as the best one.

    It may lose MOST_LOST of the exact match, or one standard error of what it loses if that is more: a small split
    cannot tell such shares apart (the one-standard-error rule of Breiman et al. 1984, on pairs).

    Args:
        right: share -> whether each picture is read right; the same pictures for all.
    """
    best = max(right, key=lambda share: (np.mean(right[share]), -share))

    def is_near(share: float) -> bool:
        lost = np.subtract(right[best], right[share], dtype=np.float64)
        error = np.std(lost, ddof=1) / len(lost) ** 0.5 if len(lost) > 1 else 0.0
        return bool(np.mean(lost) <= max(MOST_LOST, error) + 1e-9)

    return min(share for share in right if is_near(share))


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
