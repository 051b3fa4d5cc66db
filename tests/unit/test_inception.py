"""The tower's shapes are Inception-v3's; its batch norm moves as the reference's tower, run once a view, does."""

import keras
import numpy as np
import pytest

from attention_ocr.config import FINAL_ENDPOINTS
from attention_ocr.model.inception import EPSILON, InceptionV3
from attention_ocr.model.layouts.inception_v3 import InceptionV3Layout

V, B = 3, 2
FIRST = "Conv2d_1a_3x3"


@pytest.fixture(scope="module")
def whole_tower():
    tower = InceptionV3("Mixed_7c", 1, 4e-5, 0.9997)
    tower(keras.KerasTensor((None, 150, 150, 3)))
    return tower


@pytest.fixture
def small_tower():
    keras.utils.set_random_seed(0)
    tower = InceptionV3("Mixed_5b", V, 4e-5, 0.9997)
    tower(keras.KerasTensor((None, 31, 35, 3)))
    return tower


@pytest.fixture
def pictures():
    """float32 [V*B, 31, 35, 3], each view with its own brightness and contrast."""
    random = np.random.default_rng(1)
    views = random.normal(size=[V, B, 31, 35, 3]) * [[[[[1]]]], [[[[2]]]], [[[[0.3]]]]] + [
        [[[[0]]]],
        [[[[1]]]],
        [[[[-1]]]],
    ]
    return views.reshape(V * B, 31, 35, 3).astype("float32")


SHAPES = dict.fromkeys(FINAL_ENDPOINTS[3:8], (7, 7, 768)) | {
    "Mixed_5b": (16, 16, 256),
    "Mixed_5c": (16, 16, 288),
    "Mixed_5d": (16, 16, 288),
    "Mixed_7a": (3, 3, 1280),
    "Mixed_7b": (3, 3, 2048),
    "Mixed_7c": (3, 3, 2048),
}


@pytest.mark.parametrize("endpoint", FINAL_ENDPOINTS)
def test_each_endpoint_has_its_shape(endpoint, whole_tower, monkeypatch):
    monkeypatch.setattr(whole_tower, "final_endpoint", endpoint)
    assert whole_tower(keras.KerasTensor((None, 150, 150, 3))).shape == (None, *SHAPES[endpoint])


def test_the_whole_tower_has_inception_v3s_weights(whole_tower):
    # As keras.applications' InceptionV3 without its top: kernels, beta and moving averages.
    weights = sum(int(np.prod(weight.shape)) for weight in whole_tower.weights if weight.dtype == "float32")
    assert weights == 21_802_784


def convolved(tower, pictures):
    """What the first convolution gives, float64 [V, B*h*w, C], before batch norm."""
    features = np.asarray(tower.layers_by_name[FIRST].convolution(pictures), "float64")
    return features.reshape(V, -1, features.shape[-1])


def test_averages_move_once_a_view_with_the_decay_of_the_step(small_tower, pictures):
    layer = small_tower.layers_by_name[FIRST]
    mean, variance = np.zeros(32), np.ones(32)
    for step in range(3):
        batch = pictures * (step + 1)
        small_tower(batch, training=True)
        decay = min(0.9997, (1 + step) / (10 + step))
        for view in convolved(small_tower, batch):
            mean = decay * mean + (1 - decay) * view.mean(axis=0)
            variance = decay * variance + (1 - decay) * view.var(axis=0)
        np.testing.assert_allclose(np.asarray(layer.moving_mean), mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.asarray(layer.moving_variance), variance, rtol=1e-4)
    assert int(small_tower.num_updates) == 3


def test_the_decay_stops_rising_at_its_final_value(small_tower, pictures):
    small_tower.num_updates.assign(10**6)
    small_tower(pictures, training=True)
    mean = np.zeros(32)
    for view in convolved(small_tower, pictures):
        mean = 0.9997 * mean + 0.0003 * view.mean(axis=0)
    np.testing.assert_allclose(np.asarray(small_tower.layers_by_name[FIRST].moving_mean), mean, rtol=1e-3, atol=1e-7)


def first_layer(tower, pictures, training):
    layer = tower.layers_by_name[FIRST]
    return np.asarray(layer(pictures, keras.ops.convert_to_tensor(0), training=training))


def test_training_normalizes_each_view_by_its_own_statistics(small_tower, pictures):
    layer = small_tower.layers_by_name[FIRST]
    beta = np.linspace(-1, 1, 32)
    layer.beta.assign(beta)
    features = convolved(small_tower, pictures)
    normal = (features - features.mean(axis=1, keepdims=True)) / np.sqrt(features.var(axis=1, keepdims=True) + EPSILON)
    found = first_layer(small_tower, pictures, True).reshape(features.shape)
    np.testing.assert_allclose(found, np.maximum(normal + beta, 0), rtol=1e-3, atol=1e-4)


def test_reading_normalizes_by_the_moving_averages(small_tower, pictures):
    layer = small_tower.layers_by_name[FIRST]
    mean, variance, beta = np.linspace(-1, 1, 32), np.linspace(0.1, 3, 32), np.linspace(1, -1, 32)
    for variable, value in ((layer.moving_mean, mean), (layer.moving_variance, variance), (layer.beta, beta)):
        variable.assign(value)
    expected = np.maximum((convolved(small_tower, pictures) - mean) / np.sqrt(variance + EPSILON) + beta, 0)
    found = first_layer(small_tower, pictures, False).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.asarray(layer.moving_mean), mean, rtol=1e-6)


def test_a_picture_is_read_alike_in_any_batch(small_tower, pictures):
    small_tower(pictures, training=True)
    together = np.asarray(small_tower(pictures))
    for number in (0, V * B - 1):
        alone = np.asarray(small_tower(pictures[number : number + 1]))[0]
        np.testing.assert_allclose(alone, together[number], rtol=1e-4, atol=1e-4)
    assert int(small_tower.num_updates) == 1


def test_kernels_are_regularized(small_tower):
    kernels = [np.asarray(layer.convolution.kernel) for layer in small_tower.layers_by_name.values()]
    expected = 0.5 * 4e-5 * sum(float((kernel**2).sum()) for kernel in kernels)
    assert float(sum(small_tower.losses)) == pytest.approx(expected, rel=1e-4)


def test_cells_are_centred_as_the_unpadded_layers_of_the_stem_have_it():
    """By hand: 1 + 2 + 2 + 4 + 4 pixels to the first centre, three halvings; a reduction moves it by the stride."""
    assert InceptionV3Layout("Mixed_5b").cells == (13, 8)
    assert InceptionV3Layout("Mixed_6a").cells == (21, 16)
    assert InceptionV3Layout("Mixed_7a").cells == (37, 32)
