"""LCNet: its sizes, what lies around a picture, and that short lines are seen on grey."""

import dataclasses
import functools

import keras
import numpy as np
import pytest

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.lcnet import LEAST_LINE, SIZES, LcNetLayout, parts
from attention_ocr.model.lcnet import LcNet

pytestmark = pytest.mark.usefixtures("small_networks")


@functools.cache
def tower(size="small", has_neck=False):
    keras.utils.set_random_seed(0)
    made = LcNet(size, has_neck, 0.0, name="LcNet")
    made(np.zeros([1, 48, 128, 3], "float32"))
    random = np.random.default_rng(0)
    for variable in made.weights:  # biases too: they fill what lies beyond a picture
        variable.assign(np.asarray(variable) + random.normal(0, 0.2, variable.shape))
    return made


def pictures(height, width, number=2):
    return np.random.default_rng(width).uniform(-1.25, 1.25, [number, height, width, 3]).astype("float32")


NETWORKS = [(size, has_neck) for size in ("tiny", "small") for has_neck in (False, True)]


@pytest.mark.parametrize(("size", "has_neck"), NETWORKS)
@pytest.mark.parametrize(("height", "width"), [(48, 160), (48, 33), (32, 130), (150, 150), (17, 41)])
def test_features_have_the_grid_that_the_layout_tells(size, has_neck, height, width):
    network = tower(size, has_neck)
    grid = LcNetLayout(has_neck).feature_grid(height, width)
    assert network(pictures(height, width)).shape == (2, *grid, network.num_channels)
    sizes = np.asarray(network.feature_sizes(np.array([[height, width]], "int32")))
    assert tuple(sizes[0]) == grid
    assert network.activations(height, width) > np.prod(grid) * network.num_channels


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_parts_are_the_layers(size):
    network = tower(size, has_neck=True)
    kernels = {
        variable.path.split("/", 1)[1].rsplit("/", 1)[0]: [side for side in variable.shape if side != 1]
        for variable in network.weights
        if variable.name in ("kernel", "gamma")
    }
    assert kernels == {part.name: [side for side in part.shape if side != 1] for part in parts(SIZES[size])}


@pytest.mark.parametrize(("size", "has_neck"), NETWORKS)
@pytest.mark.parametrize(("height", "width"), [(48, 150), (30, 57), (5, 3)])
def test_what_lies_beyond_a_picture_does_not_count(size, has_neck, height, width):
    network, (picture,) = tower(size, has_neck), pictures(height, width, 1)
    found = []
    for rows, columns, fill in ((48, 160, 0.7), (64, 224, -1.0)):
        canvas = np.full([2, rows, columns, 3], fill, "float32")
        canvas[1, :height, :width] = picture
        sizes = np.array([[rows, columns], [height, width]], "int32")
        h, w = np.asarray(network.feature_sizes(sizes))[1]
        features = np.asarray(network(canvas, sizes=sizes))[1]
        assert not features[h:].any()
        assert not features[:, w:].any()
        found.append(features[:h, :w])
    assert np.ptp(found[0]) > 0.1
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_a_picture_of_full_height_reads_the_same_with_its_size_told(size):
    for has_neck in (False, True):
        network = tower(size, has_neck)
        told = network(pictures(48, 150), sizes=np.array([[48, 150]] * 2, "int32"))
        np.testing.assert_allclose(np.asarray(told), np.asarray(network(pictures(48, 150))), atol=1e-5)


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_a_short_line_is_seen_with_grey_after_it(size):
    network, short = tower(size, has_neck=True), pictures(48, 50)
    longer = np.zeros([2, 48, LEAST_LINE, 3], "float32")
    longer[:, :, :50] = short
    np.testing.assert_allclose(np.asarray(network(short)), np.asarray(network(longer)), atol=1e-6)


def test_too_small_views_are_told():
    for height, width in ((15, 100), (48, 3)):
        with pytest.raises(UserError, match=f"{height} x {width} .* --encoder=lcnet, which needs 16 x 4"):
            LcNetLayout(False).feature_grid(height, width)


def test_published_sizes_differ():
    assert len({dataclasses.astuple(size) for size in SIZES.values()}) == 3
