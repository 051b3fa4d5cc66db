"""The report on a split: every number counted anew, and pages that hold all they show."""

import json
import re

import numpy as np
import pytest
import recounting

from attention_ocr.errors import UserError
from attention_ocr.reading import evaluation
from attention_ocr.reading.evaluation import Prediction
from attention_ocr.reading.report import comparison, groups, looks, measures, mistakes, page, report, samples, sureness

ALPHABET = list("abcdefgABC0123456789 -.,é日")


def predictions_of(seed, number=400, datasets=("",)):
    """Readings of all kinds: right, with edits, empty, sure and unsure, of texts with and without spaces."""
    random = np.random.default_rng(seed)
    found = []
    for record in range(number):
        truth = "".join(random.choice(ALPHABET, random.integers(0, 15)))
        read = list(truth)
        for _ in range(int(random.choice([0, 0, 0, 1, 2, 20]))):
            at = int(random.integers(0, len(read) + 1))
            kind = random.integers(0, 3)
            read[at : at + (kind > 0)] = [] if kind == 2 else [str(random.choice(ALPHABET))]
        text = "".join(read).swapcase() if record % 17 == 0 else "".join(read)
        sure = float(np.round(random.choice([1.0, 0.0, 0.5, random.random(), random.random() ** 0.1]), 6))
        name = datasets[record % len(datasets)]
        found.append(Prediction(f"test:{record}", truth, text, sure, name, int(random.integers(20, 300))))
    return found


def written(predictions, folder):
    evaluation.write_predictions(folder / "predictions.tsv", predictions, all_columns=True)
    return recounting.rows_of(folder / "predictions.tsv")


@pytest.mark.parametrize(
    ("seed", "number", "datasets"), [(0, 400, ("",)), (1, 399, ("one", "two", "three")), (2, 7, ("",)), (3, 1, ("",))]
)
def test_every_number_is_what_predictions_say(seed, number, datasets, tmp_path):
    predictions = predictions_of(seed, number, datasets)
    predictions = [p for p in predictions if p.truth] or [Prediction("test:0", "a b", "a", 0.5)]
    recounting.check(report.numbers(predictions, None, ""), written(predictions, tmp_path))


def test_groups_by_data_set_are_there_where_there_are_several():
    several = report.numbers(predictions_of(1, 90, ("one", "two", "three")), None, "")
    assert [row["group"] for row in several["groups"]["dataset"]] == ["one", "two", "three"]
    assert report.numbers(predictions_of(1, 90), None, "")["groups"]["dataset"] == []


