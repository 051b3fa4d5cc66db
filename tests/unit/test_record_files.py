"""TFRecord files are read past damage, and written as TensorFlow reads and writes them."""

import re
import struct

import pytest
import tensorflow as tf

from attention_ocr.errors import UserError
from attention_ocr.records.example_proto import Example
from attention_ocr.records.examples import values_of, write_example
from attention_ocr.records.framing import FRAMING_BYTES, framed, read_record_at, read_records

RECORDS = [b"first", b"", b"third" * 1000, bytes(range(256))]
HEADER = 12  # A record's length and its checksum.
STARTS = [0]
for _record in RECORDS:
    STARTS.append(STARTS[-1] + FRAMING_BYTES + len(_record))


@pytest.fixture
def damaged(tmp_path):
    """A function that writes the records, changes the bytes, and reads them."""

    def read(change) -> list:
        data = bytearray(b"".join(map(framed, RECORDS)))
        (tmp_path / "records").write_bytes(change(data))
        return list(read_records(tmp_path / "records"))

    return read


def flipped(place: int):
    def flip(data: bytearray) -> bytearray:
        data[place] ^= 1
        return data

    return flip


def test_what_tensorflow_writes_is_read(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "records")) as writer:
        for record in RECORDS:
            writer.write(record)
    assert (tmp_path / "records").read_bytes() == b"".join(map(framed, RECORDS))
    found = list(read_records(tmp_path / "records"))
    assert [(record.number, record.offset, record.data) for record in found] == [
        (number, STARTS[number], record) for number, record in enumerate(RECORDS)
    ]
    assert not any(record.fault for record in found)


def test_tensorflow_reads_what_is_written(tmp_path):
    (tmp_path / "records").write_bytes(b"".join(map(framed, RECORDS)))
    assert list(tf.data.TFRecordDataset(str(tmp_path / "records")).as_numpy_iterator()) == RECORDS


@pytest.mark.parametrize(
    ("number", "damage"), [(n, d) for n in range(4) for d in ("data", "checksum") if RECORDS[n] or d == "checksum"]
)
def test_a_changed_bit_costs_that_record_alone(damaged, number, damage):
    found = damaged(flipped(STARTS[number] + HEADER + (0 if damage == "data" else len(RECORDS[number]))))
    assert [bool(record.fault) for record in found] == [index == number for index in range(4)]
    assert found[number].fault == "its checksum is wrong: bytes have changed"
    assert [record.data for record in found if not record.fault] == RECORDS[:number] + RECORDS[number + 1 :]


@pytest.mark.parametrize("place", [0, 7, 8, 11])
def test_after_a_changed_length_nothing_can_be_found(damaged, place):
    found = damaged(flipped(STARTS[2] + place))
    assert [record.data for record in found[:2]] == RECORDS[:2]
    assert [(record.number, record.offset, record.data) for record in found[2:]] == [(2, STARTS[2], b"")]
    assert "the checksum of its length is wrong; what follows cannot be found" in found[2].fault


@pytest.mark.parametrize(
    ("left", "fault"),
    [
        (1, "(1 bytes of its header are there)"),
        (HEADER - 1, "(11 bytes of its header are there)"),
        (HEADER, "(12 bytes of its header are there)"),
        (HEADER + 100, "of 5000 bytes are there)"),
        (FRAMING_BYTES + 4999, "of 5000 bytes are there)"),
    ],
)
def test_a_cut_file_says_how_much_of_its_last_record_is_there(damaged, left, fault):
    found = damaged(lambda data: data[: STARTS[2] + left])
    assert [record.data for record in found] == [*RECORDS[:2], b""]
    assert found[2].fault.startswith("the file ends within it")
    assert found[2].fault.endswith(fault)


def test_a_file_cut_between_two_records_is_whole(damaged):
    assert [(record.data, record.fault) for record in damaged(lambda data: data[: STARTS[2]])] == [
        (b"first", ""),
        (b"", ""),
    ]


def test_an_empty_file_has_no_records(damaged):
    assert damaged(lambda data: b"") == []


def test_a_length_beyond_all_memory_is_a_fault(damaged):
    length = struct.pack("<Q", 2**62)
    found = damaged(lambda data: length + framed(length)[-4:] + b"few bytes")
    assert [record.fault for record in found] == [f"the file ends within it (5 of {2**62} bytes are there)"]


def test_a_record_is_read_at_its_place(damaged, tmp_path):
    damaged(flipped(STARTS[2] + HEADER))
    path = tmp_path / "records"
    assert [read_record_at(path, STARTS[number]) for number in (3, 1, 0)] == [RECORDS[3], b"", b"first"]
    with pytest.raises(UserError, match=re.escape(f"{path}: the record at byte {STARTS[2]}: its checksum is wrong")):
        read_record_at(path, STARTS[2])
    with pytest.raises(UserError, match="at byte 3: the checksum of its length is wrong"):
        read_record_at(path, 3)
    with pytest.raises(UserError, match="at byte 99999: the file ends within it"):
        read_record_at(path, 99999)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nope: cannot be read \(No such file or directory\)"):
        list(read_records(tmp_path / "nope"))
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\)"):
        read_record_at(tmp_path, 0)


def test_an_example_has_the_bytes_that_tensorflow_gives_it():
    text = "é\u2028😀"
    ours = write_example(b"\0\xffpicture", "JPEG", 2, 600, 300, [300, 0, 7], 5, 9, text)
    theirs = tf.train.Example()
    for key, values in (
        ("image/class", [300, 0, 7, 9, 9]),
        ("image/unpadded_class", [300, 0, 7]),
        ("image/height", [2]),
        ("image/width", [600]),
        ("image/orig_width", [300]),
    ):
        theirs.features.feature[key].int64_list.value.extend(values)
    for key, value in (("encoded", b"\0\xffpicture"), ("format", b"JPEG"), ("text", text.encode())):
        theirs.features.feature[f"image/{key}"].bytes_list.value.append(value)
    assert ours == theirs.SerializeToString(deterministic=True)


def test_values_come_from_any_example():
    example = tf.train.Example()
    example.features.feature["score"].float_list.value.extend([0.5, 2.0])
    example.features.feature["ids"].int64_list.value.extend([-1, 2**62])
    example.features.feature["names"].bytes_list.value.extend([b"", b"\xff"])
    example.features.feature["nothing"].int64_list.SetInParent()
    example.features.feature["unset"].SetInParent()
    found = values_of(example.SerializeToString())
    assert found == {
        "score": [0.5, 2.0],
        "ids": [-1, 2**62],
        "names": [b"", b"\xff"],
        "nothing": [],
        "unset": [],
    }
    assert values_of(b"") == {}
    with pytest.raises(UserError, match=r"the bytes are not a tf\.train\.Example"):
        values_of(b"no example")


def test_the_message_lives_beside_tensorflows_own():
    assert Example.DESCRIPTOR.full_name == tf.train.Example.DESCRIPTOR.full_name
    assert Example is not tf.train.Example
