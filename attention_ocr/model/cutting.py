"""Which classes and weights stay of a network that is to read some of its characters. No framework is needed."""

from collections.abc import Sequence

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError

ALL = "all"
# Latin letters of European languages, digits and signs: the code points up to Latin Extended-A, and a few beyond them.
LATIN = "".join(chr(code) for code in range(0x20, 0x180) if chr(code).isprintable() or code == 0x20) + "ȘșȚț‘’“”–—…€"
NAMED = {"latin": LATIN}


def characters_of(named: str) -> str | None:
    """The characters that `latin`, `all` or a text of them names; None: all."""
    return None if named == ALL else NAMED.get(named, named)


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
