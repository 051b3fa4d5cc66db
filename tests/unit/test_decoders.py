"""What the decoders promise; tests/parity holds them against the reference's formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model.attention import AttentionDecoder, weighted_sum
from attention_ocr.model.description import character_size
from attention_ocr.model.heads import HEADS
from attention_ocr.model.slice import SliceDecoder

B, N, C, K, T, U = 3, 11, 5, 7, 4, 6
DECODERS = {"attention": AttentionDecoder, "slice": SliceDecoder}
FED = {name: head.decoder for name, head in HEADS.items() if name != "ctc"}


@pytest.fixture
def features():
    return np.random.default_rng(5).normal(size=[B, N, C]).astype("float32")


@pytest.fixture
def labels():
    return np.random.default_rng(6).integers(0, K, [B, T]).astype("int32")


def built(kind, config):
    """A decoder with random weights, biases too, and those weights by name as float64."""
    decoder = HEADS[kind].decoder(config, K, T)
    decoder.build((None, N, C))
    random = np.random.default_rng(7)
    for weight in decoder.weights:
        weight.assign(random.normal(size=weight.shape, scale=0.8))
    return decoder, {weight.name: np.asarray(weight, "float64") for weight in decoder.weights}


@pytest.mark.parametrize("kind", DECODERS)
def test_teaching_what_was_read_gives_what_was_read(kind, features):
    decoder, _ = built(kind, ModelConfig(num_lstm_units=U))
    greedy = np.asarray(decoder(features)["chars_logit"])
    taught = np.asarray(decoder(features, labels=greedy.argmax(axis=-1).astype("int32"), teach=True)["chars_logit"])
    np.testing.assert_allclose(taught, greedy, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", DECODERS)
def test_teaching_feeds_the_label_of_the_step_before(kind, features, labels):
    decoder, _ = built(kind, ModelConfig(num_lstm_units=U))
    other = labels.copy()
    other[:, 2] = (other[:, 2] + 1) % K
    first, second = (np.asarray(decoder(features, labels=ids, teach=True)["chars_logit"]) for ids in (labels, other))
    np.testing.assert_array_equal(first[:, :3], second[:, :3])
    assert np.abs(first[:, 3] - second[:, 3]).min(axis=1).max() > 0


@pytest.mark.parametrize("kind", FED)
@pytest.mark.parametrize("forced", [True, False])
def test_labels_are_fed_in_the_batches_where_it_is_forced(kind, forced, features, labels):
    decoder, _ = built(kind, ModelConfig(head=kind, num_lstm_units=U, embedding_size=3))
    taught, free = (np.asarray(decoder(features, labels=labels, teach=teach)["chars_logit"]) for teach in (True, False))
    found = decoder(features, labels=labels, teach=True, forced=ops.convert_to_tensor(forced))["chars_logit"]
    assert np.abs(taught - free).max() > 1e-3, "says nothing"
    np.testing.assert_allclose(np.asarray(found), taught if forced else free, rtol=1e-5, atol=1e-5)


def test_positions_beyond_the_picture_are_not_looked_at_and_change_nothing(features, labels):
    decoder, _ = built("attention", ModelConfig(num_lstm_units=U))
    is_picture = np.arange(N)[None] < np.array([11, 7, 2])[:, None]
    noisy = np.where(is_picture[..., None], features, 50).astype("float32")
    found, other = (decoder(array, labels=labels, teach=True, is_picture=is_picture) for array in (features, noisy))
    np.testing.assert_array_equal(np.asarray(found["attention"]).transpose(0, 2, 1)[~is_picture], 0)
    np.testing.assert_allclose(np.asarray(found["attention"]).sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(found["chars_logit"]), np.asarray(other["chars_logit"]))


def test_columns_beyond_the_picture_are_blank(features):
    decoder, _ = built("ctc", ModelConfig(head="ctc"))
    is_picture = np.arange(N)[None] < np.array([11, 7, 2])[:, None]
    found, whole = (
        np.asarray(decoder(features, **options)["chars_logit"]) for options in ({"is_picture": is_picture}, {})
    )
    np.testing.assert_array_equal(found[is_picture], whole[is_picture])
    assert (found[~is_picture].argmax(axis=-1) == K).all()
    assert (np.diff(np.sort(found[~is_picture], axis=-1)[:, -2:]) > 1e6).all()


@pytest.mark.parametrize(
    ("embedding_size", "num_classes", "expected"), [(0, 7, 7), (0, 1000, 1000), (0, 1001, U), (3, 7, 3), (3, 5000, 3)]
)
def test_a_character_fed_back_has_so_many_entries(embedding_size, num_classes, expected):
    config = ModelConfig(num_lstm_units=U, embedding_size=embedding_size)
    assert character_size(config, num_classes) == expected


@pytest.mark.parametrize("kind", DECODERS)
def test_only_the_last_matrix_is_regularized(kind):
    decoder, weights = built(kind, ModelConfig(num_lstm_units=U, weight_decay=0.01))
    expected = 0.5 * 0.01 * ((weights["softmax_w"] ** 2).sum() + (weights["softmax_b"] ** 2).sum())
    assert float(sum(decoder.losses)) == pytest.approx(expected, rel=1e-5)


def test_too_few_positions_for_the_slices_are_an_error():
    with pytest.raises(UserError, match="3 positions of the feature map cannot be cut into 4 slices; use larger"):
        SliceDecoder(ModelConfig(), K, T).build((None, 3, C))


def gradients(function, *arrays):
    """The gradients of a scalar function of float32 arrays, on this backend."""
    tensors = [ops.convert_to_tensor(array) for array in arrays]
    if keras.backend.backend() == "jax":
        import jax

        return [np.asarray(g) for g in jax.grad(function, argnums=tuple(range(len(tensors))))(*tensors)]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    return [np.asarray(g) for g in tape.gradient(value, tensors)]


def test_weighted_sum_and_its_gradient_are_the_einsums(features):
    random = np.random.default_rng(8)
    weights, upstream = (random.normal(size=shape).astype("float32") for shape in ([B, N], [B, C]))
    np.testing.assert_allclose(
        np.asarray(weighted_sum(weights, features)), np.einsum("bn,bnc->bc", weights, features), rtol=1e-4, atol=1e-5
    )
    found = gradients(lambda w, f: ops.sum(ops.square(weighted_sum(w, f)) * upstream), weights, features)
    plain = gradients(lambda w, f: ops.sum(ops.square(ops.einsum("bn,bnc->bc", w, f)) * upstream), weights, features)
    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