def test_intervals_are_those_of_another_bootstrap():
    from scipy import stats

    predictions = predictions_of(5, 300)
    right = np.array([p.truth == p.read for p in predictions], float)
    other = stats.bootstrap((right,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    found = measures.measured(predictions)["ExactMatch"]
    assert found.low == pytest.approx(other.low, abs=0.012)
    assert found.high == pytest.approx(other.high, abs=0.012)
    lengths = np.array([len(p.truth) for p in predictions], float)
    wrong = np.array([recounting.distance(p.truth, p.read) for p in predictions], float)
    rate = lambda errors, counts, axis=-1: errors.sum(axis=axis) / counts.sum(axis=axis)  # noqa: E731
    options = {"paired": True, "vectorized": True, "n_resamples": 4000, "method": "percentile", "rng": 1}
    other = stats.bootstrap((wrong, lengths), rate, **options).confidence_interval
    found = measures.measured(predictions)["CharacterErrorRate"]
    assert found.low == pytest.approx(other.low, abs=0.02)
    assert found.high == pytest.approx(other.high, abs=0.02)


def test_mistakes_are_counted_as_a_hand_counts_them():
    pairs = [("O0", "00"), ("a b", "ab"), ("ab", "a b"), ("xy", "x"), ("", "q"), ("a b", "a_b"), ("O1", "01")]
    found = mistakes.find([Prediction(f"t:{n}", truth, read, 1.0) for n, (truth, read) in enumerate(pairs)])
    told = mistakes.told(found)
    assert told["confusions"] == [{"truth": "O", "read": "0", "count": 2, "occurrences": 2}]
    assert told["left_out"] == [{"character": "y", "count": 1, "occurrences": 1}]
    assert told["put_in"] == [{"character": "q", "count": 1}]
    assert told["spaces"] == {
        "in_labels": 2,
        "left_out": 1,
        "read_as_another": 1,
        "put_in": 1,
        "read_for_another": 0,
    }
    assert mistakes.by_class(found)[0] == {"group": "digits", "characters": 2, "wrong": 0, "right": 1.0}


@pytest.mark.parametrize(
    ("character", "name"),
    [
        *(("5", "digits"), ("Z", "capital letters"), ("ß", "small letters"), ("日", "other letters"), (" ", "spaces")),
        *(("\u0301", "other letters"), ("-", "punctuation and signs"), ("€", "punctuation and signs")),
    ],
)
def test_a_character_has_a_class(character, name):
    assert mistakes.class_of(character) == name


def test_ranges_have_about_equal_sizes_and_leave_nothing_out():
    numbers = np.random.default_rng(0).integers(20, 400, 1000)
    found = groups.ranges(numbers)
    assert len(found) == groups.MOST_GROUPS
    counts = [sum(first <= number <= last for number in numbers) for first, last in found]
    assert sum(counts) == 1000
    assert min(counts) > 85
    assert groups.ranges([3, 3, 5]) == [(3, 3), (5, 5)]


def test_equally_sure_readings_are_kept_or_sent_together():
    confidence, right = np.array([0.9, 0.5, 0.5, 0.5]), np.array([True, False, True, True])
    found = sureness.rejecting(confidence, right, 0.5)
    assert found == {"share": 0.5, "threshold": 0.5, "sent": 0.0, "right": 0.75}
    assert sureness.reaching(confidence, right, 0.99)["threshold"] == 0.9
    assert sureness.reaching(confidence, ~right, 0.99)["threshold"] is None


def test_a_reader_that_is_as_right_as_it_is_sure_has_no_calibration_error():
    confidence, right = np.array([0.75] * 4 + [1.0]), np.array([True, True, True, False, True])
    assert sureness.expected_calibration_error(confidence, right) == 0
    assert sureness.expected_calibration_error(confidence, ~right) == pytest.approx(0.6)


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (1, 0), (9, 1), (1, 9), (30, 18), (400, 350)])
def test_p_of_mcnemars_test_is_the_exact_one(fixed, broken):
    from scipy import stats

    p = comparison.mcnemar(fixed, broken)
    assert p == pytest.approx(recounting.mcnemar(fixed, broken))
    if fixed + broken:
        assert p == pytest.approx(stats.binomtest(fixed, fixed + broken).pvalue)


def test_two_models_are_compared_record_by_record():
    mine = [Prediction(f"t:{n}", "ab", read, 0.5) for n, read in enumerate(["ab", "ab", "x", "x", "ab"])]
    theirs = [Prediction(f"t:{n}", "ab", read, 0.5) for n, read in enumerate(["ab", "x", "ab", "x", "x"])]
    others = {comparison.key_of(prediction): prediction for prediction in theirs}
    found = report.numbers(mine, others, "theirs")["comparison"]
    expected = {"against": "theirs", "both_right": 1, "both_wrong": 1, "fixed": 2, "broken": 1}
    assert {name: found[name] for name in expected} == expected
    assert found["p"] == 1.0
    assert found["measures"]["ExactMatch"]["value"] == 0.4


@pytest.mark.parametrize(("record", "truth"), [("t:9", "ab"), ("t:0", "cd")])
def test_models_that_read_other_records_are_not_compared(record, truth):
    others = {"\tt:0": Prediction("t:0", "ab", "ab", 0.5)}
    with pytest.raises(UserError, match=r"--report_against=other: .*compare readings of the same split"):
        report.numbers([Prediction(record, truth, "ab", 0.5)], others, "other")


def test_the_highest_are_kept_in_order_and_of_equals_the_first():
    kept = samples.Highest(lambda prediction: (prediction.confidence,) if prediction.read else None, 3)
    for number, sure in enumerate([0.1, 0.9, 0.5, 0.9, 0.9, 0.2]):
        kept.add(Prediction(f"t:{number}", "", "x", sure), np.zeros([1, 1, 3], np.uint8), None)
    kept.add(Prediction("t:9", "", "", 1.0), np.zeros([1, 1, 3], np.uint8), None)
    assert [sample.prediction.record for sample in kept.samples()] == ["t:1", "t:3", "t:4"]


