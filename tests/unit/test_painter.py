"""Drawn masks are painted inside the training step, pictures stay as they are."""

import itertools

import numpy as np
import pytest

from attention_ocr.augment_config import StrongConfig
from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.distortion.again import SeenAgain
from attention_ocr.model.distortion.randoms import Randoms
from attention_ocr.model.distortion.strong import StrongAugmentation
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training.painter import Painter


@pytest.fixture
def masks():
    """Two pictures alike: a bar as letters are, its outline and its shadow."""
    found = np.zeros((2, 16, 32, 3), np.uint8)
    found[:, 4:12, 8:24, 0] = 255
    return found


def painted(painter, masks, unpainted=(True, False), sizes=None):
    return np.asarray(painter(masks, np.array(unpainted), sizes))


def test_only_masks_are_painted(masks):
    found = painted(Painter(3), masks)
    np.testing.assert_array_equal(found[1], masks[1])
    assert found[0].min() >= 0
    assert found[0].max() <= 255
    assert abs(found[0, 5:11, 9:23].mean() - found[0, :3].mean()) > 5
    assert found[0].std(axis=(0, 1)).max() < 127


def test_each_step_paints_anew_and_a_resumed_run_paints_the_same(masks):
    once = Painter(3)
    first, second = painted(once, masks), painted(once, masks)
    assert not np.array_equal(first, second)
    resumed = Painter(3)
    resumed.begin(1)
    np.testing.assert_array_equal(painted(resumed, masks), second)
    assert not np.array_equal(painted(Painter(4), masks), first)


def test_a_network_paints_what_it_learns_from_and_nothing_that_it_reads(masks):
    charset = Charset.from_labels(["ab"])
    dataset = DatasetSpec("words", 1, 16, 32, 2, charset, "keep_height")
    config = ModelConfig(encoder="residual", encoder_channels=8, head="ctc")
    model = AttentionOcr(config, dataset, painter=Painter(3))
    sizes, labels = np.array([[16, 20], [16, 32]], np.int32), np.array([[0, 2], [1, 0]], np.int32)
    batch = {"images": masks, "labels": labels, "sizes": sizes}
    logits = [
        np.asarray(model({**batch, "unpainted": np.array(unpainted)}, training=True)["chars_logit"])
        for unpainted in ([False, False], [True, False])
    ]
    assert not np.allclose(logits[0][0], logits[1][0])
    assert np.asarray(model(batch)["predicted_chars"]).shape == (2, 2)


def test_what_is_no_picture_stays_empty(masks):
    found = painted(Painter(3), masks, sizes=np.array([[16, 20], [16, 32]], np.int32))
    assert not found[0, :, 20:].any()
    assert found[0, :, :20].any()


def test_what_is_painted_does_not_follow_what_is_distorted():
    """Of one run, whose seed both have."""
    drawn = [
        np.asarray(Randoms(layer.seeds.next(), 4).uniform(0.0, 1.0))
        for layer in (Painter(3), StrongAugmentation(StrongConfig(), 1, 3), SeenAgain(1, 3))
    ]
    for one, other in itertools.combinations(drawn, 2):
        assert not np.allclose(one, other)
