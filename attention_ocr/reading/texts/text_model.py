"""How likely a text is: character n-grams in a file, and the probability of a reader's classes by them."""

import dataclasses
import hashlib
import json
import os
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attention_ocr import files
from attention_ocr.charset import Charset
from attention_ocr.config import TextModelConfig
from attention_ocr.errors import UserError
from attention_ocr.reading.texts.counting import BORDER, SMOOTHING, Counts, pruned, smoothed
from attention_ocr.reading.texts.folding import folded
from attention_ocr.reading.texts.ngrams import NGrams
from attention_ocr.ready import catalog

FORMAT_VERSION = 1
UNKNOWN, FIRST = 1, 2  # symbols beside BORDER: what no text had, and the first character
TINY = 1e-30
OVERHEAD = 10_000  # bytes of a file beside its n-grams


@dataclass(frozen=True)
class TextModel:
    """P(text) = the product of P(character) after the characters before it, and of the end's.

    With `spellings`, a character's probability is that of its folded form (without case and accents) after other folded
    forms, times that of its case and accents. Then texts in capitals, which do not know them, teach the first factor.

    Attributes:
        config: the knobs it was made with.
        alphabet: the characters of the first factor. Texts without a blank are words: a blank ends one and begins the
            next.
        characters: its n-grams, of symbols FIRST + place in the alphabet, BORDER, UNKNOWN.
        spellings: the characters of the second factor; empty: it has none.
        spelled: its n-grams. A run is characters, then the folded form of the last, then the last.
        num_texts: how many texts it was made from.
    """

    config: TextModelConfig
    alphabet: str
    characters: NGrams
    spellings: str = ""
    spelled: NGrams | None = None
    num_texts: int = 0

    @classmethod
    def of_texts(cls, texts: Iterable[tuple[str, float]], config: TextModelConfig) -> "TextModel":
        """The model of texts, each with how often it stands.

        Raises:
            UserError: there is no text, or they have too many different characters for the order.
        """
        lines = [(text, number) for text, number in texts if text]
        if not lines:
            raise UserError("there is no text to learn from")
        plain = [folded(text) if config.spelling != "exact" else text for text, _ in lines]
        numbers = np.array([number for _, number in lines])
        alphabet = "".join(sorted(set("".join(plain))))
        windows, owners = _windows([_symbols(text, alphabet) for text in plain], config.order)
        characters, seen = smoothed(Counts(windows, numbers[owners], FIRST + len(alphabet)))
        model = cls(config, alphabet, characters, num_texts=len(lines))
        cased = [(text, number) for text, number in lines if any(character.islower() for character in text)]
        size = config.max_size * 1e6 - OVERHEAD
        if config.spelling == "factored" and cased:
            model = model._with_spellings(cased, 0.25 * size)
            size -= _size(model.spelled.arrays("spelled")) if model.spelled else 0
        small = pruned(characters, seen, lambda ngrams: _size(ngrams.arrays("characters")) <= size)
        return dataclasses.replace(model, characters=small)

    def _with_spellings(self, lines: list[tuple[str, float]], size: float) -> "TextModel":
        spellings = "".join(sorted(set("".join(text for text, _ in lines))))
        before, owners = _windows([_symbols(text, spellings) for text, _ in lines], self.config.spelling_order + 1)
        forms = np.concatenate([[*_symbols(folded(text), self.alphabet), BORDER] for text, _ in lines])
        shown = forms != BORDER
        shifted = forms + len(spellings)  # the folded forms follow the characters
        windows = np.column_stack([before[:, :-1], shifted, before[:, -1]])[shown]
        numbers = np.array([number for _, number in lines])[owners][shown]
        spelled, seen = smoothed(Counts(windows, numbers, FIRST + len(spellings) + len(self.alphabet)))
        small = pruned(spelled, seen, lambda ngrams: _size(ngrams.arrays("spelled")) <= size)
        return dataclasses.replace(self, spellings=spellings, spelled=small)

    def save(self, path: str | os.PathLike) -> int:
        """Writes a file that `load` reads; its size in bytes."""
        arrays = self.characters.arrays("characters")
        if self.spelled:
            arrays |= self.spelled.arrays("spelled")
        header = {
            "format_version": FORMAT_VERSION,
            "smoothing": SMOOTHING,
            "config": self.config.to_dict(),
            "num_texts": self.num_texts,
            "alphabet": self.alphabet,
            "spellings": self.spellings,
            "sha256": _digest(arrays),
        }
        with files.replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **{"header": np.frombuffer(json.dumps(header).encode(), "u1"), **arrays})  # type: ignore[arg-type]
        return Path(path).stat().st_size

    @classmethod
    def load(cls, path: str | os.PathLike) -> "TextModel":
        """The model of a file, or the ready one of that name.

        Raises:
            UserError: there is no such file, it is no text model, it is of a later format, or damaged.
        """
        file = catalog.model_file(path, catalog.TEXT_MODEL)
        if not file.is_file():
            raise UserError(f"{path}: no such text model; make one with `attention-ocr build_text_model`")
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                arrays = {name: held[name] for name in held}
            header = json.loads(bytes(arrays.pop("header")))
            version = header["format_version"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(
                f"{path}: is not a text model, or is damaged; make one with `attention-ocr build_text_model`"
            ) from error
        if version > FORMAT_VERSION:
            raise UserError(f"{path}: is a text model of format {version}; this version knows {FORMAT_VERSION}")
        if _digest(arrays) != header["sha256"]:
            raise UserError(f"{path}: is damaged: its content has not the SHA-256 that it was written with")
        alphabet, spellings = header["alphabet"], header["spellings"]
        number = FIRST + len(spellings) + len(alphabet)
        return cls(
            TextModelConfig.from_dict(header["config"]),
            alphabet,
            NGrams.from_arrays(arrays, "characters", FIRST + len(alphabet)),
            spellings,
            NGrams.from_arrays(arrays, "spelled", number) if spellings else None,
            header["num_texts"],
        )


class ClassProbabilities:
    """A text model asked in a charset's classes; the null stands for the end of a text.

    Args:
        model: the text model.
        charset: the classes.

    Attributes:
        null_id: the charset's.
        length: how many classes before it a class depends on at most.
    """

    def __init__(self, model: TextModel, charset: Charset):
        self._model = model
        self.null_id = charset.null_id
        symbols = charset.symbols
        forms = symbols if model.config.spelling == "exact" else [folded(symbol) for symbol in symbols]
        self._forms = np.array([_symbols(form, model.alphabet)[0] if form else BORDER for form in forms])
        self._spellings = np.array([_symbols(symbol, model.spellings)[0] if symbol else BORDER for symbol in symbols])
        self.length = max(model.characters.order - 1, model.config.spelling_order if model.spelled else 0, 1)

    def log_probabilities(self, history: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Log-probabilities [R, G] of `classes` int [R, G], each row after `history` int [R, length], nulls first."""
        rows = self._model.characters.rows(self._forms[history])
        forms = self._forms[classes]
        found = np.log(np.maximum(np.take_along_axis(rows, forms, axis=1), TINY))
        if self._model.spelled:
            owners, places = np.nonzero(forms >= FIRST)
            found[owners, places] += self._spelled(history[owners], classes[owners, places])
        return found

    def of_texts(self, texts: np.ndarray) -> np.ndarray:
        """Log-probability [R] of texts int [R, T], nulls last, and of their ends."""
        R, T = texts.shape
        nulls = np.full([R, 1], self.null_id)
        ended = np.concatenate([texts, nulls], axis=1)  # [R, T + 1]
        padded = np.concatenate([np.repeat(nulls, self.length, axis=1), ended], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.length + 1, axis=1)  # [R, T + 1, length + 1]
        counts = np.cumsum(ended == self.null_id, axis=1) - (ended == self.null_id) == 0  # up to the first null
        shown = windows[counts]
        found = np.zeros([R, T + 1])
        found[counts] = self.log_probabilities(shown[:, :-1], shown[:, -1:])[:, 0]
        return found.sum(axis=1)

    def _spelled(self, history: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Log-probability [P] of the case and accents of `classes` int [P]."""
        spelled, shift = self._model.spelled, len(self._model.spellings)
        assert spelled is not None
        before = self._spellings[history[:, -self._model.config.spelling_order :]]
        context = np.column_stack([before, self._forms[classes] + shift])
        return np.log(np.maximum(spelled.probabilities(context, self._spellings[classes]), TINY))


def counted_texts(paths: Iterable[str | os.PathLike]) -> Iterator[tuple[str, float]]:
    """The texts of files, a `text` or `text<TAB>number` a line, each with how often it stands; empty lines are skipped.

    Raises:
        UserError: a file cannot be read, or what follows a tab is no number above 0.
    """
    for path in paths:
        for line, entry in enumerate(unicodedata.normalize("NFC", files.read_text(path)).split("\n"), start=1):
            text, tab, number = entry.partition("\t")
            if not text.strip():
                continue
            try:
                times = float(number) if tab else 1.0
            except ValueError:
                times = 0.0
            if not 0 < times < float("inf"):
                raise UserError(
                    f"{path}:{line}: {number!r} is no number above 0; a line is 'text' or 'text<TAB>number'"
                )
            yield text.strip(), times


def _symbols(text: str, alphabet: str) -> list[int]:
    """The symbol of each character."""
    return [_symbol(character, alphabet) for character in text]


def _symbol(character: str, alphabet: str) -> int:
    place = alphabet.find(character)
    if place >= 0:
        return FIRST + place
    return BORDER if character == " " else UNKNOWN


def _windows(texts: list[list[int]], order: int) -> tuple[np.ndarray, np.ndarray]:
    """Each symbol of the texts, and each end, after those before it.

    Returns:
        int [M, order], -1 where a text has not begun; and int [M], which text it is.
    """
    flat = np.concatenate([[BORDER, *symbols, BORDER] for symbols in texts]).astype(np.int16)
    lengths = np.array([len(symbols) + 2 for symbols in texts])
    owners = np.repeat(np.arange(len(texts)), lengths)
    places = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    columns = [np.where(places >= back, np.roll(flat, back), -1) for back in range(order - 1, -1, -1)]
    predicted = places > 0
    return np.column_stack(columns)[predicted], owners[predicted]


def _size(arrays: dict[str, np.ndarray]) -> int:
    """Bytes of a file of these arrays, about."""
    return sum(len(zlib.compress(array.tobytes(), 6)) for array in arrays.values())


def _digest(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(name.encode())
        found.update(arrays[name].tobytes())
    return found.hexdigest()
