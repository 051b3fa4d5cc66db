"""A picture reads the same alone and beside larger ones, whatever reads it."""

import keras
import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import preset
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

SMALL = {"num_lstm_units": 8, "num_encoder_lstm_units": 8}
PRESETS = ["crnn_ctc", "visual_attention", "seq2seq", "arbitrary", "base", "ppocr", "ppocr_attention"]


def made(name):
    resize = "pad" if name == "arbitrary" else "keep_height"
    spec = DatasetSpec("sized", 1, 64 if resize == "pad" else 32, 160, 6, Charset.from_labels(["abcdefgh"]), resize)
    keras.utils.set_random_seed(0)
    model = AttentionOcr(preset(name).replace(**SMALL).model, spec)
    random = np.random.default_rng(0)
    for variable in model.variables:
        if "moving" in variable.name:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif "bias" in variable.name or "beta" in variable.name:
            variable.assign(random.normal(0, 0.2, variable.shape))
    return model


def pictures(spec):
    """Three, little smaller than a batch of their own: more padding alone would hide what a wider one beside adds."""
    random = np.random.default_rng(1)
    heights = (64, 31, 62) if spec.resize == "pad" else (32, 32, 32)
    return [
        random.integers(0, 256, [height, width, 3], np.uint8)
        for height, width in zip(heights, (62, 95, 160), strict=True)
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_logits_texts_and_attention_are_the_same(name):
    reader = Reader(KerasBackend(made(name)))
    assert reader.geometry.canvas
    together = reader.read_prepared(pictures(reader.dataset))
    for picture, beside in zip(pictures(reader.dataset), together, strict=True):
        (alone,) = reader.read_prepared([picture])
        assert alone.text == beside.text
        assert alone.feature_grid == beside.feature_grid == tuple(reader.geometry.feature_grid(*picture.shape[:2]))
        assert alone.confidence == pytest.approx(beside.confidence, rel=1e-4)
        np.testing.assert_allclose(alone.scores, beside.scores, atol=1e-4)
        np.testing.assert_allclose(alone.attention, beside.attention, atol=1e-4)


@pytest.mark.parametrize("name", ["crnn_ctc", "visual_attention"])
def test_beams_are_the_same(name):
    reader = Reader(KerasBackend(made(name), beam_width=3))
    together = reader.read_prepared(pictures(reader.dataset))
    for picture, beside in zip(pictures(reader.dataset), together, strict=True):
        (alone,) = reader.read_prepared([picture])
        assert [other.text for other in alone.alternatives] == [other.text for other in beside.alternatives]
        np.testing.assert_allclose(
            [other.score for other in alone.alternatives], [other.score for other in beside.alternatives], rtol=1e-4
        )
        np.testing.assert_allclose(alone.attention, beside.attention, atol=1e-4)
