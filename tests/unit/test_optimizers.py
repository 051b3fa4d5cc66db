"""Learning rates by hand; every optimiser steps; clipping and the norm that is reported."""

import math

import keras
import numpy as np
import pytest

from attention_ocr.config import TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.training import optimizers


def rates(steps, **knobs):
    schedule = optimizers.schedule(TrainConfig(**knobs))
    return [float(schedule(step)) for step in steps]


def test_a_constant_rate_stays():
    assert rates([0, 1, 10**6], learning_rate=0.25) == [0.25] * 3


def test_a_warm_up_rises_evenly_to_the_rate():
    found = rates([0, 1, 2, 3, 4, 5, 100], learning_rate=0.5, warmup_steps=4)
    np.testing.assert_allclose(found, [0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5], rtol=1e-6)


def test_a_cosine_ends_at_its_fraction_at_the_last_step():
    knobs = {"learning_rate_schedule": "cosine", "max_number_of_steps": 110, "learning_rate_end_fraction": 0.1}
    found = rates([10, 35, 60, 110, 500], learning_rate=2.0, warmup_steps=10, **knobs)
    quarter = 0.2 + 1.8 * (1 + math.cos(math.pi / 4)) / 2
    np.testing.assert_allclose(found, [2, quarter, 1.1, 0.2, 0.2], rtol=1e-5)


@pytest.mark.parametrize("knobs", [{}, {"max_number_of_steps": 100, "warmup_steps": 100}])
def test_a_cosine_needs_an_end(knobs):
    with pytest.raises(UserError, match="--learning_rate_schedule=cosine needs --max_number_of_steps, more than"):
        optimizers.schedule(TrainConfig(learning_rate_schedule="cosine", **knobs))


def one_step(gradients, **knobs):
    """What a step adds to variables of zeros, and the optimiser."""
    variables = [keras.Variable(np.zeros_like(gradient)) for gradient in gradients]
    optimizer = optimizers.build(TrainConfig(**knobs))
    optimizer.build(variables)
    optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], variables)
    return [np.asarray(variable) for variable in variables], optimizer


GRADIENTS = [np.array([3.0, 4.0], "float32"), np.array([[1.0], [0.0]], "float32")]  # of norms 5 and 1


def test_each_gradient_is_clipped_by_itself():
    moved, _ = one_step(GRADIENTS, learning_rate=0.5)
    np.testing.assert_allclose(moved[0], [-0.5 * 2 * 0.6, -0.5 * 2 * 0.8], rtol=1e-5)
    np.testing.assert_allclose(moved[1], [[-0.5], [0]], rtol=1e-5)
    moved, _ = one_step(GRADIENTS, learning_rate=0.5, clip_gradient_norm=0.0)
    np.testing.assert_allclose(moved[0], [-1.5, -2], rtol=1e-5)


def test_momentum_adds_nine_tenths_of_the_last_step():
    variable = keras.Variable(np.zeros(1, "float32"))
    optimizer = optimizers.build(TrainConfig(learning_rate=0.1))
    optimizer.build([variable])
    for expected in (-0.1, -0.1 - 0.19, -0.1 - 0.19 - 0.271):
        optimizer.apply([keras.ops.ones(1)], [variable])
        assert float(variable[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_each_optimizer_goes_down_and_notes_the_norm_before_clipping(name):
    moved, optimizer = one_step(GRADIENTS, optimizer=name)
    assert (moved[0] < 0).all()
    assert moved[1][0, 0] < 0
    assert float(optimizer.gradient_norm) == pytest.approx(math.sqrt(26), rel=1e-5)
    assert int(optimizer.iterations) == 1


def test_averages_forget_the_beginning_and_then_move_by_the_decay():
    variable = keras.Variable(np.full(1, 100, "float32"))
    optimizer = optimizers.build(TrainConfig(learning_rate=1.0, momentum=0.0, moving_average_decay=0.15))
    optimizer.build([variable])
    found = []
    for _ in range(3):
        optimizer.apply([keras.ops.ones(1)], [variable])
        found.append(float(optimizer.averages[0][0]))
    second = 0.1 * 99 + 0.9 * 98  # decays 0, 1/10, then 2/11, which is more than 0.15
    np.testing.assert_allclose(found, [99, second, 0.15 * second + 0.85 * 97], rtol=1e-6)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="TensorFlow's fit changes the variables")
def test_averages_move_where_the_state_is_an_argument():
    """As jax's `fit` has it."""
    variable = keras.Variable(np.full(1, 100, "float32"))
    optimizer = optimizers.build(TrainConfig(learning_rate=1.0, momentum=0.0, moving_average_decay=0.9))
    optimizer.build([variable])
    state = [one.value for one in optimizer.variables]
    assert len(state) == 3  # steps, the gradients' norm, the average
    _, state = optimizer.stateless_apply(state, [keras.ops.ones(1)], [keras.ops.full([1], 50.0)])
    (place,) = [number for number, one in enumerate(optimizer.variables) if one is optimizer.averages[0]]
    assert float(state[place][0]) == 49


def test_without_a_decay_no_averages_are_kept():
    _, optimizer = one_step(GRADIENTS)
    assert optimizer.averages == []


def test_every_legal_name_has_an_optimizer():
    assert tuple(optimizers.OPTIMIZERS) == TrainConfig.__dataclass_fields__["optimizer"].metadata["choices"]
