"""Where a pixel of a view ends up: position n = v*h*w + y*w + x."""

import keras
import numpy as np
import pytest

from attention_ocr.model.encoder import MultiViewEncoder, encode_coordinates, join_views, split_views

B, V, H, W = 2, 3, 4, 5


def numbered_pictures():
    """float32 [B, H, V*W, 3]: each pixel holds 100 * b + the position it must get."""
    b, y, column = np.meshgrid(np.arange(B), np.arange(H), np.arange(V * W), indexing="ij")
    v, x = column // W, column % W
    return np.repeat((100 * b + v * H * W + y * W + x)[..., None], 3, axis=-1).astype("float32")


def test_positions_run_over_columns_then_rows_then_views():
    joined = np.asarray(join_views(split_views(keras.ops.convert_to_tensor(numbered_pictures()), V), V))
    assert joined.shape == (B, V * H * W, 3)
    np.testing.assert_array_equal(joined[..., 0], np.arange(V * H * W) + 100 * np.arange(B)[:, None])


def test_split_views_stand_view_after_view():
    views = np.asarray(split_views(keras.ops.convert_to_tensor(numbered_pictures()), V))
    assert views.shape == (V * B, H, W, 3)
    assert views[:, 0, 0, 0].tolist() == [0, 100, 20, 120, 40, 140]


def test_a_position_gets_the_one_hot_of_its_row_then_of_its_column():
    features = np.random.default_rng(0).normal(size=[B, H, W, 2]).astype("float32")
    found = np.asarray(encode_coordinates(keras.ops.convert_to_tensor(features)))
    assert found.shape == (B, H, W, 2 + H + W)
    np.testing.assert_array_equal(found[..., :2], features)
    assert found[1, 2, 4, 2:].tolist() == [*(0, 0, 1, 0), *(0, 0, 0, 0, 1)]
    assert found[0, 3, 1, 2:].tolist() == [*(0, 0, 0, 1), *(0, 1, 0, 0, 0)]


@pytest.mark.parametrize("coordinates", [False, True])
def test_the_encoder_gives_each_view_the_same_coordinates(coordinates):
    class Halving(keras.layers.Layer):
        def call(self, views, training=False):
            return views[:, ::2, ::2]

    encoder = MultiViewEncoder(Halving(), V, coordinates)
    images = np.random.default_rng(0).uniform(size=[B, H, V * W, 3]).astype("float32")
    found = np.asarray(encoder(images)["features"])
    h, w = 2, 3
    assert found.shape == (B, V * h * w, 3 + (h + w if coordinates else 0))
    for n, (v, y, x) in enumerate((v, y, x) for v in range(V) for y in range(h) for x in range(w)):
        np.testing.assert_allclose(found[:, n, :3], images[:, 2 * y, v * W + 2 * x], rtol=1e-6)
        if coordinates:
            expected = np.concatenate([np.eye(h)[y], np.eye(w)[x]])
            np.testing.assert_array_equal(found[:, n, 3:], np.stack([expected] * B))
