"""A data set's spec comes back from its folder and from a model file as it was."""

import dataclasses
import json
import re

import pytest

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec, Split
from attention_ocr.errors import UserError


@pytest.fixture
def spec():
    charset = Charset(((" ",), ("’", "'", "‘"), ()), 2)
    splits = {"train": Split("train/train*", 1044868), "test": Split("test/test*")}
    return DatasetSpec("fsns", 4, 150, 150, 37, charset, "pad", splits, "charset_size=3.txt")


def test_it_comes_back_from_its_folder(spec, tmp_path):
    spec.save(tmp_path)
    assert DatasetSpec.load(tmp_path) == spec
    assert (tmp_path / "charset_size=3.txt").read_text() == "0\t \n1\t’\n1\t'\n1\t‘\n2\t<nul>\n"


def test_it_comes_back_from_json(spec):
    assert DatasetSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_the_picture_holds_the_views_side_by_side(spec):
    assert spec.image_shape == (150, 600, 3)


def test_split_files_are_found_in_order(spec, tmp_path):
    for name in ("train-00001", "train-00000", "other"):
        (tmp_path / "train").mkdir(exist_ok=True)
        (tmp_path / "train" / name).touch()
    assert spec.split_files(tmp_path, "train") == [f"{tmp_path}/train/train-0000{n}" for n in (0, 1)]
    with pytest.raises(UserError, match=re.escape("no file matches 'test/test*' of the split 'test'")):
        spec.split_files(tmp_path, "test")
    with pytest.raises(UserError, match="--split_name=dev: data set 'fsns' has the splits: train, test"):
        spec.split_files(tmp_path, "dev")


def test_what_is_missing_or_wrong_is_named(spec, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        DatasetSpec.load(tmp_path / "nope")
    with pytest.raises(UserError, match=r"has no dataset\.json"):
        DatasetSpec.load(tmp_path)
    with pytest.raises(UserError, match="--dataset_name=nope: not one of"):
        DatasetSpec.load(tmp_path, "nope")
    values = spec.to_dict()
    with pytest.raises(UserError, match="image_height is 0; it must be a whole number from 1"):
        DatasetSpec.from_dict({**values, "image_height": 0})
    with pytest.raises(UserError, match="resize 'crop' is not one of stretch, pad, keep_height"):
        DatasetSpec.from_dict({**values, "resize": "crop"})
    with pytest.raises(UserError, match=r"m\.json: .*'colour'"):
        DatasetSpec.from_dict({**values, "colour": 1}, "m.json")
    del values["splits"]
    with pytest.raises(UserError, match=r"m\.json: has no 'splits'"):
        DatasetSpec.from_dict(values, "m.json")


GOOD_SPLIT = {"pattern": "train-*", "num_examples": 3}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ([], "is not a JSON object of a data set but []"),
        ("text", "is not a JSON object of a data set but 'text'"),
        (None, "is not a JSON object of a data set but None"),
        ({"splits": []}, "splits is []; write {"),
        ({"splits": "train-*"}, "splits is 'train-*'; write {"),
        ({"splits": {"train": "train-*"}}, "the split 'train' is 'train-*'; write {"),
        ({"splits": {"train": []}}, "the split 'train' is []; write {"),
        ({"splits": {"train": {}}}, "the split 'train' is {}; write {"),
        ({"splits": {"train": {**GOOD_SPLIT, "colour": 1}}}, "the split 'train' is {"),
        *[
            (
                {"splits": {"train": {"pattern": pattern}}},
                f"the split 'train': the pattern {pattern!r} names no files in the folder; write one such as train-*",
            )
            for pattern in ("", "/data/train-*", 5, None, ["train-*"], "train\0")
        ],
        *[
            (
                {"splits": {"train": {"pattern": "train-*", "num_examples": number}}},
                f"the split 'train': num_examples is {number!r}; it must be a whole number from 0, or null",
            )
            for number in ("3", -1, 2.5, True, [3])
        ],
        ({"charset_file": 5}, "has no charset_file; name the file"),
        ({"charset_file": ["a"]}, "has no charset_file; name the file"),
        ({"null_code": "2"}, "null_code 2 is not the null of its charset file (2)"),
        ({"num_views": True}, "data set 'fsns': num_views is True; it must be a whole number from 1"),
        ({"image_height": "150"}, "data set 'fsns': image_height is '150'; it must be a whole number from 1"),
        ({"name": ["a"]}, "data set ['a']: name is ['a']; it must be a string"),
        ({"resize": ["pad"]}, "data set 'fsns': resize ['pad'] is not one of stretch, pad, keep_height"),
        ({"vertical": {}}, "data set 'fsns': vertical {} is not one of keep, rotate"),
        ({"colour": 1}, "got an unexpected keyword argument 'colour'"),
    ],
)
def test_a_malformed_dataset_json_is_named(spec, tmp_path, change, problem):
    spec.save(tmp_path)
    path = tmp_path / "dataset.json"
    values = {**json.loads(path.read_text()), **change} if isinstance(change, dict) else change
    path.write_text(json.dumps(values))
    with pytest.raises(UserError) as error:
        DatasetSpec.load(tmp_path)
    assert "\n" not in str(error.value)
    assert problem in str(error.value)
    assert str(error.value).startswith((f"{path}: ", "data set "))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"num_views": ' + "9" * 5000 + "}"])
