"""Config fields <-> absl flags: every knob becomes a flag with its help, default and legal values."""

import dataclasses
from collections.abc import Collection
from typing import Any

from absl import flags

from attention_ocr import config as configs
from attention_ocr import config_files
from attention_ocr.errors import UserError
from attention_ocr.knobs import GIVEN, Condition, one_of
from attention_ocr.presets import PRESETS, preset


def define_knobs(values: flags.FlagValues, *groups: Any, names: Collection[str] = ()) -> None:
    """Defines a flag for each knob of the config classes `groups`; for those of `names` alone, if there are any."""
    for group in groups:
        for knob_field in (field for field in dataclasses.fields(group) if not names or field.name in names):
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
            works_with(values, name, **knob_field.metadata["works_with"])


def works_with(values: flags.FlagValues, name: str, **conditions: Condition) -> None:
    """Notes what other flags must be for the flag `name` to have an effect, for `check_effects` and `help_text`."""
    setattr(values[name], _CONDITIONS, conditions)


def check_effects(values: flags.FlagValues) -> None:
    """Checks that each flag on the command line has an effect; what a preset sets need not.

    Raises:
        UserError: one has none, or --preset or a value is wrong.
    """
    found = {name: values[name].value for name in values}
    if "preset" in values:
        groups = config_from(values).to_dict().values()
        found |= {name: value for group in groups for name, value in group.items() if name in found}
    # What the flags leave open of the network comes from the checkpoint, which is not open yet.
    open_knobs = {field.name for field in dataclasses.fields(configs.ModelConfig)} if _has_checkpoint(values) else set()
    for name in values:
        for other, condition in _conditions(values, name).items():
            if other in open_knobs and not values[other].present:
                continue
            if values[name].present and not condition.holds(found[other]):
                raise UserError(
                    f"{_written(name, found[name])}: has no effect {_told(other, found[other])}; "
                    f"it works {condition.told(other)}"
                )


def _has_checkpoint(values: flags.FlagValues) -> bool:
    return "preset" in values and "checkpoint" in values and bool(values["checkpoint"].value)


def define_preset(values: flags.FlagValues) -> None:
    """Defines --preset, --config and --print_config."""
    names = ", ".join(PRESETS)
    text = f"Knobs of a known recipe ({names}); flags beside it override them. Empty: the reference as released."
    flags.DEFINE_string("preset", "", text, flag_values=values)
    text = "Knobs from a file, .json or .yaml, such as the config.json of a run; flags beside it override them."
    flags.DEFINE_string("config", "", text, flag_values=values)
    text = "Print all knobs as JSON, which --config takes, and stop."
    flags.DEFINE_bool("print_config", False, text, flag_values=values)


def given_knobs(values: flags.FlagValues, group: Any) -> dict[str, Any]:
    """The knobs of `group` that stand on the command line."""
    names = [knob_field.name for knob_field in dataclasses.fields(group)]
    return {name: values[name].value for name in names if name in values and values[name].present}


def define_use_attention(values: flags.FlagValues) -> None:
    """Defines the reference's name for two of the heads."""
    text = "The reference's name for --head=attention; --nouse_attention is its name for --head=slice."
    flags.DEFINE_bool("use_attention", True, text, flag_values=values)


def config_from(values: flags.FlagValues) -> configs.Config:
    """The preset's config, changed by the file of --config, then by the flags that were given.

    Raises:
        UserError: an unknown preset, a wrong file, a value out of range, or two flags that contradict each other.
    """
    given: dict[str, Any] = {}
    for group in configs.GROUPS.values():
        given |= given_knobs(values, group)
    from_file = file_knobs(values)
    if "use_attention" in values and values["use_attention"].present:
        head = "attention" if values.use_attention else "slice"
        if given.get("head", head) != head:
            flag = _written("use_attention", values.use_attention)
            raise UserError(f"{flag} and --head={given['head']}: {flag} is --head={head}; give one of them")
        given["head"] = head
    return preset(values.preset).replace(**{**from_file, **given})


def names_given(values: flags.FlagValues) -> set[str]:
    """The knobs of training that stand on the command line or in the file of --config."""
    return {*file_knobs(values), *(name for group in configs.GROUPS.values() for name in given_knobs(values, group))}


def file_knobs(values: flags.FlagValues) -> dict[str, Any]:
    """The knobs of the file that --config names."""
    return config_files.load(values.config) if "config" in values and values.config else {}


def define_drawing(values: flags.FlagValues) -> None:
    """Defines the knobs of pictures drawn in training that are not in the run's config."""
    own = [knob_field.name for knob_field in dataclasses.fields(configs.WordsConfig)]
    own = [name for name in own if name not in {f.name for f in dataclasses.fields(configs.SignsConfig)}]
    define_knobs(values, configs.SignsConfig)
    define_knobs(values, configs.WordsConfig, names=own)
    define_knobs(values, configs.RenderConfig, names=_DRAWING_BOTH)
    for name, size in (("image_height", "32"), ("image_width", "as wide as its text")):
        values[name].help += f" Not given, a word's is {size}."
    works_with(values, "num_views", render=one_of("signs"))
    for name in own:
        conditions = {other: found for other, found in _conditions(values, name).items() if other != "image_width"}
        works_with(values, name, **conditions, render=one_of("words"))
    for name in _DRAWING_BOTH:
        works_with(values, name, render=GIVEN)


def drawing_given(values: flags.FlagValues) -> dict[str, Any]:
    """The knobs of `define_drawing` that stand on the command line."""
    both = {name: values[name].value for name in _DRAWING_BOTH if values[name].present}
    return {**given_knobs(values, configs.SignsConfig), **given_knobs(values, configs.WordsConfig), **both}


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


def help_text(job: str, summary: str, values: flags.FlagValues, arguments: str = "") -> str:
    """What `attention-ocr JOB --help` prints: each flag with its default, after what its `arguments` are."""
    lines = [f"attention-ocr {job}: {summary}", *([f"  {arguments}"] if arguments else []), ""]
    for name in values:
        flag = values[name]
        if name != flag.name:  # a short name of another flag
            continue
        default = "" if flag.default is None else flag.default
        told = "unset" if flag.default is None else str(flag.default).lower()
        shown = f"--[no]{name}" if flag.boolean else f"--{name}={default}"
        needed = ", ".join(condition.told(other) for other, condition in _conditions(values, name).items())
        notes = (f" (default: {told})" if flag.boolean else "") + (f" (works {needed})" if needed else "")
        lines += [f"  {shown}", f"      {flag.help}{notes}"]
    return "\n".join(lines)


def _conditions(values: flags.FlagValues, name: str) -> dict[str, Condition]:
    """What other flags of the job must be for a flag to have an effect."""
    conditions = getattr(values[name], _CONDITIONS, {})
    return {other: condition for other, condition in conditions.items() if other in values}


def _written(name: str, value: Any) -> str:
    """A flag as it stands on a command line."""
    if value is True or value is False:
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={value}"


def _told(name: str, value: Any) -> str:
    return f"without --{name}" if value in ("", None) else f"with {_written(name, value)}"


def _help(knob_field: dataclasses.Field) -> str:
    limits = knob_field.metadata
    bounds = [f"{word} {limits[key]}" for word, key in _BOUNDS if limits[key] is not None]
    return f"{limits['help']} [{', '.join(bounds)}]" if bounds else limits["help"]


_DRAWING_BOTH = ("charset_file", "max_sequence_length")  # of signs and of words
_CONDITIONS = "works_with"  # the attribute of an absl flag that holds them
_BOUNDS = (("at least", "minimum"), ("at most", "maximum"), ("above", "above"))
