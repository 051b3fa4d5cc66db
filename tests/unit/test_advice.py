"""validate_dataset --advise: what a data set is begun with, and for how long."""

import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import Config
from attention_ocr.errors import UserError
from attention_ocr.training import advice
from attention_ocr.validation.findings import Report
from attention_ocr.validation.statistics import SplitStatistics


@pytest.fixture
def report_on(make_spec):
    """A function from texts and sizes to what validating such a data set finds."""

    def report_on(number, text="abc", splits=("train", "validation"), **sizes):
        charset = Charset.from_labels([text])
        counts = dict.fromkeys(text, number)
        split = SplitStatistics(
            *(1, number, 0, {len(text): number}, counts, {}, {}, {"min": 20, "median": 40, "max": 80}),
            *(0.5, 0.1, 0, 0),
        )
        spec = make_spec(charset=charset, max_sequence_length=max(4, len(text)), **sizes)
        return Report("data/mine", spec=spec, splits=dict.fromkeys(splits, split))

    return report_on


KEPT = {"resize": "keep_height", "image_height": 32}


@pytest.mark.parametrize(
    ("number", "text", "sizes", "flags"),
    [
        (1000, "Abc 12", KEPT, ["--checkpoint=words", "--batch_size=32", "--max_number_of_steps=2000"]),
        (1000, "абвгд", KEPT, ["--preset=base", "--batch_size=32", "--max_number_of_steps=1900"]),
        (100, "абвгд", KEPT, ["--preset=base", "--batch_size=16", "--max_number_of_steps=600"]),
        (10**6, "абвгд", KEPT, ["--preset=base", "--batch_size=32", "--max_number_of_steps=30000"]),
        (500, "abc", {"num_views": 4, "image_width": 320}, ["--checkpoint=signs"]),
        (500, "абвгд", {"num_views": 2, "image_width": 160}, ["--preset=signs"]),
        (500, "".join(map(chr, range(0x4E00, 0x4E00 + 1200))), KEPT, ["--checkpoint=ppocr"]),
    ],
)
def test_a_start_follows_from_views_characters_and_number(number, text, sizes, flags, report_on):
    assert advice.advise(report_on(number, text, **sizes)).flags[: len(flags)] == flags


def test_the_lines_tell_command_time_and_reasons(report_on):
    lines = advice.told(report_on(1000, "abc", **KEPT), lambda *_: 100.0)
    assert lines[1].startswith("  attention-ocr train --dataset_dir=data/mine --train_log_dir=")
    assert "about 11 minutes here, at the 100.0 pictures/s" in lines[2]
    assert any("'words' knows 100.0% of the labels' characters" in line for line in lines)


def test_what_is_missing_is_told(report_on):
    reasons = " ".join(advice.advise(report_on(50, "abc", splits=("train",))).reasons)
    assert "no validation split" in reasons
    assert "--resize=keep_height" in reasons
    assert "by heart" in reasons
    with pytest.raises(UserError, match="--advise: data/mine has no train split"):
        advice.advise(report_on(50, "abc", splits=("test",)))


@pytest.mark.usefixtures("small_networks")
def test_a_speed_is_measured(report_on):
    report = report_on(50, "abc", **KEPT)
    knobs = {"encoder": "crnn", "head": "ctc", "num_encoder_lstm_layers": 0}
    config = Config().replace(**knobs, batch_size=2)
    assert advice.measured_speed(config, report.spec, report.splits["train"]) > 0
