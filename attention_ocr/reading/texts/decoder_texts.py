"""Texts of a head that reads one character a step: searched with a text model, or chosen among known ones.

The steps are those of `model.stepwise.Steps`, which a backend gives; everything else happens here, on the host. So
only as many texts are followed as may still win, and a search ends with its text.
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

    def first(self) -> Any:
        """The state before the first character."""

    def advance(self, number: int, state: Any, fed: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """The next state, log-probabilities [R, K] and attention [R, N] or None."""

    def take(self, state: Any, rows: np.ndarray) -> Any:
        """The state of some rows."""


@dataclass
class _Texts:
    """Texts that are followed: ids int [R, T], and log-probabilities [R].

    `log_probability` is the network's, `seen` the same without label smoothing, `prior` the text model's.
    """

    ids: np.ndarray
    log_probability: np.ndarray
    seen: np.ndarray
    prior: np.ndarray


def search(steps: Steps, how: Search) -> Found:
    """The W best texts of one picture (B = 1) that were found, the null after each one included.

    Args:
        steps: of the picture.
        how: what is searched for.
    """
    T, null_id, W = how.length, how.model.null_id, how.beam_width
    alive = _Texts(np.full([1, T], null_id), np.zeros(1), np.zeros(1), np.zeros(1))
    state, fed, ended = steps.first(), np.array([steps.num_classes]), []
    best_ended = -np.inf
    for number in range(T):
        state, gains, _ = steps.advance(number, state, fed)
        grown, rows, classes = _grow(alive, gains, number, how)
        scores = grown.seen + how.weight * grown.prior
        is_end = classes == null_id
        best_ended = max(best_ended, scores[is_end].max(initial=-np.inf))
        least = max(best_ended, scores.max()) - MARGIN
        ended += [_chosen(grown, np.flatnonzero(is_end & (scores >= least)))]
        going_on = np.flatnonzero(~is_end & (scores >= least))
        going_on = going_on[np.argsort(-scores[going_on], kind="stable")[:W]]
        alive = _chosen(grown, going_on)
        if not len(going_on):
            break
        state, fed = steps.take(state, rows[going_on]), classes[going_on]
    else:  # these fill all T steps, so no null follows
        alive.prior += how.model.log_probabilities(_history(alive.ids, T, how), np.full([len(alive.ids), 1], null_id))[
            :, 0
        ]
        ended.append(alive)
    return _best(ended, how)


def _grow(texts: _Texts, gains: np.ndarray, length: int, how: Search):
    """The texts a class longer (the likeliest ones and the null), which row each one continues, and the class."""
    null_id = how.model.null_id
    G = min(CHOICES, gains.shape[1])
    likeliest = np.argpartition(-gains, G - 1, axis=1)[:, :G]  # [R, G]
    likeliest = np.where((likeliest == null_id).any(axis=1, keepdims=True) | (np.arange(G) < G - 1), likeliest, null_id)
    said = how.model.log_probabilities(_history(texts.ids, length, how), likeliest)
    rows = np.repeat(np.arange(len(gains)), G)
    classes = likeliest.ravel()
    ids = texts.ids[rows]
    ids[:, length] = classes
    grown = _Texts(
        ids,
        texts.log_probability[rows] + np.take_along_axis(gains, likeliest, axis=1).ravel(),
        texts.seen[rows] + np.take_along_axis(_sharpened(gains, how.smoothing), likeliest, axis=1).ravel(),
        texts.prior[rows] + said.ravel(),
    )
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


def _chosen(texts: _Texts, rows: np.ndarray) -> _Texts:
    return _Texts(texts.ids[rows], texts.log_probability[rows], texts.seen[rows], texts.prior[rows])


def _best(ended: list[_Texts], how: Search) -> Found:
    ids = np.concatenate([texts.ids for texts in ended])
    totals = np.concatenate([texts.log_probability for texts in ended])
    seen = np.concatenate([texts.seen for texts in ended])
    prior = np.concatenate([texts.prior for texts in ended])
    lengths = (ids != how.model.null_id).sum(axis=1)
    scores = seen / ((5 + lengths) / 6) ** how.length_penalty + how.weight * prior
    order = np.argsort(-scores, kind="stable")[: how.beam_width]
    missing = how.beam_width - len(order)
    return Found(
        np.pad(ids[order], [(0, missing), (0, 0)], constant_values=how.model.null_id)[None],
        np.pad(lengths[order], (0, missing))[None],
        np.pad(totals[order], (0, missing), constant_values=NONE)[None],
        np.pad(scores[order], (0, missing), constant_values=NONE)[None],
    )


def of_known_texts(steps: Steps, trie: Trie, null_id: int, length: int) -> np.ndarray:
    """The log-probability [L] of each known text and of the null after it, fed character by character.

    A text that fills all T steps has no null. What texts begin with alike is computed once.

    Args:
        steps: of the picture.
        trie: of L texts.
        null_id: the class that ends a text.
        length: T.
    """
    totals, ended = np.zeros(len(trie)), np.zeros(len(trie))
    state, fed = steps.first(), np.array([steps.num_classes])
    for number in range(len(trie.levels) - 1):
        first, last = trie.levels[number], trie.levels[number + 1]
        if number == length:
            ended[first:last] = totals[first:last]
            break
        state, gains, _ = steps.advance(number, state, fed)
        ended[first:last] = totals[first:last] + gains[:, null_id]
        if number + 2 == len(trie.levels):
            break
        longer = slice(last, trie.levels[number + 2])
        rows, fed = trie.parents[longer] - first, trie.classes[longer]
        totals[longer] = totals[trie.parents[longer]] + gains[rows, fed]
        state = steps.take(state, rows)
    return ended[trie.ends]


def followed(steps: Steps, text: np.ndarray, null_id: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The probability [T] of each character of a text int [T] and of its null, 1 after it; attention [T, N] or None."""
    T = len(text)
    scores = np.ones(T, np.float32)
    attention: list[Any] = []
    state, fed = steps.first(), np.array([steps.num_classes])
    for number in range(T):
        state, gains, looked = steps.advance(number, state, fed)
        fed = text[number : number + 1].astype(np.int64)
        scores[number] = np.exp(gains[0, fed[0]])
        attention.append(looked)
        if fed[0] == null_id:
            break
    if attention[0] is None:
        return scores, None
    found = np.concatenate(attention)
    return scores, np.pad(found, [(0, T - len(found)), (0, 0)])
