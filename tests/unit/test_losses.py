"""The reference's loss, by hand."""

import numpy as np
import pytest
from keras import ops

from attention_ocr.losses import sequence_loss

# Probabilities of 2 texts, 2 steps, 3 classes (the last is K-1) and their labels.
PROBABILITIES = np.array(
    [[[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4]], [[1 / 4, 1 / 4, 1 / 2], [1 / 4, 1 / 2, 1 / 4]]]
)
LOGITS = np.log(PROBABILITIES).astype("float32") + np.float32(3.0)  # a shift of all logits changes nothing
LABELS = np.array([[0, 2], [1, 2]], "int32")

# Smoothing 0.3 makes a label 0.8 at its class and 0.1 at the two others; the steps' cross-entropies are
FIRST = (
    -(0.8 * np.log(1 / 2) + 0.1 * np.log(1 / 4) + 0.1 * np.log(1 / 4)),
    -(0.1 * np.log(1 / 8) + 0.1 * np.log(1 / 8) + 0.8 * np.log(3 / 4)),
)
SECOND = (
    -(0.1 * np.log(1 / 4) + 0.8 * np.log(1 / 4) + 0.1 * np.log(1 / 2)),
    -(0.1 * np.log(1 / 4) + 0.1 * np.log(1 / 2) + 0.8 * np.log(1 / 4)),
)
ENTROPY = -(0.8 * np.log(0.8) + 2 * 0.1 * np.log(0.1))


@pytest.mark.parametrize(
    ("knobs", "loss", "floor"),
    [
        ({}, (sum(FIRST) + sum(SECOND)) / 2, 2 * ENTROPY),
        ({"average_across_timesteps": True}, (sum(FIRST) + sum(SECOND)) / 4, ENTROPY),
        ({"ignore_nulls": False}, (FIRST[0] + SECOND[0]) / 2, ENTROPY),
        ({"ignore_nulls": False, "average_across_timesteps": True}, (FIRST[0] + SECOND[0]) / 2, ENTROPY),
    ],
)
def test_it_is_what_a_hand_finds(knobs, loss, floor):
    found = sequence_loss(LOGITS, LABELS, 0.3, **knobs)
    np.testing.assert_allclose([float(value) for value in found], [loss, floor], rtol=1e-5)


def test_without_smoothing_it_is_the_log_probability_of_the_labels():
    loss, floor = sequence_loss(LOGITS, LABELS, 0.0)
    np.testing.assert_allclose(float(loss), -np.log(1 / 2 * 3 / 4 * 1 / 4 * 1 / 4) / 2, rtol=1e-5)
    assert float(floor) == 0


def test_smoothed_labels_of_fsns_cost_29_9_at_least():
    K, T = 134, 37
    labels = np.random.default_rng(0).integers(0, K, [2, T])
    perfect = np.log(0.9 * np.eye(K)[labels] + 0.1 / K).astype("float32")
    loss, floor = sequence_loss(perfect, labels.astype("int32"))
    assert float(floor) == pytest.approx(29.9, abs=0.05)
    assert float(loss) == pytest.approx(float(floor), rel=1e-5)
    worse, _ = sequence_loss(perfect * 1.1, labels.astype("int32"))
    assert float(worse) > float(floor) + 0.01


def test_half_precision_logits_are_summed_in_full_precision():
    loss, _ = sequence_loss(ops.cast(LOGITS, "bfloat16"), LABELS, 0.3)
    assert ops.dtype(loss) == "float32"
    assert float(loss) == pytest.approx((sum(FIRST) + sum(SECOND)) / 2, rel=0.02)
