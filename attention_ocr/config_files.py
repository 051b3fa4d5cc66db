"""A run's knobs in a file: the `config.json` of a run, or knobs by name, as JSON or YAML."""

import difflib
from pathlib import Path
from typing import Any

from attention_ocr import config as configs
from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.migration import current

# What a run's config.json says besides the knobs.
NOTES = ("attention_ocr", "command", "backend", "format_version", "dataset")


def load(path: str) -> dict[str, Any]:
    """The knobs of a file by name.

    Args:
        path: its knobs stand by themselves, or in the groups `model`, `data` and `train`, as a run writes them.

    Raises:
        UserError: the file cannot be read, or has something that is no knob.
    """
    values = _parsed(path)
    if not isinstance(values, dict):
        raise UserError(f'--config={path}: holds no knobs; write such as {{"learning_rate": 0.001}}')
    if "dataset" in values and isinstance(values.get("model"), dict):
        values = current(values)  # a run's, maybe of a former version
    knobs: dict[str, Any] = {}
    for name, value in values.items():
        if name in configs.GROUPS:
            if not isinstance(value, dict):
                raise UserError(f"--config={path}: {name} is a group of knobs, not {value!r:.60}")
            knobs |= value
        elif name not in NOTES:
            knobs[name] = value
    return {name: _checked(path, str(name), value) for name, value in knobs.items()}


def _checked(path: str, name: str, value: Any) -> Any:
    known = {field: knob for group in configs.GROUPS.values() for field, knob in group.__dataclass_fields__.items()}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; {near[0]} is one" if near else ""
        raise UserError(f"--config={path}: {name} is no knob of training{hint} (attention-ocr train --help lists them)")
    if known[name].type is float and isinstance(value, str):  # YAML takes 1e-4 for a text
        try:
            return float(value)
        except ValueError:
            return value  # the config says what is wrong with it
    return value


def _parsed(path: str) -> Any:
    kind = Path(path).suffix.lower()
    if kind == ".json":
        return files.read_json(path)
    if kind not in (".yaml", ".yml"):
        raise UserError(f"--config={path}: is neither .json nor .yaml")
    text = files.read_text(path)
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise UserError(f"--config={path}: needs PyYAML: pip install pyyaml; or write it as JSON") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise UserError(f"{path}{line}: is not YAML ({getattr(error, 'problem', None) or error})") from error
