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


def right(of, *wrong):
    """Of so many pictures all but these are read right."""
    return [number not in wrong for number in range(of)]


@pytest.mark.parametrize(
    ("read", "share"),
    [
        ({1.0: right(1000), 0.8: right(1000, *range(3)), 0.6: right(1000, *range(9))}, 0.8),  # 0.3 points are lost
        ({1.0: right(1000), 0.8: right(1000, *range(9)), 0.6: right(1000, *range(3))}, 0.6),
        ({1.0: right(100, *range(9)), 0.8: right(100)}, 0.8),
        ({1.0: right(100), 0.8: right(100, *range(9))}, 1.0),
        # Five are lost and three won: too few pictures to say that the larger share is better.
        ({1.0: right(250, 1, 2, 3), 0.6: right(250, *range(11, 16))}, 0.6),
        ({1.0: right(250), 0.6: right(250, *range(11, 16))}, 1.0),
        ({0.6: right(10, 1)}, 0.6),
        ({1.0: right(1), 0.6: right(1, 0)}, 1.0),
    ],
)
def test_the_smallest_share_that_is_not_clearly_worse_is_kept(read, share):
    assert blending.least_share(read) == share


def test_every_share_is_scored_with_its_weights(model):
    old = blending.weights_of(model)
    new = [value + 10 for value in old]
    scores = blending.scores_of(model, old, new, (1.0, 0.5), lambda: (float(model.get_weights()[1][0]),))
    assert scores == {1.0: (10.0,), 0.5: (5.0,)}
