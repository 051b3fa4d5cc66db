"""--freeze: the encoder stays as it is, its averages of batch norm included, and learns later."""

import keras
import numpy as np
import pytest

from attention_ocr.config import ModelConfig, TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.train_config import ENDLESS
from attention_ocr.training import freezing, optimizers

SIZES = {"encoder": "residual", "encoder_channels": 8, "num_encoder_lstm_layers": 1, "num_encoder_lstm_units": 4}


@pytest.mark.parametrize("optimizer", ["momentum", "adamw"])  # the latter has decay of its own
def test_a_frozen_encoder_stays_while_the_decoder_learns(optimizer, make_spec):
    keras.utils.set_random_seed(0)
    config = TrainConfig(optimizer=optimizer, learning_rate=0.1, freeze="encoder", moving_average_decay=0.9)
    model = AttentionOcr(ModelConfig(**SIZES, head="ctc"), make_spec(image_height=32, image_width=48))
    # A graph of it takes longer to make than the step.
    model.compile(optimizers.build(config, freezing.frozen_variables(model, config, 0)), run_eagerly=True)
    before = {variable.path: np.asarray(variable).copy() for variable in model.variables}
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, [4, 32, 48, 3], np.uint8), np.tile([1, 2, 5, 5], [4, 1]).astype("int32")
    model.train_on_batch({"images": images, "labels": labels})
    changed = {v.path for v in model.variables if not np.array_equal(before[v.path], np.asarray(v))}
    assert not any(path.startswith("encoder/") for path in changed if "seed" not in path)
    assert any(path.startswith("decoder/") for path in changed)


@pytest.mark.parametrize(
    ("freeze", "step", "frozen", "end"),
    [
        ("", 0, False, 900),
        ("encoder", 0, True, 900),
        ("encoder", 899, True, 900),
        ("encoder:500", 0, True, 500),
        ("encoder:500", 499, True, 500),
        ("encoder:500", 500, False, 900),
        ("encoder:5000", 0, True, 900),
    ],
)
def test_steps_are_frozen_from_the_start(freeze, step, frozen, end):
    config = TrainConfig(freeze=freeze, max_number_of_steps=900)
    assert freezing.is_frozen(config, step) == frozen
    assert freezing.phase_end(config, step) == end


def test_a_run_without_end_may_be_frozen_for_ever():
    assert freezing.phase_end(TrainConfig(freeze="encoder"), 7) == ENDLESS


@pytest.mark.parametrize("freeze", ["decoder", "encoder:", "encoder:0", "encoder:-1", "encoder:1.5", "5"])
def test_another_value_is_refused(freeze):
    with pytest.raises(UserError, match=r"--freeze=.*: is neither encoder nor encoder:STEPS"):
        TrainConfig(freeze=freeze)
