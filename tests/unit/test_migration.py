"""What former versions wrote is read as they meant it."""

import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.migration import current

LATIN, HEBREW = (DatasetSpec("x", 1, 32, 64, 4, Charset.from_labels([text])).to_dict() for text in ("abc", "אבג"))


@pytest.mark.parametrize(
    ("knobs", "dataset", "expected"),
    [
        ({}, LATIN, {}),
        ({"use_attention": True, "head": "attention"}, LATIN, {}),
        ({"use_attention": False, "head": "attention"}, LATIN, {"head": "slice"}),
        ({"use_attention": False}, LATIN, {"head": "slice"}),
        ({"use_attention": False, "head": "ctc"}, LATIN, {"head": "ctc"}),
        ({"use_attention": True, "head": "ctc"}, HEBREW, {"head": "ctc", "turn_right_to_left": False}),
    ],
)
@pytest.mark.parametrize("version", [{}, {"format_version": 1}])
def test_knobs_of_format_1(knobs, dataset, expected, version):
    description = {**version, "model": knobs, "dataset": dataset, "step": 3}
    found = current(description)
    assert ModelConfig.from_dict(found["model"]) == ModelConfig(**expected)
    assert (found["step"], found["format_version"]) == (3, 2)
    assert description["model"] is knobs


def test_this_versions_own_is_left_as_it_is():
    description = {"format_version": 2, "model": ModelConfig(head="ctc").to_dict(), "dataset": HEBREW}
    assert current(description) == description
