"""A knob of the network that is said to have no effect has none: refusing it takes nothing from anybody."""

import dataclasses

import keras
import numpy as np
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.model.geometry import LAYOUTS
from attention_ocr.model.heads import head_of
from attention_ocr.model.network import TOWERS

TINY = {"num_lstm_units": 4, "embedding_size": 3}
KNOBS = {knob.name: knob for knob in dataclasses.fields(ModelConfig)}
CASES = [
    (name, other, value)
    for name, knob in KNOBS.items()
    for other, condition in knob.metadata["works_with"].items()
    if other in ("head", "stop_at_end") and name not in ("teacher_forcing", "use_autoregression")
    for value in [*KNOBS[other].metadata["choices"], False, True]
    if type(value) is KNOBS[other].type and not condition.holds(value)
]


def outcome(**knobs):
    """The loss and what is read."""
    config, null_id, T = ModelConfig(**knobs), 4, 3
    keras.utils.set_random_seed(1)
    head = head_of(config)
    decoder = head.decoder(config, 5, T)
    features = np.random.default_rng(0).normal(size=[2, 6, 4]).astype(np.float32)
    labels = np.array([[1, 2, 4], [3, 4, 4]], np.int32)
    logits = decoder(features, labels=labels, teach=True, training=True)["chars_logit"]
    read = head.read(config, logits, null_id, T)
    return [np.asarray(value) for value in (*head.loss(config, logits, labels, null_id), *read.values())]


@pytest.mark.parametrize(("name", "other", "value"), CASES, ids=[f"{name}-{value}" for name, _, value in CASES])
def test_what_is_refused_changes_nothing(name, other, value):
    knobs = {**TINY, other: value}
    before = getattr(ModelConfig(**knobs), name)
    changed = not before if isinstance(before, bool) else before + 1 if isinstance(before, int) else before * 0.5 + 0.2
    for one, same in zip(outcome(**knobs), outcome(**{**knobs, name: changed}), strict=True):
        np.testing.assert_array_equal(one, same)


class Noting:
    """A ModelConfig that notes which of its knobs are read."""

    def __init__(self):
        self.read = set()

    def __getattr__(self, name):
        self.read.add(name)
        return KNOBS[name].default


@pytest.mark.parametrize("encoder", KNOBS["encoder"].metadata["choices"])
def test_the_knobs_of_an_encoder_are_those_that_it_reads(encoder):
    config = Noting()
    TOWERS[encoder](config, 1)
    LAYOUTS[encoder](config)
    told = {name: knob.metadata["works_with"]["encoder"] for name, knob in KNOBS.items() if "encoder" in _needs(knob)}
    assert {name for name, condition in told.items() if condition.holds(encoder)} == config.read & set(told)


def _needs(knob):
    return knob.metadata["works_with"]
