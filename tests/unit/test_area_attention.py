"""A step of the decoder by hand; masked positions count for nothing; teaching, dropout, beam search."""

from types import SimpleNamespace

import numpy as np
import pytest

from attention_ocr.model import beam_search, recurrent
from attention_ocr.model.area_attention import AreaAttentionDecoder

B, N, C, K, T, U, E = 3, 11, 5, 7, 4, 6, 8
GO, NULL = K, K - 1


def config(**knobs):
    return SimpleNamespace(
        **{"num_lstm_units": U, "embedding_size": E, "decoder_dropout": 0.5, "weight_decay": 0.01, **knobs}
    )


@pytest.fixture
def decoder():
    """A decoder with random weights, biases too."""
    decoder = AreaAttentionDecoder(config(), K, T)
    decoder.build((None, N, C))
    random = np.random.default_rng(7)
    for weight in decoder.weights:
        weight.assign(random.normal(size=weight.shape, scale=0.8))
    return decoder


@pytest.fixture
def features():
    return np.random.default_rng(5).normal(size=[B, N, C]).astype("float32")


@pytest.fixture
def labels():
    return np.random.default_rng(6).integers(0, K, [B, T]).astype("int32")


@pytest.fixture
def is_picture():
    """Which positions are picture: all of the first one, 7 of the second, scattered ones of the third."""
    is_picture = np.ones([B, N], bool)
    is_picture[1, 7:] = is_picture[2, ::2] = False
    return is_picture


def arrays(found):
    return {name: np.asarray(value) for name, value in found.items()}


def weights_of(decoder):
    return {weight.name: np.asarray(weight, "float64") for weight in decoder.weights}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step_by_hand(weights, features, c, h, character):
    """The step for one picture, float64: (c, h), the logits [K] and the attention [N]."""
    keys = features @ weights["attention_w"]  # [N, A]
    scores = np.tanh(keys + h @ weights["query_kernel"]) @ weights["attention_v"]
    attention = np.exp(scores) / np.exp(scores).sum()
    context = sum(share * key for share, key in zip(attention, keys, strict=True))
    gates = np.concatenate([character, context, h]) @ weights["lstm_kernel"] + weights["lstm_bias"]
    i, j, f, o = gates[:U], gates[U : 2 * U], gates[2 * U : 3 * U], gates[3 * U :]
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(j)
    h = sigmoid(o) * np.tanh(c)
    of_context, of_h = np.split(weights["output_kernel"], [context.size])
    logits = (context @ of_context + h @ of_h + character) @ weights["softmax_w"] + weights["softmax_b"]
    return c, h, logits, attention


def test_teaching_is_the_formulas(decoder, features, labels):
    weights, found = weights_of(decoder), arrays(decoder(features, labels=labels, teach=True))
    for row in range(B):
        picture = features[row].astype("float64")
        c, h = np.split(np.tanh(picture.mean(axis=0) @ weights["state_kernel"]), 2)
        for t, fed in enumerate([GO, *labels[row, :-1]]):
            c, h, logits, attention = step_by_hand(weights, picture, c, h, weights["embedding"][fed])
            np.testing.assert_allclose(found["chars_logit"][row, t], logits, rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(found["attention"][row, t], attention, rtol=1e-3, atol=1e-5)


def test_reading_feeds_what_was_read(decoder, features):
    greedy = arrays(decoder(features))["chars_logit"]
    taught = arrays(decoder(features, labels=greedy.argmax(axis=-1).astype("int32"), teach=True))["chars_logit"]
    assert len(set(greedy.argmax(axis=-1).ravel())) > 1, "says nothing"
    np.testing.assert_allclose(taught, greedy, rtol=1e-5, atol=1e-5)


def test_teaching_feeds_the_label_of_the_step_before(decoder, features, labels):
    other = labels.copy()
    other[:, 2] = (other[:, 2] + 1) % K
    first, second = (arrays(decoder(features, labels=ids, teach=True))["chars_logit"] for ids in (labels, other))
    np.testing.assert_array_equal(first[:, :3], second[:, :3])
    assert np.abs(first[:, 3] - second[:, 3]).max(axis=1).min() > 0


def test_what_is_masked_is_not_looked_at_and_changes_nothing(decoder, features, labels, is_picture):
    other = np.where(is_picture[..., None], features, 100).astype("float32")
    first, second = (arrays(decoder(f, labels=labels, teach=True, is_picture=is_picture)) for f in (features, other))
    np.testing.assert_array_equal(first["attention"][~np.repeat(is_picture[:, None], T, axis=1)], 0)
    np.testing.assert_allclose(first["attention"].sum(axis=-1), 1, rtol=1e-5)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-5, atol=1e-6)


