"""The measures of a report, each with the interval in which a bootstrap finds it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from attention_ocr.reading.evaluation import Prediction

RESAMPLES = 1000
LOW, HIGH = 2.5, 97.5  # percentiles: a 95% interval
SEED = 0


@dataclass(frozen=True)
class Estimate:
    """A measure of a split.

    Attributes:
        value: of the split's records.
        low, high: its 95% interval: percentiles of the same measure of as many records drawn with replacement.
    """

    value: float
    low: float
    high: float


Counts = Callable[[str, str], tuple[float, float]]


def letters_and_digits(text: str) -> str:
    """What the usual protocol of scene text compares: letters and digits, their case ignored."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _errors_of_words(truth: str, read: str) -> tuple[float, float]:
    words = truth.split()
    return Levenshtein.distance(words, read.split()), len(words)


# Each measure is a sum over the records divided by another one: what a record adds to both.
MEASURES: dict[str, Counts] = {
    "ExactMatch": lambda truth, read: (truth == read, 1),
    "ExactMatchIgnoringCase": lambda truth, read: (truth.casefold() == read.casefold(), 1),
    "ExactMatchLettersAndDigits": lambda truth, read: (letters_and_digits(truth) == letters_and_digits(read), 1),
    "CharacterErrorRate": lambda truth, read: (Levenshtein.distance(truth, read), len(truth)),
    "WordErrorRate": _errors_of_words,
    "NormalizedEditDistance": lambda truth, read: (Levenshtein.normalized_similarity(truth, read), 1),
}


def measured(predictions: Sequence[Prediction]) -> dict[str, Estimate]:
    """Every measure of MEASURES; one that counts nothing, such as words where there are none, is 0."""
    return {name: _estimate(counts, predictions) for name, counts in MEASURES.items()}


def exact_match(predictions: Sequence[Prediction]) -> Estimate:
    """The share of records that are read as they are labelled."""
    return _estimate(MEASURES["ExactMatch"], predictions)


def character_error_rate(predictions: Sequence[Prediction]) -> float:
    """Edits that turn readings into labels, per character of the labels."""
    pairs = np.array([MEASURES["CharacterErrorRate"](p.truth, p.read) for p in predictions], float)
    return float(_ratio(pairs.sum(axis=0)))


def _estimate(counts: Counts, predictions: Sequence[Prediction]) -> Estimate:
    pairs = np.array([counts(p.truth, p.read) for p in predictions], float)  # [records, 2]
    random, number = np.random.default_rng(SEED), len(pairs)
    sums = np.stack([pairs[random.integers(0, number, number)].sum(axis=0) for _ in range(RESAMPLES)])
    low, high = np.percentile(_ratio(sums), (LOW, HIGH))
    return Estimate(float(_ratio(pairs.sum(axis=0))), float(low), float(high))


def _ratio(sums: np.ndarray) -> np.ndarray:
    """The first of the last axis divided by the second; 0 where that is 0."""
    return np.divide(sums[..., 0], sums[..., 1], out=np.zeros(sums.shape[:-1]), where=sums[..., 1] > 0)
