"""The tower has Inception-v4's blocks and weights, and what lies beyond a picture in its batch counts for nothing."""

import keras
import numpy as np
import pytest
from keras import ops

from attention_ocr.errors import UserError
from attention_ocr.model import inception_v4
from attention_ocr.model.inception_v4 import InceptionV4, average_pool
from attention_ocr.model.layouts.inception_v4 import InceptionV4Layout

CHANNELS = {
    "Conv2d_2b_3x3": 64,
    "Mixed_3a": 160,
    "Mixed_4a": 192,
    **dict.fromkeys(["Mixed_5a", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_5e"], 384),
    **{f"Mixed_6{letter}": 1024 for letter in "abcdefgh"},
}
STRIDES = {"Conv2d_2b_3x3": 2, "Mixed_3a": 4, "Mixed_4a": 4}  # all others 8


@pytest.fixture(scope="module")
def tower():
    """The whole tower, its beta and moving averages random."""
    keras.utils.set_random_seed(0)
    tower = InceptionV4(4e-5, 0.9997)
    tower(keras.KerasTensor((None, 32, 32, 3)))
    random = np.random.default_rng(1)
    for layer in tower.layers_by_name.values():
        layer.beta.assign(random.normal(0, 0.3, layer.beta.shape))
        layer.moving_mean.assign(random.normal(0, 0.3, layer.moving_mean.shape))
        layer.moving_variance.assign(random.uniform(0.5, 2, layer.moving_variance.shape))
    return tower


@pytest.fixture
def tower_to(monkeypatch):
    """A function from the last block to a tower that ends there."""

    def build(last):
        names = list(inception_v4.BLOCKS)
        blocks = {name: inception_v4.BLOCKS[name] for name in names[: names.index(last) + 1]}
        monkeypatch.setattr(inception_v4, "BLOCKS", blocks)
        monkeypatch.setattr(inception_v4, "LAST", last)
        keras.utils.set_random_seed(0)
        tower = InceptionV4(4e-5, 0.9997)
        tower(keras.KerasTensor((None, 16, 24, 3)))
        return tower

    return build


@pytest.fixture
def stem(tower_to):
    """A tower that ends at Mixed_3a."""
    return tower_to("Mixed_3a")


def noise(*shape):
    return np.random.default_rng(2).normal(size=shape).astype("float32")


def test_each_block_has_its_shape(tower):
    found = {name: tuple(features.shape) for name, features in tower.endpoints(noise(2, 32, 64, 3)).items()}
    strides = {name: STRIDES.get(name, 8) for name in CHANNELS}
    assert found == {name: (2, 32 // strides[name], 64 // strides[name], C) for name, C in CHANNELS.items()}
    assert tower.num_channels == CHANNELS["Mixed_6h"]


def test_sides_are_rounded_up(tower):
    assert InceptionV4Layout().feature_grid(150, 16) == (19, 2)
    assert tower(noise(1, 50, 16, 3)).shape == (1, 7, 2, 1024)
    assert InceptionV4Layout().feature_grid(256, 256) == (32, 32)


def test_feature_sizes_are_the_grids_of_the_pictures(tower):
    sizes = np.array([[16, 17], [24, 33], [256, 40], [31, 255]], "int32")
    grids = [list(InceptionV4Layout().feature_grid(*size)) for size in sizes]
    assert np.asarray(tower.feature_sizes(sizes)).tolist() == grids


@pytest.mark.parametrize("size", [(15, 100), (100, 15)])
def test_too_small_pictures_are_an_error(size, tower):
    with pytest.raises(
        UserError, match=rf"{size[0]} x {size[1]} pixels .* --encoder=inception_v4, which needs 16 x 16"
    ):
        InceptionV4Layout().feature_grid(*size)


# By hand, from the figures of arXiv 1602.07261: kernels and filters of each part. With slim's Mixed_7a to 7d, gamma
# (which slim leaves out) and the classifier the same sums give the 42,679,816 trainable weights known of Inception-v4.
STEM = 9 * (3 * 32 + 32 * 32 + 32 * 64), 32 + 32 + 64
MIXED_3A = 9 * 64 * 96, 96
MIXED_4A = 2 * 160 * 64 + 2 * 7 * 64 * 64 + 2 * 9 * 64 * 96, 64 + 96 + 64 + 64 + 64 + 96
MIXED_5A = 9 * 192 * 192, 192
BLOCK_A = 384 * (96 + 64 + 64 + 96) + 9 * (64 * 96 + 64 * 96 + 96 * 96), 96 + 64 + 96 + 64 + 96 + 96 + 96
MIXED_6A = 9 * 384 * 384 + 384 * 192 + 9 * (192 * 224 + 224 * 256), 384 + 192 + 224 + 256
BLOCK_B = (
    1024 * (384 + 192 + 192 + 128) + 7 * (192 * 224 + 224 * 256) + 7 * (192 * 192 + 192 * 224 + 224 * 224 + 224 * 256),
    384 + (192 + 224 + 256) + (192 + 192 + 224 + 224 + 256) + 128,
)


def test_the_tower_has_inception_v4s_weights(tower):
    parts = [STEM, MIXED_3A, MIXED_4A, MIXED_5A, *[BLOCK_A] * 4, MIXED_6A, *[BLOCK_B] * 7]
    expected = sum(kernels + 3 * filters for kernels, filters in parts)  # beta, moving mean and variance
    assert expected == 24_695_648 + 3 * 20_256
    assert sum(int(np.prod(weight.shape)) for weight in tower.weights if weight.dtype == "float32") == expected


@pytest.mark.parametrize(
    ("path", "kernel"),
    [
        ("Conv2d_1a_3x3", (3, 3, 3, 32)),
        ("Mixed_3a/Branch_1/Conv2d_0a_3x3", (3, 3, 64, 96)),
        ("Mixed_4a/Branch_1/Conv2d_0c_7x1", (7, 1, 64, 64)),
        ("Mixed_5a/Branch_0/Conv2d_1a_3x3", (3, 3, 192, 192)),
        ("Mixed_5e/Branch_3/Conv2d_0b_1x1", (1, 1, 384, 96)),
        ("Mixed_6a/Branch_1/Conv2d_1a_3x3", (3, 3, 224, 256)),
        ("Mixed_6h/Branch_2/Conv2d_0e_1x7", (1, 7, 224, 256)),
    ],
)
def test_weights_are_found_by_slims_names(path, kernel, tower):
    assert tuple(tower.layers_by_name[path].convolution.kernel.shape) == kernel


def test_a_picture_is_read_alike_alone_and_beside_a_larger_one(tower):
    """Sides that the strides do not divide, noise beyond the picture, and another size of the batch."""
    height, width = 27, 45
    beside, alone = noise(2, 64, 64, 3), noise(1, 32, 64, 3)
    beside[1, :height, :width] = alone[0, :height, :width]
    sizes = np.array([[64, 64], [height, width]], "int32")
    together, apart = np.asarray(tower(beside, sizes=sizes))[1], np.asarray(tower(alone, sizes=sizes[1:]))[0]
    h, w = InceptionV4Layout().feature_grid(height, width)
    assert (h, w) == (4, 6)
    assert np.abs(apart).mean() > 0.1, "says nothing"
    np.testing.assert_allclose(together[:h, :w], apart[:h, :w], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(together[h:], 0)
    np.testing.assert_array_equal(together[:, w:], 0)


def test_pictures_that_fill_the_batch_need_no_sizes(tower):
    images = noise(1, 16, 24, 3)
    sized = np.asarray(tower(images, sizes=np.array([[16, 24]], "int32")))
    np.testing.assert_allclose(sized, np.asarray(tower(images)), rtol=1e-4, atol=1e-4)


def test_sides_may_be_unknown(stem):
    sizes = keras.KerasTensor((None, 2), "int32")
    assert stem(keras.KerasTensor((None, None, None, 3)), sizes=sizes).shape == (None, None, None, 160)


def test_a_cell_is_centred_where_the_tower_says(tower):
    """The layers of stride 2 with kernels that pass on their centre: of the numbers of rows each cell's own is left."""
    rows = np.arange(64, dtype="float32")[None, :, None, None] * np.ones([1, 1, 32, 1], "float32")
    centre = np.zeros([3, 3, 1, 1], "float32")
    centre[1, 1] = 1
    strided = [layer.convolution for layer in tower.layers_by_name.values() if layer.convolution.strides == (2, 2)]
    assert [layer.kernel_size for layer in strided] == [(3, 3)] * 3
    for layer in strided:
        rows = ops.conv(rows, centre, layer.strides, layer.padding)
    first, step = InceptionV4Layout().cells
    np.testing.assert_array_equal(np.asarray(rows)[0, :, 0, 0], first + step * np.arange(8))


def test_averages_are_those_of_the_cells_that_there_are():
    features = np.arange(1, 17, dtype="float32").reshape(1, 4, 4, 1)
    found = np.asarray(average_pool(features, 3))[0, :, :, 0]
    assert found[0, 0] == pytest.approx((1 + 2 + 5 + 6) / 4)
    assert found[1, 1] == pytest.approx(np.mean([1, 2, 3, 5, 6, 7, 9, 10, 11]))
    features[0, 2:] = features[0, :, 3:] = 0
    found = np.asarray(average_pool(features, 3, features[..., 0] > 0))[0, :2, :3, 0]
    np.testing.assert_allclose(found, [[3.5, 4, 4.5], [3.5, 4, 4.5]], rtol=1e-6)


def test_training_moves_the_averages_and_counts_its_steps(stem):
    layer, images = stem.layers_by_name["Conv2d_1a_3x3"], noise(4, 16, 24, 3) + 1
    features = np.asarray(layer.convolution(images), "float64")
    stem(images, training=True)
    assert int(stem.num_updates) == 1
    decay = 1 / 10  # of the first step
    expected = decay * 1 + (1 - decay) * features.var(axis=(0, 1, 2))
    np.testing.assert_allclose(np.asarray(layer.moving_variance), expected, rtol=1e-3)


def test_padding_counts_for_nothing_in_training(tower_to):
    """Batch norm's statistics are those of the pictures, however much lies around them."""
    sizes, found = np.array([[24, 32], [17, 29]], "int32"), []
    for height, width in ((24, 32), (40, 64)):
        images = 9 * np.random.default_rng(height).normal(size=[2, height, width, 3]).astype("float32")
        for row, (h, w) in enumerate(sizes):
            images[row, :h, :w] = noise(2, 24, 32, 3)[row, :h, :w]
        tower = tower_to("Mixed_5b")
        features = np.asarray(tower(images, sizes=sizes, training=True))
        averages = [(layer.moving_mean, layer.moving_variance) for layer in tower.layers_by_name.values()]
        found.append((features[:, :3, :4], [np.asarray(average) for pair in averages for average in pair]))
    (features, averages), (padded, others) = found
    assert np.abs(features).mean() > 0.1, "says nothing"
    np.testing.assert_allclose(padded, features, rtol=1e-3, atol=1e-3)
    for ours, theirs in zip(averages, others, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5)


def test_statistics_of_pictures_that_fill_the_batch_need_no_sizes(tower_to):
    images, sizes = noise(2, 16, 24, 3), np.array([[16, 24]] * 2, "int32")
    first, second = tower_to("Mixed_3a"), tower_to("Mixed_3a")
    found, sized = first(images, training=True), second(images, sizes=sizes, training=True)
    np.testing.assert_allclose(np.asarray(sized), np.asarray(found), rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(first.weights, second.weights, strict=True):
        np.testing.assert_allclose(np.asarray(theirs), np.asarray(ours), rtol=1e-4, atol=1e-5)


def test_kernels_are_regularized(stem):
    kernels = [np.asarray(layer.convolution.kernel) for layer in stem.layers_by_name.values()]
    expected = 0.5 * 4e-5 * sum(float((kernel**2).sum()) for kernel in kernels)
    assert float(sum(stem.losses)) == pytest.approx(expected, rel=1e-4)


def test_largest_values_are_those_of_the_picture(stem):
    """A bright surrounding would be the largest in its windows."""
    images = noise(1, 16, 24, 3)
    sizes = np.array([[15, 21]], "int32")
    before = np.asarray(stem(images, sizes=sizes))
    images[0, 15:], images[0, :, 21:] = 1e3, -1e3
    np.testing.assert_array_equal(np.asarray(stem(images, sizes=sizes)), before)
