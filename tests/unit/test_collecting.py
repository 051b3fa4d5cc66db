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
        ({"normalize": "NFKC"}, "！ＡＢ　１～ カ", "!AB 1~ カ"),
        ({"normalize": "NFKC", "lowercase": True}, "Ａ！", "a!"),
        ({}, "Ａ！", "Ａ！"),
    ],
)
def test_labels_are_cleaned(knobs, written, cleaned):
    clean = label_cleaner(GenerateConfig(**knobs))
    assert clean(written) == cleaned
    assert clean(cleaned) == cleaned


def test_changed_labels_are_counted_and_the_charset_is_theirs(make):
    labels, charset, split = make("Cafe\u0301", "Thé", "ＡÉ", lowercase=True, normalize="NFKC")
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


@pytest.mark.parametrize("empty", ["", "\u3000"])
def test_a_line_without_a_label_is_an_error(make, empty):
    message = (
        "a.tsv:2: '2.png' has no label (2 of 4 lines); write one, remove the line, or use --on_empty=skip, or "
        "--on_empty=keep for a picture without text"
    )
    with pytest.raises(UserError, match="^" + re.escape(message) + "$"):
        make("a", empty, "b", empty, normalize="NFKC", on_bad_image="skip", on_long="skip")


def test_lines_without_a_label_are_skipped_and_counted(make):
    labels, _, split = make("ab", "", "b", "", on_empty="skip")
    assert labels == ["ab", "b"]
    assert split.dropped["empty"].count == 2
    assert split.dropped["empty"].examples == ["a.tsv:2: '2.png'", "a.tsv:4: '4.png'"]


def test_lines_without_a_label_are_kept_as_pictures_without_text(make, charset_file):
    labels, charset, split = make("ab", "", "b", on_empty="keep")
    assert labels == ["ab", "", "b"]
    assert charset.symbols == ["a", "b", ""]
    assert not split.dropped
    assert make("ab", "", charset_file=charset_file, on_empty="keep", on_unknown="replace")[0] == ["ab", ""]
    with pytest.raises(UserError, match=r"^no line has a label with a character"):
        make("", "", on_empty="keep")


@pytest.mark.parametrize("knobs", [{}, {"on_unknown": "replace"}, {"on_unknown": "skip"}, {"extend_charset": True}])
def test_a_tab_in_a_label_is_an_error(make, charset_file, knobs):
    """It is a field that belongs to no label."""
    knobs = {**knobs, "charset_file": charset_file} if knobs else {}
    message = (
        r"^a\.tsv:2: 'b\\t.+' has a tab, which no picture shows \(2 of 3 lines\); if another field follows the label"
    )
    with pytest.raises(UserError, match=message):
        make("a", "b\t0.98", "b\t0.98", **knobs)


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x85", "\u2028", "\u200b", "\u200f", "\ufeff", "\xad"])
def test_a_character_that_cannot_be_seen_is_noted(make, character):
    labels, _, split = make("ab", f"a{character}b", "क\u094d\u200dष")  # a joiner is seen by what it joins
    assert labels == ["ab", f"a{character}b", "क\u094d\u200dष"]
    assert split.noted["invisible character"].examples == [f"a.tsv:2: {f'a{character}b'!r}"]


def test_labels_that_run_right_to_left_are_noted(make):
    right_to_left = ["\u05d0\u05d1", "12 \u0643\u062a", "(\u0710)"]
    left_to_right = ["abc", "abc \u05d0", "\u0661\u0662", "12"]  # Arabic digits run to the right
    _, _, split = make(*left_to_right, *right_to_left)
    assert split.noted["right to left"].count == 3
    assert split.noted["right to left"].examples[0] == f"a.tsv:5: {right_to_left[0]!r}"
    assert "right to left" not in make(*left_to_right)[2].noted


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


@pytest.mark.parametrize("knobs", [{}, {"normalize": "NFKC"}, {"extend_charset": True}, {"on_unknown": "replace"}])
@pytest.mark.parametrize(
    ("classes", "label", "written"),
    [
        ("\u09dc\u09df\u0995", "\u09dc\u09df\u0995", "\u09dc\u09df\u0995"),  # Bengali letters NFC takes apart
        ("\u09dc\u09df\u0995", "\u09a1\u09bc\u09af\u09bc\u0995", "\u09dc\u09df\u0995"),
        ("\u09a1\u09dc\u09bc", "\u09dc\u09a1", "\u09dc\u09a1"),
        ("\u0958\u0915", "\u0958\u0915", "\u0958\u0915"),  # Hindi
        ("\ufb2a", "\ufb2a", "\ufb2a"),  # Hebrew shin with its dot
        ("\u212b", "\u212b", "\u212b"),  # Angstrom, which NFC makes a Swedish letter
        ("\u212b\xc5", "\u212b", "\xc5"),  # a charset that has both
        ("\u09a1\u09bc", "\u09dc", "\u09a1\u09bc"),
        ("\xe9e", "e\u0301", "\xe9"),
    ],
)
def test_labels_are_written_with_the_charsets_characters(make, tmp_path, classes, label, written, knobs):
    Charset((*((character,) for character in [*classes, "?"]), ()), len(classes) + 1).to_file(tmp_path / "chars.txt")
    labels, charset, split = make(label, charset_file=str(tmp_path / "chars.txt"), **knobs)
    assert labels == [written]
    assert len(charset) == len(classes) + 2
    assert ("label changed" in split.noted) == (label != written)


def test_a_letter_is_taken_apart_if_only_its_parts_are_in_the_charset(make, tmp_path):
    Charset((("e",), ("\u0301",), ()), 2).to_file(tmp_path / "chars.txt")
    assert make("\xe9", charset_file=str(tmp_path / "chars.txt"))[0] == ["e\u0301"]
    extended = make("\xe9", charset_file=str(tmp_path / "chars.txt"), extend_charset=True)
    assert (extended[0], extended[1].symbols) == (["\xe9"], ["e", "\u0301", "\xe9", ""])


@pytest.mark.parametrize(
    ("label", "knobs", "hint"),
    [
        ("Ａa", {"normalize": "NFKC"}, "--normalize=none keeps them"),
        ("AB", {"lowercase": True, "normalize": "none"}, "--nolowercase keeps them"),
        ("AB", {"lowercase": True}, "--normalize=none --nolowercase keeps them"),
    ],
)
def test_what_cleaning_made_unknown_is_told(make, tmp_path, label, knobs, hint):
    Charset((*((character,) for character in dict.fromkeys(label)), ()), len(label)).to_file(tmp_path / "chars.txt")
    message = f"; all characters of {label!r} are known as it is written: {hint}"
    with pytest.raises(UserError, match=re.escape(message) + "$"):
        make(label, charset_file=str(tmp_path / "chars.txt"), **knobs)


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
