"""Beam search by hand, against all texts, against greedy reading, and through the model and its Reader."""

import itertools

import numpy as np
import pytest
from keras import ops

from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model import metrics, recurrent
from attention_ocr.model.attention import AttentionDecoder
from attention_ocr.model.beam_search import endpoints, search
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.model.slice import SliceDecoder
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

A, B, NULL = 0, 1, 2
DECODERS = {"attention": AttentionDecoder, "slice": SliceDecoder}

# Probabilities of a, b and the null after nothing, a and b. Greedy begins with "a" and then cannot be sure; after two
# steps a a has .3, a b .24, a null .06, b null .36, b a .03 and b b .01.
AFTER = {NULL + 1: [0.6, 0.4, 0.0], A: [0.5, 0.4, 0.1], B: [0.075, 0.025, 0.9]}


def table_step(t, state, fed):
    """Logits that depend on the previous class alone; `state` counts the steps; no attention."""
    table = np.log(np.maximum([AFTER[A], AFTER[B], [1 / 3] * 3, AFTER[NULL + 1]], 1e-30)).astype("float32")
    return state + 1, ops.take(ops.convert_to_tensor(table), fed, axis=0), None


def run(step, state, width, num_steps, num_classes, **options):
    found = search(step, state, num_steps, num_classes, num_classes - 1, width, **options)
    return {name: np.asarray(value) for name, value in found.items()}


def table_search(width, num_steps=3, batch=1, **options):
    return run(table_step, ops.zeros([batch * width, 1]), width, num_steps, 3, **options)


def test_two_beams_find_a_likelier_text_than_greedy():
    greedy, found = table_search(1), table_search(2)
    assert greedy["ids"].tolist() == [[[A, A, A]]]
    np.testing.assert_allclose(np.exp(greedy["scores"]), [[0.6 * 0.5 * 0.5]], rtol=1e-5)
    assert found["ids"].tolist() == [[[B, NULL, NULL], [A, A, A]]]
    np.testing.assert_allclose(np.exp(found["scores"]), [[0.4 * 0.9, 0.15]], rtol=1e-5)
    np.testing.assert_allclose(found["probabilities"], [[[0.4, 0.9, 1], [0.6, 0.5, 0.5]]], rtol=1e-5)


def test_a_finished_beam_is_frozen():
    short, long = table_search(3, num_steps=2), table_search(3, num_steps=6)
    row = long["ids"][0].tolist().index([B, NULL, NULL, NULL, NULL, NULL])
    assert short["ids"][0].tolist()[0] == [B, NULL]
    np.testing.assert_array_equal(long["log_probability"][0, row], short["log_probability"][0, 0])
    np.testing.assert_array_equal(long["probabilities"][0, row, 2:], 1)


def test_a_length_penalty_divides_the_score_and_orders_the_texts():
    found = table_search(3, penalty=5.0)
    assert found["ids"].tolist() == [[[A, A, A], [B, NULL, NULL], [A, A, B]]]
    lengths = np.array([[3, 2, 3]])  # the null of "b" was read before the last step, so it counts
    log_probability = np.log([[0.15, 0.36, 0.12]])
    np.testing.assert_allclose(found["log_probability"], log_probability, rtol=1e-5)
    np.testing.assert_allclose(found["scores"], log_probability / ((5 + lengths) / 6) ** 5, rtol=1e-5)


def test_a_null_read_in_the_last_step_is_not_counted_by_the_penalty():
    found = table_search(3, num_steps=2, penalty=5.0)
    row = found["ids"][0].tolist().index([B, NULL])
    np.testing.assert_allclose(found["scores"][0, row], np.log(0.36), rtol=1e-5)


def test_fewer_texts_than_beams_leave_impossible_ones():
    found = table_search(9, num_steps=1)
    assert np.isfinite(found["scores"]).sum() == 3
    assert not np.isnan(found["scores"]).any()


def test_confidence_counts_the_end_and_no_penalty():
    found = endpoints(search(table_step, ops.zeros([3, 1]), 3, 3, NULL, 3, penalty=5.0), NULL)
    found = {name: np.asarray(value)[0] for name, value in found.items()}
    assert found["predicted_chars"].tolist() == [A, A, A]
    assert found["predicted_length"] == 3
    np.testing.assert_allclose(found["predicted_conf"], np.log(0.15), rtol=1e-5)
    np.testing.assert_allclose(found["normalized_seq_conf"], 0.15 ** (1 / 4), rtol=1e-5)
    np.testing.assert_allclose(found["beam_conf"], [0.15 ** (1 / 4), 0.36 ** (1 / 2), 0.12 ** (1 / 4)], rtol=1e-5)


