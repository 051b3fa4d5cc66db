"""A run that begins with a frozen encoder, and one that ends when it gets no better; both from a file of knobs."""

import json

import numpy as np
import pytest

from attention_ocr.__main__ import main
from attention_ocr.model.model_file import load_model

KNOBS = {
    "encoder": "crnn",
    "head": "ctc",
    "num_encoder_lstm_layers": 0,
    "batch_size": 8,
    "optimizer": "adam",
    "learning_rate": 0.002,
    "use_augment_input": False,
    "save_interval_steps": 2,
    "save_summaries_steps": 2,
}


@pytest.fixture(scope="module")
def train(sized_dataset, tmp_path_factory, small_networks):
    """A function from a run's directory and flags to what training prints, knobs from a file."""
    path = tmp_path_factory.mktemp("knobs") / "knobs.json"
    path.write_text(json.dumps(KNOBS))

    def train(run, capsys, *flags):
        where = [f"--dataset_dir={sized_dataset('keep_height')}", f"--train_log_dir={run}", f"--config={path}"]
        capsys.readouterr()
        assert main(["train", *where, *flags]) == 0
        return capsys.readouterr().out

    return train


def weights_of(run, step):
    model = load_model(run / "checkpoints" / f"checkpoint-{step:08d}.keras")
    return {variable.path: np.asarray(variable) for variable in model.variables if "seed" not in variable.path}


def changed(one, other):
    return {path for path, value in one.items() if not np.array_equal(value, other[path])}


@pytest.mark.slow
def test_the_encoder_learns_after_its_steps_and_a_resumed_run_does_the_same(train, tmp_path, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    out = train(whole, capsys, "--freeze=encoder:4", "--max_number_of_steps=6")
    assert "step 4  from here on the encoder learns, too" in out
    first = changed(weights_of(whole, 2), weights_of(whole, 4))
    assert first
    assert all(path.startswith("decoder/") for path in first)
    assert any(path.startswith("encoder/") for path in changed(weights_of(whole, 4), weights_of(whole, 6)))
    train(parts, capsys, "--freeze=encoder:4", "--max_number_of_steps=3")
    train(parts, capsys, "--freeze=encoder:4", "--max_number_of_steps=6")
    for path, value in weights_of(whole, 6).items():
        np.testing.assert_allclose(weights_of(parts, 6)[path], value, rtol=1e-5, atol=1e-5, err_msg=path)


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_a_run_that_gets_no_better_ends_and_stays_ended(train, tmp_path, capsys):
    flags = ["--learning_rate=1e-9", "--early_stop_patience=2", "--max_number_of_steps=50"]
    out = train(tmp_path, capsys, *flags)
    assert "nothing better since step 2 (1 of 2 checkpoints)" in out
    assert "nothing better since step 2: stopping early" in out
    assert max(int(path.stem[-8:]) for path in (tmp_path / "checkpoints").iterdir()) == 6
    again = train(tmp_path, capsys, *flags)
    assert "nothing better since step 2: stopping early; raise --early_stop_patience to go on" in again
    assert "step 7" not in again
