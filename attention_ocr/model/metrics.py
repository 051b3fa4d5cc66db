"""How well texts are read: the reference's two accuracies on ids, ExactMatch and 1 - N.E.D. on strings."""

from collections.abc import Sequence

from keras import ops
from rapidfuzz.distance import Levenshtein


def character_accuracies(labels, predictions, null_id):
    """The reference's CharacterAccuracy of each text.

    Args:
        labels, predictions: int [B, T].
        null_id: the class of padding.

    Returns:
        [B] share of the label's characters whose id is right at their place; 0 for an empty label.
    """
    counted = ops.cast(labels != null_id, "float32")
    right = ops.cast(labels == predictions, "float32") * counted
    return ops.sum(right, axis=1) / ops.maximum(ops.sum(counted, axis=1), 1.0)


def sequence_accuracies(labels, predictions, null_id):
    """The reference's SequenceAccuracy of each text, [B]: 1 if every non-null id of the label is right.

    Characters read after the label's end are ignored here; `exact_match` counts them.
    """
    right = ops.logical_or(labels == predictions, labels == null_id)
    return ops.cast(ops.all(right, axis=1), "float32")


def exact_match(truths: Sequence[str], texts: Sequence[str]) -> float:
    """Share of texts that equal their truth."""
    return sum(truth == text for truth, text in zip(truths, texts, strict=True)) / max(len(truths), 1)


def normalized_edit_distance(truths: Sequence[str], texts: Sequence[str]) -> float:
    """1 - N.E.D.: mean over texts of 1 - Levenshtein distance / length of the longer (ICDAR 2019 ArT)."""
    similarities = [Levenshtein.normalized_similarity(truth, text) for truth, text in zip(truths, texts, strict=True)]
    return sum(similarities) / max(len(similarities), 1)
