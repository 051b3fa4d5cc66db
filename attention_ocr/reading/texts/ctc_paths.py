"""CTC on the host, as in `model.ctc`: log-probabilities of logits, and the columns of a text's characters."""

import numpy as np

from attention_ocr.reading.texts.trie import Trie

IMPOSSIBLE = -1e9
NONE = -1e30  # a log-probability that survives sums
CELLS = 1 << 17  # log-probabilities that a processor's cache holds


def log_probabilities(logits: np.ndarray, null_id: int) -> np.ndarray:
    """[..., K + 1] of logits; the null's is IMPOSSIBLE: padding is no character."""
    logits = np.array(logits, np.float32)
    logits[..., null_id] = IMPOSSIBLE
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def align(log_probability: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Which character of a text each column shows on the text's likeliest path (Viterbi's algorithm).

    Args:
        log_probability: [N, K + 1], the blank last.
        text: int [L], the classes of the characters; they fit the columns.

    Returns:
        int [N], places in the text; -1: a blank.
    """
    N, blank = len(log_probability), log_probability.shape[1] - 1
    states = np.full(2 * len(text) + 1, blank)  # a blank, the first character, a blank, the second, ...
    states[1::2] = text
    gains = log_probability[:, states].astype(np.float64)  # [N, S]
    skips = np.zeros(len(states), bool)
    skips[3::2] = states[3::2] != states[1:-2:2]
    score = np.where(np.arange(len(states)) < 2, gains[0], -np.inf)
    moves = np.zeros([N, len(states)], np.int64)
    for column in range(1, N):
        one = np.concatenate([[-np.inf], score[:-1]])
        two = np.where(skips, np.concatenate([[-np.inf, -np.inf], score])[: len(states)], -np.inf)
        entered = np.stack([score, one, two])
        moves[column] = entered.argmax(axis=0)
        score = entered.max(axis=0) + gains[column]
    state = len(states) - 1
    state -= int(len(text) > 0 and score[-2] > score[-1])
    places = np.full(N, -1)
    for column in range(N - 1, -1, -1):
        places[column] = state // 2 if state % 2 else -1
        state -= moves[column, state]
    return places


def of_known_texts(log_probability: np.ndarray, trie: Trie) -> np.ndarray:
    """The log-probability of each known text: of all its paths together (the forward algorithm on the trie).

    Args:
        log_probability: [B, N, K + 1], the blank last.
        trie: of L texts.

    Returns:
        [B, L].
    """
    at_once = max(CELLS // len(trie), 1)
    parts = [
        _forward(log_probability[start : start + at_once], trie) for start in range(0, len(log_probability), at_once)
    ]
    return np.concatenate(parts)


def _forward(log_probability: np.ndarray, trie: Trie) -> np.ndarray:
    columns = np.ascontiguousarray(log_probability.transpose(1, 2, 0), np.float32)  # [N, K + 1, B]
    classes, parents = trie.classes[1:], trie.parents[1:]
    repeats = np.flatnonzero(trie.classes[parents] == classes)  # these need a blank before their last character
    shape = len(trie), columns.shape[2]
    with_blank, without = (
        np.full(shape, NONE, np.float32),
        np.full(shape, NONE, np.float32),
    )  # paths that end in a blank, and that do not
    with_blank[0] = 0
    for column in columns:
        whole = _logaddexp(with_blank, without)
        entered = whole[parents]
        entered[repeats] = with_blank[parents[repeats]]
        without[1:] = _logaddexp(without[1:], entered) + column[classes]
        with_blank = whole + column[-1]
    return _logaddexp(with_blank, without)[trie.ends].T


def _logaddexp(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """As np.logaddexp of finite float32, nine times as fast: NumPy computes these functions in vectors."""
    return np.maximum(one, other) + np.log1p(np.exp(-np.abs(one - other)))
