"""The ready-made readers that come with the package: their names, their cards, and their files, checked."""

import dataclasses
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attention_ocr import files
from attention_ocr.errors import UserError

FOLDER = Path(__file__).parent
VERSIONED = re.compile(r"(?P<name>.+)-(?P<version>\d+)")


@dataclass(frozen=True)
class Card:
    """What a ready-made reader is.

    Attributes:
        name: what a user calls it.
        version: of its weights; `name-version` pins it.
        reads: what pictures it reads.
        network: its architecture and size.
        learned_from: what it was trained on, how long and when.
        measured: what it reads of which pictures, and when and where that was measured.
        weak: what it is known to get wrong.
        licence: of the weights, and what to know of the data behind them.
        sha256: of its file.
    """

    name: str
    version: int
    reads: str
    network: str
    learned_from: str
    measured: list[str]
    weak: str
    licence: str
    sha256: str

    @property
    def pinned(self) -> str:
        """`name-version`."""
        return f"{self.name}-{self.version}"

    @property
    def path(self) -> Path:
        """The model file."""
        return FOLDER / f"{self.pinned}.keras"

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return dataclasses.asdict(self)


def cards() -> list[Card]:
    """The newest version of each reader, by name."""
    newest: dict[str, Card] = {}
    for card in _all_cards():
        if card.name not in newest or newest[card.name].version < card.version:
            newest[card.name] = card
    return [newest[name] for name in sorted(newest)]


def find(name: str) -> Card | None:
    """The card of `words`, or of the pinned `words-1`; None where there is no such reader."""
    pinned = VERSIONED.fullmatch(name)
    known = _all_cards() if pinned else cards()
    return next((card for card in known if name == (card.pinned if pinned else card.name)), None)


def model_file(name: str | os.PathLike) -> Path:
    """The path of a model file, or of the ready-made reader of that name.

    What exists under a path of that name is taken before a ready-made reader.

    Raises:
        UserError: there is neither, or the reader's file is damaged.
    """
    path = Path(name)
    if path.exists() or len(path.parts) != 1 or path.suffix:
        return path
    card = find(str(name))
    if card is None:
        names = ", ".join(known.name for known in cards())
        raise UserError(f"{name}: no such model file, and no ready-made reader (there are: {names})")
    check(card)
    return card.path


def check(card: Card) -> None:
    """Raises a UserError if a reader's file is missing or is not what its card says."""
    if not card.path.is_file():
        raise UserError(f"{card.path}: the ready-made reader {card.name!r} has no file; install the package anew")
    digest = hashlib.sha256(card.path.read_bytes()).hexdigest()
    if digest != card.sha256:
        raise UserError(
            f"{card.path}: the ready-made reader {card.name!r} is damaged (SHA-256 {digest[:12]}..., on its card "
            f"{card.sha256[:12]}...); install the package anew"
        )


def _all_cards() -> list[Card]:
    return [Card(**files.read_json(path)) for path in sorted(FOLDER.glob("*-*.json")) if VERSIONED.fullmatch(path.stem)]
