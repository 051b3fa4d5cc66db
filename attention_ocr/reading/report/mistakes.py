"""Which characters are read as others, left out and put in."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz.distance import Levenshtein

from attention_ocr.reading.evaluation import Prediction

MOST_TOLD = 20  # pairs of characters
CLASSES = ("digits", "capital letters", "small letters", "other letters", "spaces", "punctuation and signs")


@dataclass
class Mistakes:
    """What differs where labels and readings are aligned with the fewest edits.

    Attributes:
        occurrences: character -> how often labels have it.
        confusions: (character, what it is read as) -> how often.
        left_out: character of a label -> how often nothing is read for it.
        put_in: character of a reading -> how often no label has it.
    """

    occurrences: Counter = field(default_factory=Counter)
    confusions: Counter = field(default_factory=Counter)
    left_out: Counter = field(default_factory=Counter)
    put_in: Counter = field(default_factory=Counter)

    def wrong(self) -> Counter:
        """Character of a label -> how often it is read as another one, or left out."""
        found = Counter(self.left_out)
        for (character, _), number in self.confusions.items():
            found[character] += number
        return found


def find(predictions: Sequence[Prediction]) -> Mistakes:
    """The mistakes of all readings together."""
    found = Mistakes()
    for prediction in predictions:
        truth, read = prediction.truth, prediction.read
        found.occurrences.update(truth)
        for edit in Levenshtein.editops(truth, read):
            at, other = edit.src_pos, edit.dest_pos
            if edit.tag == "replace":
                found.confusions[truth[at], read[other]] += 1
            elif edit.tag == "delete":
                found.left_out[truth[at]] += 1
            else:
                found.put_in[read[other]] += 1
    return found


def class_of(character: str) -> str:
    """The one of CLASSES that a character belongs to."""
    if character.isspace():
        return "spaces"
    category = unicodedata.category(character)
    named = {"Nd": "digits", "Lu": "capital letters", "Lt": "capital letters", "Ll": "small letters"}
    other = "other letters" if category[0] in "LM" else "punctuation and signs"
    return named.get(category, other)


def told(mistakes: Mistakes) -> dict[str, Any]:
    """The commonest mistakes for JSON; spaces, which are no confusion of shapes, stand by themselves."""
    pairs = Counter({pair: number for pair, number in mistakes.confusions.items() if not any(map(str.isspace, pair))})
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MOST_TOLD]
    return {
        "confusions": [
            {"truth": truth, "read": read, "count": number, "occurrences": mistakes.occurrences[truth]}
            for (truth, read), number in ordered
        ],
        "left_out": [
            {"character": character, "count": number, "occurrences": mistakes.occurrences[character]}
            for character, number in _commonest(mistakes.left_out)
        ],
        "put_in": [{"character": character, "count": number} for character, number in _commonest(mistakes.put_in)],
        "spaces": _spaces(mistakes),
        "totals": {
            "characters": mistakes.occurrences.total(),
            "confused": mistakes.confusions.total(),
            "left_out": mistakes.left_out.total(),
            "put_in": mistakes.put_in.total(),
        },
    }


def by_class(mistakes: Mistakes) -> list[dict[str, Any]]:
    """Of each class of characters that labels have: how many there are, how many are read wrong or left out."""
    occurrences, wrong = Counter[str](), Counter[str]()
    for counter, counts in ((occurrences, mistakes.occurrences), (wrong, mistakes.wrong())):
        for character, number in counts.items():
            counter[class_of(character)] += number
    return [
        {"group": name, "characters": occurrences[name], "wrong": wrong[name], "right": 1 - wrong[name] / number}
        for name in CLASSES
        if (number := occurrences[name])
    ]


def _commonest(counts: Counter) -> list[tuple[str, int]]:
    found = [(character, number) for character, number in counts.items() if not character.isspace()]
    return sorted(found, key=lambda item: (-item[1], item[0]))[:MOST_TOLD]


def _spaces(mistakes: Mistakes) -> dict[str, int]:
    """How often labels have a space, and what becomes of it; and spaces that are read where no label has one."""

    def total(counts: Counter) -> int:
        return sum(number for character, number in counts.items() if character.isspace())

    pairs = mistakes.confusions.items()
    return {
        "in_labels": total(mistakes.occurrences),
        "left_out": total(mistakes.left_out),
        "read_as_another": sum(n for (truth, read), n in pairs if truth.isspace() and not read.isspace()),
        "put_in": total(mistakes.put_in),
        "read_for_another": sum(n for (truth, read), n in pairs if read.isspace() and not truth.isspace()),
    }
