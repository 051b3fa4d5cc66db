"""CTC on the host against all paths: beam search with a text model, known texts, the columns of a text."""

import itertools

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import TextModelConfig
from attention_ocr.model import ctc
from attention_ocr.reading.texts import ctc_paths
from attention_ocr.reading.texts.ctc_beams import NONE, Search, search
from attention_ocr.reading.texts.text_model import ClassProbabilities, TextModel
from attention_ocr.reading.texts.trie import Trie

A, B, NULL, BLANK = range(4)
T = 4
CHARSET = Charset((("a",), ("b",), ()), NULL)


@pytest.fixture(scope="module")
def text_model():
    texts = [(text, 1.0) for text in ["ab", "ab", "ba", "abab", "b"]]
    return ClassProbabilities(TextModel.of_texts(texts, TextModelConfig(order=3)), CHARSET)


def some(num_pictures=3, num_columns=5, seed=0, spread=1.5):
    logits = np.random.default_rng(seed).normal(0, spread, [num_pictures, num_columns, 4]).astype("float32")
    return ctc_paths.log_probabilities(logits, NULL)


def all_texts(columns):
    """Each text's log-probability, that of all its paths together."""
    found = {}
    for path in itertools.product([A, B, BLANK], repeat=len(columns)):
        text = tuple(class_id for class_id, _ in itertools.groupby(path) if class_id != BLANK)
        value = sum(columns[n, class_id] for n, class_id in enumerate(path))
        found[text] = np.logaddexp(found.get(text, -np.inf), value)
    return found


def padded(text, length=T):
    return [*text, *[NULL] * (length - len(text))]


def texts_of(found, row):
    return [tuple(int(c) for c in ids if c != NULL) for ids in found.ids[row]]


@pytest.mark.parametrize("weight", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_a_wide_beam_finds_every_text_with_its_score(text_model, weight, penalty):
    columns = some()
    found = search(columns, Search(text_model, weight, 100, penalty, T))
    for row, picture in enumerate(columns):
        every = {text: value for text, value in all_texts(picture).items() if len(text) <= T}
        priors = text_model.of_texts(np.array([padded(text) for text in every]))
        scores = {
            text: every[text] / ((5 + len(text)) / 6) ** penalty + weight * prior
            for text, prior in zip(every, priors, strict=True)
        }
        order = sorted(scores, key=scores.get, reverse=True)
        assert texts_of(found, row)[: len(order)] == order
        np.testing.assert_allclose(found.scores[row, : len(order)], [scores[t] for t in order], rtol=1e-4, atol=1e-4)
        totals = [every[text] for text in order]
        np.testing.assert_allclose(found.log_probabilities[row, : len(order)], totals, rtol=1e-4, atol=1e-4)
        assert (found.log_probabilities[row, len(order) :] == NONE).all()
        assert found.lengths[row, : len(order)].tolist() == [len(text) for text in order]


@pytest.mark.parametrize("seed", range(20))
def test_a_narrow_beam_never_claims_more_than_a_text_has(text_model, seed):
    columns = some(1, 7, seed)
    found = search(columns, Search(text_model, 0.3, 4, 0.0, T))
    every = all_texts(columns[0])
    texts = texts_of(found, 0)
    assert len(set(texts)) == 4
    for text, value in zip(texts, found.log_probabilities[0], strict=True):
        assert value <= every[text] + 1e-4
    assert (np.diff(found.scores) <= 0).all()


def test_a_text_model_decides_between_what_looks_alike(text_model):
    probability = np.full([1, 5, 4], 1e-5)
    probability[0, [0, 2, 4], BLANK] = 1
    probability[0, 1, A] = 1
    probability[0, 3, [A, B]] = 0.55, 0.45
    columns = np.log(probability / probability.sum(axis=2, keepdims=True))
    greedy, preferred = (search(columns, Search(text_model, weight, 8, 0.0, T)) for weight in (1e-6, 0.5))
    assert texts_of(greedy, 0)[0] == (A, A)
    assert texts_of(preferred, 0)[0] == (A, B)


def test_the_same_letter_twice_needs_a_blank_between():
    model = ClassProbabilities(TextModel.of_texts([("aa", 1.0)], TextModelConfig(order=2)), CHARSET)
    probability = np.full([2, 3, 4], 1e-6)
    probability[0, [0, 1, 2], A] = 1
    probability[1, [0, 2], A], probability[1, 1, BLANK] = 1, 1
    columns = np.log(probability / probability.sum(axis=2, keepdims=True))
    found = search(columns, Search(model, 0.3, 6, 0.0, T))
    assert texts_of(found, 0)[0] == (A,)
    assert texts_of(found, 1)[0] == (A, A)


def test_no_text_is_longer_than_asked_for(text_model):
    columns = some(2, 9, spread=4)
    found = search(columns, Search(text_model, 0.1, 30, 0.0, 2))
    assert found.ids.shape == (2, 30, 2)
    assert found.lengths.max() == 2


def test_pictures_of_a_batch_do_not_meet(text_model):
    columns = np.concatenate([some(2, 6, 1), some(2, 6, 2, spread=5), np.log([[[1e-9, 1e-9, 1e-9, 1]] * 6])])
    how = Search(text_model, 0.3, 5, 0.0, T)
    together = search(columns, how)
    for row in range(len(columns)):
        alone = search(columns[row : row + 1], how)
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-6)
        assert texts_of(alone, 0) == texts_of(together, row)
    assert texts_of(together, 4)[0] == ()


