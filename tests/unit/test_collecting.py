"""Labels are cleaned and checked as the policies say, and whatever changes them is counted."""

import re

import numpy as np
import pytest
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.cleaning import label_cleaner
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.records.examples import values_of
from attention_ocr.records.framing import read_records
from attention_ocr.records.summary import SplitSummary


@pytest.fixture
def make(tmp_path):
    """A function from labels and knobs to the labels that were written, the charset and the split's summary."""

    def write(*labels: str | Annotation, **knobs) -> tuple[list[str], Charset, SplitSummary]:
        lines = []
        for number, label in enumerate(labels, start=1):
            random = np.random.default_rng(number)
            Image.fromarray(random.integers(0, 256, (6, 12), np.uint8)).save(tmp_path / f"{number}.png")
            path = (f"{number}.png",)
            lines.append(
                label if isinstance(label, Annotation) else Annotation(path, label, f"a.tsv:{number}", tmp_path)
            )
        output = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        summary = write_dataset({"test": lines}, output, GenerateConfig(**knobs))
        spec = DatasetSpec.load(output)
        records = [values_of(record.data) for name in spec.split_files(output, "test") for record in read_records(name)]
        labels = [record["image/text"][0].decode() for record in records]
        for label, record in zip(labels, records, strict=True):
            assert record["image/class"] == spec.charset.pad(spec.charset.encode(label), spec.max_sequence_length)
        return labels, spec.charset, summary.splits["test"]

    return write


@pytest.mark.parametrize(
    ("knobs", "written", "cleaned"),
    [
        ({}, "Cafe\u0301 ﬁ Ａ", "Café ﬁ Ａ"),
        ({"normalize": "none"}, "Cafe\u0301", "Cafe\u0301"),
        ({"normalize": "NFKC"}, "ﬁ Ａ ２ ½ ㈱ ｶﾞ", "fi A 2 1⁄2 (株) ガ"),
        ({"normalize": "NFKC"}, "\u3000a\u3000b\u3000", "a b"),
        ({"lowercase": True}, "İSTANBUL Straße ΑΣ É", "i\u0307stanbul straße ας é"),
        ({"lowercase": True}, "J\u030c", "ǰ"),
        ({"lowercase": True, "normalize": "none"}, "E\u0301", "e\u0301"),
        ({"lowercase": True, "normalize": "NFKC"}, "℡ ℂ Ⅳ", "tel c iv"),
        ({"full_to_half_width": True}, "！ＡＢ　１～ カ", "!AB 1~ カ"),
        ({"full_to_half_width": True}, "　Ａ　", "A"),
        ({"full_to_half_width": True, "lowercase": True}, "Ａ！", "a!"),
        ({"full_to_half_width": False}, "Ａ！", "Ａ！"),
    ],
)
def test_labels_are_cleaned(knobs, written, cleaned):
    clean = label_cleaner(GenerateConfig(**knobs))
    assert clean(written) == cleaned
    assert clean(cleaned) == cleaned


def test_changed_labels_are_counted_and_the_charset_is_theirs(make):
    labels, charset, split = make("Cafe\u0301", "Thé", "ＡÉ", lowercase=True, full_to_half_width=True)
    assert labels == ["café", "thé", "aé"]
    assert charset.symbols == [*sorted("aécfht"), ""]
    assert split.noted["label changed"].count == 3
    assert split.noted["label changed"].examples[0] == "a.tsv:1: 'Cafe\u0301' -> 'café'"
    assert make("Cafe\u0301", normalize="none")[2].noted == {}


def test_the_longest_label_is_measured_after_cleaning(make):
    _, _, split = make("e\u0301" * 3, max_sequence_length=3)
    assert split.kept == 1
    with pytest.raises(UserError, match="has 6 characters"):
        make("e\u0301" * 3, max_sequence_length=3, normalize="none")


def test_a_label_of_which_nothing_is_left_is_an_error(make):
    with pytest.raises(UserError, match=re.escape("a.tsv:2: nothing is left of the label '\\u3000'; correct it or")):
        make("a", "\u3000", full_to_half_width=True)


@pytest.mark.parametrize("character", [chr(code) for code in (0x0A, 0x0D, 0xD83D, 0xDCE9)])
def test_a_character_that_no_file_holds_is_an_error(make, character):
    expected = f"a.tsv:2: the label {'a' + character + 'b'!r} has {character!r}, which no charset holds"
    with pytest.raises(UserError, match=re.escape(expected)):
        make("a", f"a{character}b")


def test_what_the_data_set_says_to_ignore_is_counted(make, tmp_path):
    ignored = Annotation(("1.png",), "", "gt.txt:3", tmp_path, ignored="marked illegible")
    labels, _, split = make("a", ignored, ignored)
    assert labels == ["a"]
    assert split.dropped["ignored"].count == 2
    assert split.dropped["ignored"].examples == ["gt.txt:3: marked illegible"] * 2


@pytest.fixture
def charset_file(tmp_path):
    Charset((("b",), ("a", "á"), ("?",), ()), 3).to_file(tmp_path / "chars.txt")
    return str(tmp_path / "chars.txt")


def test_unknown_characters_are_replaced(make, charset_file):
    labels, charset, split = make("abë", "ba", "ÿá", charset_file=charset_file, on_unknown="replace")
    assert labels == ["ab?", "ba", "?á"]
    assert len(charset) == 4
    assert split.noted["label changed"].count == 2
    assert split.noted["label changed"].examples[0] == "a.tsv:1: 'abë' -> 'ab?'"
    assert make("abë", charset_file=charset_file, on_unknown="replace", replacement="b")[0] == ["abb"]


@pytest.mark.parametrize("replacement", ["!", "", "ab"])
def test_a_replacement_must_be_a_character_of_the_charset(make, charset_file, replacement):
    expected = f"--replacement={replacement}: must be one character of --charset_file={charset_file}"
    with pytest.raises(UserError, match=re.escape(expected)):
        make("ab", charset_file=charset_file, on_unknown="replace", replacement=replacement)


def test_an_extended_charset_keeps_the_ids_it_has(make, charset_file):
    labels, charset, split = make("zab", "çab", charset_file=charset_file, extend_charset=True)
    assert labels == ["zab", "çab"]
    assert charset.classes == (("b",), ("a", "á"), ("?",), ("z",), ("ç",), ())
    assert charset.null_id == 5
    assert not split.noted
    assert not split.dropped


def test_characters_of_dropped_lines_do_not_extend_the_charset(make, charset_file):
    knobs = {"max_sequence_length": 2, "on_long": "skip", "extend_charset": True, "charset_file": charset_file}
    assert make("zab", "çab", "aw", **knobs)[1].symbols == ["b", "á", "?", "w", ""]


def test_a_charset_file_is_taken_as_it_is(make, charset_file):
    labels, charset, _ = make("ab", charset_file=charset_file)
    assert labels == ["ab"]
    assert charset == Charset.from_file(charset_file)


def test_a_name_that_is_not_unicode_is_a_picture_like_any(make, tmp_path):
    """A file name in Latin-1, as Python shows it."""
    Image.new("L", (12, 6)).save(tmp_path / "caf\udce9.png")
    line = Annotation(("caf\udce9.png",), "a", "a.tsv:9", tmp_path)
    assert make(line, "b")[0] == ["a", "b"]
    (tmp_path / "caf\udce9.png").write_bytes(b"no picture")
    labels, _, split = make(line, "b", on_bad_image="skip")
    assert labels == ["b"]
    assert "caf\\udce9.png: cannot be read as an image" in split.dropped["bad picture"].examples[0]
