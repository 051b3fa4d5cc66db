"""Whether a reader is right as often as it is sure, and what is gained when the least sure readings go to a person."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from attention_ocr.reading.evaluation import Prediction

BINS = 10
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # of readings that go to a person
TARGETS = (0.95, 0.98, 0.99, 0.995, 0.999)  # of the rest that is right
MOST_POINTS = 200  # of the curve


def told(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Calibration and rejection of readings, for JSON."""
    confidence = np.array([prediction.confidence for prediction in predictions])
    right = np.array([prediction.truth == prediction.read for prediction in predictions])
    return {
        "expected_calibration_error": expected_calibration_error(confidence, right),
        "mean_confidence": float(confidence.mean()),
        "reliability": reliability(confidence, right),
        "rejecting": [rejecting(confidence, right, share) for share in SHARES],
        "reaching": [reaching(confidence, right, target) for target in TARGETS],
        "curve": curve(confidence, right),
    }


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    """Of each of BINS equal parts of [0, 1] that has readings: how many, how sure and how many are right.

    Args:
        confidence: [R] in [0, 1].
        right: bool [R].
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "from": number / BINS,
            "to": (number + 1) / BINS,
            "readings": int((bins == number).sum()),
            "confidence": float(confidence[bins == number].mean()),
            "right": float(right[bins == number].mean()),
        }
        for number in np.unique(bins).tolist()
    ]


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """By how much confidence and the share that is right differ (Guo et al. 2017), a mean over the readings in bins."""
    bins = reliability(confidence, right)
    return sum(part["readings"] * abs(part["confidence"] - part["right"]) for part in bins) / len(confidence)


def rejecting(confidence: np.ndarray, right: np.ndarray, share: float) -> dict[str, Any]:
    """What is gained when a share of the readings, the least sure ones, goes to a person.

    Returns:
        `share`, as asked for; `threshold`, the confidence from which readings are kept; `sent`, the share below it,
        smaller than asked for where readings are equally sure; `right`, the share of those kept that is right.
    """
    kept = max(len(confidence) - round(share * len(confidence)), 1)
    return {"share": share, **_split(confidence, right, float(np.sort(confidence)[-kept]))}


def reaching(confidence: np.ndarray, right: np.ndarray, target: float) -> dict[str, Any]:
    """The least that must go to a person so that `target` of the rest is right; None in place of numbers: no share."""
    descending, ends, shares = _kept(confidence, right)
    enough = np.flatnonzero(shares >= target)
    if not len(enough):
        return {"target": target, "threshold": None, "sent": None, "right": None}
    return {"target": target, **_split(confidence, right, float(descending[ends[enough[-1]]]))}


def curve(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """`sent` and `right` as in `rejecting`, from all that is kept to the surest readings alone; some of the points."""
    _, ends, shares = _kept(confidence, right)
    chosen = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_POINTS)).round().astype(int))[::-1]
    return [{"sent": float(1 - (ends[at] + 1) / len(confidence)), "right": float(shares[at])} for at in chosen.tolist()]


def _split(confidence: np.ndarray, right: np.ndarray, threshold: float) -> dict[str, float]:
    kept = confidence >= threshold
    return {"threshold": threshold, "sent": float(1 - kept.mean()), "right": float(right[kept].mean())}


def _kept(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences from the surest on; where each run of equal ones ends; the share that is right up to there."""
    order = np.argsort(-confidence, kind="stable")
    descending = confidence[order]
    ends = np.flatnonzero(np.append(descending[:-1] > descending[1:], True))
    return descending, ends, np.cumsum(right[order])[ends] / (ends + 1)
