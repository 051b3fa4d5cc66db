"""Masks of letters become readable pictures in all kinds of colours."""

import cv2
import keras
import numpy as np
import pytest

from attention_ocr.training.painting import paint

H, W = 32, 96


@pytest.fixture(scope="module")
def masks():
    """uint8 [16, H, W, 3]: letters, their outline, their shadow."""
    found = np.zeros([16, H, W, 3], np.uint8)
    for number, picture in enumerate(found):
        for channel, (thick, shift) in enumerate(((2, 0), (5, 0), (3, 2))):
            layer = np.zeros([H, W], np.uint8)
            cv2.putText(layer, f"Ab{number}", (10 + shift, 24 + shift), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, thick)
            picture[..., channel] = layer
    return found


@pytest.fixture(scope="module")
def painted(masks):
    return np.asarray(paint(masks, 1))


def test_pictures_are_in_range_and_coloured(painted, masks):
    assert (painted.dtype, painted.shape) == (np.float32, masks.shape)
    assert painted.min() >= 0
    assert painted.max() <= 1
    assert np.mean(np.ptp(painted.mean(axis=(1, 2)), axis=-1) > 0.05) > 0.4


def test_letters_stand_out_from_their_ground(painted, masks):
    ink, ground = masks[..., 0] > 200, masks.max(axis=-1) == 0
    lightness = painted.mean(axis=-1)
    differences = np.array([one[i].mean() - one[g].mean() for one, i, g in zip(lightness, ink, ground, strict=True)])
    noise = np.array([one[g].std() for one, g in zip(lightness, ground, strict=True)])
    assert np.mean(np.abs(differences) > 0.05) > 0.9
    assert np.mean(np.abs(differences) > 2 * noise) > 0.7
    assert 0.2 < np.mean(differences > 0) < 0.8  # light on dark, and dark on light


def test_a_seed_decides_everything_and_no_two_look_alike(painted, masks):
    np.testing.assert_array_equal(np.asarray(paint(masks, 1)), painted)
    other = np.asarray(paint(masks, 2))
    assert np.abs(other - painted).mean(axis=(1, 2, 3)).min() > 0.02
    same = np.repeat(masks[:1], 16, axis=0)
    assert np.std(np.asarray(paint(same, 3)).mean(axis=(1, 2)), axis=0).min() > 0.1


def test_masks_as_numbers_and_as_bytes_are_the_same(painted, masks):
    np.testing.assert_allclose(np.asarray(paint(masks.astype("float32") / 255, 1)), painted, atol=0.02)


def test_a_seed_generator_draws_other_pictures_each_time(masks):
    seeds = keras.random.SeedGenerator(5)
    first, second = (np.asarray(paint(masks[:2], seeds.next())) for _ in range(2))
    assert np.abs(first - second).mean() > 0.02


def test_beyond_a_picture_is_nothing(masks):
    sizes = np.array([[H, 30 + 4 * n] for n in range(16)], np.int32)
    found = np.asarray(paint(masks, 4, sizes))
    for picture, (_, width) in zip(found, sizes, strict=True):
        assert picture[:, :width].max() > 0.1
        assert np.all(picture[:, width:] == 0)
