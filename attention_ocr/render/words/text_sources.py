"""Texts of a list, of a running text, of random characters, of trigrams and of words in a row; nothing varies them yet.

Case and marks are changed afterwards, by `texts.WordTexts`.
"""

import bisect
import itertools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from attention_ocr.errors import UserError


@dataclass(frozen=True)
class TextStyle:
    """How texts are varied.

    Attributes:
        min_characters, max_characters: how long a text may be.
        lower, capitalised, upper: shares written so; the rest stay as they come.
        digits: share of texts that are numbers, prices, dates; of a charset's: the share of digits among characters.
        punctuation: share of words with marks around them; of a charset's: the share of marks among characters.
        allowed: the only characters that labels may have; empty: any.
    """

    min_characters: int = 1
    max_characters: int = 25
    lower: float = 0.0
    capitalised: float = 0.0
    upper: float = 0.0
    digits: float = 0.0
    punctuation: float = 0.0
    allowed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 1 <= self.min_characters <= self.max_characters:
            raise UserError(
                f"min_characters {self.min_characters}, max_characters {self.max_characters}: give 1 <= min <= max"
            )
        shares = (self.lower, self.capitalised, self.upper, self.digits, self.punctuation)
        if min(shares) < 0 or max(shares) > 1 or self.lower + self.capitalised + self.upper > 1:
            raise UserError(f"shares {shares}: each is 0..1, and lower, capitalised and upper make no more than 1")

    def allows(self, text: str) -> bool:
        """Whether a label of that text may be made."""
        return bool(text) and (not self.allowed or self.allowed.issuperset(text))


class Texts(Protocol):
    """Labels to draw."""

    @property
    def characters(self) -> frozenset[str]: ...
    def draw(self, random: np.random.Generator) -> str: ...


class Source(Protocol):
    """Texts before their case is changed and marks are added."""

    @property
    def characters(self) -> frozenset[str]: ...
    def draw(self, random: np.random.Generator, style: TextStyle) -> str: ...


class Listed:
    """Texts of a list, each as likely as it is often in it, or as its count says.

    Args:
        texts: the list.
        style: texts of other lengths or characters are left out.
        counts: how often each text is drawn beside the others; empty: all alike.
    """

    def __init__(self, texts: Sequence[str], style: TextStyle, counts: Sequence[float] = ()):
        fits = [style.min_characters <= len(t) <= style.max_characters and _is_possible(t, style) for t in texts]
        self.texts = list(itertools.compress(texts, fits))
        self._totals = np.cumsum(list(itertools.compress(counts, fits)))

    @property
    def characters(self) -> frozenset[str]:
        return frozenset().union(*map(frozenset, self.texts))

    def draw(self, random: np.random.Generator, style: TextStyle) -> str:
        if not self._totals.size:
            return self.texts[int(random.integers(len(self.texts)))]
        return self.texts[int(np.searchsorted(self._totals, random.random() * self._totals[-1], side="right"))]


class InARow:
    """Words of another source, drawn one by one with blanks between them, as many as the length drawn allows."""

    def __init__(self, words: Source, word_style: TextStyle):
        self._words, self._word_style = words, word_style

    @property
    def characters(self) -> frozenset[str]:
        return self._words.characters | {" "}

    def draw(self, random: np.random.Generator, style: TextStyle) -> str:
        length = int(random.integers(style.min_characters, style.max_characters + 1))
        text = self._words.draw(random, self._word_style)
        while len(text) < length:
            word = self._words.draw(random, self._word_style)
            if len(text) + 1 + len(word) > max(length, style.min_characters):
                break
            text += " " + word
        return text if style.min_characters <= len(text) <= style.max_characters else ""


