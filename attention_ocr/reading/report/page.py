"""Pages of HTML that hold all they show: no script, no other address."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

FOLDER = Path(__file__).parent / "templates"
AXIS_STARTS = (0.0, 0.5, 0.8, 0.9, 0.95)  # a fifth of what is above is a round number
SURE_DIGITS = 5  # of shares so close to 1 that fewer would round them to 100%


def rendered(template: str, **values: Any) -> str:
    """The page that a template makes of values; texts are escaped."""
    return _environment().get_template(template).render(**values)


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage; 99.96 and not 100.0 where it is not all."""
    while share < 1 and digits < SURE_DIGITS and f"{100 * share:.{digits}f}" == f"{100:.{digits}f}":
        digits += 1
    return f"{100 * share:.{digits}f}%"


def visible(text: str) -> str:
    """A text whose characters can all be seen: a space as a sign, a control character as its code."""
    return "".join(
        "␣" if character == " " else character if character.isprintable() else f"\\u{ord(character):04x}"
        for character in text
    )


def line_points(points: Sequence[tuple[float, float]], width: float, height: float, low: float) -> str:
    """The `points` of an SVG polyline in an area in which y points upwards.

    Args:
        points: x in [0, 1] and y in [low, 1].
        width, height: of the area.
        low: what lies at its bottom; 1 lies at its top.
    """
    return " ".join(f"{x * width:.1f},{height * (1 - y) / (1 - low):.1f}" for x, y in points)


def pairs(rows: Sequence[Mapping[str, float]], x: str, y: str) -> list[tuple[float, float]]:
    """Two entries of each row."""
    return [(row[x], row[y]) for row in rows]


def axis_from(values: Sequence[float]) -> float:
    """Where an axis that ends at 1 begins so that it shows all values."""
    return max(start for start in AXIS_STARTS if start <= min(values))


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"percent": percent, "visible": visible}
    environment.globals |= {
        "style": markupsafe.Markup((FOLDER / "style.css").read_text("utf-8")),
        "line_points": line_points,
        "pairs": pairs,
        "axis_from": axis_from,
    }
    return environment
