"""What about a data set is odd, but may be meant as it is: warnings."""

import itertools
import re
from collections.abc import Sequence

from attention_ocr.data.record_checks import Inspection, inspect_record
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.records.framing import read_record_at
from attention_ocr.records.suspects import Suspect
from attention_ocr.validation import repeated_pictures
from attention_ocr.validation.findings import Report
from attention_ocr.validation.repeated_pictures import Place
from attention_ocr.validation.statistics import RARE

TRAIN = "train"
MOST_CHARACTERS = 20
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
FEWEST_LABELS = 4  # Of fewer, most are soon the same.


def warn(report: Report, spec: DatasetSpec) -> None:
    """Adds the warnings that follow from the statistics."""
    controls = [c for c in dict.fromkeys(itertools.chain(*spec.charset.classes)) if CONTROL.match(c)]
    if controls:
        report.warn("control_characters", "the charset", f"has {shown(controls)}, which no picture shows")
    _warn_of_same_files(report)
    _warn_of_characters(report)
    for name, split in report.splits.items():
        labels = sum(split.label_lengths.values())
        found = repeated_pictures.most_frequent_label(report.tallies_of(name))
        if found and labels >= FEWEST_LABELS and found[0] > labels / 2:
            report.warn("one_text", name, f"{found[0]} of {labels} labels are {_label_at(spec, found[1])!r}")


def warn_of_record(report: Report, found: Inspection, where: str) -> None:
    """Adds the warnings about one record."""
    if found.ids == []:
        report.warn("empty_label", where, "its label has no character: a picture without text, if that is meant")
    elif found.shows_nothing:
        report.warn("one_colour", where, f"its picture is of one colour, its label is {found.text!r}")


def warn_of_suspect(report: Report, spec: DatasetSpec, found: Inspection, where: str, suspect: Suspect | None) -> None:
    """Adds a warning where a list of suspects has a record whose label is what it was then."""
    if suspect and _text_of(spec, found.ids or []) == suspect.truth:
        sure = f"{100 * suspect.confidence:.1f}% sure"
        report.warn(
            "suspect_label", where, f"its label is {suspect.truth!r}, but a reader sees {suspect.read!r}, {sure}"
        )


def warn_of_two_labels(report: Report, spec: DatasetSpec, place: Place, other: Place) -> None:
    """Notes that two records have one picture and two labels."""
    name, other_name = place[0].record_name(place[1]), other[0].record_name(other[1])
    findings = report.warnings.get("two_labels")
    if findings and findings.is_full:  # A message would not be kept: save reading the records once more.
        report.warn("two_labels", other_name, "")
        return
    labels = f"reads {_label_at(spec, other)!r}, the same picture in {name} {_label_at(spec, place)!r}"
    report.warn("two_labels", other_name, labels)


def shown(characters: Sequence[str]) -> str:
    """The first of `characters`, those that cannot be seen in quotes, and how many more there are."""
    visible = [c if c.isprintable() and not c.isspace() else repr(c) for c in characters[:MOST_CHARACTERS]]
    more = len(characters) - len(visible)
    return " ".join(visible) + (f" and {more} more" if more else "")


def _warn_of_same_files(report: Report) -> None:
    for first, second in itertools.combinations(report.splits, 2):
        files, others = report.tallies_of(first), report.tallies_of(second)
        shared = sum(second in tally.splits for tally in files)
        if shared:
            is_all = shared == len(files) == len(others)
            what = "are the very same files" if is_all else f"share {shared} of their files"
            message = f"{what}: a score on {second} then says nothing about pictures that {first} did not show"
            report.warn("same_files", f"{first} and {second}", message)


def _warn_of_characters(report: Report) -> None:
    train = report.splits.get(TRAIN)
    if not train or not train.num_records:
        return
    for name, split in report.splits.items():
        unseen = [c for c, count in split.characters.items() if count and not train.characters[c]]
        if unseen:
            used = len(split.characters) - len(split.unused)
            message = f"{len(unseen)} of its {used} characters are never shown by train: {shown(unseen)}"
            report.warn("unseen_characters", name, message)
    number = len(train.characters)
    if train.unused:
        message = f"{len(train.unused)} of {number} characters are never used: {shown(train.unused)}"
        report.warn("unused_characters", TRAIN, message)
    if train.rare:
        message = f"{len(train.rare)} of {number} characters are used fewer than {RARE} times: {shown(train.rare)}"
        report.warn("rare_characters", TRAIN, message)


def _label_at(spec: DatasetSpec, place: Place) -> str:
    tally, number = place
    data = read_record_at(tally.path, tally.offsets[number])
    return _text_of(spec, inspect_record(data, spec, max_pixels=0).ids or [])  # the label alone: no picture is decoded


def _text_of(spec: DatasetSpec, ids: Sequence[int]) -> str:
    symbols = dict(enumerate(spec.charset.symbols))
    return "".join(symbols.get(class_id, "?") for class_id in ids)