def test_columns_that_are_surely_blank_change_nothing(text_model):
    columns = some(1, 5)
    blank = np.log(np.array([1e-12, 1e-12, 1e-12, 1.0]))
    stretched = np.insert(columns, [0, 2, 2, 5], blank, axis=1)
    how = Search(text_model, 0.3, 50, 0.0, T)
    every = all_texts(stretched[0])
    found = search(stretched, how)
    for text, value in zip(texts_of(found, 0), found.log_probabilities[0], strict=True):
        if value > NONE:
            np.testing.assert_allclose(value, every[text], rtol=1e-4, atol=1e-4)


def test_log_probabilities_are_those_of_the_model():
    logits = np.random.default_rng(1).normal(size=[2, 5, 4]).astype("float32")
    np.testing.assert_allclose(
        ctc_paths.log_probabilities(logits, NULL), np.asarray(ctc.log_probabilities(logits, NULL)), rtol=1e-5
    )


@pytest.mark.parametrize("at_once", [1, 1 << 17])
def test_known_texts_have_the_probability_of_all_their_paths(monkeypatch, at_once):
    monkeypatch.setattr(ctc_paths, "CELLS", at_once)
    columns = some(4, 5)
    texts = [text for length in range(1, 4) for text in itertools.product([A, B], repeat=length)]
    found = ctc_paths.of_known_texts(columns, Trie(texts, 3))
    for row, picture in enumerate(columns):
        every = all_texts(picture)
        np.testing.assert_allclose(found[row], [every[text] for text in texts], rtol=1e-4)


def test_a_text_that_does_not_fit_the_columns_is_impossible():
    found = ctc_paths.of_known_texts(some(1, 2), Trie([[A, A], [A, B], [B, A, B]], 3))
    assert (found < -1e8).tolist() == [[True, False, True]]


@pytest.mark.parametrize("text", [[], [A], [A, A], [A, B, A], [B, B, A]], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_the_columns_of_a_text_are_those_of_the_model(text, seed):
    columns = some(1, 7, seed)
    places = ctc_paths.align(columns[0], np.array(text, int))
    _, expected, _ = ctc.align(columns, np.array([padded(text)], "int32"), NULL)
    np.testing.assert_array_equal(places, np.asarray(expected)[0])
