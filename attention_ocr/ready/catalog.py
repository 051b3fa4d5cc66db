"""The ready-made readers and text models of the package: their names, their cards, and their files, checked."""

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
READER, TEXT_MODEL = "reader", "text model"
SUFFIXES = {READER: ".keras", TEXT_MODEL: ".npz"}
VERSIONED = re.compile(r"(?P<name>.+)-(?P<version>\d+)")


@dataclass(frozen=True)
class Card:
    """What a ready-made reader is, or a text model.

    Attributes:
        name: what a user calls it.
        version: of its weights; `name-version` pins it.
        reads: what pictures it reads, or what texts it knows.
        network: its architecture and size.
        learned_from: what it was trained on, how long and when.
        measured: what it reads of which pictures, and when and where that was measured.
        weak: what it is known to get wrong.
        licence: of the weights, and what to know of the data behind them.
        sha256: of its file.
        kind: READER or TEXT_MODEL.
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
    kind: str = READER

    @property
    def pinned(self) -> str:
        """`name-version`."""
        return f"{self.name}-{self.version}"

    @property
    def path(self) -> Path:
        """Its file."""
        return FOLDER / f"{self.pinned}{SUFFIXES[self.kind]}"

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return dataclasses.asdict(self)


def cards(kind: str = READER) -> list[Card]:
    """The newest version of each reader or text model, by name."""
    newest: dict[str, Card] = {}
    for card in _all_cards(kind):
        if card.name not in newest or newest[card.name].version < card.version:
            newest[card.name] = card
    return [newest[name] for name in sorted(newest)]


def find(name: str, kind: str = READER) -> Card | None:
    """The card of `words`, or of the pinned `words-1`; None where there is none of the kind."""
    pinned = VERSIONED.fullmatch(name)
    known = _all_cards(kind) if pinned else cards(kind)
    return next((card for card in known if name == (card.pinned if pinned else card.name)), None)


def model_file(name: str | os.PathLike, kind: str = READER) -> Path:
    """The path of a model file, or of what is ready-made of that name.

    What exists under a path of that name is taken before what is ready-made.

    Args:
        name: a path or a name.
        kind: READER or TEXT_MODEL.

    Raises:
        UserError: there is neither, or the ready-made file is damaged.
    """
    path = Path(name)
    if path.exists() or len(path.parts) != 1 or path.suffix:
        return path
    card = find(str(name), kind)
    if card is None:
        names = ", ".join(known.name for known in cards(kind))
        file = "model file" if kind == READER else kind
        raise UserError(f"{name}: no such {file}, and no ready-made {kind} (there are: {names})")
    check(card)
    return card.path


def check(card: Card) -> None:
    """Raises a UserError if the file of a card is missing or is not what its card says."""
    if not card.path.is_file():
        raise UserError(f"{card.path}: the ready-made {card.kind} {card.name!r} has no file; install the package anew")
    digest = hashlib.sha256(card.path.read_bytes()).hexdigest()
    if digest != card.sha256:
        raise UserError(
            f"{card.path}: the ready-made {card.kind} {card.name!r} is damaged (SHA-256 {digest[:12]}..., on its card "
            f"{card.sha256[:12]}...); install the package anew"
        )


def _all_cards(kind: str) -> list[Card]:
    paths = [path for path in sorted(FOLDER.glob("*-*.json")) if VERSIONED.fullmatch(path.stem)]
    return [card for card in (Card(**files.read_json(path)) for path in paths) if card.kind == kind]
