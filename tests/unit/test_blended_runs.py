"""How a run that began with a reader ends: the best model is blended once, and its score stays one of validation."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import blending
from attention_ocr.training.fine_tuning import FineTuning
from attention_ocr.training.run_directory import RunDirectory

NETWORK = ModelConfig(encoder="crnn", head="ctc")
WHAT = "ExactMatch and NormalizedEditDistance of the validation split"


class Data:
    """Examples whose validation always gives the same; counts how often it is read."""

    has_validation = True

    def __init__(self):
        self.count = 0

    def validate(self, reader):
        self.count += 1
        predictions = [SimpleNamespace(truth="a", read=read) for read in "ab"]
        return SimpleNamespace(ExactMatch=0.5, NormalizedEditDistance=0.7, predictions=predictions)

    def validate_replayed(self, reader):
        return SimpleNamespace(ExactMatch=0.9)


@pytest.fixture
def networks(make_spec):
    """What a run begins with, and what it learned: all weights larger by 1."""
    old, new = (AttentionOcr(NETWORK, make_spec(image_height=32)) for _ in range(2))
    for before, after in zip(old.weights, new.weights, strict=True):
        after.assign(keras.ops.convert_to_numpy(before) + 1)
    return old, new


def test_the_best_model_is_blended_once_and_each_new_best_again(networks, tmp_path):
    old, new = networks
    run, data, start = RunDirectory(tmp_path), Data(), FineTuning("words", old, "auto")
    run.keep_if_best(run.save(new, 2, 5), [0.4, 0.6], WHAT)
    start.finish(data, run)
    assert data.count == len(blending.SHARES)
    noted = json.loads((tmp_path / "best.json").read_text())
    assert (noted["share"], noted["score"], noted["what"]) == (0.6, [0.5, 0.7], WHAT)
    for before, blended in zip(old.weights, load_model(run.best_file).weights, strict=True):
        np.testing.assert_allclose(blended, keras.ops.convert_to_numpy(before) + 0.6, rtol=1e-5)
    start.finish(data, run)
    assert data.count == len(blending.SHARES)
    assert not run.keep_if_best(run.save(new, 3, 5), [0.5, 0.6], WHAT)
    assert run.keep_if_best(run.save(new, 4, 5), [0.6, 0.6], WHAT)
    start.finish(data, run)
    assert data.count == 2 * len(blending.SHARES)
