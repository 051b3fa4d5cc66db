"""The first layers: pixels are scaled, and the middle of each view is cut out."""

import numpy as np
import pytest

from attention_ocr.model import pixels
from attention_ocr.records import pictures


@pytest.mark.parametrize("crop", [(0, 0), (3, 0), (0, 4), (2, 3), (5, 7)])
@pytest.mark.parametrize("num_views", [1, 3])
def test_the_network_crops_as_numpy_does(num_views, crop):
    images = np.arange(2 * 5 * num_views * 7 * 3).reshape(2, 5, num_views * 7, 3).astype("float32")
    found = np.asarray(pixels.cropped(images, num_views, crop))
    np.testing.assert_array_equal(found, pictures.crop_views(images, num_views, *crop))
    top, left = pixels.crop_offset((5, 7), crop)
    np.testing.assert_array_equal(found[0, 0, 0], images[0, top, left])


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_pixels_are_scaled(dtype):
    found = np.asarray(pixels.scaled(np.array([0, 51, 255], dtype)))
    np.testing.assert_allclose(found, [-1.25, -0.75, 1.25], rtol=1e-6)
    assert found.dtype == np.float32
