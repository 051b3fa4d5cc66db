"""Knobs that several groups have, each declared once, and when they have an effect."""

from typing import Any

from attention_ocr.knobs import GIVEN, Condition, knob

RENDERED = {"render": GIVEN}


def seed() -> Any:
    return knob(0, "Seed of everything that is drawn at random.", minimum=0)


def num_workers(works_with: dict[str, Condition] | None = None) -> Any:
    text = "Processes that prepare or draw pictures; 0: one per core (for a few pictures, none)."
    return knob(0, text, minimum=0, works_with=works_with)


def engine() -> Any:
    text = (
        "What spreads the work. local: this machine's processes; ray: Ray, on this machine or on the cluster that "
        "RAY_ADDRESS names. The results are the same."
    )
    return knob("local", text, ("local", "ray"))


def shard_size(works_with: dict[str, Condition] | None = None) -> Any:
    return knob(100.0, "Size of a record file in MB.", above=0, works_with=works_with)


def charset_file() -> Any:
    text = (
        "Lines of 'code<TAB>character', or a folder of datasets/ that has such a file; empty: the characters of the "
        "labels, or all that can be drawn."
    )
    return knob("", text)


def max_sequence_length(default: int, minimum: int, more: str = "") -> Any:
    return knob(default, f"Characters of the longest label{more}.", minimum=minimum)


def num_views(default: int) -> Any:
    text = "Views: pictures of one object side by side in a record."
    return knob(default, text, minimum=1, works_with=RENDERED)


def image_height(default: int, minimum: int, more: str = "") -> Any:
    return knob(default, f"Height of a view in pixels{more}.", minimum=minimum, works_with=RENDERED)


def image_width(default: int, minimum: int, more: str = "") -> Any:
    return knob(default, f"Width of a view in pixels{more}.", minimum=minimum, works_with=RENDERED)


def text_file() -> Any:
    return knob("", "A text per line to draw; empty: made-up ones.", works_with=RENDERED)


def difficulty() -> Any:
    text = (
        "From 0 (plain print; signs with letters at random on clean plates, from the front, names from 0.25 on) to 1 "
        "(as in photographs)."
    )
    return knob(1.0, text, minimum=0, maximum=1, works_with=RENDERED)


def fonts() -> Any:
    text = (
        "Fonts to draw with. bundled: those that come with this package, so that a seed draws the same everywhere; "
        "installed: these and the machine's own; or a folder of font files. Fonts whose letters are pictures are left "
        "out."
    )
    return knob("bundled", text, works_with=RENDERED)


def stop_early() -> Any:
    text = (
        "onnxruntime and openvino: end each text at its first null, and the reading once all texts of the batch have "
        "ended, even if the head was trained without --stop_at_end."
    )
    return knob(False, text)
