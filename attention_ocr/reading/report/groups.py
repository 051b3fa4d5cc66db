"""How well groups of records are read: by the length of their texts, their widths, their data sets."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from attention_ocr.reading.evaluation import Prediction
from attention_ocr.reading.report import measures

MOST_GROUPS = 10


def by_length(predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Of records whose labels have so many characters."""
    return _by_number(predictions, lambda prediction: len(prediction.truth))


def by_width(predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Of records whose pictures are so many pixels wide, as the network sees them; nothing where all are alike."""
    found = _by_number(predictions, lambda prediction: prediction.width)
    return found if len(found) > 1 else []


def by_dataset(predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Of each data set; nothing where there is one."""
    names = list(dict.fromkeys(prediction.dataset for prediction in predictions))
    if len(names) < 2:
        return []
    return [_told(name, [p for p in predictions if p.dataset == name]) for name in names]


def ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last number of each of at most MOST_GROUPS groups that have, as far as they can, equal sizes."""
    distinct = np.unique(numbers)
    if len(distinct) <= MOST_GROUPS:
        return [(int(number), int(number)) for number in distinct]
    shares = np.linspace(0, 1, MOST_GROUPS + 1)[1:]
    ends = np.unique(np.quantile(numbers, shares, method="inverted_cdf"))
    starts = [distinct[0], *(distinct[np.searchsorted(distinct, end, "right")] for end in ends[:-1])]
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _by_number(predictions: Sequence[Prediction], number_of: Callable[[Prediction], int]) -> list[dict[str, Any]]:
    numbers = [number_of(prediction) for prediction in predictions]
    found = []
    for first, last in ranges(numbers):
        chosen = [p for p, number in zip(predictions, numbers, strict=True) if first <= number <= last]
        found.append(_told(f"{first}" if first == last else f"{first} to {last}", chosen))
    return found


def _told(name: str, predictions: Sequence[Prediction]) -> dict[str, Any]:
    return {
        "group": name,
        "records": len(predictions),
        "ExactMatch": dataclasses.asdict(measures.exact_match(predictions)),
        "CharacterErrorRate": measures.character_error_rate(predictions),
    }
