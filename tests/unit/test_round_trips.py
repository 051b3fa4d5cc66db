"""Any label and any bytes come back from records as they went in."""

import json
import string
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig
from attention_ocr.data.parsing import parse_example
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.records.examples import values_of, write_example
from attention_ocr.records.framing import framed, read_records

UNICODE = st.characters(codec="utf-8", exclude_characters="\r\n")
ODD = (
    "\0\t\x0b\x0c\x1c\x1f \x85\xa0\xad\u0301\u200b\u200d\u200f\u2028\u2029\u202e\u3000\ufeff\ufffd\ufffe😀🏽\U000e0001"
)
INT64 = st.integers(-(2**63), 2**63 - 1)
ENDS_OF_LINES = ["\n", "\r\n"]


@pytest.mark.parametrize("character", ODD)
def test_odd_characters_survive_a_charset_file(character, tmp_path):
    """First, last and alone."""
    for text in (character, f"a{character}", f"{character}\U0010fffd"):
        charset = Charset.from_labels([text])
        charset.to_file(tmp_path / "charset.txt")
        read = Charset.from_file(tmp_path / "charset.txt")
        assert read == charset
        assert read.digest == charset.digest
        assert read.decode(read.encode(text)) == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(UNICODE), min_size=1), st.text(UNICODE))
@example([ODD], "\ufeff")
@example([string.digits, "<nul>"], "<")
def test_any_text_survives_ids_the_file_and_json(texts, more):
    charset = Charset.from_labels(texts)
    longer = charset.extended(more)
    with tempfile.TemporaryDirectory() as folder:
        for saved in (charset, longer):
            path = Path(folder, "charset.txt")
            saved.to_file(path)
            read = Charset.from_file(path)
            assert read == saved == Charset.from_list(json.loads(json.dumps(saved.to_list())), saved.null_id)
            assert read.digest == saved.digest
            for text in texts:
                ids = read.pad(read.encode(text), len(text) + 2)
                assert read.decode(ids) == text
    assert longer.decode(longer.encode(more)) == more
    assert longer.classes[: len(charset) - 1] == charset.classes[:-1]
    assert longer.null_id == len(longer) - 1


@settings(max_examples=60, deadline=None)
@given(
    st.binary(),
    st.sampled_from(["PNG", "JPEG"]),
    st.lists(INT64, max_size=8),
    st.integers(0, 4),
    INT64,
    st.text(st.characters(codec="utf-8")),
)
def test_any_example_comes_back(encoded, image_format, ids, padding, null_id, text):
    length = len(ids) + padding
    record = write_example(encoded, image_format, 2, 6, 5, ids, length, null_id, text)
    padded = [*ids, *[null_id] * padding]
    assert values_of(record) == {
        "image/encoded": [encoded],
        "image/format": [image_format.encode()],
        "image/height": [2],
        "image/width": [6],
        "image/orig_width": [5],
        "image/class": padded,
        "image/unpadded_class": ids,
        "image/text": [text.encode()],
    }
    parsed = parse_example(record)
    assert parsed["encoded"].numpy() == encoded
    assert parsed["labels"].numpy().tolist() == padded
    assert parsed["text"].numpy().decode() == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5), st.data())
def test_damage_to_one_place_never_gives_other_bytes(records, data):
    """What has no fault is what was written, in order."""
    whole = b"".join(map(framed, records))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "records")
        path.write_bytes(whole)
        assert [record.data for record in read_records(path)] == records
        if whole:
            place = data.draw(st.integers(0, len(whole) - 1))
            flipped = bytes([whole[place] ^ (1 << data.draw(st.integers(0, 7)))])
            path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
            found = list(read_records(path))
            assert sum(bool(record.fault) for record in found) == 1
            assert all(record.fault or record.data == records[record.number] for record in found)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.text(UNICODE, min_size=1, max_size=12), min_size=1, max_size=4), st.sampled_from(ENDS_OF_LINES))
@example(["a\u2028b", "a\x85b", "\u0301", "a\0b"], "\r\n")
@example(["Rue Zoë", "a\x0bb", "e\u0301", "🏽"], "\n")
def test_labels_of_any_script_come_back_from_a_data_set(texts, end_of_line):
    """A tab in a label is an error of its own."""
    labels = [unicodedata.normalize("NFC", text).replace("\t", " ").strip() or "blank" for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for number, label in enumerate(labels):
            random = np.random.default_rng(number)
            Image.fromarray(random.integers(0, 256, (2, 3), np.uint8)).save(Path(folder, f"{number}.png"))
            lines.append(Annotation((f"{number}.png",), label, f"a.tsv:{number}", folder))
        output = Path(folder, "out")
        written = write_dataset({"test": lines}, output, GenerateConfig()).spec
        charset_file = output / written.charset_file
        charset_file.write_bytes(charset_file.read_bytes().replace(b"\n", end_of_line.encode()))
        spec = DatasetSpec.load(output)
        assert spec == written
        (name,) = spec.split_files(output, "test")
        records = [values_of(record.data) for record in read_records(name)]
    assert [record["image/text"][0].decode() for record in records] == labels
    assert [spec.charset.decode(record["image/class"]) for record in records] == labels
    assert spec.max_sequence_length == max(map(len, labels))
