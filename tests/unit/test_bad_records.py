"""Bad records are named, and left out of training by reading a copy of their shard."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from attention_ocr.config import DataConfig
from attention_ocr.data import bad_records, mixture, pipeline
from attention_ocr.data.bad_records import Mender
from attention_ocr.data.dataset_mix import Stage
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records.examples import write_example
from attention_ocr.records.framing import framed, read_records


@pytest.fixture
def spec(tiny_dataset):
    return DatasetSpec.load(tiny_dataset)


@pytest.fixture
def shards(tiny_dataset, spec, tmp_path):
    """Copies of the train shards to spoil."""
    found = []
    for path in map(Path, spec.split_files(tiny_dataset, "train")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
        found.append(str(tmp_path / path.name))
    return found


def spoil(path, number, data=b"no example"):
    """Puts other bytes in the place of a record."""
    records = [record.data for record in read_records(path)]
    records[number] = data
    Path(path).write_bytes(b"".join(map(framed, records)))


def flip_bit(path, number):
    """Changes a byte of a record without its checksum."""
    records = list(read_records(path))
    content = bytearray(Path(path).read_bytes())
    content[records[number].offset + 40] ^= 1
    Path(path).write_bytes(content)


def records_of(paths):
    return [record.data for path in paths for record in read_records(path)]


def test_the_copy_lacks_the_bad_records_alone(spec, shards, tmp_path, capsys):
    good = records_of(shards)
    spoil(shards[1], 2)
    flip_bit(shards[1], 0)
    mender = Mender(tmp_path / "run", most=2)
    assert mender.mended(shards) == shards
    assert mender.mend(shards[1], spec) == 2
    first = len(records_of(shards[:1]))
    assert records_of(mender.mended(shards)) == [
        record for number, record in enumerate(good) if number not in (first, first + 2)
    ]
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"leaving out {shards[1]}:0: its checksum is wrong")
    assert printed[1].startswith(f"leaving out {shards[1]}:2: ")
    assert printed[1].endswith("(bad record 2 of at most 2)")
    assert mender.removed(shards) == 2


def test_what_was_found_is_known_to_a_resumed_run_until_the_shard_is_another(spec, shards, tmp_path):
    spoil(shards[0], 1)
    Mender(tmp_path / "run", most=1).mend(shards[0], spec)
    again = Mender(tmp_path / "run", most=1)
    assert again.count == 1
    assert again.mended(shards)[0] != shards[0]
    assert again.mended(shards)[1:] == shards[1:]
    assert json.loads((tmp_path / "run/bad_records.json").read_text())[shards[0]]["bad"][0][0] == 1
    Path(shards[0]).write_bytes(b"")
    assert again.mended(shards) == shards


def test_one_more_than_allowed_is_an_error_and_writes_nothing(spec, shards, tmp_path):
    spoil(shards[0], 1)
    spoil(shards[0], 2)
    with pytest.raises(
        UserError, match=r":1: .*; it is one of more than --max_bad_records=1 bad records; .*validate_dataset"
    ):
        Mender(tmp_path / "run", most=1).mend(shards[0], spec)
    assert [path for path in (tmp_path / "run").rglob("*") if path.is_file()] == []


def test_a_good_shard_leaves_no_copy(spec, shards, tmp_path):
    mender = Mender(tmp_path / "run", most=1)
    assert mender.mend(shards[0], spec) == 0
    assert mender.mended(shards) == shards
    assert list((tmp_path / "run/mended").iterdir()) == []


def test_the_shard_of_the_failing_batch_is_found(spec, shards):
    spoil(shards[2], 1)
    source = pipeline.RecordFiles(shards, spec)
    data = DataConfig(batch_size=2, shuffle_buffer_size=4)
    drawn = mixture.Mixture([source], [source.count()], [Stage(0, (1,))], spec)
    assert bad_records.suspects(drawn, data, 0, _failing_step(source, data)) == [(shards[2], spec)]


def test_damaged_shards_are_found_wherever_they_are(spec, shards):
    flip_bit(shards[1], 3)
    source = pipeline.RecordFiles(shards, spec)
    drawn = mixture.Mixture([source], [source.count()], [Stage(0, (1,))], spec)
    assert bad_records.suspects(drawn, DataConfig(batch_size=2), 0, 0) == [(shards[1], spec)]


def test_only_a_batch_that_cannot_be_made_is_a_fault_of_the_records(spec, shards):
    spoil(shards[2], 1)
    source, data = pipeline.RecordFiles(shards, spec), DataConfig(batch_size=2, shuffle_buffer_size=4)
    step = _failing_step(source, data)
    assert bad_records.fails(pipeline.training_batches(source, source.count(), data, 0, step))
    whole = pipeline.RecordFiles(shards[:2], spec)
    assert not bad_records.fails(pipeline.training_batches(whole, whole.count(), data, 0, 0))


def test_errors_of_whoever_takes_batches_are_its_own(spec, shards, monkeypatch):
    error = tf.errors.InvalidArgumentError(None, None, "the network's")
    source = pipeline.RecordFiles(shards, spec)
    monkeypatch.setattr(bad_records, "fault_of", lambda *arguments: pytest.fail("records are scanned"))
    for batches in (bad_records.told_apart, lambda batches: bad_records.explained_batches(batches, [source])):
        taken = batches(pipeline.evaluation_batches(source, 2))
        with pytest.raises(tf.errors.InvalidArgumentError, match="the network's"):
            _take_and_fail(taken, error)


def _take_and_fail(batches, error):
    for _ in batches:
        raise error


def test_a_batch_that_cannot_be_made_is_explained(spec, shards):
    spoil(shards[0], 1)
    source = pipeline.RecordFiles(shards, spec)
    batches = pipeline.evaluation_batches(source, 2)
    with pytest.raises(bad_records.InputError) as error:
        list(bad_records.told_apart(batches))
    assert isinstance(error.value.cause, tf.errors.InvalidArgumentError)
    with pytest.raises(UserError, match=rf"^{shards[0]}:1: "):
        list(bad_records.explained_batches(batches, [source]))


def test_records_of_the_same_length_are_told_apart(shards):
    spoil(shards[0], 0, b"aaaa")
    spoil(shards[1], 0, b"bbbb")
    assert bad_records.holders(shards, {b"bbbb"}) == [shards[1]]


def test_what_training_can_use_is_no_bad_record(spec):
    record = write_example(_png(40, 80), "JPEG", 1, 1, 99, [1, 2], 4, spec.charset.null_id, "another text")
    assert bad_records.fault_of("a", next(_raw(record)), spec) == ""
    record = write_example(_png(40, 81), "PNG", 40, 81, 81, [1], 4, spec.charset.null_id, "a")
    assert "40 x 81" in bad_records.fault_of("a", next(_raw(record)), spec)


def _failing_step(source, data):
    batches = iter(pipeline.training_batches(source, source.count(), data, 0))
    for step in range(20):
        try:
            next(batches)
        except tf.errors.InvalidArgumentError:
            return step
    raise AssertionError("no batch failed")


def _png(height, width):
    return tf.io.encode_png(tf.zeros([height, width, 3], tf.uint8)).numpy()


def _raw(data):
    from attention_ocr.records.framing import RawRecord

    yield RawRecord(0, 0, data)
