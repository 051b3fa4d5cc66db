"""The towers over a line have their grids, and what lies beyond a picture in its batch counts for nothing."""

import keras
import numpy as np
import pytest

from attention_ocr.model.crnn import LAYERS, Crnn
from attention_ocr.model.encoder import RecurrentColumns
from attention_ocr.model.layouts.crnn import CrnnLayout

HEIGHT, NARROW, WIDE = 32, 61, 100
SIZES = np.array([[HEIGHT, WIDE], [HEIGHT, NARROW]], "int32")
GRIDS = {"crnn": (1, 24), "sliding": (1, 24), "wide_crnn": (1, 26)}


def tower_of(kind):
    """A tower whose batch norm has seen something."""
    keras.utils.set_random_seed(0)
    tower = Crnn(0.0, kind)
    tower(keras.KerasTensor((None, HEIGHT, WIDE, 3)))
    random = np.random.default_rng(1)
    for layer in tower.normalizations.values():
        layer.beta.assign(random.normal(0, 0.3, layer.beta.shape))
        layer.moving_mean.assign(random.normal(0, 0.3, layer.moving_mean.shape))
        layer.moving_variance.assign(random.uniform(0.5, 2, layer.moving_variance.shape))
    return tower


@pytest.fixture(scope="module", params=LAYERS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def tower(kind):
    return tower_of(kind)


@pytest.fixture
def pictures():
    """[2, 32, 100, 3]: one fills it, beside the other there is noise."""
    return np.random.default_rng(2).normal(size=[2, HEIGHT, WIDE, 3]).astype("float32")


def test_each_kind_has_its_grid(kind, tower, pictures):
    assert CrnnLayout(kind).feature_grid(HEIGHT, WIDE) == GRIDS[kind]
    assert tower(pictures).shape == (2, *GRIDS[kind], tower.num_channels)


def test_feature_sizes_are_the_grids_of_the_pictures(kind, tower):
    sizes = [[32, 100], [32, 61], [48, 33], [64, 8]]
    found = np.asarray(tower.feature_sizes(np.array(sizes, "int32")))
    assert found.tolist() == [list(CrnnLayout(kind).feature_grid(*size)) for size in sizes]


def test_a_picture_is_read_alike_alone_and_beside_a_wider_one(tower, pictures):
    together = np.asarray(tower(pictures, sizes=SIZES))[1]
    alone = np.asarray(tower(pictures[1:, :, :NARROW]))[0]
    w = alone.shape[1]
    assert np.abs(alone).mean() > 0.01, "says nothing"
    np.testing.assert_allclose(together[:, :w], alone, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(together[:, w:], 0)


def test_columns_that_know_each_other_do_not_know_what_lies_beyond(kind, tower, pictures):
    keras.utils.set_random_seed(0)
    columns = RecurrentColumns(2, 5)
    together = np.asarray(columns(tower(pictures, sizes=SIZES), tower.feature_sizes(SIZES)))[1]
    alone = np.asarray(columns(tower(pictures[1:, :, :NARROW])))[0]
    w = alone.shape[1]
    assert alone.shape == (1, CrnnLayout(kind).feature_grid(HEIGHT, NARROW)[1], 2 * 5)
    assert np.abs(alone).mean() > 0.01, "says nothing"
    np.testing.assert_allclose(together[:, :w], alone, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(together[:, w:], 0)


@pytest.mark.parametrize("kind", LAYERS)
def test_padding_counts_for_nothing_in_training(kind, pictures):
    """Batch norm's statistics are those of the pictures, however much lies around them."""
    wider = np.random.default_rng(3).normal(size=[2, HEIGHT + 16, WIDE + 52, 3], scale=9).astype("float32")
    for row, (height, width) in enumerate(SIZES):
        wider[row, :height, :width] = pictures[row, :height, :width]
    towers = [tower_of(kind), tower_of(kind)]
    found, padded = (
        np.asarray(tower(images, sizes=SIZES, training=True))
        for tower, images in zip(towers, (pictures, wider), strict=True)
    )
    _, h, w, _ = found.shape
    assert np.abs(found).mean() > 0.01, "says nothing"
    np.testing.assert_allclose(padded[:, :h, :w], found, rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(*(tower.weights for tower in towers), strict=True):
        np.testing.assert_allclose(np.asarray(theirs), np.asarray(ours), rtol=1e-4, atol=1e-5, err_msg=ours.path)