@pytest.fixture(params=[(kind, fed) for kind in DECODERS for fed in (True, False)], ids=str)
def decoder(request):
    """A decoder of K = 4 classes and T = 3 with random weights, autoregressive or not."""
    kind, autoregression = request.param
    layer = DECODERS[kind](ModelConfig(num_lstm_units=6, use_autoregression=autoregression), 4, 3)
    layer.build((None, 7, 5))
    random = np.random.default_rng(7)
    for weight in layer.weights:
        weight.assign(random.normal(size=weight.shape))
    return layer


@pytest.fixture
def features():
    return np.random.default_rng(5).normal(size=[3, 7, 5]).astype("float32")


def read_with(decoder, features, width, **options):
    return run(
        *recurrent.start(decoder, features, width), width, decoder.max_sequence_length, decoder.num_classes, **options
    )


def text_of(ids, null):
    """The ids up to the first null and that null."""
    ids = list(ids)
    return tuple(ids[: ids.index(null) + 1]) if null in ids else tuple(ids)


def all_texts(decoder, features):
    """The log-probability of every text of a picture: taught the text, its characters' and its end's."""
    K, T = decoder.num_classes, decoder.max_sequence_length
    labels = np.array(list(itertools.product(range(K), repeat=T)), "int32")
    logits = np.asarray(
        decoder(np.repeat(features[None], len(labels), axis=0), labels=labels, teach=True)["chars_logit"]
    )
    gains = logits - np.log(np.exp(logits.astype("float64")).sum(axis=-1, keepdims=True))
    texts = {}
    for row, ids in enumerate(labels):
        text = text_of(ids.tolist(), K - 1)
        texts[text] = sum(gains[row, t, class_id] for t, class_id in enumerate(text))
    return texts


def test_a_wide_beam_is_exhaustive(decoder, features):
    width = 48  # at least the texts of 2 characters and their ends
    found = read_with(decoder, features, width)
    for row, picture in enumerate(features):
        texts = all_texts(decoder, picture)
        expected = sorted(texts, key=texts.get, reverse=True)
        number = min(width, len(expected))
        assert [text_of(ids, 3) for ids in found["ids"][row].tolist()][:number] == expected[:number]
        np.testing.assert_allclose(
            found["scores"][row, :number], [texts[text] for text in expected[:number]], rtol=1e-4, atol=1e-5
        )


