"""Runs of symbols in texts -> n-grams: counted, smoothed, and pruned to a size."""

from collections.abc import Callable

import numpy as np

from attention_ocr.errors import UserError
from attention_ocr.reading.texts.ngrams import Level, NGrams, bits_of, find

SMOOTHING = "modified Kneser-Ney"
BORDER = 0  # the symbol that texts begin and end with
KEY_BITS = 63
FEW = 10  # runs seen once, twice, ... of which the discounts are estimated
ROUNDS = 12  # of halving what may still be pruned, until the size is met


class Counts:
    """How often runs of 1 to n symbols stand in texts.

    Attributes:
        num_symbols: S.
        bits: how many bits of a key hold a symbol, as in NGrams.
        keys: for each length int64 [M], rising: the runs.
        numbers: for each length float [M], how often each one was seen.
    """

    def __init__(self, windows: np.ndarray, numbers: np.ndarray, num_symbols: int):
        """Counts the runs that end with the last symbol of a window.

        Args:
            windows: int [M, n], -1 where a text has not begun.
            numbers: float [M], how often each window was seen.
            num_symbols: S.

        Raises:
            UserError: n symbols do not fit a key.
        """
        order = windows.shape[1]
        self.num_symbols, self.bits = num_symbols, bits_of(num_symbols)
        if order * self.bits > KEY_BITS:
            raise UserError(
                f"{num_symbols} different characters allow --order={KEY_BITS // self.bits} at most; lower --order and "
                "--spelling_order, or leave out texts with rare characters"
            )
        self.keys, self.numbers = [], []
        keys, begun = np.zeros(len(windows), np.int64), np.ones(len(windows), bool)
        for place in range(order):
            symbols = windows[:, -1 - place].astype(np.int64)
            begun &= symbols >= 0
            keys += np.maximum(symbols, 0) << (self.bits * place)
            found, owners = np.unique(keys[begun], return_inverse=True)
            self.keys.append(found)
            self.numbers.append(np.bincount(owners, numbers[begun], len(found)))


def smoothed(counts: Counts) -> tuple[NGrams, list[np.ndarray]]:
    """N-grams by modified Kneser-Ney smoothing, interpolated (Chen and Goodman 1998, section 3).

    A symbol after a run shorter than n - 1 counts as often as there are different symbols before that run, since only
    what longer runs do not know is asked of it; but a run from the beginning of a text has no symbol before it.

    Returns:
        The n-grams, and for each level [M] how often each one was seen: 0 if it is but the beginning of longer ones.
    """
    keys = [own for own in counts.keys if len(own)]
    for place in range(len(keys) - 2, -1, -1):
        keys[place] = np.union1d(keys[place], keys[place + 1] >> counts.bits)
    levels, numbers = [], []
    for place, own in enumerate(keys):
        parents, number = _parents(keys, place, counts.bits)
        known, where = find(counts.keys[place], own)
        seen = np.where(known, counts.numbers[place][where], 0.0)
        children, used = np.zeros(len(own), np.int64), seen
        if place + 1 < len(keys):
            children = np.bincount(_parents(keys, place + 1, counts.bits)[0], minlength=len(own))
            begins = (own >> (counts.bits * place) == BORDER) & (place > 0)  # alone, the symbol is an end
            used = np.where(begins, seen, _kinds_before(own, counts.keys[place + 1], counts.bits * (place + 1)))
        totals = np.bincount(parents, used, number)
        masses = (used - _discounts(used)) / np.maximum(totals, 1e-9)[parents]
        levels.append(Level(own & ((1 << counts.bits) - 1), masses, children))
        numbers.append(seen)
    return NGrams(counts.num_symbols, tuple(levels)), numbers


def _kinds_before(own: np.ndarray, longer: np.ndarray, bits: int) -> np.ndarray:
    """For each run, how many runs are it and one symbol more before it."""
    known, where = find(own, longer & ((1 << bits) - 1))
    return np.bincount(where[known], minlength=len(own)).astype(float)


