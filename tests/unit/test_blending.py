"""Weights between those of before and those of after."""

import keras
import numpy as np
import pytest

from attention_ocr.training import blending


@pytest.fixture
def model():
    """A kernel of ones and a bias of zeros."""
    found = keras.Sequential([keras.layers.Dense(2, kernel_initializer="ones")])
    found.build([None, 3])
    return found


def test_a_blend_lies_between(model):
    old = blending.weights_of(model)
    new = [value + 4 for value in old]
    blending.assign_blend(model, old, new, 0.25)
    kernel, bias = model.get_weights()
    np.testing.assert_array_equal(kernel, np.full([3, 2], 2.0))
    np.testing.assert_array_equal(bias, [1.0, 1.0])
    blending.assign_blend(model, old, new, 1.0)
    np.testing.assert_array_equal(model.get_weights()[0], np.full([3, 2], 5.0))


@pytest.mark.parametrize(
    ("scores", "share"),
    [
        ({1.0: 0.893, 0.8: 0.899, 0.6: 0.897, 0.4: 0.876}, 0.6),
        ({1.0: 0.900, 0.8: 0.899, 0.6: 0.897, 0.4: 0.896}, 0.6),
        ({1.0: 0.9, 0.8: 0.8, 0.6: 0.7, 0.4: 0.6}, 1.0),
        ({0.6: 0.1}, 0.6),
    ],
)
def test_the_smallest_share_that_loses_little_is_kept(scores, share):
    assert blending.least_share(scores) == share


def test_every_share_is_scored_with_its_weights(model):
    old = blending.weights_of(model)
    new = [value + 10 for value in old]
    scores = blending.scores_of(model, old, new, (1.0, 0.5), lambda: (float(model.get_weights()[1][0]),))
    assert scores == {1.0: (10.0,), 0.5: (5.0,)}
