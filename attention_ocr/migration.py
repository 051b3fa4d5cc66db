"""What former versions wrote about a model, as this version writes it."""

from collections.abc import Mapping
from typing import Any

from attention_ocr.charset import Charset

FORMAT_VERSION = 2  # of what a model file, an export and a run's config.json say about a model


def current(description: Mapping[str, Any]) -> dict[str, Any]:
    """A description of this version's format.

    Args:
        description: what a model file, an export or a `config.json` says: `model`, the knobs; `dataset`; and
            `format_version`, which exports and runs of format 1 lack.
    """
    found = dict(description)
    if found.get("format_version", 1) == 1:
        found["model"] = _of_format_1(found["model"], found["dataset"])
        found["format_version"] = FORMAT_VERSION
    return found


def _of_format_1(model: Mapping[str, Any], dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Knobs of format 1: `use_attention` was one, and every text was learned in the order of its label."""
    knobs = dict(model)
    if not knobs.pop("use_attention", True) and knobs.get("head", "attention") == "attention":
        knobs["head"] = "slice"
    if Charset.from_list(dataset["charset"], dataset["null_code"]).has_right_to_left:
        knobs["turn_right_to_left"] = False
    return knobs
