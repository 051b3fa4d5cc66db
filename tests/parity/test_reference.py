"""The package against `reference.py`, on random inputs of odd sizes, on the backend of the day."""

import numpy as np
import pytest
from keras import ops

from attention_ocr.config import ModelConfig
from attention_ocr.model import losses, metrics
from attention_ocr.model.attention import AttentionDecoder
from attention_ocr.model.encoder import encode_coordinates, join_views
from attention_ocr.model.heads import read_characters
from attention_ocr.model.slice import SliceDecoder

from . import reference

DECODERS = {
    "attention": (AttentionDecoder, reference.attention_decoder),
    "slice": (SliceDecoder, reference.slice_decoder),
}
SIZES = [  # B, N, C, K, T, U; N is no multiple of T, so slices overlap and positions stay unread
    pytest.param((3, 11, 5, 7, 4, 6), id="odd"),
    pytest.param((1, 3, 2, 2, 3, 1), id="least"),
    pytest.param((2, 17, 3, 13, 5, 9), id="many_classes"),
]
SEEDS = range(3)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("clip", [10.0, 0.3])
@pytest.mark.parametrize("teach", [True, False])
@pytest.mark.parametrize("autoregression", [True, False])
@pytest.mark.parametrize("kind", DECODERS)
def test_decoders(kind, autoregression, teach, clip, sizes):
    B, N, C, K, T, U = sizes
    layer, loop = DECODERS[kind]
    config = ModelConfig(num_lstm_units=U, use_autoregression=autoregression, lstm_state_clip_value=clip)
    decoder = layer(config, K, T)
    decoder.build((None, N, C))
    random = np.random.default_rng([B, N])
    for weight in decoder.weights:
        weight.assign(random.normal(size=weight.shape, scale=0.8))
    weights = {weight.name: np.asarray(weight, "float64") for weight in decoder.weights}
    features = random.normal(size=[B, N, C]).astype("float32")
    labels = random.integers(0, K, [B, T]).astype("int32")
    found = decoder(features, labels=labels, teach=teach)
    for b in range(B):
        fed = labels[b] if teach else None
        expected = loop(features[b].astype("float64"), weights, T, autoregression, fed, clip)
        assert set(found) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(np.asarray(found[name])[b], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(("B", "V", "h", "w", "C"), [(2, 3, 4, 5, 3), (3, 1, 1, 7, 1), (1, 4, 5, 2, 6)])
def test_coordinates_and_positions(B, V, h, w, C):
    views = np.random.default_rng(C).normal(size=[V, B, h, w, C]).astype("float32")
    features = encode_coordinates(ops.convert_to_tensor(views.reshape(V * B, h, w, C)))
    found = np.asarray(join_views(features, V))
    for b in range(B):
        encoded = np.stack([reference.coordinates(views[v, b]) for v in range(V)])
        np.testing.assert_array_equal(found[b], reference.flattened(encoded))


def random_texts(seed, B=7, T=5, K=4):
    """Logits and labels in which nulls and right ids abound: small K, labels often the argmax."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=[B, T, K], scale=3).astype("float32")
    labels = np.where(random.uniform(size=[B, T]) < 0.7, logits.argmax(axis=-1), random.integers(0, K, [B, T]))
    logits[0, :, 1] += 50  # full length: no null
    labels[0] = logits[0].argmax(axis=-1)
    return logits, labels.astype("int32")


@pytest.mark.parametrize("null_id", [0, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_outputs(seed, null_id):
    logits, _ = random_texts(seed)
    found = {name: np.asarray(values) for name, values in read_characters(ModelConfig(), logits, null_id).items()}
    for b, text in enumerate(logits.astype("float64")):
        expected = reference.outputs(text, null_id)
        assert set(found) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name][b], values, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("ignore_nulls", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.35])
@pytest.mark.parametrize("seed", SEEDS)
def test_losses(seed, smoothing, ignore_nulls, average):
    logits, labels = random_texts(seed)
    labels[-1] = logits.shape[-1] - 1  # a text whose every step may have weight 0
    weights = losses.step_weights(labels, logits.shape[-1], ignore_nulls)
    found = losses.sequence_loss(logits, labels, smoothing, weights, average)[:2]
    expected = reference.sequence_loss(logits.astype("float64"), labels, smoothing, ignore_nulls, average)
    np.testing.assert_allclose([float(value) for value in found], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("null_id", [0, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_accuracies(seed, null_id):
    logits, labels = random_texts(seed)
    labels[-1] = null_id  # an empty label
    chars = logits.argmax(axis=-1)
    for ours, theirs in (
        (metrics.character_accuracies, reference.character_accuracy),
        (metrics.sequence_accuracies, reference.sequence_accuracy),
    ):
        found = np.asarray(ours(labels, chars, null_id))
        expected = [theirs(*pair, null_id) for pair in zip(labels, chars, strict=True)]
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert len(set(expected)) > 1, "says nothing"


def test_the_reference_itself_knows_the_figure_of_fsns():
    """29.9 nats at K = 134, T = 37 and label smoothing 0.1."""
    _, floor = reference.sequence_loss(np.zeros([1, 37, 134]), np.zeros([1, 37], int), 0.1, True, False)
    assert floor == pytest.approx(29.9, abs=0.05)
