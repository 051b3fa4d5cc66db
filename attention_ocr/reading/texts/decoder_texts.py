"""Texts of a head that reads one character a step: searched with a text model, or chosen among known ones.

The steps are those of `model.stepwise.Steps`, which a backend gives; everything else happens here, on the host. So
only as many texts are followed as may still win, and a search ends with its text. Dimensions: P pictures, R texts.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from attention_ocr.reading.texts.ctc_beams import NONE, Found, Search
from attention_ocr.reading.texts.trie import Trie

MARGIN = 5.0  # nats: texts whose scores are so far below the best one's are given up
NOISE = 2.0  # what label smoothing adds to each class is not quite the same everywhere: so many times it is no sign
LEAST = 0.003  # a class that is so many times as likely as the likeliest one is not looked for
CHOICES = 16  # the likeliest classes of a step that the text model is asked about


class Steps(Protocol):
    """What `model.stepwise.Steps` says."""

    num_classes: int

    def first(self, pictures: np.ndarray) -> Any:
        """The state before the first character in each of `pictures` int [R]."""

    def advance(
        self, number: int, pictures: np.ndarray, state: Any, fed: np.ndarray
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """The next state, log-probabilities [R, K] and attention [R, N] or None."""

    def take(self, state: Any, rows: np.ndarray) -> Any:
        """The state of some rows."""


@dataclass
class _Texts:
    """Texts that are followed.

    Attributes:
        places: int [R], the place of each one's picture among those that are searched.
        ids: int [R, T], padded with nulls.
        log_probability: [R], the network's.
        seen: [R], the same without label smoothing.
        prior: [R], the text model's.
    """

    places: np.ndarray
    ids: np.ndarray
    log_probability: np.ndarray
    seen: np.ndarray
    prior: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def of(self, rows: np.ndarray) -> "_Texts":
        """Some of them."""
        arrays = (self.places, self.ids, self.log_probability, self.seen, self.prior)
        return _Texts(*(array[rows] for array in arrays))

    def scores(self, how: Search) -> np.ndarray:
        """What texts of the same step are ordered by, [R]."""
        return self.seen + how.weight * self.prior


def search(steps: Steps, pictures: np.ndarray, how: Search) -> Found:
    """The W best texts of each picture that were found, the null after each one included.

    Args:
        steps: of a batch.
        pictures: int [P], those that are searched.
        how: what is searched for.
    """
    P, T, null_id = len(pictures), how.length, how.model.null_id
    alive = _Texts(np.arange(P), np.full([P, T], null_id), np.zeros(P), np.zeros(P), np.zeros(P))
    state, fed, ended = steps.first(pictures), np.full(P, steps.num_classes), []
    best_ended = np.full(P, -np.inf)
    for number in range(T):
        state, gains, _ = steps.advance(number, pictures[alive.places], state, fed)
        grown, rows, classes = _grow(alive, gains, number, how)
        scores, is_end = grown.scores(how), classes == null_id
        np.maximum.at(best_ended, grown.places[is_end], scores[is_end])
        least = best_ended.copy()
        np.maximum.at(least, grown.places, scores)
        may_win = scores >= (least - MARGIN)[grown.places]
        # Those that go on may yet end worse, so an end is only compared with ends.
        ended.append(grown.of(np.flatnonzero(is_end & (scores >= (best_ended - MARGIN)[grown.places]))))
        going_on = _best_of_each(np.flatnonzero(~is_end & may_win), grown.places, scores, how.beam_width)
        alive = grown.of(going_on)
        if not len(alive):
            break
        state, fed = steps.take(state, rows[going_on]), classes[going_on]
    else:  # these fill all T steps, so no null follows
        ends = np.full([len(alive), 1], null_id)
        alive.prior = alive.prior + how.model.log_probabilities(_history(alive.ids, T, how), ends)[:, 0]
        ended.append(alive)
    return _best(ended, P, how)


def _best_of_each(rows: np.ndarray, places: np.ndarray, scores: np.ndarray, most: int) -> np.ndarray:
    """Of `rows` the `most` best ones of each picture, the best first."""
    rows = rows[np.lexsort([-scores[rows], places[rows]])]
    ranks = np.arange(len(rows)) - np.searchsorted(places[rows], places[rows])
    return rows[ranks < most]


def _grow(texts: _Texts, gains: np.ndarray, length: int, how: Search) -> tuple[_Texts, np.ndarray, np.ndarray]:
    """The texts a class longer (the likeliest ones and the null), which row each one continues, and the class."""
    null_id = how.model.null_id
    G = min(CHOICES, gains.shape[1])
    likeliest = np.argpartition(-gains, G - 1, axis=1)[:, :G]  # [R, G]
    likeliest = np.where((likeliest == null_id).any(axis=1, keepdims=True) | (np.arange(G) < G - 1), likeliest, null_id)
    seen = np.take_along_axis(_sharpened(gains, how.smoothing), likeliest, axis=1)
    rows, columns = np.nonzero(np.isfinite(seen))
    classes = likeliest[rows, columns]
    said = how.model.log_probabilities(_history(texts.ids, length, how), likeliest)[rows, columns]
    grown = texts.of(rows)
    grown.ids[:, length] = classes
    grown.log_probability += gains[rows, classes]
    grown.seen += seen[rows, columns]
    grown.prior += said
    return grown, rows, classes


def _sharpened(gains: np.ndarray, smoothing: float) -> np.ndarray:
    """Log-probabilities [R, K] as a network would say them that was taught without label smoothing.

    With it, any class, the null too, has a little everywhere; so a text model, which finds each further character
    unlikely, would end texts early.
    """
    floor = NOISE * smoothing / gains.shape[1]
    probability = (np.exp(gains) - floor) / (1 - smoothing)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(probability > LEAST * probability.max(axis=1, keepdims=True), np.log(probability), -np.inf)


def _history(ids: np.ndarray, length: int, how: Search) -> np.ndarray:
    """The last classes of texts of `length` characters, as a text model takes them, nulls first."""
    H = how.model.length
    padded = np.concatenate([np.full([len(ids), H], how.model.null_id), ids[:, :length]], axis=1)
    return padded[:, -H:]


def _best(ended: list[_Texts], number: int, how: Search) -> Found:
    """The best of the texts that ended, of `number` pictures."""
    W, null_id = how.beam_width, how.model.null_id
    places, ids, totals, seen, prior = (
        np.concatenate([getattr(texts, name) for texts in ended])
        for name in ("places", "ids", "log_probability", "seen", "prior")
    )
    lengths = (ids != null_id).sum(axis=1)
    scores = seen / ((5 + lengths) / 6) ** how.length_penalty + how.weight * prior
    rows = _best_of_each(np.arange(len(places)), places, scores, W)
    at = places[rows], np.arange(len(rows)) - np.searchsorted(places[rows], places[rows])
    found = Found(
        np.full([number, W, how.length], null_id),
        np.zeros([number, W], np.int64),
        np.full([number, W], NONE),
        np.full([number, W], NONE),
    )
    for array, values in zip(
        (found.ids, found.lengths, found.log_probabilities, found.scores), (ids, lengths, totals, scores), strict=True
    ):
        array[at] = values[rows]
    return found


def of_known_texts(steps: Steps, picture: int, trie: Trie, null_id: int, length: int) -> np.ndarray:
    """The log-probability [L] of each known text and of the null after it, fed character by character.

    A text that fills all T steps has no null. What texts begin with alike is computed once.

    Args:
        steps: of a batch.
        picture: which of its pictures.
        trie: of L texts.
        null_id: the class that ends a text.
        length: T.
    """
    totals, ended = np.zeros(len(trie)), np.zeros(len(trie))
    state, fed = steps.first(np.array([picture])), np.array([steps.num_classes])
    for number in range(len(trie.levels) - 1):
        first, last = trie.levels[number], trie.levels[number + 1]
        if number == length:
            ended[first:last] = totals[first:last]
            break
        state, gains, _ = steps.advance(number, np.full(len(fed), picture), state, fed)
        ended[first:last] = totals[first:last] + gains[:, null_id]
        if number + 2 == len(trie.levels):
            break
        longer = slice(last, trie.levels[number + 2])
        rows, fed = trie.parents[longer] - first, trie.classes[longer]
        totals[longer] = totals[trie.parents[longer]] + gains[rows, fed]
        state = steps.take(state, rows)
    return ended[trie.ends]


def followed(steps: Steps, picture: int, text: np.ndarray, null_id: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The probability [T] of each character of a text int [T] and of its null, 1 after it; attention [T, N] or None."""
    T, pictures = len(text), np.array([picture])
    scores = np.ones(T, np.float32)
    attention: list[Any] = []
    state, fed = steps.first(pictures), np.array([steps.num_classes])
    for number in range(T):
        state, gains, looked = steps.advance(number, pictures, state, fed)
        fed = text[number : number + 1].astype(np.int64)
        scores[number] = np.exp(gains[0, fed[0]])
        attention.append(looked)
        if fed[0] == null_id:
            break
    if attention[0] is None:
        return scores, None
    found = np.concatenate(attention)
    return scores, np.pad(found, [(0, T - len(found)), (0, 0)])
