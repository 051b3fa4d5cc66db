"""Config fields <-> absl flags: every knob becomes a flag with its help, default and legal values."""

import dataclasses
from typing import Any

from absl import flags

from attention_ocr import config as configs
from attention_ocr.errors import UserError
from attention_ocr.presets import PRESETS, preset


def define_knobs(values: flags.FlagValues, *groups: Any) -> None:
    """Defines a flag for each knob of the config classes `groups`."""
    for group in groups:
        for knob_field in dataclasses.fields(group):
            text = _help(knob_field)
            name, choices = knob_field.name, knob_field.metadata["choices"]
            default: Any = knob_field.default
            if knob_field.type is bool:
                flags.DEFINE_bool(name, default, text, flag_values=values)
            elif knob_field.type is int:
                flags.DEFINE_integer(name, default, text, flag_values=values)
            elif knob_field.type is float:
                flags.DEFINE_float(name, default, text, flag_values=values)
            elif choices:
                flags.DEFINE_enum(name, default, list(choices), text, flag_values=values)
            else:
                flags.DEFINE_string(name, default, text, flag_values=values)


def define_preset(values: flags.FlagValues) -> None:
    """Defines --preset."""
    names = ", ".join(PRESETS)
    text = f"Knobs of a known recipe ({names}); flags given beside it win. Empty: the released reference."
    flags.DEFINE_string("preset", "", text, flag_values=values)


def given_knobs(values: flags.FlagValues, group: Any) -> dict[str, Any]:
    """The knobs of `group` that stand on the command line."""
    names = [knob_field.name for knob_field in dataclasses.fields(group)]
    return {name: values[name].value for name in names if name in values and values[name].present}


def config_from(values: flags.FlagValues) -> configs.Config:
    """The preset's config, changed by the flags that were given.

    Raises:
        UserError: an unknown preset, or a value out of range.
    """
    given: dict[str, Any] = {}
    for group in configs.GROUPS.values():
        given |= given_knobs(values, group)
    return preset(values.preset).replace(**given)


def define_reading(values: flags.FlagValues) -> None:
    """Defines the knobs of ReadConfig and BackendConfig."""
    define_knobs(values, configs.ReadConfig, configs.BackendConfig)


def reading_from(values: flags.FlagValues) -> configs.ReadConfig:
    """The ReadConfig of the flags.

    Raises:
        UserError: a value is out of range.
    """
    return configs.ReadConfig(**given_knobs(values, configs.ReadConfig))


def backend_from(values: flags.FlagValues) -> configs.BackendConfig:
    """The BackendConfig of the flags."""
    return configs.BackendConfig(**given_knobs(values, configs.BackendConfig))


def required(values: flags.FlagValues, *names: str) -> None:
    """Raises a UserError if a flag has no value."""
    for name in names:
        if not values[name].value:
            raise UserError(f"--{name} is missing: {values[name].help}")


def help_text(job: str, summary: str, values: flags.FlagValues) -> str:
    """What `attention-ocr JOB --help` prints: each flag with its default."""
    lines = [f"attention-ocr {job}: {summary}", ""]
    for name in values:
        flag = values[name]
        if name != flag.name:  # a short name of another flag
            continue
        default = "" if flag.default is None else flag.default
        told = "unset" if flag.default is None else str(flag.default).lower()
        shown = f"--[no]{name}" if flag.boolean else f"--{name}={default}"
        lines += [f"  {shown}", f"      {flag.help}" + (f" (default: {told})" if flag.boolean else "")]
    return "\n".join(lines)


def _help(knob_field: dataclasses.Field) -> str:
    limits = knob_field.metadata
    bounds = [f"{word} {limits[key]}" for word, key in _BOUNDS if limits[key] is not None]
    return f"{limits['help']} [{', '.join(bounds)}]" if bounds else limits["help"]


_BOUNDS = (("at least", "minimum"), ("at most", "maximum"), ("above", "above"))
