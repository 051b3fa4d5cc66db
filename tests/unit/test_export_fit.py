"""The exported graph fits a picture of any size as `images.fit` does: at most one level apart."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.canvas import Canvas
from attention_ocr.data.pictures_in_graph import fit, fit_unpadded
from attention_ocr.export.saved_model import largest_difference
from attention_ocr.records import pictures

CANVAS = Canvas(64, 96)
# Height and width of the picture, for V views of 40 x 80.
SIZES = [
    (40, 80),
    (40, 320),
    (80, 160),
    (23, 57),
    (97, 101),
    (31, 643),
    (200, 17),
    (333, 333),
    (7, 9),
    (1, 1),
    (50, 3),
    (41, 321),
]


def picture(height, width):
    """uint8 [height, width, 3]: waves, noise and hard edges."""
    random = np.random.default_rng(height * width)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    waves = 127 + 90 * np.sin(y / 6 + c) * np.cos(x / 9) + 40 * ((x // 7 + y // 5) % 2)
    return np.clip(waves + random.normal(0, 10, waves.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("vertical", ["keep", "rotate"])
@pytest.mark.parametrize("resize", ["stretch", "pad", "keep_height"])
@pytest.mark.parametrize("num_views", [1, 4])
def test_the_graph_fits_as_pillow_does(make_spec, num_views, resize, vertical):
    spec = make_spec(num_views=num_views, resize=resize, vertical=vertical)
    fitted = tf.function(lambda pixels: fit(pixels, spec), [tf.TensorSpec([None, None, 3], tf.uint8)])
    for height, width in SIZES:
        pixels = picture(height, width)
        expected = pictures.fit(Image.fromarray(pixels), spec)
        found = fitted(tf.constant(pixels)).numpy()
        assert found.dtype == np.uint8
        assert found.shape == expected.shape == spec.image_shape
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 1, f"{height} x {width}: {difference.max()} levels"


@pytest.mark.parametrize("vertical", ["keep", "rotate"])
@pytest.mark.parametrize("resize", ["pad", "keep_height"])
def test_the_graph_fits_without_padding_as_pillow_does(make_spec, resize, vertical):
    spec = make_spec(resize=resize, vertical=vertical)
    fitted = tf.function(lambda pixels: fit_unpadded(pixels, spec, CANVAS), [tf.TensorSpec([None, None, 3], tf.uint8)])
    for height, width in SIZES:
        pixels = picture(height, width)
        expected = pictures.fit_unpadded(Image.fromarray(pixels), spec)
        canvas, size = (array.numpy() for array in fitted(tf.constant(pixels)))
        assert tuple(size) == expected.shape[:2]
        assert canvas.shape == (64, 96, 3)
        found = canvas[: size[0], : size[1]].astype(int)
        assert np.abs(found - expected).max() <= 1
        assert canvas.sum() == found.sum()


@pytest.mark.parametrize("resize", ["stretch", "pad", "keep_height"])
@pytest.mark.parametrize("num_views", [1, 4])
def test_the_exact_size_is_left_as_it_is(make_spec, num_views, resize):
    pixels = picture(40, 80 * num_views)
    spec = make_spec(num_views=num_views, resize=resize)
    np.testing.assert_array_equal(fit(tf.constant(pixels), spec).numpy(), pixels)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([0.5, 0.2], [0.5, 0.2002], 2e-4),
        ([1000.0, -500.0], [1000.0, -500.01], 1e-5),
        ([-1000.0, 1.0], [-1000.0, 1.2], 2e-4),
    ],
)
def test_an_export_may_differ_by_a_share_of_large_values(one, other, expected):
    found = largest_difference({"chars_logit": np.array(one)}, {"chars_logit": np.array(other)})
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["attention", "chars_logit", "predicted_conf"])
def test_an_export_that_gives_no_numbers_differs(name):
    ours = {output: np.array([0.5, 2.0]) for output in ("attention", "chars_logit", "predicted_conf")}
    theirs = {**ours, name: np.array([0.5, np.nan])}
    assert np.isnan(largest_difference(ours, theirs))
