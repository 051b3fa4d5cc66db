"""Distorted views keep shape and range, differ from each other, and are the same for the same seed."""

import numpy as np
import pytest
import tensorflow as tf

from attention_ocr.data.augment import AUGMENTATIONS, augment

V, H, W = 3, 32, 48


@pytest.fixture(scope="module")
def image():
    """float32 [H, V*W, 3] in [0, 1]: V times the same view, with black and white parts."""
    view = np.random.default_rng(0).uniform(size=[H, W, 3])
    view[:8], view[-8:] = 0, 1
    return np.concatenate([view] * V, axis=1).astype("float32")


@pytest.fixture(scope="module", params=sorted(AUGMENTATIONS))
def distort(request):
    """The augmentation as a compiled function of image and seed."""
    signature = [tf.TensorSpec([H, V * W, 3]), tf.TensorSpec([2], tf.int32)]
    return tf.function(lambda image, seed: augment(image, V, request.param, seed), signature)


def test_shape_and_range_stay(distort, image):
    for number in range(12):
        found = distort(image, [0, number]).numpy()
        assert found.shape == image.shape
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 1
        assert found.std() > 0.05


def test_each_view_is_distorted_by_itself(distort, image):
    views = np.split(distort(image, [0, 0]).numpy(), V, axis=1)
    assert len({view.tobytes() for view in views}) == V


def test_a_seed_decides_everything(distort, image):
    first, again, other = (distort(image, seed).numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_text_stays_in_view(distort):
    """A dark square in the middle of white is still there, and about as large."""
    picture = np.ones([H, V * W, 3], "float32")
    for view in range(V):
        picture[10:22, view * W + 16 : view * W + 32] = 0
    for number in range(8):
        for view in np.split(distort(picture, [3, number]).numpy().mean(axis=-1), V, axis=1):
            middle = (view.max() + view.min()) / 2
            assert 0.7 * 192 < (view < middle).sum() < 1.5 * 192


def test_a_long_line_keeps_its_last_character():
    """Small shifts are small beside a character, however wide the picture is."""
    line = np.ones([32, 1600, 3], "float32")
    line[:, -16:] = 0
    for number in range(8):
        found = augment(tf.constant(line), 1, "light", [5, number]).numpy().mean(axis=-1)
        assert 14 <= (found[:, -20:] < 0.5).all(axis=0).sum() <= 18
