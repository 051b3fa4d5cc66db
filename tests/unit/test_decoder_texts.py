"""Texts of heads that read one character a step: searched and known ones, against teaching, for every such head."""

import itertools

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig, TextModelConfig
from attention_ocr.model.heads import HEADS
from attention_ocr.model.stepwise import MOST_ROWS, Step, Steps
from attention_ocr.reading.texts import decoder_texts
from attention_ocr.reading.texts.ctc_beams import NONE, Search
from attention_ocr.reading.texts.text_model import ClassProbabilities, TextModel
from attention_ocr.reading.texts.trie import Trie

A, B, NULL = 0, 1, 2
T, K = 3, 3
CHARSET = Charset((("a",), ("b",), ()), NULL)
STEPWISE = [name for name in HEADS if name != "ctc"]
ONE = np.array([0])
EVERY = [text for length in range(1, T + 1) for text in itertools.product([A, B], repeat=length)]


class Table:
    """Steps that depend on the character before alone: `after` [K + 1, K] are its probabilities."""

    num_classes = K

    def __init__(self, after):
        self.after, self.rows = np.array(after, "float64"), []

    def first(self, pictures):
        return np.zeros(len(pictures))

    def advance(self, number, pictures, state, fed):
        self.rows.append(len(fed))
        with np.errstate(divide="ignore"):
            return state + 1, np.log(self.after[fed]), None

    def take(self, state, rows):
        return state[rows]


# As in test_beam_search: after a, b, the null and nothing. Greedy begins with "a"; "b" is likelier as a whole.
AFTER = [[0.5, 0.4, 0.1], [0.075, 0.025, 0.9], [1 / 3] * 3, [0.6, 0.4, 0.0]]


def how(texts=("ab", "ba"), weight=0.0, width=4, penalty=0.0, smoothing=0.0):
    model = TextModel.of_texts([(text, 1.0) for text in texts], TextModelConfig(order=3))
    return Search(ClassProbabilities(model, CHARSET), weight, width, penalty, T, smoothing)


def texts_of(found):
    rows = zip(found.ids[0], found.log_probabilities[0], strict=True)
    return [tuple(int(c) for c in ids if c != NULL) for ids, value in rows if value > NONE]


def test_the_likeliest_text_is_found_where_greedy_reading_misses_it():
    found = decoder_texts.search(Table(AFTER), ONE, how())
    assert texts_of(found)[:2] == [(B,), (A, B)]
    np.testing.assert_allclose(np.exp(found.log_probabilities[0, :2]), [0.4 * 0.9, 0.6 * 0.4 * 0.9], rtol=1e-9)
    assert found.ids.shape == (1, 4, T)


def test_a_text_model_decides_between_what_looks_alike():
    table = [[0.02, 0.02, 0.96], [0.02, 0.02, 0.96], [1 / 3] * 3, [0.52, 0.48, 0.0]]
    assert texts_of(decoder_texts.search(Table(table), ONE, how(["b"] * 5)))[0] == (A,)
    assert texts_of(decoder_texts.search(Table(table), ONE, how(["b"] * 5, weight=0.3)))[0] == (B,)


def test_label_smoothing_does_not_end_texts_early():
    smoothing = 0.1
    sure = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]], "float64")  # a b a, as long as may be
    table = (1 - smoothing) * sure + smoothing / K
    texts = ["bbb"] * 20  # whatever is read, the text model does not like it
    assert texts_of(decoder_texts.search(Table(table), ONE, how(texts, 1.0)))[0] == ()
    assert texts_of(decoder_texts.search(Table(table), ONE, how(texts, 1.0, smoothing=smoothing)))[0] == (A, B, A)


def test_what_cannot_win_is_given_up():
    sure = Table([[1e-6, 1e-6, 1], [1e-6, 1e-6, 1], [1 / 3] * 3, [1, 1e-6, 1e-6]])
    found = decoder_texts.search(sure, ONE, how(width=8))
    assert sure.rows == [1, 1]
    assert texts_of(found) == [(A,)]
    assert (found.scores[0, 1:] == NONE).all()


def test_an_early_end_is_remembered_where_what_goes_on_is_a_dead_end():
    table = [[0.5, 0.5, 0], [0.5, 0.5, 0], [1 / 3] * 3, [0.6, 0.3, 0.1]]
    found = decoder_texts.search(Table(table), ONE, how(["ab"] * 50, weight=30.0))
    assert texts_of(found)[0] == ()


def test_a_length_penalty_orders_the_texts():
    found = decoder_texts.search(Table(AFTER), ONE, how(penalty=5.0, width=8))
    assert texts_of(found)[0] == (A, A, A)
    expected = [
        value / ((5 + len(text)) / 6) ** 5
        for text, value in zip(texts_of(found), found.log_probabilities[0], strict=False)
    ]
    np.testing.assert_allclose(found.scores[0, : len(expected)], expected, rtol=1e-9)


