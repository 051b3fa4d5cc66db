"""What makes a step on jax quick."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from attention_ocr.config import Config, ModelConfig, TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.training import loop


def found_by(what, folder):
    """What a function of on_jax.py found."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_PLATFORMS": "cpu"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    command = [sys.executable, str(Path(__file__).parent / "on_jax.py"), what, str(folder)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=580, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory):
    return found_by("in_steps", tmp_path_factory.mktemp("compiled"))


@pytest.mark.slow
def test_rematerialization_keeps_less_and_learns_the_same(tmp_path):
    found = found_by("with_rematerialization", tmp_path)
    without, rematerialized = found["kept"]
    assert without < found["compared"], "attention keeps what it compares in each step"
    assert rematerialized < 0.9 * without
    assert found["apart"] < 1e-6


def test_only_a_batch_of_another_width_is_compiled(on_jax):
    widths, counts = on_jax["widths"], on_jax["compilations"]
    assert set(widths) == {32, 64}
    steps = [now - before for before, now in zip([0, *counts], counts, strict=False)]
    first = {widths.index(32), widths.index(64)}
    assert all(steps[number] for number in first), "nothing was counted"
    assert not any(steps[number] for number in range(len(steps)) if number not in first)


def test_a_step_does_not_wait_for_the_one_before(on_jax):
    """A callback gets values on the device; numbers of them would be there only after the step."""
    assert on_jax["kinds"] == ["ArrayImpl"]


def test_pictures_travel_as_bytes(on_jax):
    assert on_jax["scaled"] == ["uint8"]


def test_a_compiled_step_paints_masks_and_distorts_pictures(on_jax):
    given, painted, distorted = (on_jax["drawn"][name] for name in ("given", "painted", "distorted"))
    assert painted[2] == given[2]
    for found in ([*painted[:2], painted[3]], distorted):
        assert all(0 < mean < 255 for mean in found)
        assert max(found) - min(found) > 1


def test_recurrent_columns_learn_what_kerass_layers_learn(tmp_path):
    assert 0 < np.max(found_by("recurrent_columns", tmp_path)) < 1e-5  # 0: Keras's own were compared with themselves


@pytest.mark.slow
def test_recurrent_columns_of_all_sizes_learn_what_kerass_layers_learn(tmp_path):
    found = found_by("more_recurrent_columns", tmp_path)
    assert np.max(found["float32"]) < 1e-5
    assert min(found["keras_bfloat16"]) > 1e-3, "bfloat16 was not tried"
    assert (np.array(found["bfloat16"]) < 1.5 * np.array(found["keras_bfloat16"])).all()


def test_what_was_compiled_is_kept_in_a_folder(on_jax):
    assert on_jax["hits"] == [0, 1]


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="jax can")
def test_another_backend_refuses_rematerialization_in_one_line(make_spec):
    config = Config(
        model=ModelConfig(encoder="residual", encoder_channels=8, num_lstm_units=8),
        train=TrainConfig(rematerialize=True),
    )
    with pytest.raises(UserError, match="--rematerialize: needs KERAS_BACKEND=jax, not tensorflow"):
        loop.compiled_model(config, make_spec())
