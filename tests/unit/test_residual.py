"""The residual encoder: its shortcut, and what oneDNN cannot compute."""

import keras
import numpy as np
import pytest

from attention_ocr.errors import UserError
from attention_ocr.model.residual import ConvBatchNorm, Residual


@pytest.mark.parametrize("height", [6, 7])
@pytest.mark.parametrize("width", [8, 9])
@pytest.mark.parametrize("strides", [(2, 2), (2, 1)])
def test_a_shortcut_is_a_convolution_with_its_stride(height, width, strides):
    layer = ConvBatchNorm(4, 1, strides, 0.0)
    features = np.random.default_rng(0).normal(size=[3, height, width, 5]).astype(np.float32)
    found = layer(features)
    same = keras.layers.Conv2D(4, 1, strides, "same", use_bias=False)
    same.build(features.shape)
    same.kernel.assign(layer.convolution.kernel)
    expected = layer.normalization(same(features), training=False)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_no_kernel_of_one_pixel_has_a_stride():
    """TensorFlow 2.21 with oneDNN writes beyond its memory in the gradient of such a one over few channels."""
    convolutions = [layer for layer in Residual(64, 0.0)._flatten_layers() if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) > 10
    assert [one.path for one in convolutions if one.kernel_size == (1, 1) and one.strides != (1, 1)] == []


def test_too_few_channels_for_jax_are_told(monkeypatch):
    """Its batch norm fails at one channel where pictures are masked."""
    Residual(8, 0.0)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    Residual(16, 0.0)
    with pytest.raises(UserError, match=r"^--encoder_channels=8: jax needs 16 or more$"):
        Residual(8, 0.0)