def test_a_random_sample_has_every_part_of_a_split():
    kept = samples.Highest(samples.at_random(0), 50)
    for number in range(1000):
        kept.add(Prediction(f"t:{number}", "", "", 1.0), np.zeros([1, 1, 3], np.uint8), None)
    numbers = [int(sample.prediction.record[2:]) for sample in kept.samples()]
    assert len(set(numbers)) == 50
    assert all(2 <= sum(start <= number < start + 200 for number in numbers) <= 22 for start in range(0, 1000, 200))


def test_texts_come_in_parts_that_differ_or_not():
    assert samples.parts("abc", "axcd", of_read=True) == [
        *({"kind": "equal", "text": "a"}, {"kind": "replace", "text": "x"}),
        *({"kind": "equal", "text": "c"}, {"kind": "insert", "text": "d"}),
    ]
    assert "".join(part["text"] for part in samples.parts("abc", "axcd", of_read=False)) == "abc"


def test_each_character_has_its_colour_where_the_network_looked():
    attention = np.zeros([2, 8], np.float32)
    attention[0, 1], attention[1, 6] = 1, 1
    found = looks.overlay(np.full([8, 64, 3], 200, np.uint8), attention, 1, (1, 8), None)
    first, second = looks.colours(2)
    for place, colour in ((12, first), (52, second)):
        assert np.corrcoef(found[4, place].astype(float), colour)[0, 1] > 0.99
    assert np.ptp(found[4, 32].astype(int)) == 0  # nothing was looked for there


@pytest.mark.parametrize(
    ("share", "shown"), [(0.5, "50.0%"), (1.0, "100.0%"), (0.9996, "99.96%"), (0.99999, "99.999%"), (0.0, "0.0%")]
)
def test_a_percentage_is_100_only_where_it_is_all(share, shown):
    assert page.percent(share) == shown


@pytest.mark.parametrize("name", ["out.json", "out.tsv", "out.htm"])
def test_a_report_with_another_name_is_refused(name):
    with pytest.raises(UserError, match=rf"--report={name}: .*out\.html"):
        report.paths_of(name)


def test_a_report_is_a_folder_or_a_page(tmp_path):
    assert report.paths_of(str(tmp_path)) == (tmp_path / "report.html", tmp_path / "report.json")
    assert report.paths_of(str(tmp_path / "a.html")) == (tmp_path / "a.html", tmp_path / "a.json")


def test_predictions_are_read_as_they_were_written(tmp_path):
    predictions = predictions_of(3, 50, ("one", "two"))
    evaluation.write_predictions(tmp_path / "p.tsv", predictions, all_columns=True)
    assert evaluation.read_predictions(tmp_path / "p.tsv") == predictions
    (tmp_path / "p.tsv").write_text("record\ttruth\nt:0\tab\n")
    with pytest.raises(UserError, match=r"p\.tsv:2: is no line of a predictions\.tsv"):
        evaluation.read_predictions(tmp_path / "p.tsv")


def test_a_page_shows_its_numbers_and_needs_no_other_file(tmp_path):
    predictions = [*predictions_of(4, 200), Prediction("test:200", "<b>&", "<script>", 0.7)]
    told = report.numbers(predictions, None, "")
    about = {
        "checkpoint": "m.keras",
        "split": "test",
        "num_examples": 201,
        "step": 3,
        "read_by": "x",
        "dataset_dir": "d",
    }
    shown = {
        "record": "test:200",
        "dataset": "",
        "truth": "<b>&",
        "right": False,
        "confidence": 0.7,
        "truth_parts": samples.parts("<b>&", "<script>", of_read=False),
        "read_parts": samples.parts("<b>&", "<script>", of_read=True),
        "picture": samples.data_uri(np.zeros([8, 20, 3], np.uint8)),
        "size": [20, 8],
        "looked": "",
        "characters": [],
    }
    kinds = {"worst": [shown], "random": [shown], "fixed": [], "broken": []}
    html_path, json_path = report.write(str(tmp_path / "r"), about, told, kinds)
    html = html_path.read_text("utf-8")
    assert json.loads(json_path.read_text("utf-8")) == {**about, **json.loads(json.dumps(told))}
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=\"(?!data:)|https?:|url\(|@import", html)
    for found in told["measures"].values():
        assert f"<b>{page.percent(found['value'])}</b>" in html
    for row in told["confidence"]["rejecting"]:
        assert f"<td>{row['threshold']:.6f}</td><td>{page.percent(row['right'])}</td>" in html
