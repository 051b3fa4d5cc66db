"""All records of a folder: what several records say together, statistics, and what is odd."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from attention_ocr.dataset_spec import Split
from attention_ocr.errors import UserError
from attention_ocr.records.examples import write_example
from attention_ocr.records.framing import framed
from attention_ocr.validation.dataset import validate
from attention_ocr.validation.repeated_pictures import sampled_places
from attention_ocr.validation.report import CHECKS, to_dict, verdict
from attention_ocr.validation.statistics import median

H, W, T = 2, 3, 4


def record(spec, grey, text, orig_width=W, image_format="PNG"):
    """A record whose pixels all are `grey`, of 0..255."""
    file = io.BytesIO()
    Image.fromarray(np.full([H, W, 3], grey, np.uint8)).save(file, image_format)
    ids = spec.charset.encode(text)
    return write_example(file.getvalue(), image_format, H, W, orig_width, ids, T, spec.charset.null_id, text)


@pytest.fixture
def write(make_spec, tmp_path):
    """A function that writes shards (name -> (grey, text, ...) of each record) and dataset.json to a folder."""

    def make(shards, splits):
        spec = make_spec(
            image_height=H,
            image_width=W,
            charset_file="charset.txt",
            splits={
                name: Split(*value) if isinstance(value, tuple) else Split(value) for name, value in splits.items()
            },
        )
        for name, records in shards.items():
            data = b"".join(framed(record(spec, *values)) for values in records)
            (tmp_path / name).write_bytes(data)
        spec.save(tmp_path)
        return tmp_path

    return make


def found(findings):
    return {check: [str(finding) for finding in value.kept] for check, value in findings.items()}


def test_statistics(write):
    train = [(0, "ab", 1), (255, "abcd", 3, "JPEG"), (0, "a", 2)]
    report = validate(write({"train-0": train[:2], "train-1": train[2:]}, {"train": "train-*"}))
    assert report.ok
    split = report.splits["train"]
    assert (split.num_records, split.num_files, split.num_faulty) == (3, 2, 0)
    assert split.label_lengths == {1: 1, 2: 1, 4: 1}
    assert split.characters == {" ": 0, "a": 3, "b": 2, "c": 1, "d": 1}
    assert split.picture_sizes == {"2 x 3": 3}
    assert split.formats == {"PNG": 2, "JPEG": 1}
    assert split.orig_width == {"min": 1, "median": 2, "max": 3}
    assert split.pixel_mean == pytest.approx(1 / 3)
    assert split.pixel_deviation == pytest.approx((2 / 9) ** 0.5)
    assert split.num_repeated == 1
    assert split.unused == [" "]


def test_duplicates_across_splits_and_within_one(write):
    shards = {"train-0": [(1, "a"), (2, "b"), (1, "a")], "test-0": [(9, "c"), (1, "a"), (2, "b")]}
    report = validate(write(shards, {"train": "train-*", "test": "test-*"}))
    message = "is the same picture as train-0:{} of another split; keep one of them"
    assert found(report.faults) == {
        "duplicate_across_splits": [f"test-0:1: {message.format(0)}", f"test-0:2: {message.format(1)}"]
    }
    assert [split.num_repeated for split in report.splits.values()] == [1, 0]
    assert verdict(report) == "NOT VALID: 2 faults in 2 of 6 records; none stops training"


def test_the_same_files_in_two_splits_are_one_warning(write):
    report = validate(write({"train-0": [(1, "a"), (2, "b")]}, {"train": "train-*", "test": "train-*"}))
    assert report.ok
    assert report.num_records == 2
    (message,) = found(report.warnings)["same_files"]
    assert message.startswith("train and test: are the very same files")


def test_files_that_two_splits_share_among_others(write):
    shards = {"a-0": [(1, "a")], "a-1": [(2, "b")], "b-0": [(2, "b")]}
    report = validate(write(shards, {"train": "a-*", "test": "[ab]-[0]"}))
    assert found(report.warnings)["same_files"][0].startswith("train and test: share 1 of their files")
    assert list(found(report.faults)) == ["duplicate_across_splits"]
    assert report.faults["duplicate_across_splits"].count == 1


def test_one_picture_with_two_labels(write):
    shards = {"train-0": [(1, "ab"), (1, "cd"), (2, "a"), (2, "a")]}
    report = validate(write(shards, {"train": "train-*"}))
    assert report.ok
    assert found(report.warnings)["two_labels"] == ["train-0:1: reads 'cd', the same picture in train-0:0 'ab'"]
    assert report.warnings["two_labels"].count == 1


def test_warnings_about_characters_and_labels(write):
    train = [(number, "ab") for number in range(10)] + [(20, "acac"), (21, "b")]
    shards = {"train-0": train, "test-0": [(30, "da")]}
    report = validate(write(shards, {"train": "train-*", "test": "test-*"}))
    assert report.warnings.pop("one_colour").count == 13
    assert found(report.warnings) == {
        "unseen_characters": ["test: 1 of its 2 characters are never shown by train: d"],
        "unused_characters": ["train: 2 of 5 characters are never used: ' ' d"],
        "rare_characters": ["train: 1 of 5 characters are used fewer than 10 times: c"],
        "one_text": ["train: 10 of 12 labels are 'ab'"],
    }


def test_half_of_the_labels_are_not_most_of_them(write):
    shards = {"train-0": [(1, "a"), (2, "a"), (3, "b"), (4, "c")]}
    assert "one_text" not in validate(write(shards, {"train": "train-*"})).warnings


def test_number_of_records(write):
    shards = {"train-0": [(1, "a")], "test-0": [(2, "b")]}
    report = validate(write(shards, {"train": ("train-*", 1), "test": ("test-*", 3)}))
    (message,) = found(report.faults)["count"]
    assert message.startswith("test: dataset.json says 3 records, 1 can be read")
    assert list(report.faults) == ["count"]


def test_a_split_without_files(write):
    report = validate(write({"train-0": [(1, "a")]}, {"train": "train-*", "test": ("test-*", 4)}))
    (message,) = found(report.faults)["files"]
    assert "test-*" in message
    assert list(report.faults) == ["files"]


def test_a_split_without_records(write):
    folder = write({"train-0": [], "test-0": [(1, "a")]}, {"train": "train-*", "test": "test-*"})
    report = validate(folder)
    assert list(report.faults) == ["records"]
    assert verdict(report) == "NOT VALID: 1 fault of the data set as a whole; 1 would stop or spoil training"


def test_a_damaged_length_ends_its_file_and_the_next_is_read(write):
    folder = write({"train-0": [(1, "a"), (2, "b"), (3, "c")], "train-1": [(4, "d")]}, {"train": ("train-*", 4)})
    data = bytearray((folder / "train-0").read_bytes())
    second = len(framed(b"")) + int.from_bytes(data[:8], "little")
    data[second] ^= 1
    (folder / "train-0").write_bytes(data)
    report = validate(folder)
    assert {check: finding.kept[0].where for check, finding in report.faults.items()} == {
        "checksum": "train-0:1",
        "count": "train",
    }
    assert report.splits["train"].characters["d"] == 1


def test_faults_are_named_in_order_however_many_threads_there_are(write):
    folder = write({"train-0": [(number, "a", 0) for number in range(150)]}, {"train": "train-*"})
    report = validate(folder)
    assert report.faults["orig_width"].count == report.num_faulty_records == 150
    places = [finding.where for finding in report.faults["orig_width"].kept]
    assert places == [f"train-0:{number}" for number in range(100)]


def test_a_spec_that_cannot_be_read_is_the_one_fault(tmp_path):
    report = validate(tmp_path)
    assert list(report.faults) == ["dataset"]
    assert not report.ok
    assert json.loads(json.dumps(to_dict(report)))["checks"]["dataset"]["count"] == 1


def test_an_unknown_split(write):
    with pytest.raises(UserError, match=r"--split_name=nope.*train"):
        validate(write({"train-0": [(1, "a")]}, {"train": "train-*"}), split_name="nope")


def test_every_check_has_a_line(write):
    checks = to_dict(validate(write({"train-0": [(1, "a", 9)]}, {"train": "train-*"})))["checks"]
    assert list(checks) == list(CHECKS)
    assert checks["orig_width"]["examples"][0]["where"] == "train-0:0"


def test_a_sample_is_spread_and_shows_faults(write):
    records = [(number, "a", 0 if number == 7 else W) for number in range(40)]
    report = validate(write({"train-0": records[:25], "train-1": records[25:]}, {"train": "train-*"}))
    places = [tally.record_name(number) for tally, number in sampled_places(report.tallies, 4)]
    assert places == ["train-0:0", "train-0:7", "train-0:19", "train-1:14"]
    assert len(sampled_places(report.tallies, 50)) == 40


def test_median_is_the_middle_value():
    assert median({3: 1}) == 3
    assert median({1: 1, 5: 1}) == 1
    assert median({1: 2, 5: 3, 9: 1}) == 5


def test_a_link_to_a_file_is_the_same_file(write):
    folder = write({"train-0": [(1, "a"), (2, "b")]}, {"train": "train-*", "test": "test-*"})
    (folder / "test-0").symlink_to(folder / "train-0")
    report = validate(folder)
    assert report.ok
    assert list(found(report.warnings))[:2] == ["one_colour", "same_files"]
