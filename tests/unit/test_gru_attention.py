"""The GRU decoder against its formulas in NumPy and Keras's GRU, and what it promises about feeding and masks."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from attention_ocr.model import recurrent
from attention_ocr.model.beam_search import search
from attention_ocr.model.gru_attention import GruAttentionDecoder, gru_cell

B, N, C, K, T, U, E = 3, 6, 5, 4, 3, 4, 2
LENGTHS = [6, 4, 2]  # positions of each picture


def config_of(**knobs):
    return SimpleNamespace(
        **{"num_lstm_units": U, "embedding_size": E, "decoder_dropout": 0.5, "weight_decay": 0.0, **knobs}
    )


def built(**knobs):
    """A decoder with random weights, biases too, and those weights by name as float64."""
    decoder = GruAttentionDecoder(config_of(**knobs), K, T)
    decoder.build((None, N, C))
    random = np.random.default_rng(7)
    for weight in decoder.weights:
        weight.assign(random.normal(size=weight.shape, scale=0.8))
    return decoder, {weight.name: np.asarray(weight, "float64") for weight in decoder.weights}


@pytest.fixture
def features():
    return np.random.default_rng(5).normal(size=[B, N, C]).astype("float32")


@pytest.fixture
def labels():
    return np.random.default_rng(6).integers(0, K, [B, T]).astype("int32")


@pytest.fixture
def is_picture():
    return np.arange(N)[None] < np.array(LENGTHS)[:, None]


def logits_of(decoder, features, **options):
    return np.asarray(decoder(features, **options)["chars_logit"])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def two_steps(weights, features, label):
    """The logits [2, K] and attention [2, n] of one picture [n, C] without padding."""
    joined = np.concatenate([weights["query_kernel"], weights["key_kernel"]])  # W of [h, frame]
    h, found = np.zeros(U), []
    for fed in (K, label):
        scores = [
            np.tanh(np.append(h, frame) @ joined + weights["key_bias"]) @ weights["attention_v"] for frame in features
        ]
        attention = softmax(np.array(scores))
        x = np.append(weights["embedding"][fed], attention @ features) @ weights["input_kernel"]
        x = np.maximum(x + weights["input_bias"], 0)
        of_x = np.split(x @ weights["gru_kernel"] + weights["gru_bias"], 3)
        of_h = np.split(h @ weights["gru_recurrent_kernel"] + weights["gru_recurrent_bias"], 3)
        r, z = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
        h = (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h
        found.append((h @ weights["softmax_w"] + weights["softmax_b"], attention))
    return [np.array(part) for part in zip(*found, strict=True)]


def test_two_steps_are_the_formulas_for_the_part_of_each_picture_that_the_mask_leaves(features, labels, is_picture):
    decoder, weights = built()
    found = decoder(features, labels=labels, teach=True, is_picture=is_picture)
    for row, length in enumerate(LENGTHS):
        logits, attention = two_steps(weights, features[row, :length].astype("float64"), labels[row, 0])
        np.testing.assert_allclose(np.asarray(found["chars_logit"])[row, :2], logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.asarray(found["attention"])[row, :2, :length], attention, rtol=1e-4, atol=1e-6)


def test_the_cell_is_the_gru_of_keras():
    """Which, with `reset_after`, is PyTorch's, its gates in the order update, reset, new."""
    random = np.random.default_rng(3)
    inputs = random.normal(size=[B, T, E]).astype("float32")
    kernel, bias, recurrent_kernel, recurrent_bias = (
        random.normal(size=shape).astype("float32") for shape in ([E, 3 * U], [3 * U], [U, 3 * U], [3 * U])
    )
    layer = keras.layers.GRU(U, reset_after=True, return_sequences=True)
    layer.build((B, T, E))
    theirs = np.r_[U : 2 * U, 0:U, 2 * U : 3 * U]
    layer.set_weights(
        [kernel[:, theirs], recurrent_kernel[:, theirs], np.stack([bias[theirs], recurrent_bias[theirs]])]
    )
    expected, h = np.asarray(layer(inputs)), ops.zeros([B, U])
    for t in range(T):
        h = gru_cell(inputs[:, t], h, kernel, bias, recurrent_kernel, recurrent_bias)
        np.testing.assert_allclose(np.asarray(h), expected[:, t], rtol=1e-4, atol=1e-5)


def test_what_lies_beyond_the_mask_is_not_looked_at_and_changes_nothing(features, is_picture):
    decoder, _ = built()
    noisy = np.where(is_picture[..., None], features, np.random.default_rng(9).normal(size=features.shape, scale=50))
    found, other = (decoder(array.astype("float32"), is_picture=is_picture) for array in (features, noisy))
    np.testing.assert_array_equal(np.asarray(found["attention"]).transpose(0, 2, 1)[~is_picture], 0)
    np.testing.assert_allclose(np.asarray(found["attention"]).sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(found["chars_logit"]), np.asarray(other["chars_logit"]))


def test_a_mask_that_hides_nothing_is_no_mask(features):
    decoder, _ = built()
    np.testing.assert_array_equal(
        logits_of(decoder, features, is_picture=np.full([B, N], True)), logits_of(decoder, features)
    )