def _discounts(numbers: np.ndarray) -> np.ndarray:
    """What is taken off each count for what was never seen: less than the count itself."""
    ones, twos, threes, fours = ((np.round(numbers) == number).sum() for number in (1, 2, 3, 4))
    taken = np.array([0.0, 0.5, 1.0, 1.5])
    if min(ones, twos, threes, fours) >= FEW:
        share = ones / (ones + 2 * twos)
        taken[1:] = 1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos, 3 - 4 * share * fours / threes
        taken[1:] = np.clip(taken[1:], [0.1, 0.1, 0.1], [0.9, 1.8, 2.7])
    return np.minimum(taken[np.clip(np.round(numbers), 0, 3).astype(int)], 0.9 * numbers)


def pruned(ngrams: NGrams, numbers: list[np.ndarray], fits: Callable[[NGrams], bool]) -> NGrams:
    """The n-grams without those that tell least, as few left out as `fits` asks for.

    What an n-gram tells is how much less likely the texts are without it (Seymore and Rosenfeld, 1996).

    Args:
        ngrams, numbers: of `smoothed`.
        fits: whether some n-grams are small enough.

    Raises:
        UserError: even without runs of several symbols they are too large.
    """
    if fits(ngrams):
        return ngrams
    gains = _gains(ngrams, numbers)
    every = np.sort(np.concatenate(gains))
    low, high, best = 0, len(every) - 1, None
    for _ in range(ROUNDS):
        middle = (low + high) // 2
        found = _without(ngrams, gains, every[middle])
        if fits(found):
            high, best = middle, found
        else:
            low = middle
    if best is None:
        raise UserError("--max_size: is too small for these texts; make it larger")
    return best


def _parents(keys: list[np.ndarray], place: int, bits: int) -> tuple[np.ndarray, int]:
    """For each run of a level the run it continues, and how many such runs there are."""
    if not place:
        return np.zeros(len(keys[0]), np.int64), 1
    return np.searchsorted(keys[place - 1], keys[place] >> bits), len(keys[place - 1])


def _gains(ngrams: NGrams, numbers: list[np.ndarray]) -> list[np.ndarray]:
    """For each level [M], how many nats the texts become less likely by if the n-gram is left out."""
    found, shorter = [np.full(len(ngrams.levels[0]), np.inf)], None  # single symbols stay
    for place, level in enumerate(ngrams.levels):
        own = ngrams.keys[place]
        parents, _ = _parents(ngrams.keys, place, ngrams.bits)
        rests = ngrams.rests[place][parents]
        if shorter is None:
            shorter = level.masses + rests / ngrams.num_symbols
            continue
        known, where = find(ngrams.keys[place - 1], own & ((1 << (ngrams.bits * place)) - 1))
        without = np.where(known, shorter[where], 1.0 / ngrams.num_symbols)
        probability = level.masses + rests * without
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = numbers[place] * np.log(probability / ((rests + level.masses) * without))
        found.append(np.where(numbers[place] > 0, gain, 0.0))
        shorter = probability
    return found


def _without(ngrams: NGrams, gains: list[np.ndarray], least: float) -> NGrams:
    """The n-grams that tell `least` or more, and those that they begin with."""
    kept = [gain > least for gain in gains]
    for place in range(ngrams.order - 1, 0, -1):
        parents, number = _parents(ngrams.keys, place, ngrams.bits)
        kept[place - 1] |= np.bincount(parents, kept[place], number) > 0
    levels = []
    for place, level in enumerate(ngrams.levels):
        children = level.children
        if place + 1 < ngrams.order:
            parents, number = _parents(ngrams.keys, place + 1, ngrams.bits)
            children = np.bincount(parents, kept[place + 1], number).astype(np.int64)
        levels.append(Level(level.symbols[kept[place]], level.masses[kept[place]], children[kept[place]]))
    while len(levels) > 1 and not len(levels[-1]):
        levels.pop()
    return NGrams(ngrams.num_symbols, tuple(levels))
