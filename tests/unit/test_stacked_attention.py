"""The stacked LSTMs against their formulas in NumPy, and what they promise about feeding, masks and beams."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from attention_ocr.model import recurrent
from attention_ocr.model.beam_search import search
from attention_ocr.model.stacked_attention import StackedAttentionDecoder

B, N, C, K, T, U, E = 3, 6, 5, 4, 3, 4, 2
LENGTHS = [6, 4, 2]  # positions of each picture


def config_of(**knobs):
    return SimpleNamespace(
        **{"num_lstm_units": U, "embedding_size": E, "num_decoder_lstm_layers": 2, "weight_decay": 0.0, **knobs}
    )


def built(width=C, **knobs):
    """A decoder with random weights, biases too, and those weights by name as float64."""
    decoder = StackedAttentionDecoder(config_of(**knobs), K, T)
    decoder.build((None, N, width))
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


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def two_steps(weights, features, label, num_layers):
    """The logits [2, K] and attention [2, n] of one picture [n, C] without padding, by REFERENCE.md's equations."""
    half, context = features.shape[1] // 2, np.zeros(features.shape[1])
    ends = [features[-1, :half], features[0, half:]]
    states = [
        ends[layer % 2] @ weights[f"start_{layer + 1}_kernel"] + weights[f"start_{layer + 1}_bias"]
        for layer in range(num_layers)
    ]
    cells = [(state[:U], state[U:]) for state in states]
    found = []
    for fed in (K, label):
        x = np.append(weights["embedding"][fed], context) @ weights["input_kernel"] + weights["input_bias"]
        for layer, (c, h) in enumerate(cells):
            gates = np.append(x, h) @ weights[f"lstm_{layer + 1}_kernel"] + weights[f"lstm_{layer + 1}_bias"]
            i, j, f, o = np.split(gates, 4)
            c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
            x = sigmoid(o) * np.tanh(c)
            cells[layer] = (c, x)
        query = np.concatenate([part for cell in cells for part in cell])
        query = query @ weights["query_kernel"] + weights["query_bias"]
        attention = softmax(np.tanh(features @ weights["attention_w"] + query) @ weights["attention_v"])
        context = attention @ features
        output = np.append(x, context) @ weights["output_kernel"] + weights["output_bias"]
        found.append((output @ weights["softmax_w"] + weights["softmax_b"], attention))
    return [np.array(part) for part in zip(*found, strict=True)]


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_two_steps_are_the_formulas_for_the_part_of_each_picture_that_the_mask_leaves(
    features, labels, is_picture, num_layers
):
    decoder, weights = built(num_decoder_lstm_layers=num_layers)
    found = decoder(features, labels=labels, teach=True, is_picture=is_picture)
    for row, length in enumerate(LENGTHS):
        logits, attention = two_steps(weights, features[row, :length].astype("float64"), labels[row, 0], num_layers)
        np.testing.assert_allclose(np.asarray(found["chars_logit"])[row, :2], logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.asarray(found["attention"])[row, :2, :length], attention, rtol=1e-4, atol=1e-6)


def test_what_lies_beyond_the_mask_is_not_looked_at_and_changes_nothing(features, is_picture):
    decoder, _ = built()
    noisy = np.where(is_picture[..., None], features, np.random.default_rng(9).normal(size=features.shape, scale=50))
    found, other = (decoder(array.astype("float32"), is_picture=is_picture) for array in (features, noisy))
    np.testing.assert_array_equal(np.asarray(found["attention"]).transpose(0, 2, 1)[~is_picture], 0)
    np.testing.assert_allclose(np.asarray(found["attention"]).sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(found["chars_logit"]), np.asarray(other["chars_logit"]))


def test_a_mask_that_hides_nothing_is_no_mask(features):
    decoder, _ = built()
    found, plain = decoder(features, is_picture=np.full([B, N], True)), decoder(features)
    np.testing.assert_array_equal(np.asarray(found["chars_logit"]), np.asarray(plain["chars_logit"]))


def test_teaching_what_was_read_gives_what_was_read(features):
    decoder, _ = built()
    greedy = np.asarray(decoder(features)["chars_logit"])
    taught = np.asarray(decoder(features, labels=greedy.argmax(axis=-1).astype("int32"), teach=True)["chars_logit"])
    np.testing.assert_allclose(taught, greedy, rtol=1e-5, atol=1e-5)


def test_teaching_feeds_the_label_of_the_step_before(features, labels):
    decoder, _ = built()
    other = labels.copy()
    other[:, 1] = (other[:, 1] + 1) % K
    first, second = (np.asarray(decoder(features, labels=ids, teach=True)["chars_logit"]) for ids in (labels, other))
    np.testing.assert_array_equal(first[:, :2], second[:, :2])
    assert np.abs(first[:, 2] - second[:, 2]).max(axis=1).min() > 0


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
    decoder = StackedAttentionDecoder(config_of(), K, T)
    features = keras.KerasTensor((None, None, C))
    outputs = decoder(features, is_picture=keras.KerasTensor((None, None), dtype="bool"))
    assert outputs["chars_logit"].shape == (None, T, K)
    assert len(outputs["attention"].shape) == 3


@pytest.mark.parametrize("width", [1, 6])
def test_features_may_be_of_any_width(width):
    decoder, _ = built(width)
    features = np.random.default_rng(5).normal(size=[B, N, width]).astype("float32")
    assert np.isfinite(np.asarray(decoder(features)["chars_logit"])).all()


def test_the_weights_of_the_published_sizes_are_counted_by_hand():
    decoder = StackedAttentionDecoder(config_of(num_lstm_units=128, embedding_size=10), 39, T)
    decoder.build((None, None, 512))
    embedding, joined = 40 * 10, (10 + 512) * 128 + 128
    starts = 2 * (256 * 256 + 256)
    cells = 2 * ((128 + 128) * 512 + 512)
    attention = 512 * 512 + 512 + (512 * 512 + 512)  # keys, v, and a query of 2 layers' c and h
    output = (128 + 512) * 128 + 128 + 128 * 39 + 39
    assert decoder.count_params() == embedding + joined + starts + cells + attention + output == 1_074_487


def test_an_embedding_of_no_size_has_an_entry_for_each_class():
    decoder, weights = built(embedding_size=0)
    assert decoder.embedding_size == K
    assert weights["embedding"].shape == (K + 1, K)


def test_only_the_last_matrix_is_regularized():
    decoder, weights = built(weight_decay=0.01)
    expected = 0.5 * 0.01 * ((weights["softmax_w"] ** 2).sum() + (weights["softmax_b"] ** 2).sum())
    assert float(sum(decoder.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_every_weight_says_what_its_axes_are(num_layers):
    decoder, weights = built(num_decoder_lstm_layers=num_layers)
    sizes = {"class": K, "go": 1, "embedding": E, "unit": U, "feature": C, "key": C}
    sizes |= {"forward": C // 2, "backward": C - C // 2}
    shapes = {
        name: tuple(sum(sizes[part] for part in axis.split()) for axis in pair if axis)
        for name, pair in decoder.axes().items()
    }
    assert shapes == {name: weight.shape for name, weight in weights.items()}
