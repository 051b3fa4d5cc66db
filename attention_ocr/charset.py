"""Charset: file <-> classes, text <-> ids, and the null that pads a label to T characters."""

import functools
import hashlib
import itertools
import json
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from attention_ocr import files
from attention_ocr.errors import UserError

NULL_TOKEN = "<nul>"
MOST_DIGITS = 9  # of a code
MOST_SHOWN = 5


@dataclass(frozen=True)
class Charset:
    """K classes, one of them the null.

    Attributes:
        classes: for each class id the characters read as it; it is written as the last one. FSNS reads
            `’`, `'` and `‘` as class 2 and prints `‘`. The null's entry is empty.
        null_id: the class that stands for "no character".
    """

    classes: tuple[tuple[str, ...], ...]
    null_id: int
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.null_id < len(self.classes):
            raise UserError(f"charset: the null id {self.null_id} is not one of {len(self.classes)} classes")
        ids: dict[str, int] = {}
        for class_id, characters in enumerate(self.classes):
            if not characters and class_id != self.null_id:
                raise UserError(f"charset: class {class_id} has no character and is not the null")
            if characters and class_id == self.null_id:
                raise UserError(
                    f"charset: class {class_id} is the null and also {characters[0]!r}; give that a code of its own"
                )
            for character in characters:
                if len(character) != 1 or character in "\r\n":
                    raise UserError(
                        f"charset: class {class_id} is {character!r}; it must be one character, no line end"
                    )
                if character in ids:
                    raise UserError(f"charset: {character!r} belongs to the classes {ids[character]} and {class_id}")
                ids[character] = class_id
        object.__setattr__(self, "_ids", ids)

    def __len__(self) -> int:
        """K, the null included."""
        return len(self.classes)

    @classmethod
    def from_labels(cls, labels: Iterable[str]) -> "Charset":
        """The characters of `labels` in code point order, the null last."""
        characters = sorted(set().union(*map(set, labels)))
        return cls((*((character,) for character in characters), ()), len(characters))

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> "Charset":
        """Reads `code<TAB>character` lines; the character may be a space, the null is `<nul>`.

        Raises:
            UserError: a line has no tab or no number, a code is missing, or no line names the null.
        """
        lines = files.read_text(path).split("\n")
        codes: dict[int, list[str]] = {}
        null_id = None
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            code, tab, character = line.partition("\t")
            if not tab or not code.isdecimal() or len(code) > MOST_DIGITS:
                raise UserError(f"{path}:{number}: {line!r:.80} is not 'code<TAB>character'")
            if character == NULL_TOKEN:
                null_id = int(code)
            if not character:
                raise UserError(
                    f"{path}:{number}: code {code} has no character; write {code}, a tab and the character "
                    "(an editor may have removed a space from the line's end)"
                )
            codes.setdefault(int(code), []).extend([] if character == NULL_TOKEN else [character])
        if null_id is None:
            raise UserError(f"{path}: no line has the null; add '{len(codes)}<TAB>{NULL_TOKEN}'")
        if len(codes) <= max(codes):
            gaps = itertools.islice((code for code in range(max(codes)) if code not in codes), MOST_SHOWN)
            shown = _with_more([str(code) for code in gaps], max(codes) + 1 - len(codes))
            raise UserError(f"{path}: codes 0..{max(codes)} have a gap at {shown}; number the characters densely")
        try:
            return cls(tuple(tuple(codes[code]) for code in range(len(codes))), null_id)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error

    def to_file(self, path: str | os.PathLike) -> None:
        """Writes what `from_file` reads."""
        lines = []
        for class_id, characters in enumerate(self.classes):
            for character in characters if class_id != self.null_id else (NULL_TOKEN,):
                lines.append(f"{class_id}\t{character}\n")
        files.write_text(path, "".join(lines))

    def to_list(self) -> list[list[str]]:
        """The classes for JSON; `Charset.from_list` is its inverse."""
        return [list(characters) for characters in self.classes]

    @classmethod
    def from_list(cls, classes: Sequence[Sequence[str]], null_id: int) -> "Charset":
        """The charset of `to_list`."""
        return cls(tuple(tuple(characters) for characters in classes), null_id)

    @property
    def digest(self) -> str:
        """A checksum of classes and null, whatever the line ends of the file they come from."""
        return hashlib.sha256(json.dumps([self.to_list(), self.null_id]).encode()).hexdigest()

    @property
    def has_right_to_left(self) -> bool:
        """Whether a class prints a letter of a right-to-left script, such as Hebrew or Arabic."""
        return any(unicodedata.bidirectional(symbol) in ("R", "AL") for symbol in self.symbols if symbol)

    def extended(self, characters: Iterable[str]) -> "Charset":
        """The same classes and, after them by code point, those of `characters` that are not among them.

        A null at the end stays at the end; everything else keeps its id.
        """
        new = [(character,) for character in sorted(set(self.unknown("".join(characters))))]
        if not new:
            return self
        if self.null_id != len(self) - 1:
            return Charset((*self.classes, *new), self.null_id)
        return Charset((*self.classes[:-1], *new, self.classes[-1]), self.null_id + len(new))

    def united(self, other: "Charset") -> "Charset":
        """`extended` with all that another charset reads; what it reads as a class known here is read as that one."""
        classes = [list(held) for held in self.extended(other.symbols).classes]
        owners = {character: held for held in classes for character in held}
        for held in other.classes:
            for character in held[:-1]:
                if character not in owners:
                    owners[character] = owners[held[-1]]
                    owners[character].insert(0, character)  # the last one is printed
        return Charset.from_list(classes, self.extended(other.symbols).null_id)

    def kept(self, classes: Sequence[int]) -> "Charset":
        """The charset of these classes alone, the null among them, in this order."""
        return Charset(tuple(self.classes[class_id] for class_id in classes), list(classes).index(self.null_id))

    def unknown(self, text: str) -> list[str]:
        """The characters of `text` that no class has, each once, in order."""
        return [character for character in dict.fromkeys(text) if character not in self._ids]

    def encode(self, text: str) -> list[int]:
        """The class ids of `text`, without padding.

        Raises:
            UserError: a character is in no class.
        """
        unknown = self.unknown(text)
        if unknown:
            raise UserError(f"{text!r} has {_shortened(unknown)}, not in the charset of {len(self)} classes")
        return [self._ids[character] for character in text]

    def pad(self, ids: Sequence[int], length: int) -> list[int]:
        """`ids` followed by nulls up to `length`.

        Raises:
            UserError: `ids` is longer than `length`.
        """
        if len(ids) > length:
            raise UserError(f"a label of {len(ids)} characters is longer than max_sequence_length {length}")
        return [*ids, *[self.null_id] * (length - len(ids))]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of class ids; nulls are dropped."""
        symbols = self.symbols
        return "".join(symbols[class_id] for class_id in ids)

    @functools.cached_property
    def symbols(self) -> list[str]:
        """What each class prints: its last character, nothing for the null."""
        return [characters[-1] if characters else "" for characters in self.classes]


def _shortened(values: Sequence) -> str:
    return _with_more([repr(value) for value in values[:MOST_SHOWN]], len(values))


def _with_more(shown: Sequence[str], number: int) -> str:
    """The first of `number` values."""
    listed = ", ".join(shown)
    return listed if number <= len(shown) else f"{listed} and {number - len(shown)} more"