def test_known_texts_by_hand():
    found = decoder_texts.of_known_texts(Table(AFTER), 0, Trie([[A], [B], [A, B], [A, A, B]], K), NULL, T)
    np.testing.assert_allclose(np.exp(found), [0.6 * 0.1, 0.4 * 0.9, 0.6 * 0.4 * 0.9, 0.6 * 0.5 * 0.4], rtol=1e-9)


def test_what_texts_begin_with_alike_is_computed_once():
    table = Table(AFTER)
    decoder_texts.of_known_texts(table, 0, Trie([[A, A], [A, B], [A, A, B]], K), NULL, T)
    assert table.rows == [1, 1, 2]


@pytest.fixture(scope="module", params=STEPWISE)
def decoder(request):
    """A decoder of each kind with random weights."""
    config = ModelConfig(head=request.param, num_lstm_units=6)
    layer = HEADS[request.param].decoder(config, K, T)
    layer.build((None, 7, 4))
    random = np.random.default_rng(7)
    for weight in layer.weights:
        weight.assign(random.normal(size=weight.shape))
    return layer


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(5).normal(size=[1, 7, 4]).astype("float32")


def taught(decoder, features, texts):
    """Log-probabilities [L] of texts and their ends, and attention, by feeding each text as a label."""
    labels = np.array([[*text, *[NULL] * (T - len(text))] for text in texts], "int32")
    outputs = decoder(np.repeat(features, len(labels), axis=0), labels=labels, teach=True)
    logits = np.asarray(outputs["chars_logit"], "float64")
    gains = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    picked = np.take_along_axis(gains, labels[:, :, None], axis=2)[:, :, 0]
    counted = np.arange(T) <= np.array([[len(text)] for text in texts])
    attention = np.asarray(outputs["attention"]) if "attention" in outputs else None
    return np.where(counted, picked, 0).sum(axis=1), np.where(counted, np.exp(picked), 1), attention


def test_known_texts_are_as_likely_as_when_taught(decoder, features):
    expected, _, _ = taught(decoder, features, EVERY)
    found = decoder_texts.of_known_texts(Steps(Step(decoder), features), 0, Trie(EVERY, K), NULL, T)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_wide_search_finds_the_likeliest_of_all_texts(decoder, features):
    expected, _, _ = taught(decoder, features, [(), *EVERY])
    found = decoder_texts.search(Steps(Step(decoder), features), ONE, how(width=8))
    best = int(np.argmax(expected))
    assert texts_of(found)[0] == [(), *EVERY][best]
    np.testing.assert_allclose(found.log_probabilities[0, 0], expected[best], rtol=1e-4, atol=1e-4)


def test_pictures_of_a_batch_do_not_meet(decoder, features):
    several = np.concatenate([features, 2 - features, 3 * features])
    together = decoder_texts.search(Steps(Step(decoder), several), np.array([2, 0]), how(["ab"] * 3, 0.3, 3))
    for place, picture in enumerate([2, 0]):
        alone = decoder_texts.search(Steps(Step(decoder), several[picture : picture + 1]), ONE, how(["ab"] * 3, 0.3, 3))
        np.testing.assert_array_equal(together.ids[place], alone.ids[0])
        np.testing.assert_allclose(together.scores[place], alone.scores[0], rtol=1e-4)


@pytest.mark.parametrize("text", [(A,), (B, A), (B, B, A)], ids=str)
def test_a_followed_text_has_the_scores_and_attention_of_teaching(decoder, features, text):
    _, probability, attention = taught(decoder, features, [text])
    padded = np.array([*text, *[NULL] * (T - len(text))])
    scores, looked = decoder_texts.followed(Steps(Step(decoder), features), 0, padded, NULL)
    np.testing.assert_allclose(scores, probability[0], rtol=1e-4)
    assert (looked is None) == (attention is None)
    if looked is not None:
        end = min(len(text) + 1, T)
        np.testing.assert_allclose(looked[:end], attention[0, :end], rtol=1e-4, atol=1e-5)
        assert looked.shape == (T, 7)


def test_many_rows_are_stepped_in_parts(decoder, features):
    steps, number = Steps(Step(decoder), features), 2 * MOST_ROWS + 3
    fed, pictures = np.arange(number) % (K + 1), np.zeros(number, int)
    _, together, _ = steps.advance(0, pictures, steps.first(pictures), fed)
    _, few, _ = steps.advance(0, pictures[:4], steps.first(pictures[:4]), np.arange(4))
    np.testing.assert_allclose(together, few[fed], rtol=1e-4, atol=1e-5)


def test_padding_around_a_picture_is_not_looked_at(features):
    layer = HEADS["attention"].decoder(ModelConfig(num_lstm_units=6), K, T)
    layer.build((None, 7, 4))
    is_picture = np.arange(7)[None] < 4
    other = np.where(is_picture[:, :, None], features, 99.0).astype("float32")
    one, two = (
        decoder_texts.of_known_texts(Steps(Step(layer), array, is_picture), 0, Trie(EVERY, K), NULL, T)
        for array in (features, other)
    )
    np.testing.assert_allclose(one, two, rtol=1e-5)
