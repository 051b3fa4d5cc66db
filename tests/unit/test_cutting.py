"""A network cut to some characters says of them what it said before, whatever its head."""

import keras
import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import cutting
from attention_ocr.model.cut_network import cut
from attention_ocr.model.heads import HEADS
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import preset

pytestmark = pytest.mark.usefixtures("small_networks")
CHARSET = Charset((("x",), ("’", "'"), ("a",), (), ("b",), ("c",)), 3)
SMALL = {"encoder": "crnn", "num_lstm_units": 8, "num_encoder_lstm_layers": 0}


def made(head, resize="stretch", **knobs):
    spec = DatasetSpec("cut", 1, 32, 64, 3, CHARSET, resize)
    keras.utils.set_random_seed(0)
    config = preset("base").replace(head=head, **SMALL, **knobs).model
    model = AttentionOcr(config, spec)
    for variable in model.decoder.weights:
        variable.assign(np.random.default_rng(1).normal(0, 0.5, variable.shape))
    return model


def pictures():
    return {"images": np.random.default_rng(2).integers(0, 256, [2, 32, 64, 3], np.uint8)}


@pytest.mark.parametrize("autoregression", [True, False])
@pytest.mark.parametrize("head", HEADS)
def test_logits_of_what_stays_are_the_same(head, autoregression):
    if not autoregression and head not in ("attention", "slice"):
        pytest.skip("always fed, or never")
    whole = made(head, use_autoregression=autoregression)
    small = cut(whole, "cab'")
    assert small.dataset.charset.classes == (("’", "'"), ("a",), (), ("b",), ("c",))
    assert small.dataset.charset.null_id == 2
    classes = [1, 2, 3, 4, 5, *([6] if head == "ctc" else [])]
    labels = np.array([[2, 4, 3], [5, 3, 3]])  # fed to both, so that what either reads does not count
    before = whole({**pictures(), "labels": labels}, teach=True)["chars_logit"]
    after = small({**pictures(), "labels": labels - 1}, teach=True)["chars_logit"]
    np.testing.assert_allclose(np.asarray(after), np.asarray(before)[..., classes], atol=1e-5)


def test_a_cut_network_comes_back_from_its_file(tmp_path):
    small = cut(made("attention"), "ab")
    small.step = 7
    small.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras", compile=False)
    assert again.dataset == small.dataset
    assert again.config == small.config
    np.testing.assert_allclose(
        np.asarray(again(pictures())["chars_logit"]), np.asarray(small(pictures())["chars_logit"]), atol=1e-6
    )


def test_none_of_the_characters():
    with pytest.raises(UserError, match="--characters=xyz: none of these is among the 2 characters of the model"):
        cutting.kept_classes(Charset.from_labels(["ab"]), "xyz")
