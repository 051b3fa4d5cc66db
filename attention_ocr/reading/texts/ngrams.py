"""How likely a symbol is after others, from runs of symbols (n-grams) and how often they were counted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

STEP = 0.055  # of a byte on the logarithm of a mass: 254 of them reach down to 9e-7; 255 is none


@dataclass(frozen=True)
class Level:
    """The n-grams of one length k, sorted by their symbols.

    Attributes:
        symbols: int [M], the last symbol of each.
        masses: float [M] in [0, 1], the probability of that symbol after the others, beyond its share of what shorter
            n-grams say.
        children: int [M], how many n-grams of length k + 1 begin with each.
    """

    symbols: np.ndarray
    masses: np.ndarray
    children: np.ndarray

    def __len__(self) -> int:
        return len(self.symbols)


@dataclass(frozen=True)
class NGrams:
    """Interpolated n-grams: P(s | h) = mass(h s) + rest(h) * P(s | h without its first symbol).

    `rest(h)` is what the masses after h leave of 1, so all probabilities after h sum to 1. Before the first symbol,
    all symbols are equally likely.

    Attributes:
        num_symbols: S; symbols are 0 to S - 1.
        levels: those of 1 to n symbols.
    """

    num_symbols: int
    levels: tuple[Level, ...]

    @property
    def order(self) -> int:
        """n."""
        return len(self.levels)

    @cached_property
    def bits(self) -> int:
        """How many bits of a key hold a symbol."""
        return bits_of(self.num_symbols)

    @cached_property
    def keys(self) -> list[np.ndarray]:
        """For each level int64 [M], rising: the symbols of each n-gram as digits of one number."""
        found = [np.zeros(1, np.int64)]
        for level, children in zip(self.levels, self._children, strict=True):
            found.append((np.repeat(found[-1], children) << self.bits) + level.symbols)
        return found[1:]

    @cached_property
    def starts(self) -> list[np.ndarray]:
        """For the levels from 0 to n - 1, int [M]: where among those of the next level each one's children begin."""
        return [np.cumsum(children) - children for children in self._children]

    @cached_property
    def rests(self) -> list[np.ndarray]:
        """For the levels from 0 to n - 1, [M]: what the masses of each one's children leave of 1."""
        found = []
        for level, children in zip(self.levels, self._children, strict=True):
            owners = np.repeat(np.arange(len(children)), children)
            found.append(np.clip(1 - np.bincount(owners, level.masses, len(children)), 0, 1))
        return found

    @property
    def _children(self) -> list[np.ndarray]:
        return [np.array([len(self.levels[0])]), *(level.children.astype(np.int64) for level in self.levels[:-1])]

    @cached_property
    def _alone(self) -> np.ndarray:
        """[S], the probability of each symbol after nothing known."""
        row = np.full(self.num_symbols, self.rests[0][0] / self.num_symbols)
        row[self.levels[0].symbols] += self.levels[0].masses
        return row

    def rows(self, history: np.ndarray) -> np.ndarray:
        """The probability [R, S] of every symbol after each `history` int [R, n - 1 or more], the nearest last."""
        rows = np.tile(self._alone, [len(history), 1])
        for number, owners, places in self._contexts(history):
            rows[owners] *= self.rests[number][places, None]
            counts = self.levels[number - 1].children[places].astype(np.int64)
            begins = np.repeat(self.starts[number][places] - (np.cumsum(counts) - counts), counts)
            found = begins + np.arange(len(begins))
            rows[np.repeat(owners, counts), self.levels[number].symbols[found]] += self.levels[number].masses[found]
        return rows

    def probabilities(self, history: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """The probability [R] of `symbols` int [R], one after each `history` int [R, n - 1 or more]."""
        found = self._alone[symbols]
        for number, owners, places in self._contexts(history):
            keys = (self.keys[number - 1][places] << self.bits) + symbols[owners]
            known, where = find(self.keys[number], keys)
            found[owners] *= self.rests[number][places]
            found[owners[known]] += self.levels[number].masses[where[known]]
        return found

    def _contexts(self, history):
        """For each number of symbols from 1 to n - 1: it, which histories end in a known run of them, which run."""
        keys = np.zeros(len(history), np.int64)
        for number in range(1, self.order):
            keys += history[:, -number].astype(np.int64) << (self.bits * (number - 1))
            known, places = find(self.keys[number - 1], keys)
            owners = np.flatnonzero(known)
            owners = owners[self.levels[number - 1].children[places[owners]] > 0]
            if len(owners):
                yield number, owners, places[owners]

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """What a file holds of them, masses in one byte each; `from_arrays` is the inverse."""
        found, whole = {}, "u1" if self.num_symbols < 256 else "<u2"
        for number, level in enumerate(self.levels, start=1):
            found[f"{name}_{number}_symbols"] = level.symbols.astype(whole)
            found[f"{name}_{number}_masses"] = in_bytes(level.masses)
            found[f"{name}_{number}_children"] = level.children.astype(whole)
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], name: str, num_symbols: int) -> "NGrams":
        """The n-grams that `arrays` holds under `name`."""
        levels: list[Level] = []
        while f"{name}_{len(levels) + 1}_symbols" in arrays:
            number = len(levels) + 1
            symbols, masses, children = (
                arrays[f"{name}_{number}_{part}"] for part in ("symbols", "masses", "children")
            )
            levels.append(Level(symbols.astype(np.int64), from_bytes(masses), children))
        return cls(num_symbols, tuple(levels))


def bits_of(num_symbols: int) -> int:
    """Bits that tell `num_symbols` symbols apart."""
    return max(int(num_symbols - 1).bit_length(), 1)


def find(keys: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of `wanted` are among the rising `keys`, and where."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[places] == wanted, places


def in_bytes(masses: np.ndarray) -> np.ndarray:
    """Masses in [0, 1] as bytes, rounded down: so no sum exceeds 1."""
    return np.minimum(np.ceil(-np.log(np.maximum(masses, 1e-30)) / STEP - 1e-6), 255).astype("u1")


def from_bytes(values: np.ndarray) -> np.ndarray:
    """The masses of `in_bytes`."""
    return np.append(np.exp(-STEP * np.arange(255)), 0.0)[values]
