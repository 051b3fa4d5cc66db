"""Texts of several kinds with their shares, as `--texts=words:71,codes:12,charset:3,lines:14` names them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from attention_ocr.characters import NAMED
from attention_ocr.charset import Charset
from attention_ocr.errors import UserError
from attention_ocr.render.text_files import read_texts
from attention_ocr.render.words.text_sources import InARow, TextStyle
from attention_ocr.render.words.texts import WordTexts

LONGEST_WORD, LONGEST_CODE, LONGEST_RANDOM = 22, 10, 12  # characters
SHORTEST_LINE = 6
CODE_CHARACTERS = NAMED["alphanumeric"]
CASES = {"lower": 0.25, "capitalised": 0.3, "upper": 0.4}
LINE_CASES = {"lower": 0.4, "capitalised": 0.1, "upper": 0.2}


@dataclass(frozen=True)
class Material:
    """What texts are made of.

    Attributes:
        text_file: a list of words (one a line, with or without frequencies) or a running text; empty: words are made
            up.
        language: of made-up words.
        longest: characters of a text.
        charset: the only characters that texts may have; None: any.
    """

    text_file: str = ""
    language: str = ""
    longest: int = 37
    charset: Charset | None = None

    def style(self, least: int, most: int, **shares: float) -> TextStyle:
        """A style of texts of `least` to `most` characters, none longer than the longest text."""
        allowed = frozenset(c for held in self.charset.classes for c in held) if self.charset else frozenset()
        most = min(most, self.longest)
        return TextStyle(min(least, most), most, allowed=allowed, **shares)


class MixedTexts:
    """Texts of several kinds.

    Args:
        kinds: the share of each kind, above 0, and its texts.
    """

    def __init__(self, kinds: Sequence[tuple[float, WordTexts]]):
        self._texts = [texts for _, texts in kinds]
        self._totals = np.cumsum([share for share, _ in kinds])

    @property
    def characters(self) -> frozenset[str]:
        """All that labels may have."""
        return frozenset().union(*(texts.characters for texts in self._texts))

    def draw(self, random: np.random.Generator) -> str:
        """A text."""
        place = np.searchsorted(self._totals, random.random() * self._totals[-1], side="right")
        return self._texts[int(place)].draw(random)


def mixed_texts(shares: str, material: Material) -> MixedTexts:
    """The texts that a flag names.

    Args:
        shares: `kind:share,kind:share`; kinds are those of KINDS.
        material: what they are made of.

    Raises:
        UserError: a kind or share is wrong, or no text of a kind can be made.
    """
    return MixedTexts([(share, KINDS[kind](material)) for kind, share in parse_shares(shares).items()])


def parse_shares(text: str) -> dict[str, float]:
    """The share of each kind.

    Raises:
        UserError: a kind is unknown or named twice, or a share is no number above 0.
    """
    found: dict[str, float] = {}
    for entry in text.split(","):
        kind, colon, number = entry.strip().partition(":")
        try:
            share = float(number) if colon else 1.0
        except ValueError:
            share = 0.0
        if kind not in KINDS or kind in found or not 0 < share < float("inf"):
            raise UserError(
                f"--texts={text}: {entry!r} is wrong; write each of {', '.join(KINDS)} at most once, with a share "
                "above 0, such as words:3,codes:1"
            )
        found[kind] = share
    return found


def _words(material: Material) -> WordTexts:
    """Single words in any case, some with marks around them; numbers, prices and dates among them."""
    style = material.style(1, LONGEST_WORD, digits=0.08, punctuation=0.08, **CASES)
    if material.text_file:
        return WordTexts.from_file(material.text_file, "word", style)
    return WordTexts.made_up(material.language, style)


def _lines(material: Material) -> WordTexts:
    """Several words: neighbours in a running text, drawn one by one from a list."""
    style = material.style(SHORTEST_LINE, material.longest, digits=0.03, punctuation=0.1, **LINE_CASES)
    if material.text_file and not _is_list(material.text_file):
        return WordTexts.from_file(material.text_file, "run", style)
    words = _words(material)
    return WordTexts(InARow(words.source, words.style), style)


def _codes(material: Material) -> WordTexts:
    """Letters and digits at random, as on plates and in serial numbers; most are capitals."""
    style = material.style(1, LONGEST_CODE, digits=0.4, upper=0.7)
    return WordTexts.from_charset(CODE_CHARACTERS, style)


def _charset(material: Material) -> WordTexts:
    """All characters at random, so that none is seldom seen."""
    style = material.style(1, LONGEST_RANDOM, digits=0.2, punctuation=0.2)
    every = _words(material).characters | frozenset(NAMED["ascii"])
    return WordTexts.from_charset(material.charset or every, style)


def _is_list(path: str) -> bool:
    """Whether a file holds a word a line."""
    lines, counts = read_texts(path)
    return bool(counts) or all(len(line.split()) <= 1 for line in lines)


KINDS: dict[str, Callable[[Material], WordTexts]] = {
    "words": _words,
    "lines": _lines,
    "codes": _codes,
    "charset": _charset,
}