def test_teaching_what_was_read_gives_what_was_read(features):
    decoder, _ = built()
    greedy = logits_of(decoder, features)
    taught = logits_of(decoder, features, labels=greedy.argmax(axis=-1).astype("int32"), teach=True)
    np.testing.assert_allclose(taught, greedy, rtol=1e-5, atol=1e-5)


def test_teaching_feeds_the_label_of_the_step_before(features, labels):
    decoder, _ = built()
    other = labels.copy()
    other[:, 1] = (other[:, 1] + 1) % K
    first, second = (logits_of(decoder, features, labels=ids, teach=True) for ids in (labels, other))
    np.testing.assert_array_equal(first[:, :2], second[:, :2])
    assert np.abs(first[:, 2] - second[:, 2]).max(axis=1).min() > 0


def test_embedded_characters_are_dropped_only_in_training(features, labels):
    decoder, _ = built()
    taught = {"labels": labels, "teach": True}
    plain = logits_of(decoder, features, **taught)
    np.testing.assert_array_equal(logits_of(decoder, features, training=False, **taught), plain)
    first, second = (logits_of(decoder, features, training=True, **taught) for _ in range(2))
    assert not np.array_equal(first, second)
    decoder.config.decoder_dropout = 0.0
    found = logits_of(decoder, features, training=True, **taught)
    np.testing.assert_allclose(found, plain, rtol=1e-5, atol=1e-6)  # jax trains with another formula of attention


def test_one_beam_reads_greedily_and_looks_only_where_the_mask_is(features, is_picture):
    decoder, _ = built()
    found = search(*recurrent.start(decoder, features, 1, is_picture), T, K, null_id=-1, beam_width=1)
    greedy = decoder(features, is_picture=is_picture)
    np.testing.assert_array_equal(np.asarray(found["ids"])[:, 0], np.asarray(greedy["chars_logit"]).argmax(axis=-1))
    np.testing.assert_allclose(np.asarray(found["attention"]), np.asarray(greedy["attention"]), rtol=1e-5, atol=1e-6)


def test_pictures_do_not_meet_in_several_beams(features, is_picture):
    decoder, _ = built()
    together = search(*recurrent.start(decoder, features, 3, is_picture), T, K, null_id=0, beam_width=3)
    for row, length in enumerate(LENGTHS):
        alone = search(*recurrent.start(decoder, features[row : row + 1, :length], 3), T, K, null_id=0, beam_width=3)
        np.testing.assert_array_equal(np.asarray(alone["ids"])[0], np.asarray(together["ids"])[row])
        np.testing.assert_allclose(
            np.asarray(alone["scores"])[0], np.asarray(together["scores"])[row], rtol=1e-4, atol=1e-5
        )


def test_pictures_may_be_of_any_number_and_width():
    decoder = GruAttentionDecoder(config_of(), K, T)
    features = keras.KerasTensor((None, None, C))
    outputs = decoder(features, is_picture=keras.KerasTensor((None, None), dtype="bool"), training=True)
    assert outputs["chars_logit"].shape == (None, T, K)
    assert len(outputs["attention"].shape) == 3


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends have no sparse gradients")
def test_gradients_are_dense_so_that_their_norms_are_right(features, labels):
    import tensorflow as tf

    decoder, _ = built()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(decoder(features, labels=labels, teach=True)["chars_logit"] ** 2)
    assert isinstance(tape.gradient(loss, decoder.embedding.value), tf.Tensor)


def test_the_weights_of_the_published_sizes_are_counted_by_hand():
    decoder = GruAttentionDecoder(config_of(num_lstm_units=256, embedding_size=256), 100, T)
    decoder.build((None, None, 256))
    embedding, joined = 101 * 256, (256 + 256) * 256 + 256
    attention = (256 + 256) * 256 + 256 + 256  # W of [h, frame], its bias, v
    gru = 2 * (256 * 768 + 768)
    output = 256 * 100 + 100
    assert decoder.count_params() == embedding + joined + attention + gru + output == 709_220


def test_an_embedding_of_no_size_has_an_entry_for_each_class():
    decoder, weights = built(embedding_size=0)
    assert decoder.embedding_size == K
    assert weights["embedding"].shape == (K + 1, K)


def test_only_the_last_matrix_is_regularized():
    decoder, weights = built(weight_decay=0.01)
    expected = 0.5 * 0.01 * ((weights["softmax_w"] ** 2).sum() + (weights["softmax_b"] ** 2).sum())
    assert float(sum(decoder.losses)) == pytest.approx(expected, rel=1e-5)


def test_every_weight_says_what_its_axes_are():
    decoder, weights = built()
    sizes = {"class": K, "go": 1, "embedding": E, "unit": U, "feature": C}
    shapes = {
        name: tuple(sum(sizes[part] for part in axis.split()) for axis in pair if axis)
        for name, pair in decoder.axes().items()
    }
    assert shapes == {name: weight.shape for name, weight in weights.items()}
