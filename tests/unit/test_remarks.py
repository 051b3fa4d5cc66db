"""One label far longer than the others is told before it costs hours."""

import pytest
from PIL import Image

from attention_ocr.config import GenerateConfig
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.records.summary import print_summary


@pytest.fixture
def remarks(tmp_path):
    """A function from labels and knobs to the remarks on their data set."""
    Image.new("L", (12, 6)).save(tmp_path / "a.png")

    def make(labels, **knobs):
        lines = [Annotation(("a.png",), label, f"l.tsv:{n}", tmp_path) for n, label in enumerate(labels, start=1)]
        output = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        make.summary = write_dataset({"test": lines}, output, GenerateConfig(**knobs))
        return list(make.summary.remarks)

    return make


def test_an_outlier_is_named(remarks, capsys):
    expected = (
        "WARNING: the longest label has 300 characters (l.tsv:4), all but 1 have at most 3; a model computes 300 steps "
        "for every picture: --max_sequence_length=3 --on_long=skip leaves out that one"
    )
    assert remarks(["abc", "ab", "abc", "a" * 300, "abc"]) == [expected]
    print_summary(remarks.summary)
    assert expected in capsys.readouterr().out


def test_some_outliers_of_many_are_counted(remarks):
    labels = ["ab"] * 297 + ["a" * length for length in (40, 50, 60)]
    (found,) = remarks(labels)
    assert "(l.tsv:300), all but 3 have at most 2;" in found
    assert "leaves out those 3" in found


@pytest.mark.parametrize(
    "labels", [["a" * 300], ["a" * 300] * 2, ["abc", "a" * 15], ["ab"] * 100 + ["a" * 40] * 3, ["a" * 30, "b" * 50]]
)
def test_lengths_that_are_not_far_apart_are_not_told(remarks, labels):
    assert remarks(labels) == []


def test_a_length_asked_for_is_not_told(remarks):
    assert remarks(["abc", "a" * 300], max_sequence_length=300) == []
    assert remarks(["abc", "a" * 300], max_sequence_length=3, on_long="skip") == []


def test_labels_that_run_right_to_left_are_told(remarks):
    assert remarks(["\u05d0\u05d1", "ab", "\u0643"]) == [
        "2 of 3 labels run right to left: each must begin with the letter that is read first, not with the one that "
        "stands on the left"
    ]
