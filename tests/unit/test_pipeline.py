"""Records -> batches: their contract, the same after a resumption, and what is said about a bad record."""

import io
import re
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.config import DataConfig
from attention_ocr.data import bad_records, pipeline
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records.examples import write_example

B, EXAMPLES = 5, 24  # 24 is no multiple of 5: batches cross the end of an epoch


@pytest.fixture(scope="module")
def spec(tiny_dataset):
    return DatasetSpec.load(tiny_dataset)


@pytest.fixture(scope="module")
def source(spec, tiny_dataset):
    return pipeline.RecordFiles(spec.split_files(tiny_dataset, "train"), spec)


def batches(source, number, seed=0, start=0, **knobs):
    data = DataConfig(**{"batch_size": B, "shuffle_buffer_size": 7, **knobs})
    found = pipeline.training_batches(source, EXAMPLES, data, seed, start).take(number)
    return list(found.as_numpy_iterator())


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def grey_png(height=40, width=80):
    return png(np.full([height, width, 3], 99, np.uint8))


def record(encoded, ids=(1, 2), length=4, null_id=5):
    return write_example(encoded, "PNG", 40, 80, 80, ids, length, null_id, "ab")


def test_there_are_several_shards_and_all_records_are_counted(source):
    assert len(source.files) == 3
    assert source.count() == EXAMPLES


def test_batches_keep_the_contract(source):
    for batch in batches(source, 2):
        assert {name: (value.shape, value.dtype.name) for name, value in batch.items()} == {
            "images": ((B, 40, 80, 3), "uint8"),
            "labels": ((B, 4), "int32"),
        }
        assert set(batch["labels"].flat) <= set(range(6))


def test_an_epoch_has_every_record_once(source, spec):
    def content(found):
        return sorted((image.tobytes(), label.tobytes()) for b in found for image, label in zip(*b, strict=True))

    knobs = {"batch_size": 6, "use_augment_input": False}
    epochs = [((b["images"], b["labels"]) for b in batches(source, 8, **knobs)[start : start + 4]) for start in (0, 4)]
    stored = ((b["images"], b["labels"]) for b in pipeline.evaluation_batches(source, 6).as_numpy_iterator())
    assert content(epochs[0]) == content(epochs[1]) == content(stored)


def test_a_resumed_stream_goes_on_where_it_stopped(source):
    whole = batches(source, 9)  # 45 records: the second epoch begins in batch 4
    resumed = batches(source, 6, start=3)
    for ours, theirs in zip(resumed, whole[3:], strict=True):
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])
        np.testing.assert_array_equal(ours["images"], theirs["images"])


@pytest.mark.parametrize("change", ["seed", "epoch"])
def test_another_seed_or_epoch_has_another_order(source, change):
    knobs = {"batch_size": 24, "use_augment_input": False}
    first, second = batches(source, 2, **knobs)
    other = second if change == "epoch" else batches(source, 1, seed=1, **knobs)[0]
    assert (first["images"] != other["images"]).any()
    np.testing.assert_array_equal(np.sort(first["labels"], axis=None), np.sort(other["labels"], axis=None))


def test_another_seed_or_step_has_another_distortion(source):
    one, other = (batches(source, 1, seed=seed, batch_size=24)[0]["images"] for seed in (0, 1))
    assert not {image.tobytes() for image in one} & {image.tobytes() for image in other}
    records = batches(source, 2, batch_size=24)
    assert not {image.tobytes() for image in records[0]["images"]} & {image.tobytes() for image in records[1]["images"]}


def test_evaluation_yields_each_record_once_in_order_with_its_name(source):
    found = list(pipeline.evaluation_batches(source, B).as_numpy_iterator())
    assert [len(batch["labels"]) for batch in found] == [5, 5, 5, 5, 4]
    assert found[0]["images"].dtype == np.uint8
    names = [name.decode() for batch in found for name in batch["records"]]
    expected = []
    for file in source.files:
        count = sum(1 for _ in tf.data.TFRecordDataset(file))
        expected += [f"{file.rsplit('/', 1)[1]}:{number}" for number in range(count)]
    assert names == expected
    few = list(pipeline.evaluation_batches(source, B, most=7).as_numpy_iterator())
    assert [len(batch["labels"]) for batch in few] == [5, 2]


