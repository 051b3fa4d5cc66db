"""The numbers of a report counted anew, from predictions.tsv and by other code than the report's."""

import csv
import math
from collections import Counter
from pathlib import Path


def rows_of(path):
    """The records of a predictions.tsv."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [
            {**row, "confidence": float(row["confidence"]), "width": int(row["width"])}
            for row in csv.DictReader(file, delimiter="\t")
        ]


def distance(one, other):
    """Levenshtein's, by the table of Wagner and Fischer."""
    before = list(range(len(other) + 1))
    for i, item in enumerate(one, start=1):
        row = [i]
        for j, compared in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (item != compared)))
        before = row
    return before[-1]


def measures(rows):
    """Name -> value."""
    n = len(rows)
    pairs = [(row["truth"], row["read"]) for row in rows]
    plain = [tuple("".join(c for c in text if c.isalnum()).lower() for text in pair) for pair in pairs]
    similar = [1 - distance(*pair) / max(len(pair[0]), len(pair[1])) if any(pair) else 1 for pair in pairs]
    words = [(truth.split(), read.split()) for truth, read in pairs]
    return {
        "ExactMatch": sum(truth == read for truth, read in pairs) / n,
        "ExactMatchIgnoringCase": sum(truth.lower() == read.lower() for truth, read in pairs) / n,
        "ExactMatchLettersAndDigits": sum(truth == read for truth, read in plain) / n,
        "CharacterErrorRate": sum(distance(*pair) for pair in pairs) / sum(len(truth) for truth, _ in pairs),
        "WordErrorRate": sum(distance(*pair) for pair in words) / sum(len(truth) for truth, _ in words),
        "NormalizedEditDistance": sum(similar) / n,
    }


def calibration(rows):
    """The expected calibration error, and (lower end, readings, mean confidence, share right) of each tenth."""
    tenths = {}
    for row in rows:
        tenths.setdefault(min(math.floor(row["confidence"] * 10), 9), []).append(row)
    bins = []
    for tenth, found in sorted(tenths.items()):
        right = sum(row["truth"] == row["read"] for row in found) / len(found)
        bins.append((tenth / 10, len(found), sum(row["confidence"] for row in found) / len(found), right))
    return sum(number * abs(sure - right) for _, number, sure, right in bins) / len(rows), bins


def kept(rows, threshold):
    """The share below a threshold, and how many of the others are right, as a share."""
    left = [row for row in rows if row["confidence"] >= threshold]
    return 1 - len(left) / len(rows), sum(row["truth"] == row["read"] for row in left) / len(left)


def least_sent(rows, target):
    """The lowest threshold at which `target` of what is kept is right; None: there is none."""
    thresholds = sorted({row["confidence"] for row in rows})
    return next((threshold for threshold in thresholds if kept(rows, threshold)[1] >= target), None)


def edits(rows):
    """How many edits all readings differ by, and each character's number in labels."""
    total = sum(distance(row["truth"], row["read"]) for row in rows)
    return total, Counter("".join(row["truth"] for row in rows))


def mcnemar(fixed, broken):
    """The exact p by counting."""
    number = fixed + broken
    tail = sum(math.comb(number, k) for k in range(min(fixed, broken) + 1))
    return min(1, 2 * tail / 2**number)


def group(rows, first, last, key):
    """The records of a group of lengths or widths, and how many are right, as a share."""
    found = [row for row in rows if first <= key(row) <= last]
    return len(found), sum(row["truth"] == row["read"] for row in found) / len(found)


def check(told, rows):
    """Asserts that every number of a report.json without a comparison is what the rows say."""
    close = lambda one, other: math.isclose(one, other, abs_tol=1e-9)  # noqa: E731
    for name, value in measures(rows).items():
        found = told["measures"][name]
        assert close(found["value"], value), name
        assert found["low"] <= found["value"] <= found["high"]
    error, bins = calibration(rows)
    sureness = told["confidence"]
    assert close(sureness["expected_calibration_error"], error)
    assert close(sureness["mean_confidence"], sum(row["confidence"] for row in rows) / len(rows))
    for found, (start, number, sure, right) in zip(sureness["reliability"], bins, strict=True):
        assert (found["from"], found["readings"]) == (start, number)
        assert close(found["confidence"], sure)
        assert close(found["right"], right)
    for found in sureness["rejecting"]:
        sent, right = kept(rows, found["threshold"])
        assert close(found["sent"], sent)
        assert close(found["right"], right)
        assert sent <= found["share"] + 0.5 / len(rows) + 1e-9
    for found in sureness["reaching"]:
        threshold = least_sent(rows, found["target"])
        assert found["threshold"] == threshold
        if threshold is not None:
            assert close(found["sent"], kept(rows, threshold)[0])
            assert close(found["right"], kept(rows, threshold)[1])
    for point in sureness["curve"]:
        number = round((1 - point["sent"]) * len(rows))
        surest = sorted(rows, key=lambda row: -row["confidence"])[:number]
        assert close(point["right"], sum(row["truth"] == row["read"] for row in surest) / number)
    check_mistakes(told["mistakes"], rows)
    check_groups(told["groups"], rows)


def check_mistakes(told, rows):
    """Asserts what any alignment with the fewest edits has in common."""
    total, occurrences = edits(rows)
    totals = told["totals"]
    assert totals["characters"] == occurrences.total()
    assert totals["confused"] + totals["left_out"] + totals["put_in"] == total
    longer = sum(len(row["read"]) - len(row["truth"]) for row in rows)
    assert totals["put_in"] - totals["left_out"] == longer
    for found in told["confusions"]:
        assert found["occurrences"] == occurrences[found["truth"]] >= found["count"] > 0
    for found in told["left_out"]:
        assert found["occurrences"] == occurrences[found["character"]] >= found["count"] > 0
    spaces = told["spaces"]
    assert spaces["in_labels"] == occurrences[" "]
    of_labels = spaces["in_labels"] - spaces["left_out"] - spaces["read_as_another"]
    assert of_labels + spaces["put_in"] + spaces["read_for_another"] == sum(row["read"].count(" ") for row in rows)


def check_groups(told, rows):
    """Asserts that groups hold all records and are counted right."""
    for name, key in (("length", lambda row: len(row["truth"])), ("width", lambda row: row["width"])):
        for found in told[name]:
            first, _, last = found["group"].partition(" to ")
            number, right = group(rows, int(first), int(last or first), key)
            assert found["records"] == number
            assert math.isclose(found["ExactMatch"]["value"], right)
            members = [row for row in rows if int(first) <= key(row) <= int(last or first)]
            truths = sum(len(row["truth"]) for row in members)
            wrong = sum(distance(row["truth"], row["read"]) for row in members)
            assert math.isclose(found["CharacterErrorRate"], wrong / truths if truths else 0)
        assert not told[name] or sum(found["records"] for found in told[name]) == len(rows)
    for found in told["dataset"]:
        members = [row for row in rows if row["dataset"] == found["group"]]
        assert found["records"] == len(members)
        right = sum(row["truth"] == row["read"] for row in members) / len(members)
        assert math.isclose(found["ExactMatch"]["value"], right)
    _, occurrences = edits(rows)
    classes = {found["group"]: found["characters"] for found in told["character_class"]}
    assert sum(classes.values()) == occurrences.total()
    assert classes.get("digits", 0) == sum(n for character, n in occurrences.items() if character.isdecimal())
    assert classes.get("spaces", 0) == sum(n for character, n in occurrences.items() if character.isspace())
