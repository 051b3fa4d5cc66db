"""The job that says whether a folder of records is good: each fault planted alone must be found and named."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.records.framing import FRAMING_BYTES, framed, read_records

FSNS_SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "fsns_sample"
NULL_ID = 5  # of the charset in conftest
SPOILED = 2  # the number of the record that is edited


@pytest.fixture
def dataset(tiny_dataset, tmp_path):
    """A copy of the records to spoil."""
    return Path(shutil.copytree(tiny_dataset, tmp_path / "dataset"))


def report_of(dataset, capsys, *flags, status):
    """The JSON that the job prints, its exit status asserted."""
    assert main(["validate_dataset", f"--dataset_dir={dataset}", "--format=json", *flags]) == status
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] == (status == 0)
    return report


def counts(report):
    """check -> how many faults, without the checks that found none."""
    return {check: found["count"] for check, found in report["checks"].items() if found["count"]}


def shard_of(dataset, split="train"):
    return sorted(dataset.glob(f"{split}-*"))[0]


def charset_of(dataset):
    (path,) = dataset.glob("charset_size=*.txt")
    return path


def records_of(shard):
    return [record.data for record in read_records(shard)]


def write_records(shard, records):
    shard.write_bytes(b"".join(framed(data) for data in records))


def edit(shard, number=SPOILED, **values):
    """Replaces features of a record; `encoded=...` stands for `image/encoded`."""
    records = records_of(shard)
    example = tf.train.Example.FromString(records[number])
    for name, value in values.items():
        feature = example.features.feature[f"image/{name}"]
        values_of = feature.bytes_list if isinstance(value, bytes) else feature.int64_list
        values_of.value[:] = [value] if isinstance(value, bytes | int) else value
    records[number] = example.SerializeToString()
    write_records(shard, records)


def pixels_of(shard, number=SPOILED):
    example = tf.train.Example.FromString(records_of(shard)[number])
    return np.asarray(Image.open(io.BytesIO(example.features.feature["image/encoded"].bytes_list.value[0])))


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def flip_a_bit(dataset):
    shard = shard_of(dataset)
    record = list(read_records(shard))[SPOILED]
    data = bytearray(shard.read_bytes())
    data[record.offset + FRAMING_BYTES + len(record.data) // 2] ^= 8
    shard.write_bytes(bytes(data))


def cut_off(dataset):
    shard = shard_of(dataset)
    record = list(read_records(shard))[SPOILED]
    shard.write_bytes(shard.read_bytes()[: record.offset + FRAMING_BYTES + 5])


def store_raw_pixels(dataset):
    edit(shard_of(dataset), encoded=pixels_of(shard_of(dataset)).tobytes())


def declare_another_width(dataset):
    edit(shard_of(dataset), width=99)


def use_an_id_out_of_range(dataset):
    ids = [1, 6, NULL_ID, NULL_ID]
    edit(shard_of(dataset), **{"class": ids, "unpadded_class": ids[:2]})


def change_the_text(dataset):
    edit(shard_of(dataset), text=b"bbbb")


def repeat_in_another_split(dataset):
    test = shard_of(dataset, "test")
    records = records_of(test)
    records[SPOILED] = records_of(shard_of(dataset))[0]
    write_records(test, records)


def pad_in_the_middle(dataset):
    ids = [1, NULL_ID, 2, NULL_ID]
    edit(shard_of(dataset), **{"class": ids, "unpadded_class": ids[:3], "text": b"ab"})


def store_two_views(dataset):
    pixels = pixels_of(shard_of(dataset))
    edit(shard_of(dataset), encoded=png(np.concatenate([pixels, pixels], axis=1)), width=160)


def empty_the_label(dataset):
    edit(shard_of(dataset), **{"class": [NULL_ID] * 4, "unpadded_class": [], "text": b""})


# The plant, the check that must find it, the split of the record it names, words of the message.
RECORD_FAULTS = [
    (flip_a_bit, "checksum", "train", ["bytes have changed"]),
    (cut_off, "truncated", "train", ["the file ends within it"]),
    (store_raw_pixels, "picture", "train", ["raw pixels (40 x 80 x 3)", "not a PNG file", "generate_tfrecords"]),
    (declare_another_width, "size", "train", ["image/width is 99", "80"]),
    (use_an_id_out_of_range, "class_range", "train", ["class id 6", "0..5"]),
    (change_the_text, "text", "train", ["'bbbb'"]),
    (repeat_in_another_split, "duplicate_across_splits", "test", ["same picture as train-00000-of-00003:0"]),
    (pad_in_the_middle, "padding", "train", ["padding in the middle", "id 1 of 4"]),
    (store_two_views, "views", "train", ["is 2 views of 40 x 80 side by side, the data set has 1"]),
]


@pytest.mark.parametrize(("plant", "check", "split", "words"), RECORD_FAULTS)
def test_a_planted_fault_is_found_and_its_record_named(dataset, capsys, plant, check, split, words):
    plant(dataset)
    report = report_of(dataset, capsys, status=1)
    found = counts(report)
    lost = found.pop("count", 0)
    assert (found, lost) == ({check: 1}, plant is cut_off)
    (example,) = report["checks"][check]["examples"]
    assert example["where"] == f"{shard_of(dataset, split).name}:{SPOILED}"
    for word in words:
        assert word in example["message"]
    assert report["num_faulty_records"] == 1


def test_a_gap_in_the_charset_is_found(dataset, capsys):
    charset = charset_of(dataset)
    lines = charset.read_text().splitlines(keepends=True)
    charset.write_text("".join(lines[:1] + lines[2:]))
    assert_bad_dataset(dataset, capsys, charset.name, "gap at 1")


def test_a_charset_without_null_is_found(dataset, capsys):
    charset = charset_of(dataset)
    charset.write_text("".join(charset.read_text().splitlines(keepends=True)[:-1]))
    assert_bad_dataset(dataset, capsys, charset.name, "null")


def assert_bad_dataset(dataset, capsys, *words):
    """Asserts that the one fault is that the data set cannot be read, as JSON and as a table."""
    report = report_of(dataset, capsys, status=1)
    assert counts(report) == {"dataset": 1}
    for word in words:
        assert word in report["checks"]["dataset"]["examples"][0]["message"]
    assert main(["validate_dataset", f"--dataset_dir={dataset}"]) == 1
    printed = capsys.readouterr().out
    assert "not checked" in printed
    assert printed.splitlines()[-1].startswith("NOT VALID: 1 fault of the data set as a whole")


def test_an_untouched_data_set_is_valid(dataset, capsys):
    report = report_of(dataset, capsys, status=0)
    assert counts(report) == {}
    assert report["num_records"] == 32
    assert {name: split["num_records"] for name, split in report["splits"].items()} == {
        "train": 24,
        "validation": 4,
        "test": 4,
    }
    assert main(["validate_dataset", f"--dataset_dir={dataset}"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "VALID"
    results = re.findall(r"│ ([^│]*?) *│$", printed.split("picture sizes")[0], re.MULTILINE)
    assert results[:20] == ["ok"] * 20


def test_several_faults_are_all_counted(dataset, capsys):
    edit(shard_of(dataset), width=99, text=b"bbbb")
    edit(shard_of(dataset), number=0, format=b"JPEG", orig_width=0)
    edit(shard_of(dataset, "validation"), number=1, text=b"bbbb")
    report = report_of(dataset, capsys, status=1)
    assert counts(report) == {"size": 1, "text": 2, "format": 1, "orig_width": 1}
    assert (report["num_faults"], report["num_faulty_records"]) == (5, 3)
    assert main(["validate_dataset", f"--dataset_dir={dataset}"]) == 1
    printed = capsys.readouterr().out
    assert "NOT VALID: 5 faults in 3 of 32 records; none stops training" in printed
    assert f"text: {shard_of(dataset).name}:{SPOILED}: image/text is 'bbbb'" in printed


def warned(report, check):
    return [
        (example["where"], example["message"])
        for example in report["warnings"].get(check, {"examples": []})["examples"]
    ]


def test_pictures_of_one_colour_are_counted(dataset, capsys):
    assert report_of(dataset, capsys, status=0)["splits"]["train"]["num_one_colour"] == 0
    for number in (0, 2):
        edit(shard_of(dataset), number=number, encoded=png(np.full((40, 80, 3), number, np.uint8)), text=b"a")
        edit(shard_of(dataset), number=number, **{"class": [1, *[NULL_ID] * 3], "unpadded_class": [1]})
    report = report_of(dataset, capsys, status=0)
    name = shard_of(dataset).name
    message = "its picture is of one colour, its label is 'a'"
    assert warned(report, "one_colour") == [(f"{name}:0", message), (f"{name}:2", message)]
    assert [split["num_one_colour"] for split in report["splits"].values()] == [2, 0, 0]
    assert main(["validate_dataset", f"--dataset_dir={dataset}"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"pictures of one colour\s+│\s+2\s+│\s+0\s+│\s+0", printed)
    assert f"warning, one_colour: {name}:0: {message}" in printed


def test_a_picture_without_text_is_a_warning_whatever_it_shows(dataset, capsys):
    empty_the_label(dataset)
    edit(shard_of(dataset), encoded=png(np.full((40, 80, 3), 9, np.uint8)))
    report = report_of(dataset, capsys, status=0)
    where = f"{shard_of(dataset).name}:{SPOILED}"
    assert warned(report, "empty_label") == [
        (where, "its label has no character: a picture without text, if that is meant")
    ]
    assert warned(report, "one_colour") == []


def test_a_tab_in_the_charset_is_a_warning(dataset, capsys):
    spec, charset = dataset / "dataset.json", charset_of(dataset)
    values = json.loads(spec.read_text())
    del values["charset_sha256"]
    spec.write_text(json.dumps(values))
    charset.write_text(charset.read_text().replace("4\td", "4\t\t"))
    report = report_of(dataset, capsys, status=1)
    assert warned(report, "control_characters") == [("the charset", "has '\\t', which no picture shows")]


def test_larger_pictures_than_asked_for_are_not_decoded(dataset, capsys):
    report = report_of(dataset, capsys, "--max_pixels=3199", status=1)
    assert counts(report) == {"picture": 32}
    assert (
        "has 80 x 40 = 3,200 pixels, more than --max_pixels=3199"
        in report["checks"]["picture"]["examples"][0]["message"]
    )
    assert counts(report_of(dataset, capsys, "--max_pixels=3200", status=0)) == {}


@pytest.mark.parametrize(
    "change",
    [[], {"splits": []}, {"splits": {"train": {"pattern": ""}}}, {"splits": {"train": {"pattern": "/x/train-*"}}}],
)
def test_a_malformed_dataset_json_is_found(dataset, capsys, change):
    path = dataset / "dataset.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, **change} if change else change))
    assert_bad_dataset(dataset, capsys, "dataset.json: ")


def test_an_empty_orig_width_is_found_and_harmless(dataset, capsys):
    edit(shard_of(dataset), orig_width=[])
    report = report_of(dataset, capsys, status=1)
    assert counts(report) == {"keys": 1}
    assert "none stops training" in report["verdict"]


def test_one_split_is_read_alone(dataset, capsys):
    change_the_text(dataset)
    report = report_of(dataset, capsys, "--split_name=test", status=0)
    assert list(report["splits"]) == ["test"]
    report_of(dataset, capsys, "--split_name=train", status=1)


def test_an_unknown_split_is_an_error(dataset, capsys):
    assert main(["validate_dataset", f"--dataset_dir={dataset}", "--split_name=nope"]) == 1
    assert "train, validation, test" in capsys.readouterr().err


def test_the_page_shows_records_faults_and_charset(dataset, capsys, tmp_path):
    edit(shard_of(dataset), text=b"<script>")
    page = tmp_path / "pages" / "out.html"
    report_of(dataset, capsys, f"--sample={page}", "--augmentation=light", status=1)
    text = page.read_text()
    pictures = re.findall(r'src="data:image/(png|jpeg);base64,([^"]+)"', text)
    assert len(pictures) == 3 * 24 + 4 + 4  # train's are shown twice more, augmented
    for _, encoded in pictures:
        assert Image.open(io.BytesIO(base64.b64decode(encoded))).size == (80, 40)
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert len(re.findall('<div class="fault">text: ', text)) == 1
    assert "http" not in text
    assert len(re.findall('<span class="note">[0-5]</span>', text)) == 6
    report_of(dataset, capsys, f"--sample={page}", "--augmentation=light", status=1)
    assert page.read_text() == text  # fixed seeds


def test_a_page_is_no_picture(dataset, capsys, tmp_path):
    assert main(["validate_dataset", f"--dataset_dir={dataset}", f"--sample={tmp_path / 'sample.png'}"]) == 2
    assert "sample.png: is a page; name a file such as sample.html" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.skipif(not FSNS_SAMPLE.is_dir(), reason=f"{FSNS_SAMPLE} is not there")
def test_real_fsns_records_are_valid(capsys):
    report = report_of(FSNS_SAMPLE, capsys, "--dataset_name=fsns_sample", status=0)
    assert counts(report) == {}
    assert report["num_records"] == 5
    assert report["warnings"]["same_files"]["count"] == 1
