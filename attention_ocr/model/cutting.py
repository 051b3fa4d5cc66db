"""Which classes and weights stay of a network that is to read some of its characters. No framework is needed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError


@dataclass(frozen=True)
class JoinedCases:
    """Classes of which a capital and a small letter are one.

    Attributes:
        partners: int [K], the class of the other case; the class itself where there is none.
        removed: bool [K], the classes that are never read, as their partner stands for them.
    """

    partners: np.ndarray
    removed: np.ndarray


def joined_cases(charset: Charset, characters: str | None) -> JoinedCases:
    """The two cases of each letter as one class: the case that `characters` has, or the capital where it has both.

    Args:
        charset: the classes.
        characters: those that are to be read; None: all.
    """
    symbols, null_id = charset.symbols, charset.null_id
    classes = {symbol: class_id for class_id, symbol in enumerate(symbols) if class_id != null_id}
    wanted = set(symbols) if characters is None else set(characters)
    partners = np.arange(len(charset))
    removed = np.zeros(len(charset), bool)
    for symbol, class_id in classes.items():
        other = symbol.swapcase()
        if other == symbol or other not in classes:
            continue
        partners[class_id] = classes[other]
        keeps = symbol in wanted and (symbol.isupper() or other not in wanted)
        removed[class_id] = not keeps
    return JoinedCases(partners, removed)


def with_both_cases(characters: str | None) -> str | None:
    """`characters` and the other case of each; None stays None: all."""
    return None if characters is None else "".join(dict.fromkeys(characters + characters.swapcase()))


def kept_classes(charset: Charset, characters: str) -> list[int]:
    """The classes that have one of the characters, and the null, in the charset's order.

    Raises:
        UserError: there are none of them.
    """
    wanted = set(characters)
    found = [
        class_id
        for class_id, written in enumerate(charset.classes)
        if class_id == charset.null_id or wanted.intersection(written)
    ]
    if len(found) == 1:
        raise UserError(
            f"--characters={characters[:40]}: none of these is among the {len(charset) - 1} characters of the model"
        )
    return found


def cut_weights(
    weights: dict[str, np.ndarray], axes: dict[str, tuple[str, str]], lengths: dict[str, int], classes: Sequence[int]
) -> dict[str, np.ndarray]:
    """The weights of a decoder without the entries of the classes that do not stay.

    Args:
        weights: by name.
        axes: what the entries of each one's (first, last) axis stand for, as its decoder's `axes` tells.
        lengths: how many entries stand for each of these; only needed of what shares an axis with classes.
        classes: which stay, in their new order.
    """
    found = {}
    for name, value in weights.items():
        read, written = (_kept_entries(axis, lengths, classes) for axis in axes[name])
        value = value if read is None else value[read]
        found[name] = value if written is None else value[..., written]
    return found


def _kept_entries(axis: str, lengths: dict[str, int], classes: Sequence[int]) -> list[int] | None:
    """Which entries of an axis stay; None: all."""
    names = axis.split()
    if not {"class", "unfed"}.intersection(names):
        return None
    found: list[int] = []
    start = 0
    for name in names:
        found += [start + entry for entry in (classes if name in ("class", "unfed") else range(lengths[name]))]
        start += lengths[name]
    return found
