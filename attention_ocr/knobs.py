"""What every knob is: a dataclass field with its default, help and legal values."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from attention_ocr.errors import UserError


@dataclass(frozen=True)
class Condition:
    """What the value of a flag must be for another flag to have an effect.

    Attributes:
        holds: whether a value is such a one.
        told: the flag's name -> `with --optimizer=adam`, `without --render`.
    """

    holds: Callable[[Any], bool]
    told: Callable[[str], str]


GIVEN = Condition(bool, "with --{}".format)
EMPTY = Condition(lambda value: not value, "without --{}".format)
OFF = Condition(lambda value: not value, "with --no{}".format)


def one_of(*values: Any) -> Condition:
    """The flag has one of these values."""
    return Condition(lambda value: value in values, lambda name: f"with --{name}={' or '.join(map(str, values))}")


def more_than(least: float) -> Condition:
    """The flag's number is above `least`."""
    return Condition(lambda value: value > least, lambda name: f"with --{name} above {least}")


def lower_than(default: float) -> Condition:
    """The flag's number is below its default."""
    return Condition(lambda value: value < default, "with a lower --{}".format)


def knob(
    default: Any,
    text: str,
    choices: tuple = (),
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    works_with: Mapping[str, Condition] | None = None,
) -> Any:
    """A dataclass field with its help and the values it may take.

    Args:
        default: its value where none is given.
        text: its help.
        choices: the values it may have; empty: any.
        minimum, maximum: the least and the largest number.
        above: what a number must be above.
        works_with: flags, and what they must be for this one to have an effect. A job without such a flag does not ask.
    """
    limits = {"help": text, "choices": choices, "minimum": minimum, "maximum": maximum, "above": above}
    return field(default=default, metadata={**limits, "works_with": works_with or {}})


class Knobs:
    """What the configs share: checking, and the way to and from JSON."""

    def __post_init__(self) -> None:
        for knob_field in dataclasses.fields(self):  # type: ignore[arg-type]
            _check(knob_field, getattr(self, knob_field.name))

    def to_dict(self) -> dict[str, Any]:
        """The values by name, for JSON."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_dict`; missing keys take their default.

        Raises:
            UserError: a key is unknown, or a value is of another type or out of range.
        """
        names = [knob_field.name for knob_field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise UserError(f"{cls.__name__}: unknown {', '.join(unknown)}; known are {', '.join(names)}")
        return cls(**values)


def _check(knob_field: dataclasses.Field, value: Any) -> None:
    limits = knob_field.metadata
    number = isinstance(value, int | float) and not isinstance(value, bool)
    wanted: Any = knob_field.type
    fits = number if wanted is float else isinstance(value, wanted) and (wanted is not int or number)
    if not fits:
        raise UserError(f"--{knob_field.name}={value}: must be a {wanted.__name__}")
    if limits["choices"] and value not in limits["choices"]:
        raise UserError(f"--{knob_field.name}={value}: not one of {', '.join(limits['choices'])}")
    for word, limit, broken in (
        ("at least", limits["minimum"], number and limits["minimum"] is not None and value < limits["minimum"]),
        ("at most", limits["maximum"], number and limits["maximum"] is not None and value > limits["maximum"]),
        ("above", limits["above"], number and limits["above"] is not None and not value > limits["above"]),
    ):
        if broken:
            raise UserError(f"--{knob_field.name}={value}: must be {word} {limit}")
