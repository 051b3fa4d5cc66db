"""Character n-grams: counted by hand, summing to one, pruned, kept in bytes."""

import numpy as np
import pytest

from attention_ocr.errors import UserError
from attention_ocr.reading.texts.counting import Counts, pruned, smoothed
from attention_ocr.reading.texts.ngrams import NGrams, from_bytes, in_bytes

END, NEVER, A, B, C = range(5)


def windows_of(texts, order):
    """Each symbol and each end after those before it."""
    rows = []
    for text in texts:
        text = [END, *text, END]
        rows += [
            [-1] * max(order - 1 - place, 0) + text[max(place - order + 1, 0) : place + 1]
            for place in range(1, len(text))
        ]
    return np.array(rows)


def counted(texts, order, num_symbols=5, numbers=None):
    windows = windows_of(texts, order)
    return smoothed(Counts(windows, np.ones(len(windows)) if numbers is None else numbers, num_symbols))


def some_texts(number=60, seed=3):
    random = np.random.default_rng(seed)
    return [
        [A + int(symbol) for symbol in random.choice(3, random.integers(1, 7), p=[0.6, 0.3, 0.1])]
        for _ in range(number)
    ]


@pytest.fixture(scope="module")
def some():
    return counted(some_texts(), 4)


def history_of(*symbols, length=3):
    return np.array([[END] * (length - len(symbols)) + list(symbols)])


def test_a_bigram_by_hand():
    ngrams, numbers = counted([[A, B], [A, B], [A, C]], 2)
    # Few counts: 0.5, 1 and 1.5 are taken off counts of 1, 2 and more.
    # Before A stands one symbol, as before B and C; before the end two.
    ends, kinds = 2, 5
    alone = {END: (ends - 1) / kinds, A: 0.5 / kinds, B: 0.5 / kinds, C: 0.5 / kinds}
    rest = (1 - sum(alone.values())) / 5
    after_a = {B: (2 - 1) / 3, C: (1 - 0.5) / 3}
    row = ngrams.rows(np.array([[A]]))[0]
    left = 1 - sum(after_a.values())
    expected = [left * (alone.get(symbol, 0) + rest) + after_a.get(symbol, 0) for symbol in range(5)]
    np.testing.assert_allclose(row, expected, rtol=1e-9)
    assert sum(numbers[0]) == 9


@pytest.mark.parametrize(
    "history", [(), (A,), (A, B), (A, A, A), (C, C, C), (NEVER, A, B), (A, NEVER, A), (NEVER,), (C, C)], ids=str
)
def test_the_probabilities_after_anything_sum_to_one(some, history):
    ngrams, _ = some
    rows = ngrams.rows(history_of(*history))
    np.testing.assert_allclose(rows.sum(), 1, rtol=1e-9)
    assert (rows > 0).all()
    one_by_one = ngrams.probabilities(np.repeat(history_of(*history), 5, axis=0), np.arange(5))
    np.testing.assert_allclose(one_by_one, rows[0], rtol=1e-9)


def test_a_beginning_is_told_from_the_middle():
    ngrams, _ = counted([[A, B, B, B, B]] * 20, 3)
    begins, within = ngrams.rows(np.array([[END, END], [B, B]]))
    assert begins[A] > 0.9
    assert within[A] < 0.1


def test_what_was_counted_often_is_likelier_than_what_was_not():
    texts = [[A, B], [A, C]]
    windows = windows_of(texts, 2)
    ngrams, _ = counted(texts, 2, numbers=np.where(windows[:, 1] == C, 1.0, 9.0))
    row = ngrams.rows(np.array([[A]]))[0]
    assert row[B] > 3 * row[C]


def test_texts_that_were_not_counted_are_likelier_than_by_chance():
    ngrams, _ = counted(some_texts(2000, seed=1), 4)
    windows = windows_of(some_texts(200, seed=2), 4)
    probability = ngrams.probabilities(np.maximum(windows[:, :-1], END), windows[:, -1])
    assert np.log(probability).mean() > np.log(1 / 4)


@pytest.mark.parametrize("most", [10, 40, 100])
def test_pruning_keeps_within_a_size_and_the_sum(some, most):
    def number(ngrams):
        return sum(len(level) for level in ngrams.levels)

    small = pruned(*some, lambda ngrams: number(ngrams) <= most)
    assert 0.5 * most <= number(small) <= most
    for history in ((), (A,), (A, B), (A, A, A), (C, B, A)):
        rows = small.rows(history_of(*history))
        np.testing.assert_allclose(rows.sum(), 1, rtol=1e-9)
    assert [level.children.sum() for level in small.levels[:-1]] == [len(level) for level in small.levels[1:]]


def test_pruning_costs_little_likelihood_and_more_of_it_costs_more(some):
    ngrams, _ = some
    windows = windows_of(some_texts(), 4)
    history, symbols = np.maximum(windows[:, :-1], END), windows[:, -1]
    losses = []
    for share in (1.0, 0.7, 0.2):
        most = share * sum(len(level) for level in ngrams.levels)
        small = pruned(*some, lambda found, most=most: sum(len(level) for level in found.levels) <= most)
        losses.append(-np.log(small.probabilities(history, symbols)).mean())
    assert losses[0] <= losses[1] < losses[2]
    assert losses[1] < losses[0] + 0.03


def test_what_cannot_be_small_enough_is_told(some):
    with pytest.raises(UserError, match=r"^--max_size: is too small"):
        pruned(*some, lambda ngrams: False)


def test_too_long_runs_of_many_characters_are_told():
    with pytest.raises(UserError, match=r"^1000 different characters allow --order=6 at most; lower --order"):
        Counts(np.zeros([1, 7], int), np.ones(1), 1000)
    Counts(np.zeros([1, 6], int), np.ones(1), 1000)


def test_masses_in_bytes_are_near_and_never_more():
    masses = np.concatenate([[1.0, 0.0], np.geomspace(1e-6, 1, 500)])
    kept = from_bytes(in_bytes(masses))
    assert (kept <= masses * (1 + 1e-6)).all()
    assert (kept[2:] > 0.94 * masses[2:]).all()
    assert kept[1] == 0


@pytest.mark.parametrize("num_symbols", [5, 255, 256, 4000])
def test_arrays_are_read_back(num_symbols):
    texts = [[A, num_symbols - 1, B], [num_symbols - 1] * 3, [A, B]]
    ngrams, _ = counted(texts, 4, num_symbols)
    back = NGrams.from_arrays(ngrams.arrays("x"), "x", num_symbols)
    history = np.array([[END, END, A], [A, num_symbols - 1, B], [B, B, B]])
    np.testing.assert_allclose(back.rows(history), ngrams.rows(history), atol=0.02)
    np.testing.assert_allclose(back.rows(history).sum(axis=1), 1, rtol=1e-6)


def test_all_symbols_after_one_are_kept_apart():
    texts = [[A, 2 + number] for number in range(253)]
    ngrams, _ = counted(texts, 2, 255)
    back = NGrams.from_arrays(ngrams.arrays("x"), "x", 255)
    np.testing.assert_allclose(back.rows(np.array([[A]])), ngrams.rows(np.array([[A]])), atol=0.01)
