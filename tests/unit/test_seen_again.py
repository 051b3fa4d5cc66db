"""Drawn pictures that are used again: shifted and lit anew, with what is known of their places."""

import numpy as np
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.model.distortion.again import SHIFT, SeenAgain, seen_again
from attention_ocr.model.network import AttentionOcr

SEEDS = 12


def seen(images, num_views=1, seed=0, sizes=None, places=None):
    found, moved = seen_again(images, num_views, seed, sizes, places)
    return np.asarray(found), None if moved is None else np.asarray(moved)


def test_places_move_with_the_view_they_are_in():
    """A white dot of each view is where its place says, also after the view was shifted."""
    pixels, places = np.zeros((SEEDS, 64, 128, 3), np.uint8), np.array([[[[20, 30], [40, 10]]]] * SEEDS, np.float32)
    pixels[:, 30, 20] = pixels[:, 10, 64 + 40] = 255
    found, moved = seen(pixels, 2, places=places)
    shifts = set()
    for picture, (place,) in zip(found, moved, strict=True):
        for view in range(2):
            x, y = place[view].astype(int)
            shown = picture[:, 64 * view : 64 * view + 64, 0]
            assert np.unravel_index(shown.argmax(), shown.shape) == (y, x)
            shifts.add((x - places[0, 0, view, 0], y - places[0, 0, view, 1]))
    assert len(shifts) > 10
    assert max(map(max, shifts)) <= 64 / SHIFT
    assert min(map(min, shifts)) >= -64 / SHIFT


def test_what_is_shifted_in_mirrors_the_rim_and_nothing_else_changes():
    """Where light is the same again, each picture is one of the shifts of what it was, mirrored at its rims."""
    pixels = np.random.default_rng(1).integers(100, 150, [SEEDS, 32, 48, 3]).astype(np.uint8)
    found, _ = seen(pixels)
    padded = np.pad(pixels, [(0, 0), (2, 2), (2, 2), (0, 0)], "symmetric").astype(float)
    for number, picture in enumerate(found):
        candidates = [padded[number, y : y + 32, x : x + 48].ravel() for y in range(5) for x in range(5)]
        likeness = [np.corrcoef(picture.ravel(), each)[0, 1] for each in candidates]
        assert max(likeness) > 0.9999


def test_light_differs_by_view_and_from_step_to_step():
    pixels = np.full((SEEDS, 32, 64, 3), 120, np.uint8)
    first, second = (seen(pixels, 2, seed)[0] for seed in (1, 2))
    views = np.concatenate([first[:, 0, [0, -1], 0], second[:, 0, [0, -1], 0]])
    assert len(np.unique(views)) == views.size
    assert 90 < views.min() < 110
    assert 130 < views.max() < 150


@pytest.mark.parametrize("width", [5, 40, 64])
def test_what_is_no_picture_stays_as_it_is_and_is_not_looked_at(width):
    random = np.random.default_rng(2)
    pixels = random.integers(0, 256, [SEEDS, 32, 64, 3]).astype(np.uint8)
    sizes = np.array([[20, width]] * SEEDS, "int32")
    found, _ = seen(pixels, sizes=sizes)
    np.testing.assert_array_equal(found[:, 20:], pixels[:, 20:])
    np.testing.assert_array_equal(found[:, :, width:], pixels[:, :, width:])
    other = random.integers(0, 256, pixels.shape).astype(np.uint8)
    other[:, :20, :width] = pixels[:, :20, :width]
    np.testing.assert_array_equal(seen(other, sizes=sizes)[0][:, :20, :width], found[:, :20, :width])
    alone, _ = seen(pixels[:, :20, :width])
    np.testing.assert_allclose(found[:, :20, :width], alone, atol=1e-3)


def test_pictures_to_be_painted_stay_as_they_are():
    pixels = np.random.default_rng(3).integers(0, 256, [4, 32, 32, 3]).astype(np.uint8)
    unpainted = np.array([True, False, True, False])
    layer = SeenAgain(1, 5)
    found, _ = layer(pixels, unpainted=unpainted)
    changed = np.abs(np.asarray(found) - pixels).max(axis=(1, 2, 3)) > 0
    np.testing.assert_array_equal(changed, ~unpainted)
    assert layer.preview(pixels).dtype == np.uint8


def test_a_network_learns_where_characters_were_moved_to(make_spec):
    """Attention is compared with the places of the shifted pictures."""
    spec = make_spec(num_views=2, image_height=64, image_width=64)
    network = ModelConfig(num_lstm_units=4, attention_loss_weight=1.0)
    model = AttentionOcr(network, spec, SeenAgain(2, 1))
    places = np.full([1, spec.max_sequence_length, 2, 2], 30.0, "float32")
    batch = {"images": np.zeros([1, 64, 128, 3], np.uint8), "labels": np.zeros([1, spec.max_sequence_length], "int32")}
    moved = np.asarray(model({**batch, "places": places}, training=True)["places"])
    assert 0 < np.abs(moved - places).max() <= 4
    assert "places" not in model(batch, training=True)
    outputs = model({**batch, "places": places}, training=True)
    model.compute_loss(x={**batch, "places": places}, y_pred=outputs)
    looks = float(model.batch_metrics["attention_loss"].result())
    given = {**outputs, "places": places}
    model.compute_loss(x={**batch, "places": np.full_like(places, np.nan)}, y_pred=given)
    assert float(model.batch_metrics["attention_loss"].result()) > 0
    assert np.isfinite(looks)
