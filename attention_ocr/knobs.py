"""What every knob is: a dataclass field with its default, help and legal values."""

import dataclasses
from dataclasses import field
from typing import Any, Self

from attention_ocr.errors import UserError


def knob(
    default: Any,
    text: str,
    choices: tuple = (),
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
) -> Any:
    """A dataclass field with its help and the values it may take."""
    limits = {"help": text, "choices": choices, "minimum": minimum, "maximum": maximum, "above": above}
    return field(default=default, metadata=limits)


class Knobs:
    """What the three configs share: checking, and the way to and from JSON."""

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
