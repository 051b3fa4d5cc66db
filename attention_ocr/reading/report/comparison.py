"""Two models on the same records: what one mends and breaks, and whether that may be chance."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attention_ocr.errors import UserError
from attention_ocr.reading.evaluation import Prediction
from attention_ocr.reading.report import measures


def compared(predictions: Sequence[Prediction], others: Mapping[str, Prediction], name: str) -> dict[str, Any]:
    """How readings differ from another model's, for JSON.

    Args:
        predictions: of the model.
        others: of the other one, by `key_of`.
        name: of the other one.

    Raises:
        UserError: a record is missing there, or has another label.
    """
    pairs = [(prediction, _other(prediction, others, name)) for prediction in predictions]
    right = [(one.truth == one.read, other.truth == other.read) for one, other in pairs]
    fixed, broken = sum(one and not other for one, other in right), sum(other and not one for one, other in right)
    return {
        "against": name,
        "both_right": sum(one and other for one, other in right),
        "both_wrong": sum(not one and not other for one, other in right),
        "fixed": fixed,
        "broken": broken,
        "p": mcnemar(fixed, broken),
        "measures": {
            key: {"value": found.value, "low": found.low, "high": found.high}
            for key, found in measures.measured([other for _, other in pairs]).items()
        },
    }


def mcnemar(fixed: int, broken: int) -> float:
    """The probability of so unequal numbers, or more unequal ones, if both models were equally good.

    McNemar's exact test: of the records that one of the two reads right, each is one's or the other's with 1/2.
    """
    number, least = fixed + broken, min(fixed, broken)
    logs = [math.lgamma(number + 1) - math.lgamma(k + 1) - math.lgamma(number - k + 1) for k in range(least + 1)]
    return min(1.0, 2 * sum(math.exp(log - number * math.log(2)) for log in logs))


def key_of(prediction: Prediction) -> str:
    """What tells a record from all others."""
    return f"{prediction.dataset}\t{prediction.record}"


def _other(prediction: Prediction, others: Mapping[str, Prediction], name: str) -> Prediction:
    other = others.get(key_of(prediction))
    if other is None or other.truth != prediction.truth:
        problem = "has no such record" if other is None else f"has the label {other.truth!r}"
        raise UserError(
            f"--report_against={name}: {prediction.record} {prediction.truth!r}: {problem}; compare readings of the "
            "same split"
        )
    return other
