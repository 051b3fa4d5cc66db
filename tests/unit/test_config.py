"""Knobs refuse what they cannot mean, and come back from JSON."""

import json
import subprocess
import sys

import pytest

from attention_ocr.config import Config, DataConfig, ModelConfig, TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.presets import PRESETS, preset


def test_it_comes_back_from_json():
    config = Config().replace(num_lstm_units=128, batch_size=8, optimizer="adam")
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert (config.model.num_lstm_units, config.data.batch_size, config.train.optimizer) == (128, 8, "adam")


def test_missing_keys_take_the_default():
    assert ModelConfig.from_dict({"num_lstm_units": 64}) == ModelConfig(num_lstm_units=64)
    assert Config.from_dict({}) == Config()


@pytest.mark.parametrize(
    ("group", "values", "problem"),
    [
        (ModelConfig, {"final_endpoint": "Mixed_9z"}, "--final_endpoint=Mixed_9z: not one of Mixed_5b, "),
        (ModelConfig, {"num_lstm_units": 0}, "--num_lstm_units=0: must be at least 1"),
        (ModelConfig, {"num_lstm_units": 2.5}, "--num_lstm_units=2.5: must be a int"),
        (ModelConfig, {"stop_at_end": 1}, "--stop_at_end=1: must be a bool"),
        (ModelConfig, {"label_smoothing": 1.0}, "--label_smoothing=1.0: must be at most 0.99"),
        (TrainConfig, {"learning_rate": 0.0}, "--learning_rate=0.0: must be above 0"),
        (TrainConfig, {"learning_rate": float("nan")}, "--learning_rate=nan: must be above 0"),
        (DataConfig, {"batch_size": True}, "--batch_size=True: must be a int"),
        (DataConfig, {"batchsize": 3}, "DataConfig: unknown batchsize; known are batch_size, "),
    ],
)
def test_a_wrong_knob_is_named_with_what_is_allowed(group, values, problem):
    with pytest.raises(UserError) as error:
        group.from_dict(values)
    assert str(error.value).startswith(problem)


def test_a_whole_number_is_a_float_too():
    assert TrainConfig(learning_rate=1).learning_rate == 1


def test_an_unknown_knob_or_preset_is_an_error():
    with pytest.raises(UserError, match="no knob is called 'num_lstm_unit'"):
        Config().replace(num_lstm_unit=3)
    with pytest.raises(UserError, match="--preset=nope: not one of fsns"):
        preset("nope")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_what_it_says(name):
    values = {key: value for group in preset(name).to_dict().values() for key, value in group.items()}
    assert {key: values[key] for key in PRESETS[name]} == PRESETS[name]
    assert preset("") == Config()


def test_configs_need_no_framework():
    modules = "attention_ocr.config, attention_ocr.dataset_spec"
    code = f"import sys, {modules}; print({{'keras', 'tensorflow', 'jax'}} & {{*sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
