"""The rate that a sweep suggests, and what it leaves as it was."""

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attention_ocr.config import TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.training import learning_rates, optimizers
from attention_ocr.training.learning_rates import STEPS, Rising, find, smoothed, suggested


def rates(number=STEPS, optimizer="adam"):
    rising = Rising(optimizer)
    return [rising.at(n) for n in range(number)]


@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("fall_at", [1e-4, 1e-2])
def test_the_rate_is_where_the_loss_falls_and_well_below_where_it_grows(noise, fall_at):
    """A loss that falls around a rate, and grows beyond 30 times that rate."""
    tried = np.array(rates())
    losses = 4 - 3 / (1 + (fall_at / tried) ** 2) + np.maximum(np.log(tried / (30 * fall_at)), 0) ** 2
    losses += noise * np.random.default_rng(0).normal(size=STEPS)
    found = suggested(tried, losses)
    assert fall_at / 4 < found.rate < fall_at * 4
    assert found.rate <= found.least / 10
    assert 2 * fall_at < found.least < 60 * fall_at


def test_a_loss_that_falls_just_before_it_grows_suggests_a_tenth_of_the_least():
    tried = np.array(rates())
    losses = 4 - 3 / (1 + (0.02 / tried) ** 8) + np.maximum(np.log(tried / 0.05), 0) ** 2
    found = suggested(tried, losses)
    assert found.fastest > found.least / 10
    assert found.rate == pytest.approx(found.least / 10)


@pytest.mark.parametrize("losses", [[2.0] * STEPS, np.linspace(1, 9, STEPS), [3.0, 2.0], []], ids=str)
def test_a_loss_that_does_not_fall_suggests_nothing(losses):
    assert suggested(rates(len(losses)), losses) is None


def test_chance_at_low_rates_is_not_taken_for_learning():
    tried = np.array(rates())
    losses = 4 - 3 / (1 + (0.01 / tried) ** 2) + np.maximum(np.log(tried / 0.1), 0) ** 2
    losses[:6] += 8  # some hard batches at the start
    assert 1e-3 < suggested(tried, losses).rate < 0.05


def test_smoothing_keeps_what_is_even_and_does_not_lag():
    np.testing.assert_allclose(smoothed([5.0] * 20), 5.0)
    valley = np.abs(np.arange(41) - 20.0)
    assert np.argmin(smoothed(valley)) == 20


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adadelta"])
@pytest.mark.parametrize("begun_at", [0, 500])
def test_rates_rise_evenly_from_the_first_to_the_last(optimizer, begun_at):
    rising = Rising(optimizer)
    rising.begun_at = begun_at
    found = [float(rising(begun_at + n)) for n in range(STEPS)]
    np.testing.assert_allclose(found, rates(optimizer=optimizer), rtol=1e-3)
    np.testing.assert_allclose([found[0], found[-1]], [rising.first, rising.last], rtol=1e-3)


class Toy(keras.Model):
    """Learns a weight, and reports what a sweep looks at."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope
        self.kernel = self.add_weight((), initializer=lambda *_, **__: keras.ops.convert_to_tensor(3.0), name="kernel")
        self.drawn = keras.random.SeedGenerator(1)
        self.built = True
        self.augmentation = None
        self.perplexity = keras.metrics.Mean(name="perplexity")

    def call(self, inputs):
        return self.kernel * inputs["x"]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = keras.ops.mean(keras.ops.square(y_pred)) * self.slope + 0.1
        self.perplexity.reset_state()
        self.perplexity.update_state(keras.ops.exp(keras.ops.minimum(loss, 20.0)))
        return loss


class Ones:
    """Data of which each batch is the same."""

    def __init__(self):
        self.closed = False

    def batches(self, step):
        while True:
            yield ({"x": np.ones([4, 1], "float32")},)

    def recover(self, error, step):
        return False

    def close(self):
        self.closed = True


def swept(path, slope=1.0):
    model, rising, data = Toy(slope), Rising("momentum"), Ones()
    model.compile(optimizers.build(TrainConfig(clip_gradient_norm=0.0), rates=rising))
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(40)
    variables = [*model.variables, *model.optimizer.variables]
    before = [np.asarray(variable).copy() for variable in variables]
    try:
        return find(model, data, rising, path, 40)
    finally:
        assert data.closed
        for variable, value in zip(variables, before, strict=True):
            np.testing.assert_array_equal(np.asarray(variable), value)


def test_a_sweep_shows_its_curve_and_leaves_everything_as_it_was(tmp_path, capsys):
    found = swept(tmp_path)
    assert 1e-3 < found.rate < 0.5  # of x^2 with momentum 0.9: above 1 it only grows
    assert f"use --learning_rate={found.rate:.1g}" in capsys.readouterr().out
    shown = EventAccumulator(str(tmp_path / learning_rates.FOLDER), {"images": 1, "scalars": 0}).Reload()
    (curve,) = shown.Images("learning_rate/curve")
    assert (curve.width, curve.height) == (720, 400)
    values = [event.value for event in shown.Scalars("learning_rate/loss")]
    assert values[0] == pytest.approx(9.1, rel=0.01)
    assert min(values) < 1
    tried = [event.value for event in shown.Scalars("learning_rate/rate")]
    np.testing.assert_allclose(tried, rates(len(tried), "momentum"), rtol=1e-3)


def test_a_sweep_that_learns_nothing_says_so(tmp_path):
    with pytest.raises(UserError, match="--find_learning_rate: the loss fell at no rate from 1e-06 to 10"):
        swept(tmp_path, slope=0.0)
