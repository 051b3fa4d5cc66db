"""What belongs together stays in one split, and no picture is in two."""

import re

import numpy as np
import pytest
from PIL import Image

from attention_ocr.config import GenerateConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.ingest.splits import order, place, splitter
from attention_ocr.records.examples import values_of
from attention_ocr.records.framing import read_records

HALVES = {"validation_fraction": 0.3, "test_fraction": 0.3}


def line(*paths: str, text: str = "a", **values) -> Annotation:
    return Annotation(paths, text, "a.tsv:1", **values)


def splits_of(lines: list[Annotation], **knobs) -> list[str]:
    split_of = splitter(["train"], GenerateConfig(**{**HALVES, **knobs}))
    return [split_of("train", one) for one in lines]


def texts(folder) -> dict[str, list[str]]:
    """The labels of each split in order."""
    spec = DatasetSpec.load(folder)
    files = {split: spec.split_files(folder, split) for split in spec.splits}
    return {
        split: [values_of(record.data)["image/text"][0].decode() for name in names for record in read_records(name)]
        for split, names in files.items()
    }


@pytest.fixture
def pictures(tmp_path):
    """A function that draws a picture for each name; names that begin alike up to a `=` show the same."""

    def draw(*names: str, split: str = "train") -> list[Annotation]:
        found = []
        for number, name in enumerate(names, start=1):
            random = np.random.default_rng(list(name.partition("=")[0].encode()))
            Image.fromarray(random.integers(0, 256, (6, 12), np.uint8)).save(tmp_path / f"{name}.png")
            found.append(Annotation((f"{name}.png",), name, f"{split}.tsv:{number}", tmp_path))
        return found

    return draw


def test_fractions_are_the_shares():
    found = splits_of([line(f"{number}.png") for number in range(3000)], validation_fraction=0.1, test_fraction=0.2)
    assert [round(found.count(split) / 3000, 1) for split in ("train", "validation", "test")] == [0.7, 0.1, 0.2]


def test_another_seed_draws_another_split():
    lines = [line(f"{number}.png") for number in range(100)]
    assert splits_of(lines) == splits_of(lines) != splits_of(lines, seed=1)


def test_regions_of_a_photograph_stay_together():
    lines = [line(f"{n}.png", region=(0.0, 0, n, 0, n, 9, 0, 9)) for n in range(30) for _ in range(2)]
    lines += [line(f"{n}.png", region=(5.0, 0, n, 0, n, 9, 0, 9)) for n in range(30)]
    found = splits_of(lines)
    for number in range(30):
        assert len({split for one, split in zip(lines, found, strict=True) if one.paths == (f"{number}.png",)}) == 1
    assert len(set(found)) == 3
    assert order(0, lines[2]) == order(0, lines[61]) != order(0, lines[62])  # written one after the other


@pytest.mark.parametrize("group_by", [r"^[^/]+", r"(?:^)([^/]+)/", r"(street\d+)/.*"])
def test_a_group_stays_together(group_by):
    lines = [line(f"street{number % 20}/{number}.png") for number in range(200)]
    found = splits_of(lines, group_by=group_by)
    for street in range(20):
        assert len(set(found[street::20])) == 1
    assert len(set(found)) == 3


def test_a_group_that_took_no_part_is_the_whole_match():
    assert splits_of([line("a.png")], group_by=r"(x)?a\.png") == splits_of([line("a.png")], group_by=r"a\.png")


def test_a_path_without_a_group_is_an_error():
    with pytest.raises(UserError, match=re.escape("a.tsv:1: --group_by=street(\\d+) does not match 'x.png'; it must")):
        splits_of([line("street1.png"), line("x.png")], group_by=r"street(\d+)")


def test_a_bad_pattern_is_an_error():
    with pytest.raises(UserError, match=re.escape("--group_by=(: is no regular expression (")):
        splitter(["train"], GenerateConfig(group_by="("))


def test_lines_given_for_a_split_stay_in_it_and_need_no_group():
    split_of = splitter(["train", "test"], GenerateConfig(group_by=r"street\d+", **HALVES))
    assert split_of("test", line("x.png")) == "test"
    lines = [line(f"street{number}.png") for number in range(100)]
    assert {split_of("train", one) for one in lines} == {"train", "validation"}


def test_names_that_are_not_unicode_have_a_place():
    """A file name in Latin-1, as Python shows it."""
    assert 0 <= place(0, "caf\udce9.png") < 1
    assert place(0, "caf\udce9.png") != place(0, "caf\udce8.png")


def test_groups_stay_together_in_records(pictures, tmp_path):
    lines = pictures(*(f"{street}-{number}" for street in "ABCDEFGHIJ" for number in range(3)))
    write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(group_by="^.", **HALVES))
    streets = [{text[0] for text in found} for found in texts(tmp_path / "out").values()]
    assert sum(map(len, streets)) == len(set.union(*streets)) == 10
    assert len(streets) == 3


def test_a_test_list_alone_makes_a_data_set_without_train(pictures, tmp_path):
    spec = write_dataset({"test": pictures("b", "a", "c", split="test")}, tmp_path / "out", GenerateConfig()).spec
    assert list(spec.splits) == ["test"]
    assert texts(tmp_path / "out") == {"test": ["b", "a", "c"]}  # in the order given


def test_validation_and_test_lists_are_each_their_own(pictures, tmp_path):
    given = {"validation": pictures("a", split="validation"), "test": pictures("b", split="test")}
    write_dataset(given, tmp_path / "out", GenerateConfig())
    assert texts(tmp_path / "out") == {"validation": ["a"], "test": ["b"]}


def test_a_picture_in_two_splits_stays_in_the_first(pictures, tmp_path):
    given = {
        "train": pictures("a", "b", "b=again"),
        "validation": pictures("c", split="validation"),
        "test": pictures("b=in test", "c=in test", "d", "d=again", split="test"),
    }
    summary = write_dataset(given, tmp_path / "out", GenerateConfig())
    found = texts(tmp_path / "out")
    assert {split: sorted(labels) for split, labels in found.items()} == {
        "train": ["a", "b", "b=again"],
        "validation": ["c"],
        "test": ["d", "d=again"],
    }
    dropped = summary.splits["test"].dropped["duplicate"]
    (noted,) = summary.splits["train"].noted["two labels"].examples
    first = re.search(r"but (train\.tsv:[23]) calls the same picture", noted)[1]  # train is written mixed
    assert dropped.examples == [
        f"test.tsv:1: 'b=in test' has the picture of {first}, which is in train",
        "test.tsv:2: 'c=in test' has the picture of validation.tsv:1, which is in validation",
    ]
    assert dropped.count == 2
    assert not summary.splits["train"].dropped


def test_a_split_of_duplicates_alone_is_empty_and_not_in_the_spec(pictures, tmp_path):
    given = {"train": pictures("a"), "test": pictures("a=again", split="test")}
    config = GenerateConfig(validation_fraction=0)
    assert list(write_dataset(given, tmp_path / "out", config).spec.splits) == ["train"]
    assert not list((tmp_path / "out").glob("test*"))