def test_the_sample_shows_what_training_does(source):
    found = pipeline.training_sample(source, DataConfig(), 0, 3)
    assert found["images"].shape == found["originals"].shape == (3, 40, 80, 3)
    assert (found["images"] != found["originals"]).any()
    stored = next(iter(pipeline.evaluation_batches(source, 3).as_numpy_iterator()))
    np.testing.assert_array_equal(found["originals"], stored["images"])


def written(tmp_path, records):
    path = tmp_path / "train-00000"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for serialized in records:
            writer.write(serialized)
    return path


def bad_png():
    encoded = bytearray(grey_png())
    middle = encoded.index(b"IDAT") + 8
    encoded[middle : middle + 8] = b"\0" * 8
    return bytes(encoded)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (lambda: record(grey_png(40, 81)), "its picture is 40 x 81 (height x width), the data set's are 40 x 80"),
        (lambda: record(grey_png(), ids=(1, 6)), "class id 6 is not in 0..5 of the charset"),
        (lambda: record(grey_png(), ids=(-1, 2)), "class id -1 is not in 0..5 of the charset"),
        (lambda: record(grey_png(), length=6), "image/class has 6 ids, max_sequence_length is 4"),
        (lambda: record(bad_png()), "its PNG picture cannot be decoded"),
        (lambda: record(grey_png()[:60]), "its PNG picture cannot be decoded"),
        (lambda: record(b"not a picture"), "image/encoded is not a picture"),
        (lambda: b"not an example", "not a tf.train.Example"),
    ],
)
def test_a_bad_record_is_named(spec, tmp_path, bad, problem):
    path = written(tmp_path, [record(grey_png()), record(grey_png()), bad(), record(grey_png())])
    source = pipeline.RecordFiles([str(path)], spec)
    for read in (
        pipeline.training_batches(source, 4, DataConfig(batch_size=2, use_augment_input=False), 0),
        pipeline.evaluation_batches(source, 2),
    ):
        with pytest.raises(UserError) as error, bad_records.explained([source]):
            for _ in read.take(4).as_numpy_iterator():
                pass
        assert str(error.value).startswith(f"{path}:2: {problem}" if "picture is" in problem else f"{path}:2: ")
        assert problem in str(error.value)
        assert "\n" not in str(error.value)


def test_a_truncated_shard_is_named(spec, tmp_path):
    path = written(tmp_path, [record(grey_png())] * 3)
    path.write_bytes(path.read_bytes()[:-20])
    source = pipeline.RecordFiles([str(path)], spec)
    assert source.count() == 2
    named = pytest.raises(UserError, match=rf"^{re.escape(str(path))}:2: the file ends within it")
    with named, bad_records.explained([source]):
        list(pipeline.evaluation_batches(source, 1).as_numpy_iterator())


def test_a_split_without_records_is_an_error(spec, tmp_path):
    source = pipeline.RecordFiles([str(written(tmp_path, []))], spec)
    with pytest.raises(UserError, match="the split's 1 files hold no record"):
        source.count()


def test_shorter_labels_are_padded_with_the_null(spec):
    found = pipeline.decode(tf.constant(record(grey_png(), ids=(1, 2), length=2)), spec)
    assert found["labels"].numpy().tolist() == [1, 2, 5, 5]


def test_the_clock_counts_what_the_consumer_waits():
    def slow(number):
        time.sleep(0.05)
        return number

    dataset = tf.data.Dataset.range(8).map(lambda number: tf.numpy_function(slow, [number], tf.int64))
    clock = pipeline.WaitClock()
    assert [int(number) for number in clock.watch(dataset)] == list(range(8))
    assert 0.3 < clock.seconds < 2
    ready = pipeline.WaitClock()
    for _ in ready.watch(tf.data.Dataset.range(8)):
        time.sleep(0.05)  # the consumer is slow, the data is not
    assert ready.seconds < 0.2


def test_no_thread_that_sleeps_for_a_minute_tunes_the_batches(source):
    data = DataConfig(batch_size=2)
    training = pipeline.training_batches(source, 5, data, 0, 0, pipeline.WaitClock())
    for batches in (training, pipeline.evaluation_batches(source, 2)):
        assert batches.options().autotune.enabled is False
