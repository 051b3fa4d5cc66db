"""Where the texts of rendered words come from: a file, a charset's characters, or words made up from n-grams."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError
from attention_ocr.render.text_files import read_texts
from attention_ocr.render.words.text_sources import Listed, Random, Running, Source, TextStyle, Trigrams
from attention_ocr.render.words.word_lists import ENGLISH, FRENCH

UNITS = ("line", "word", "run")
DIGITS = "0123456789"
# Around a word: what comes before and after it.
MARKS = (
    ("", "."),
    ("", ","),
    ("", "!"),
    ("", "?"),
    ("", ":"),
    ("(", ")"),
    ('"', '"'),
    ("", "'s"),
    ("#", ""),
    ("“", "”"),
)
NUMBERS = (
    "9",
    "99",
    "999",
    "9999",
    "99:99",
    "99.99",
    "$9.99",
    "99.99.99",
    "9,99 €",
    "99%",
    "9-9",
    "#99",
    "99/99",
    "A9",
    "99A",
)
LANGUAGES = {"en": (ENGLISH,), "fr": (FRENCH,), "": (ENGLISH, FRENCH)}


WORD_STYLE = TextStyle(max_characters=20, lower=0.3, capitalised=0.3, upper=0.4, digits=0.08, punctuation=0.06)


class WordTexts:
    """Labels to draw.

    Args:
        source: where they come from: see `from_file`, `from_charset`, `made_up`.
        style: how they are varied.
    """

    def __init__(self, source: Source, style: TextStyle):
        self.source = source
        self.style = style
        self._marks = [mark for mark in MARKS if self._may_have("".join(mark))] if style.punctuation else []
        self._numbers = [form for form in NUMBERS if self._may_have(form.replace("9", DIGITS))] if style.digits else []
        self._numbers = [form for form in self._numbers if style.min_characters <= len(form) <= style.max_characters]

    @classmethod
    def from_file(cls, path: str | Path, unit: str = "line", style: TextStyle | None = None) -> "WordTexts":
        """Texts of a UTF-8 file; those with a character that is not allowed, or of another length, are left out.

        Lines of `text<TAB>number` are a list of texts with how often each is drawn, whatever the unit.

        Args:
            path: the file.
            unit: `line`: each line is a text; `word`: each word; `run`: running text, cut anywhere between words (and
                inside ones that are too long, such as Chinese lines) into min_characters to max_characters.
            style: None: the texts as they are.

        Raises:
            UserError: the file cannot be read or has no such text.
        """
        if unit not in UNITS:
            raise UserError(f"unit={unit!r}: give one of {', '.join(UNITS)}")
        style = style or TextStyle()
        lines, counts = read_texts(path)
        if unit == "line" or counts:
            parts = [" ".join(line.split()) for line in lines]
        else:
            parts = [word for line in lines for word in line.split()]
        if not any(parts):
            raise UserError(f"{path}: has no text; write one text per line")
        source = Running(parts, style) if unit == "run" and not counts else Listed(parts, style, counts)
        if not source.texts:
            characters = f", of the {len(style.allowed)} allowed characters" if style.allowed else ""
            raise UserError(
                f"{path}: none of {len(parts)} texts has {style.min_characters} to {style.max_characters} "
                f"characters{characters}; the first is {next(filter(None, parts))[:40]!r}"
            )
        return cls(source, style)

    @classmethod
    def from_charset(cls, charset: Charset | Iterable[str], style: TextStyle | None = None) -> "WordTexts":
        """Characters of a charset at random.

        Raises:
            UserError: it has nothing but blanks.
        """
        if isinstance(charset, Charset):
            charset = (character for characters in charset.classes for character in characters)
        style = style or TextStyle(max_characters=12)
        characters = sorted({c for c in charset if not style.allowed or c in style.allowed})
        if not any(not c.isspace() for c in characters):
            raise UserError("the charset has no character to draw; give one with letters or digits")
        return cls(Random(tuple(characters), style), style)

    @classmethod
    def made_up(cls, language: str = "", style: TextStyle = WORD_STYLE) -> "WordTexts":
        """Words of English (`en`), French (`fr`) or both: half are common words, half are made up from their trigrams.

        Raises:
            UserError: another language, or no word can be made of the allowed characters.
        """
        if language not in LANGUAGES:
            raise UserError(f"language={language!r}: give en, fr or nothing for both")
        words = [word for list_ in LANGUAGES[language] for word in list_.split()]
        usable = [w for w in words if any(style.allows(form) for form in (w, w.capitalize(), w.upper()))]
        source = Trigrams(usable)
        if not any(style.min_characters <= len(word) <= style.max_characters for word in usable):
            raise UserError(
                f"no word of {style.min_characters} to {style.max_characters} allowed characters; use a text file"
            )
        return cls(source, style)

    @property
    def characters(self) -> frozenset[str]:
        """All that labels may have."""
        style, found = self.style, self.source.characters
        cased = {c for text in found for c in _cases(text)} if style.lower + style.capitalised + style.upper else set()
        added = set("".join(map("".join, self._marks)) + "".join(self._numbers).replace("9", DIGITS))
        every = found | cased | added
        return frozenset(every & style.allowed if style.allowed else every)

    def draw(self, random: np.random.Generator) -> str:
        """A text."""
        if self._numbers and random.random() < self.style.digits:
            form = self._numbers[int(random.integers(len(self._numbers)))]
            return "".join(DIGITS[int(random.integers(10))] if c == "9" else c for c in form)
        for _ in range(100):
            text = self._varied(self.source.draw(random, self.style), random)
            if text:
                return text
        raise UserError(
            "no text of the allowed characters was found in 100 tries; allow more of them, or other lengths"
        )

    def _varied(self, text: str, random: np.random.Generator) -> str:
        style, place = self.style, random.random()
        changes = ((style.lower, str.lower), (style.capitalised, _capitalised), (style.upper, str.upper))
        forms = [text]
        for share, change in changes:
            if 0 <= place < share:
                forms.insert(0, change(text))
            place -= share
        forms += [text.lower(), text.upper()] if style.lower + style.capitalised + style.upper else []
        text = next((f for f in forms if style.allows(f) and len(f) <= style.max_characters), "")
        if text and self._marks and random.random() < style.punctuation:
            before, after = self._marks[int(random.integers(len(self._marks)))]
            marked = before + text + after
            text = marked if len(marked) <= style.max_characters else text
        return text

    def _may_have(self, characters: str) -> bool:
        return self.style.allows(characters)


def _cases(text: str) -> str:
    return text.lower() + text.upper()


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:].lower()
