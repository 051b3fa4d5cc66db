"""The reference's loss, by hand."""

import numpy as np
import pytest
from keras import ops

from attention_ocr.model.losses import attention_loss, sequence_loss, step_weights, weights_to_end

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
BEFORE_NULL = step_weights(LABELS, 3, ignore_nulls=False)
ENTROPY = -(0.8 * np.log(0.8) + 2 * 0.1 * np.log(0.1))


@pytest.mark.parametrize(
    ("knobs", "loss", "floor"),
    [
        ({}, (sum(FIRST) + sum(SECOND)) / 2, 2 * ENTROPY),
        ({"average_across_timesteps": True}, (sum(FIRST) + sum(SECOND)) / 4, ENTROPY),
        ({"weights": BEFORE_NULL}, (FIRST[0] + SECOND[0]) / 2, ENTROPY),
        ({"weights": BEFORE_NULL, "average_across_timesteps": True}, (FIRST[0] + SECOND[0]) / 2, ENTROPY),
    ],
)
def test_it_is_what_a_hand_finds(knobs, loss, floor):
    *found, steps = sequence_loss(LOGITS, LABELS, 0.3, **knobs)
    assert float(steps) == pytest.approx(floor / ENTROPY)
    np.testing.assert_allclose([float(value) for value in found], [loss, floor], rtol=1e-5)


def test_without_smoothing_it_is_the_log_probability_of_the_labels():
    loss, floor, _ = sequence_loss(LOGITS, LABELS, 0.0)
    np.testing.assert_allclose(float(loss), -np.log(1 / 2 * 3 / 4 * 1 / 4 * 1 / 4) / 2, rtol=1e-5)
    assert float(floor) == 0


def test_smoothed_labels_of_fsns_cost_29_9_at_least():
    K, T = 134, 37
    labels = np.random.default_rng(0).integers(0, K, [2, T])
    perfect = np.log(0.9 * np.eye(K)[labels] + 0.1 / K).astype("float32")
    loss, floor, steps = sequence_loss(perfect, labels.astype("int32"))
    assert float(floor) == pytest.approx(29.9, abs=0.05)
    assert float(steps) == T
    assert float(loss) == pytest.approx(float(floor), rel=1e-5)
    worse, *_ = sequence_loss(perfect * 1.1, labels.astype("int32"))
    assert float(worse) > float(floor) + 0.01


def test_weights_end_with_the_first_null():
    labels = np.array([[0, 1, 2, 2], [2, 2, 2, 2], [0, 1, 0, 1]], "int32")
    np.testing.assert_array_equal(weights_to_end(labels, 2), [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]])


def test_half_precision_logits_are_summed_in_full_precision():
    loss, *_ = sequence_loss(ops.cast(LOGITS, "bfloat16"), LABELS, 0.3)
    assert ops.dtype(loss) == "float32"
    assert float(loss) == pytest.approx((sum(FIRST) + sum(SECOND)) / 2, rel=0.02)


# ---- where attention looks: one view of 2 x 3 cells, centred at pixels 4, 12 and 20


def looks(attention, places, num_views=1):
    attention, places = np.array([attention], "float32"), np.array([places], "float32")
    places = places.reshape(1, attention.shape[1], num_views, 2)
    return float(attention_loss(attention, places, (2, 3), (4, 8), reach=0.1))


def test_attention_is_taught_to_look_at_the_cell_of_the_character():
    at_second = [0.1, 0.6, 0.1, 0.1, 0.05, 0.05]  # row by row
    assert looks([at_second], [(12, 4)]) == pytest.approx(-np.log(0.6), rel=1e-4)
    assert looks([at_second], [(4, 12)]) == pytest.approx(-np.log(0.1), rel=1e-4)
    assert looks([at_second, at_second], [(12, 4), (12, 12)]) == pytest.approx(-np.log(0.6) - np.log(0.05), rel=1e-4)


def test_what_is_not_drawn_teaches_nothing():
    look = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert looks([look, look], [(4, 4), (np.nan, np.nan)]) == pytest.approx(-np.log(0.5), rel=1e-4)
    assert looks([look], [(np.nan, np.nan)]) == 0


def test_a_character_may_be_looked_at_in_any_view():
    look = [0.3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.4]  # views of six cells, one after the other
    assert looks([look], [(4, 4), (20, 12)], num_views=2) == pytest.approx(-np.log(0.7), rel=1e-4)
    assert looks([look], [(4, 4), (np.nan, np.nan)], num_views=2) == pytest.approx(-np.log(0.3), rel=1e-4)