def test_one_beam_reads_greedily_up_to_the_end(decoder, features):
    greedy = decoder(features)
    ids = np.asarray(greedy["chars_logit"]).argmax(axis=-1)
    found = read_with(decoder, features, 1)
    for row in range(len(features)):
        text = text_of(ids[row].tolist(), 3)
        assert text_of(found["ids"][row, 0].tolist(), 3) == text
        assert set(found["ids"][row, 0, len(text) :].tolist()) <= {3}
        if "attention" in greedy:
            ours, theirs = found["attention"][row, : len(text)], np.asarray(greedy["attention"])[row, : len(text)]
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_attention_is_that_of_the_best_text(decoder, features):
    found = read_with(decoder, features, 5)
    taught = decoder(features, labels=found["ids"][:, 0], teach=True)
    assert ("attention" in found) == ("attention" in taught)
    if "attention" in found:
        for row, ids in enumerate(found["ids"][:, 0].tolist()):
            end = len(text_of(ids, 3))
            expected = np.asarray(taught["attention"])[row, :end]
            np.testing.assert_allclose(found["attention"][row, :end], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("penalty", [0.0, 0.8])
def test_pictures_of_a_batch_do_not_meet_and_scores_fall(decoder, features, penalty):
    together = read_with(decoder, features, 4, penalty=penalty)
    assert (np.diff(together["scores"], axis=1) <= 0).all()
    for row in range(len(features)):
        alone = read_with(decoder, features[row : row + 1], 4, penalty=penalty)
        np.testing.assert_array_equal(alone["ids"][0], together["ids"][row])
        np.testing.assert_allclose(alone["scores"][0], together["scores"][row], rtol=1e-4, atol=1e-5)


def test_keys_are_projected_once_a_picture(features, monkeypatch):
    layer = AttentionDecoder(ModelConfig(num_lstm_units=6), 4, 3)
    layer.build((None, 7, 5))
    repeated = []
    monkeypatch.setattr(recurrent, "repeat", lambda array, copies: repeated.append(array.shape[0]) or array)
    layer.start(features, copies=5)
    assert repeated == [3, 3]


@pytest.fixture(scope="module", params=["attention", "slice"])
def model(request, make_spec):
    config = ModelConfig(encoder="crnn", num_encoder_lstm_layers=0, num_lstm_units=8, head=request.param)
    network = AttentionOcr(config, make_spec())
    random = np.random.default_rng(3)
    for weight in network.decoder.weights:
        weight.assign(random.normal(size=weight.shape))
    return network


@pytest.fixture
def pixels(model):
    return np.random.default_rng(0).integers(0, 256, [3, *model.dataset.image_shape], dtype=np.uint8)


@pytest.mark.usefixtures("eager")
def test_a_reader_gives_alternatives_that_fall(model, pixels):
    readings = Reader(KerasBackend(model, beam_width=3)).read_batch(pixels, batch_size=4)
    assert len(readings) == 3
    for reading in readings:
        first, *others = reading.alternatives
        assert len(others) == 2
        assert (reading.text, reading.confidence) == (first.text, first.confidence)
        assert len({other.text for other in reading.alternatives}) == 3
        length = len(first.text)
        assert np.exp(first.score / (length + 1)) == pytest.approx(first.confidence, rel=1e-5)
        assert np.prod(reading.scores.astype("float64")) == pytest.approx(np.exp(first.score), rel=1e-4)
        assert [a.score for a in reading.alternatives] == sorted((a.score for a in reading.alternatives), reverse=True)


def test_a_beam_is_at_least_as_likely_as_greedy_and_one_beam_is_greedy(model, pixels):
    greedy, one, wide = (Reader(KerasBackend(model, **knobs)) for knobs in ({}, {"beam_width": 1}, {"beam_width": 30}))
    assert np.asarray(one.backend.predict(pixels)["chars_logit"]).shape == (3, 4, 6)
    assert all(reading.alternatives == [] for reading in one.read_batch(pixels))
    best = np.asarray(wide.backend.predict(pixels)["predicted_conf"])
    outputs = {name: np.asarray(value) for name, value in greedy.backend.predict(pixels).items()}
    for row, ids in enumerate(outputs["predicted_chars"].tolist()):
        end = len(text_of(ids, model.dataset.charset.null_id))
        assert best[row] >= np.log(outputs["predicted_scores"][row, :end]).sum() - 1e-4


def test_a_batch_shape_is_compiled_once_and_new_weights_are_seen(model, pixels, monkeypatch):
    traced = []
    start = type(model.decoder).start
    monkeypatch.setattr(
        type(model.decoder), "start", lambda self, *args, **kwargs: traced.append(1) or start(self, *args, **kwargs)
    )
    reader = Reader(KerasBackend(model, beam_width=2))
    before = reader.read_batch(pixels)
    times = len(traced)
    assert reader.read_batch(pixels)[0].alternatives == before[0].alternatives
    model.decoder.softmax_b.assign(-np.asarray(model.decoder.softmax_b) + 1)
    assert reader.read_batch(pixels)[0].alternatives != before[0].alternatives
    assert len(traced) == times


@pytest.mark.usefixtures("eager")
def test_metrics_take_what_beams_read(model, pixels):
    ids = np.stack([reading.ids for reading in Reader(KerasBackend(model, beam_width=2)).read_batch(pixels)])
    assert np.asarray(metrics.sequence_accuracies(ids.astype("int32"), ids, model.dataset.charset.null_id)).all()


@pytest.mark.usefixtures("eager")
def test_wrong_knobs_are_errors(model, tmp_path):
    with pytest.raises(UserError, match="--beam_width=0: must be at least 1"):
        Reader(KerasBackend(model, beam_width=0))
    with pytest.raises(UserError, match=r"--beam_width=3: .* is an export, whose graph reads greedily"):
        Reader.load(tmp_path, beam_width=3)
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").config == model.config
    assert len(Reader.load(tmp_path / "model.keras", beam_width=2).read([np.zeros([40, 80, 3], "uint8")])) == 1
