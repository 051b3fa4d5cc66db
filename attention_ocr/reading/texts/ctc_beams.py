"""CTC prefix beam search on the host, with a text model: the likeliest texts of several pictures side by side.

A text's score is the log-probability of all its paths and, times a weight, that of the text model. Dimensions: B
pictures, N columns, K classes and the blank, W texts followed in each picture, G classes that may be in a picture.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

SURE_BLANK = 0.999  # a column with this probability of the blank, or more, is taken for one
LEAST = 1e-4  # a class that is less likely than this in every column of a picture is not looked for
NONE = -1e30  # a log-probability that survives sums
_NO_TEXT = np.uint64(2**64 - 1)  # the name of a beam that follows none
_FACTOR, _MASK = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x5851F42D4C957F2D)


class Follows(Protocol):
    """What may follow a text: `text_model.ClassProbabilities`, or a stand-in."""

    null_id: int
    length: int

    def log_probabilities(self, history: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """As those of ClassProbabilities."""


@dataclass(frozen=True)
class Search:
    """How texts are searched.

    Attributes:
        model: the text model.
        weight: of its log-probabilities beside the network's.
        beam_width: W.
        length_penalty: as in ReadConfig.
        length: T, the most characters of a text.
        smoothing: the label smoothing that the network was taught with.
    """

    model: Follows
    weight: float
    beam_width: int
    length_penalty: float
    length: int
    smoothing: float = 0.0


@dataclass(frozen=True)
class Found:
    """Texts of B pictures, the best first.

    Attributes:
        ids: int [B, W, T], padded with nulls.
        lengths: int [B, W].
        log_probabilities: [B, W], of all paths of the text; NONE where there are fewer than W texts.
        scores: [B, W], falling.
    """

    ids: np.ndarray
    lengths: np.ndarray
    log_probabilities: np.ndarray
    scores: np.ndarray


def search(log_probability: np.ndarray, how: Search) -> Found:
    """The W best texts.

    Args:
        log_probability: [B, N, K + 1], the blank last; the null is impossible.
        how: what is searched for.
    """
    columns = _Columns(log_probability, how.model.null_id)
    beams = _Beams(columns, how)
    for number in range(columns.blank.shape[1]):
        beams.step(number)
    return beams.found()


class _Columns:
    """What a network says, without columns that are surely blank and classes that are surely not there.

    Attributes:
        classes: int [B, G].
        probability: [B, A, G] in the A columns that are left; pictures with fewer are filled up with blanks.
        blank: [B, A].
        after_blank: bool [B, A], whether a column that was left out stands before it.
        left_out: [B], the log-probability of the columns left out.
    """

    def __init__(self, log_probability: np.ndarray, null_id: int):
        B, _, classes = log_probability.shape
        rows = np.arange(B)
        blank = np.exp(log_probability[:, :, -1])  # [B, N]
        active = blank < SURE_BLANK
        order = np.argsort(~active, axis=1, kind="stable")[:, : max(int(active.sum(axis=1).max()), 1)]  # [B, A]
        there = np.take_along_axis(active, order, axis=1)
        largest = np.where(active[:, :, None], log_probability[:, :, :-1], NONE).max(axis=1)  # [B, K]
        largest[:, null_id] = NONE
        G = min(max(int((largest > np.log(LEAST)).sum(axis=1).max()), 1), classes - 2)
        self.classes = np.argpartition(-largest, G - 1, axis=1)[:, :G]
        chosen = log_probability[rows[:, None, None], order[:, :, None], self.classes[:, None]]
        self.probability = np.where(there[:, :, None], np.exp(np.maximum(chosen, -700)), 0.0)
        self.blank = np.where(there, np.take_along_axis(blank, order, axis=1), 1.0)
        self.after_blank = np.diff(order, axis=1, prepend=-1) > 1
        self.left_out = np.where(active, 0.0, log_probability[:, :, -1]).sum(axis=1)


class _Beams:
    """The W texts of each picture that are followed, and what is known of each, arrays [B, W, ...].

    Attributes:
        with_blank, without: the probability of the paths that end in a blank, and of those that do not, each divided by
            exp(scale [B]).
        prior: the text model's log-probability of the text so far.
        after: [B, W, G], the text model's of each class after it; end: of the text's end.
        last: the place in `columns.classes` of the last character; -1: none.
        lengths, ids: the characters, ids padded with nulls.
        names, parents: a number for each text, and that of the text without its last character.
    """

    def __init__(self, columns: _Columns, how: Search):
        self.columns, self.how = columns, how
        (B, G), W, T = columns.classes.shape, how.beam_width, how.length
        self.G = G
        self.with_blank, self.without = np.zeros([B, W]), np.zeros([B, W])
        self.with_blank[:, 0] = 1
        self.scale = columns.left_out.copy()
        self.prior, self.after, self.end = np.zeros([B, W]), np.zeros([B, W, G]), np.zeros([B, W])
        self.last = np.full([B, W], -1)
        self.lengths, self.ids = np.zeros([B, W], np.int64), np.full([B, W, T], how.model.null_id)
        self.names, self.parents = np.zeros([B, W], np.uint64), np.zeros([B, W], np.uint64)
        self.names[:, 1:] = _NO_TEXT
        self._look_ahead(np.ones([B, W], bool) & (np.arange(W) == 0))

    def step(self, number: int) -> None:
        """Goes on by one column."""
        columns, rows = self.columns, np.arange(len(self.last))[:, None]
        probability, blank = columns.probability[:, number], columns.blank[:, number, None]  # [B, G], [B, 1]
        after_blank = columns.after_blank[:, number, None]
        self.with_blank, self.without = (
            self.with_blank + np.where(after_blank, self.without, 0),
            np.where(after_blank, 0, self.without),
        )
        whole = self.with_blank + self.without  # [B, W]
        is_text = self.last >= 0
        again = np.where(is_text, probability[rows, self.last], 0.0)  # the last character once more
        longer = whole[:, :, None] * probability[:, None]  # [B, W, G]
        longer[rows, np.arange(whole.shape[1]), self.last] = np.where(
            is_text, self.with_blank * again, longer[rows, np.arange(whole.shape[1]), self.last]
        )
        longer[self.lengths >= self.how.length] = 0
        stay_blank, stay = whole * blank, self.without * again
        one, other = self._joined()
        picture = one[0]
        stay[picture, other] += longer[picture, one[1], self.last[picture, other]]
        longer[picture, one[1], self.last[picture, other]] = 0
        self._choose(stay_blank, stay, longer)

    def _joined(self):
        """Texts that are another one of the picture and a character more: (picture, the shorter), the longer."""
        same = (self.parents[:, None] == self.names[:, :, None]) & (self.last >= 0)[:, None]  # [B, shorter, longer]
        picture, shorter, longer = np.nonzero(same)
        return (picture, shorter), longer

    def _choose(self, stay_blank: np.ndarray, stay: np.ndarray, longer: np.ndarray) -> None:
        """Keeps the W best of the texts that stay [B, W] and of those that grow by a class [B, W, G]."""
        B, W, G = longer.shape
        weight, rows = self.how.weight, np.arange(B)[:, None]
        with np.errstate(divide="ignore"):
            scores = np.concatenate(
                [
                    np.log(stay_blank + stay) + weight * self.prior,
                    (np.log(longer) + weight * (self.prior[:, :, None] + self.after)).reshape(B, W * G),
                ],
                axis=1,
            )
        chosen = np.argpartition(-scores, W - 1, axis=1)[:, :W]
        grew = chosen >= W
        parents, added = np.where(grew, (chosen - W) // G, chosen), np.where(grew, (chosen - W) % G, -1)
        grown = longer.reshape(B, W * G)[rows, np.maximum(chosen - W, 0)]
        self.with_blank = np.where(grew, 0.0, stay_blank[rows, parents])
        self.without = np.where(grew, grown, stay[rows, parents])
        most = (self.with_blank + self.without).max(axis=1, keepdims=True)
        self.with_blank, self.without = self.with_blank / most, self.without / most
        self.scale += np.log(most[:, 0])
        self.prior = self.prior[rows, parents] + np.where(grew, self.after[rows, parents, added], 0)
        exists = self.with_blank + self.without > 0  # what is impossible must not pass for a text that is followed
        self.last = np.where(exists, np.where(grew, added, self.last[rows, parents]), -1)
        names = self.names[rows, parents]
        self.parents = np.where(grew, names, self.parents[rows, parents])
        grown_names = (names ^ (added + 1).astype(np.uint64) * _MASK) * _FACTOR + np.uint64(1)
        self.names = np.where(exists, np.where(grew, grown_names, names), _NO_TEXT)
        self.ids, lengths = self.ids[rows, parents], self.lengths[rows, parents]
        picture, beam = np.nonzero(grew)
        self.ids[picture, beam, lengths[picture, beam]] = self.columns.classes[picture, added[picture, beam]]
        self.lengths = lengths + grew
        self.after, self.end = self.after[rows, parents], self.end[rows, parents]
        self._look_ahead(grew & exists)

    def _look_ahead(self, which: np.ndarray) -> None:
        """Asks the text model what may follow the texts `which` bool [B, W]."""
        picture, beam = np.nonzero(which)
        if not len(picture):
            return
        model, lengths = self.how.model, self.lengths[picture, beam]
        places = lengths[:, None] - model.length + np.arange(model.length)  # [R, H], the last characters
        history = self.ids[picture[:, None], beam[:, None], np.maximum(places, 0)]
        history = np.where(places >= 0, history, model.null_id)
        ends = np.full([len(picture), 1], model.null_id)
        found = model.log_probabilities(history, np.concatenate([self.columns.classes[picture], ends], axis=1))
        self.after[picture, beam], self.end[picture, beam] = found[:, :-1], found[:, -1]

    def found(self) -> Found:
        """The texts, the best first."""
        how, rows = self.how, np.arange(len(self.last))[:, None]
        with np.errstate(divide="ignore"):
            whole = np.log(self.with_blank + self.without)
        exists = np.isfinite(whole)
        totals = np.where(exists, whole + self.scale[:, None], NONE)
        scores = totals / ((5 + self.lengths) / 6) ** how.length_penalty + how.weight * (self.prior + self.end)
        scores = np.where(exists, scores, NONE)
        order = np.argsort(-scores, axis=1, kind="stable")
        return Found(self.ids[rows, order], self.lengths[rows, order], totals[rows, order], scores[rows, order])