def test_a_masked_picture_is_read_as_its_positions_alone(decoder, features, labels, is_picture):
    masked = arrays(decoder(features, labels=labels, teach=True, is_picture=is_picture))
    for row in range(B):
        alone = arrays(decoder(features[row : row + 1, is_picture[row]], labels=labels[row : row + 1], teach=True))
        np.testing.assert_allclose(masked["chars_logit"][row], alone["chars_logit"][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            masked["attention"][row][:, is_picture[row]], alone["attention"][0], rtol=1e-4, atol=1e-6
        )


def test_a_share_of_the_state_is_left_out_in_training_only(decoder, features, labels):
    def taught(**options):
        return arrays(decoder(features, labels=labels, teach=True, **options))["chars_logit"]

    np.testing.assert_array_equal(taught(), taught(training=False))
    first, second = taught(training=True), taught(training=True)
    assert np.abs(first - taught()).max() > 1e-3
    assert np.abs(first - second).max() > 1e-3


def test_half_of_h_and_c_are_zeros_after_a_step_in_training(decoder, features):
    picture = np.repeat(features[:1], 500, axis=0)
    after = []
    for training in (True, False):
        feed, step, state = decoder.start(picture, training=training)
        after.append(step(0, state, feed(np.full([500], GO, "int32")))[0])
    for dropped, whole in zip(*after, strict=True):
        dropped, whole = np.asarray(dropped), np.asarray(whole)
        kept = dropped != 0
        assert kept.mean() == pytest.approx(0.5, abs=0.05)
        np.testing.assert_allclose(dropped[kept], 2 * whole[kept], rtol=1e-4)


def test_without_dropout_training_reads_as_always(features, labels):
    decoder = AreaAttentionDecoder(config(decoder_dropout=0.0), K, T)
    found, trained = (
        arrays(decoder(features, labels=labels, teach=True, training=training)) for training in (False, True)
    )
    np.testing.assert_allclose(trained["chars_logit"], found["chars_logit"], rtol=1e-5, atol=1e-6)


def text_of(ids):
    return ids[: ids.index(NULL)] if NULL in ids else ids


def search(decoder, features, width, is_picture):
    step, state = recurrent.start(decoder, features, width, is_picture)
    return arrays(beam_search.search(step, state, T, K, NULL, width))


def test_one_beam_reads_greedily_up_to_the_end(decoder, features, is_picture):
    greedy = arrays(recurrent.read(decoder, *decoder.start(features, is_picture=is_picture)))
    found = search(decoder, features, 1, is_picture)
    for row, ids in enumerate(greedy["chars_logit"].argmax(axis=-1).tolist()):
        text = text_of(ids)
        assert text_of(found["ids"][row, 0].tolist()) == text
        attention = greedy["attention"][row, : len(text)]
        np.testing.assert_allclose(found["attention"][row, : len(text)], attention, rtol=1e-4, atol=1e-6)


def test_beams_of_a_picture_share_its_mask(decoder, features, is_picture):
    found = search(decoder, features, 3, is_picture)
    taught = arrays(decoder(features, labels=found["ids"][:, 0], teach=True, is_picture=is_picture))["attention"]
    for row, ids in enumerate(found["ids"][:, 0].tolist()):
        end = len(text_of(ids))
        np.testing.assert_allclose(found["attention"][row, :end], taught[row, :end], rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(found["attention"][row][:, ~is_picture[row]], 0)


def test_all_matrices_but_the_embedding_are_regularized(decoder):
    plain = ("embedding", "lstm_bias", "softmax_b")
    expected = 0.5 * 0.01 * sum((w**2).sum() for name, w in weights_of(decoder).items() if name not in plain)
    assert float(sum(decoder.losses)) == pytest.approx(expected, rel=1e-5)


def test_the_weights_of_the_published_sizes_are_counted_by_hand():
    decoder = AreaAttentionDecoder(config(num_lstm_units=512, embedding_size=256), 5435, T)
    decoder.build((None, None, 1024))
    embedding, start = 5436 * 256, 1024 * 2 * 512
    attention = 1024 * 1024 + 1024 + 512 * 1024  # keys, v and the query
    lstm = (256 + 1024 + 512) * 4 * 512 + 4 * 512
    output = (1024 + 512) * 256 + 256 * 5435 + 5435
    assert decoder.count_params() == embedding + start + attention + lstm + output == 9_476_155


def test_every_weight_says_what_its_axes_are(decoder):
    sizes = {"class": K, "go": 1, "embedding": E, "feature": C, "key": C, "unit": U}
    axes = decoder.axes().items()
    shapes = {name: tuple(sum(sizes[part] for part in a.split()) for a in pair if a) for name, pair in axes}
    assert shapes == {weight.name: tuple(weight.shape) for weight in decoder.weights}
    assert decoder.num_features == C
