"""How street plates differ: enamel, outline, border, spelling, what else stands on them; each as common as on walls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from attention_ocr.render.signs.plate_text import Line, Run, TextStyle

T = TypeVar("T")

ENAMELS = {  # name: share of plates, (plate, letters) of which one is taken, RGB
    "royal": (
        0.34,
        (((26, 44, 148), (240, 243, 250)), ((18, 24, 140), (236, 240, 252)), ((30, 58, 140), (238, 240, 244))),
    ),
    "navy": (
        0.24,
        (((18, 40, 78), (232, 234, 230)), ((26, 30, 92), (236, 238, 242)), ((20, 18, 52), (228, 228, 226))),
    ),
    "steel": (
        0.14,
        (((58, 98, 138), (208, 218, 224)), ((26, 88, 150), (224, 230, 232)), ((62, 92, 134), (226, 230, 234))),
    ),
    "green": (0.07, (((22, 84, 60), (236, 240, 232)), ((34, 66, 46), (230, 226, 206)))),
    "wine": (0.04, (((104, 24, 36), (240, 234, 226)), ((128, 34, 34), (240, 240, 236)))),
    "brown": (0.03, (((84, 54, 36), (238, 230, 206)), ((58, 42, 34), (226, 214, 190)))),
    "white": (
        0.07,
        (((214, 216, 212), (28, 44, 118)), ((214, 206, 184), (30, 30, 34)), ((222, 222, 222), (24, 24, 28))),
    ),
    "grey": (0.03, (((128, 130, 130), (238, 238, 238)), ((168, 170, 168), (30, 36, 60)))),
    "black": (0.04, (((22, 22, 26), (226, 224, 214)), ((34, 30, 34), (214, 206, 180)))),
}
CORNERS = {"notched": 0.55, "rounded": 0.28, "square": 0.17}  # of the border line
OUTLINES = {"rounded": 0.5, "square": 0.42, "notched": 0.08}  # of the plate
BORDERS = {"single": 0.8, "double": 0.08, "none": 0.12}
FRAMES = {"none": 0.72, "light": 0.14, "green": 0.06, "dark": 0.08}
HEADERS = {"none": 0.78, "district": 0.12, "town": 0.06, "town ruled": 0.04}
FOOTERS = {"none": 0.84, "dates": 0.05, "profession": 0.06, "number": 0.03, "arrow": 0.02}
MARKS = {"none": 0.82, "shield": 0.12, "flag": 0.06}
CASES = {"capitals": 0.72, "capital name": 0.11, "mixed": 0.17}
PARTICLES = {"lower": 0.34, "small": 0.2, "alone": 0.14, "capitals": 0.32}
FIRST_NAMES = {"same": 0.42, "small": 0.22, "small capitals": 0.2, "lower": 0.16}

TOWNS = ("CLAMART", "NANTES", "LYON", "MARSEILLE", "LILLE", "TOURS", "RENNES", "METZ", "VANVES", "Nanterre", "Vannes")
PROFESSIONS = (
    *("Poète", "Homme politique", "Compositeur", "Physicien", "Écrivain", "Général", "Résistant", "Peintre", "Médecin"),
    *(
        "Maire de la ville",
        "Chimiste",
        "Homme de lettres",
        "Navigateur",
        "Architecte",
        "Mort pour la France",
        "Aviateur",
    ),
)


@dataclass(frozen=True, slots=True)
class PlateStyle:
    """Every choice of a plate that can be named.

    Attributes:
        enamel: a key of `ENAMELS`.
        outline, corner, border, frame: of the plate, of its border line, how many lines, an outer rim.
        header, footer, mark: what is not read: above, below, in a corner.
        text: how the name is spelt and sized.
        wear: from 0 (new) to 1 (a ruin).
        sticker: whether one hides a part.
        screws: whether they are seen.
    """

    enamel: str
    outline: str
    corner: str
    border: str
    frame: str
    header: str
    footer: str
    mark: str
    text: TextStyle
    wear: float
    sticker: bool
    screws: bool


def choose_style(random: np.random.Generator, difficulty: float = 1.0) -> PlateStyle:
    """A style, each as common as in the streets; `difficulty` 0 gives clean plates with nothing but their text."""
    extras = random.random() < 0.25 + 0.75 * difficulty
    wear = one_of(random, (0.0, random.uniform(0.05, 0.35), random.uniform(0.35, 1)), (0.38, 0.44, 0.18))
    return PlateStyle(
        enamel=pick(random, {name: share for name, (share, _) in ENAMELS.items()}),
        outline=pick(random, OUTLINES),
        corner=pick(random, CORNERS),
        border=pick(random, BORDERS),
        frame=pick(random, FRAMES),
        header=pick(random, HEADERS) if extras else "none",
        footer=pick(random, FOOTERS) if extras else "none",
        mark=pick(random, MARKS) if extras else "none",
        text=_text_style(random),
        wear=wear * difficulty,
        sticker=bool(random.random() < 0.03 * difficulty),
        screws=bool(random.random() < 0.55),
    )


def _text_style(random: np.random.Generator) -> TextStyle:
    case = pick(random, CASES)
    way_scale = one_of(random, (1.0, random.uniform(0.62, 0.95)), (0.45, 0.55))
    return TextStyle(
        case=case,
        particle=pick(random, PARTICLES),
        first_name=pick(random, FIRST_NAMES),
        keeps_accents=bool(random.random() < 0.55),
        keeps_hyphens=bool(random.random() < 0.8),
        apostrophe=one_of(random, ("'", "’", "´"), (0.5, 0.4, 0.1)),
        way_scale=way_scale,
        small_scale=float(random.uniform(0.58, 0.8)),
        squeeze=one_of(random, (random.uniform(0.66, 0.85), random.uniform(0.85, 1.06)), (0.5, 0.5)),
        spacing=one_of(random, (random.uniform(0.03, 0.09), random.uniform(0.08, 0.22)), (0.65, 0.35)),
        line_length=int(random.integers(12, 18)),
        one_line=bool(random.random() < 0.12),
        thicken=float(random.uniform(0.02, 0.125)),
    )


def pick(random: np.random.Generator, shares: dict[str, float]) -> str:
    """One of the keys, as often as their shares say."""
    return one_of(random, tuple(shares), tuple(shares.values()))


def one_of(random: np.random.Generator, things: Sequence[T], shares: Sequence[float]) -> T:
    """One of the things, as often as their shares say; `random.choice` takes ten times as long."""
    point = random.random() * sum(shares)
    for thing, share in zip(things, shares, strict=True):
        point -= share
        if point < 0:
            return thing
    return things[-1]


def header_of(kind: str, random: np.random.Generator) -> Line | None:
    """A line above the name that is not read."""
    if kind == "none":
        return None
    if kind.startswith("town"):
        return Line((Run(str(random.choice(TOWNS)), 1.0),))
    number = int(random.integers(1, 21))
    ending = "er" if number == 1 else "e"
    last = (
        (Run("Arr"), Run("t", 0.65, rise=0.4))
        if random.random() < 0.7
        else (Run("A"), Run("rr", 0.8), Run("t", 0.6, rise=0.4))
    )
    return Line((Run(str(number)), Run(f"{ending} ", 0.62, rise=0.42), *last))


def footer_of(kind: str, random: np.random.Generator) -> Line | None:
    """A line below the name that is not read."""
    if kind == "none":
        return None
    if kind == "arrow":
        return Line((Run(10 * " "),))  # drawn by the layout, as wide as these
    born = int(random.integers(1560, 1920))
    dates = f"{born} - {born + int(random.integers(28, 88))}"
    profession = str(random.choice(PROFESSIONS))
    number = int(random.integers(1, 160))
    texts = {
        "dates": dates if random.random() < 0.6 else f"({dates})",
        "profession": profession if random.random() < 0.6 else f"{profession} {dates}",
        "number": f"{number}" if random.random() < 0.4 else f"n° {number} à {number + 2 * int(random.integers(2, 30))}",
    }
    return Line((Run(texts[kind]),))