class Running:
    """Neighbouring words of a running text, as many as the length drawn allows."""

    def __init__(self, words: Iterable[str], style: TextStyle):
        self.texts = [word for word in words if _is_possible(word, style)]

    @property
    def characters(self) -> frozenset[str]:
        return frozenset(" ").union(*map(frozenset, self.texts))

    def draw(self, random: np.random.Generator, style: TextStyle) -> str:
        length = int(random.integers(style.min_characters, style.max_characters + 1))
        place = int(random.integers(len(self.texts)))
        text = self.texts[place]
        if len(text) > length:
            start = int(random.integers(len(text) - length + 1))
            return text[start : start + length]
        for word in self.texts[place + 1 : place + 1 + length]:
            if len(text) + 1 + len(word) > max(length, style.min_characters) or (
                style.allowed and " " not in style.allowed
            ):
                break
            text += " " + word
        return text if len(text) >= style.min_characters else ""


class Random:
    """Characters of a set, each as likely as any other of its kind; blanks only inside."""

    def __init__(self, characters: Sequence[str], style: TextStyle):
        kinds = {"digit": style.digits, "mark": style.punctuation, "blank": 0.08}
        groups: dict[str, list[str]] = defaultdict(list)
        for character in characters:
            kind = _kind(character)
            groups[kind if kinds.get(kind) else "other"].append(character)
        if "other" not in groups and "blank" in groups and len(groups) == 1:
            raise UserError("the charset has nothing but blanks")
        self._groups = [tuple(group) for group in groups.values()]
        shares = np.array([kinds.get(kind, 0.0) for kind in groups])
        rest = max(0.0, 1 - shares.sum())
        self._totals = np.cumsum(np.where([kind == "other" for kind in groups], rest, shares)).tolist()
        self.texts = characters

    @property
    def characters(self) -> frozenset[str]:
        return frozenset(self.texts)

    def draw(self, random: np.random.Generator, style: TextStyle) -> str:
        length = int(random.integers(style.min_characters, style.max_characters + 1))
        drawn: list[str] = []
        while len(drawn) < length:
            group = self._groups[bisect.bisect_right(self._totals, random.random() * self._totals[-1])]
            character = group[int(random.integers(len(group)))]
            at_rim = len(drawn) in (0, length - 1) or drawn[-1].isspace()
            if character.isspace() and at_rim:
                continue
            drawn.append(character)
        return "".join(drawn)


class Trigrams:
    """Common words, and words whose every three letters follow each other in one of them."""

    def __init__(self, words: Sequence[str]):
        self.texts = words
        follow: dict[str, Counter] = defaultdict(Counter)
        for word in words:
            padded = f"^^{word}$"
            for place in range(2, len(padded)):
                follow[padded[place - 2 : place]][padded[place]] += 1
        self._follow = {
            pair: ("".join(counts), np.cumsum(list(counts.values())).tolist()) for pair, counts in follow.items()
        }

    @property
    def characters(self) -> frozenset[str]:
        return frozenset("".join(self.texts))

    def draw(self, random: np.random.Generator, style: TextStyle) -> str:
        for _ in range(50):
            word = self.texts[int(random.integers(len(self.texts)))] if random.random() < 0.5 else self._made(random)
            if style.min_characters <= len(word) <= style.max_characters:
                return word
        return next(w for w in self.texts if style.min_characters <= len(w) <= style.max_characters)

    def _made(self, random: np.random.Generator) -> str:
        word = "^^"
        while len(word) < 40:
            letters, totals = self._follow[word[-2:]]
            letter = letters[bisect.bisect_right(totals, random.random() * totals[-1])]
            if letter == "$":
                break
            word += letter
        return word[2:]


def _is_possible(text: str, style: TextStyle) -> bool:
    """Whether the text, as it is or in another case that the style has, is of allowed characters."""
    if style.lower + style.capitalised + style.upper == 0:
        return style.allows(text)
    return any(style.allows(form) for form in (text, text.lower(), text.upper()))


def _kind(character: str) -> str:
    if character.isspace():
        return "blank"
    category = unicodedata.category(character)
    return "digit" if category == "Nd" else "mark" if category[0] in "PS" else "other"