def test_a_dataset_json_that_is_no_json_is_named(spec, tmp_path, text):
    spec.save(tmp_path)
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(UserError, match=r"^\S+/dataset\.json:1: is not JSON"):
        DatasetSpec.load(tmp_path)


@pytest.mark.parametrize(
    "values", [[], {"splits": []}, {"charset": 5}, {"charset": [5]}, {"null_code": "x"}, {"splits": {"a": 5}}]
)
def test_a_malformed_spec_of_a_model_file_is_named(spec, values):
    values = {**spec.to_dict(), **values} if isinstance(values, dict) else values
    with pytest.raises(UserError, match=r"^m\.keras: "):
        DatasetSpec.from_dict(values, "m.keras")


def test_a_pattern_that_no_folder_can_be_asked_for_is_named(spec, tmp_path):
    split = dataclasses.replace(spec, splits={"train": Split("**x")})
    # Python 3.13 takes it, and finds nothing.
    problem = r"(the pattern '\*\*x' of the split 'train': |no file matches '\*\*x' of the split 'train')"
    with pytest.raises(UserError, match=f"{re.escape(str(tmp_path))}: {problem}"):
        split.split_files(tmp_path, "train")


def test_a_null_that_is_not_the_charsets_is_an_error(spec, tmp_path):
    spec.save(tmp_path)
    path = tmp_path / "dataset.json"
    path.write_text(path.read_text().replace('"null_code": 2', '"null_code": 0'))
    with pytest.raises(UserError, match=r"dataset\.json: null_code 0 is not the null of its charset file \(2\)"):
        DatasetSpec.load(tmp_path)


@pytest.fixture
def charset_file(spec, tmp_path):
    spec.save(tmp_path)
    return tmp_path / "charset_size=3.txt"


def test_a_charset_file_with_other_line_ends_is_the_same(spec, charset_file):
    charset_file.write_bytes(charset_file.read_bytes().replace(b"\n", b"\r\n"))
    assert DatasetSpec.load(charset_file.parent) == spec
    charset_file.write_bytes(b"\xef\xbb\xbf" + charset_file.read_bytes())
    assert DatasetSpec.load(charset_file.parent) == spec


@pytest.mark.parametrize("edit", [("0\t ", "0\t_"), ("1\t'\n1\t‘\n", "1\t‘\n1\t'\n"), ("1\t'\n", "")])
def test_a_charset_file_that_was_edited_is_found(charset_file, edit):
    folder = charset_file.parent
    charset_file.write_text(charset_file.read_text().replace(*edit))
    expected = (
        f"{charset_file}: was changed after the records were written (an editor may have done it); restore it, or "
        f"remove charset_sha256 from {folder}/dataset.json if its characters are right"
    )
    with pytest.raises(UserError, match=re.escape(expected)):
        DatasetSpec.load(folder)
    values = json.loads((folder / "dataset.json").read_text())
    del values["charset_sha256"]
    (folder / "dataset.json").write_text(json.dumps(values))
    assert DatasetSpec.load(folder).charset == Charset.from_file(charset_file)


def test_a_space_that_an_editor_removed_is_found(charset_file):
    charset_file.write_text("".join(f"{line.rstrip(' ')}\n" for line in charset_file.read_text().splitlines()))
    with pytest.raises(UserError, match=re.escape(f"{charset_file}:1: code 0 has no character; write 0, a tab and")):
        DatasetSpec.load(charset_file.parent)


def test_a_charset_file_that_is_gone_is_named(charset_file):
    charset_file.unlink()
    with pytest.raises(UserError, match=re.escape(f"{charset_file}: cannot be read (No such file or directory)")):
        DatasetSpec.load(charset_file.parent)
