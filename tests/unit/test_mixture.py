"""Several data sets in one stream: exact shares, united ids, and the same batches whatever step one begins at."""

import io
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import DataConfig
from attention_ocr.data import bad_records, mixture, pipeline
from attention_ocr.data.dataset_mix import Part, Stage, apportion, united
from attention_ocr.errors import UserError
from attention_ocr.records.examples import write_example

B, H, W = 4, 6, 8
MIXED = (Stage(0, (6, 3, 1)),)
TURNS = (Stage(0, (0, 1, 0)), Stage(5, (1, 0, 0)), Stage(8, (0, 1, 0)), Stage(10, (0, 0, 2)))
KNOBS = {"batch_size": B, "shuffle_buffer_size": 5, "use_augment_input": False}


def charset_of(text):
    return Charset((*((character,) for character in text), ()), len(text))


def write_records(folder, spec, texts, first):
    """A shard of `texts`, each with a picture of the grey that is its number, from `first` on."""
    with tf.io.TFRecordWriter(str(folder / "train-00000")) as writer:
        for number, text in enumerate(texts, start=first):
            file = io.BytesIO()
            Image.fromarray(np.full([H, W, 3], number, np.uint8)).save(file, "PNG")
            ids, T, null_id = spec.charset.encode(text), spec.max_sequence_length, spec.charset.null_id
            writer.write(write_example(file.getvalue(), "PNG", H, W, W, ids, T, null_id, text))
    return str(folder / "train-00000")


# Data sets of 7, 5 and 3 records: charset, T, texts.
DATASETS = [
    (charset_of("abcde"), 3, ["a", "b", "c", "ab", "abc", "e", ""]),
    (Charset((("z",), (), ("x", "a"), ("’", "'", "b"), ("c",)), 1), 5, ["zx", "aaaaa", "'b’", "z", "c"]),
    (charset_of("yz"), 2, ["y", "zz", "yz"]),
]
# What the second data set prints of its labels: a class of several characters is written as its last one.
PRINTED = ["a", "b", "c", "ab", "abc", "e", "", "za", "aaaaa", "bbb", "z", "c", "y", "zz", "yz"]


@pytest.fixture(scope="module")
def parts(tmp_path_factory, make_spec):
    """Folders with data sets whose pictures are numbered through, 0 to 14."""
    found, first = [], 0
    for charset, T, texts in DATASETS:
        folder = tmp_path_factory.mktemp("dataset")
        spec = make_spec(name="x", charset=charset, max_sequence_length=T, image_height=H, image_width=W)
        write_records(folder, spec, texts, first)
        found.append(Part(str(folder), spec))
        first += len(texts)
    return found


@pytest.fixture(scope="module")
def mixed(parts):
    """A function from stages to their Mixture."""
    sources = [pipeline.RecordFiles([f"{part.folder}/train-00000"], part.spec) for part in parts]
    return lambda stages: mixture.Mixture(sources, [7, 5, 3], stages, united(parts))


def batches(mixed, number, seed=0, start=0, **knobs):
    found = mixture.training_batches(mixed, DataConfig(**{**KNOBS, **knobs}), seed, start).take(number)
    return list(found.as_numpy_iterator())


def numbers_of(found):
    """The numbers of the pictures, batch by batch."""
    return [batch["images"][:, 0, 0, 0].tolist() for batch in found]


def drawn(stages, number, seed=0, batch_size=B, start=0):
    return [int(n) for n in mixture.choices(stages, batch_size, seed, start).take(number).as_numpy_iterator()]


def test_every_period_holds_the_exact_shares_in_another_order():
    for stage, P in ((MIXED[0], 10), (Stage(0, apportion([Fraction(3), Fraction(1)])), 100)):
        found = drawn([stage], 4 * P)
        periods = [found[start : start + P] for start in range(0, 4 * P, P)]
        wanted = dict(enumerate(stage.draws))
        assert [Counter(period) for period in periods] == [wanted] * 4
        assert len({tuple(period) for period in periods}) > 1
        assert found != drawn([stage], 4 * P, seed=1)


def test_turns_begin_at_their_steps():
    assert drawn(TURNS, 48) == [1] * 20 + [0] * 12 + [1] * 8 + [2] * 8


@pytest.mark.parametrize("stages", [MIXED, TURNS])
@pytest.mark.parametrize("start", [0, 1, 4, 5, 6, 9, 10, 11, 26])
def test_draws_of_a_later_start_go_on_and_those_before_are_counted(stages, start):
    whole = drawn(stages, 120)
    assert drawn(stages, 120 - start * B, start=start) == whole[start * B :]
    counted = Counter(whole[: start * B])
    assert mixture.taken_before(stages, B, 0, start) == [counted[n] for n in range(3)]


def test_the_count_before_a_late_step_is_immediate():
    assert mixture.taken_before(MIXED, 50, 0, 10**12) == [30 * 10**12, 15 * 10**12, 5 * 10**12]


RESUMED = [
    pytest.param(stages, start, marks=[] if start in quick else pytest.mark.slow)
    for stages, quick in ((MIXED, (12,)), (TURNS, (7,)))
    for start in (3, 5, 7, 12)
]


@pytest.mark.parametrize(("stages", "start"), RESUMED)
def test_a_resumed_stream_goes_on_where_it_stopped(mixed, stages, start):
    """Across periods (10 draws), epochs (7, 5 and 3 records) and turns (steps 5, 8 and 10), distortions included."""
    whole = batches(mixed(stages), 16, use_augment_input=True, augmentation="light")
    resumed = batches(mixed(stages), 16 - start, start=start, use_augment_input=True, augmentation="light")
    for ours, theirs in zip(resumed, whole[start:], strict=True):
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])
        np.testing.assert_array_equal(ours["images"], theirs["images"])


@pytest.mark.parametrize("stages", [MIXED, TURNS])
def test_an_epoch_of_each_data_set_has_every_record_once(mixed, stages):
    found = [number for batch in numbers_of(batches(mixed(stages), 30)) for number in batch]
    for records in (range(7), range(7, 12), range(12, 15)):
        own = [number for number in found if number in records]
        size = len(records)
        epochs = [sorted(own[start : start + size]) for start in range(0, len(own) - size + 1, size)]
        assert epochs
        assert epochs == [list(records)] * len(epochs)


def test_labels_come_in_the_united_classes_and_length(mixed):
    spec = mixed(MIXED).united
    assert spec.charset == charset_of("abcdeyz")
    for batch in batches(mixed(MIXED), 20):
        assert batch["labels"].dtype == np.int32
        assert batch["labels"].shape == (B, 5)
        texts = [spec.charset.decode(label) for label in batch["labels"]]
        assert texts == [PRINTED[number] for number in numbers_of([batch])[0]]
        for label, text in zip(batch["labels"], texts, strict=True):
            assert label[len(text) :].tolist() == [7] * (5 - len(text)), "the null fills up what is left"


def test_one_data_set_is_read_as_without_mixing(mixed, parts):
    alone = mixed(MIXED)
    alone = mixture.Mixture(alone.sources[:1], alone.numbers[:1], (Stage(0, (100,)),), parts[0].spec)
    plain = pipeline.training_batches(alone.sources[0], 7, DataConfig(**KNOBS), 3, 2).take(5).as_numpy_iterator()
    for ours, theirs in zip(batches(alone, 5, seed=3, start=2), plain, strict=True):
        np.testing.assert_array_equal(ours["images"], theirs["images"])
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])


def test_evaluation_reads_evenly_and_in_united_classes(mixed):
    spec = mixed(MIXED).united

    def read(most):
        found = list(mixture.evaluation_batches(mixed(MIXED).sources, spec, 2, most))
        assert {batch["labels"].shape[1] for batch in found} == {5}
        return [spec.charset.decode(label) for batch in found for label in batch["labels"]]

    assert read(2) == ["a", "za"]
    assert read(8) == ["a", "b", "c", "za", "aaaaa", "bbb", "y", "zz"]
    assert read(1000) == PRINTED


def test_the_sample_has_some_of_each(mixed):
    found = mixture.training_sample(mixed(MIXED), DataConfig(**KNOBS), 0, 8)
    assert found["originals"][:, 0, 0, 0].tolist() == [0, 1, 2, 7, 8, 9, 12, 13]
    decode = mixed(MIXED).united.charset.decode
    assert [decode(label) for label in found["labels"]] == ["a", "b", "c", "za", "aaaaa", "bbb", "y", "zz"]
    assert found["images"].shape == (8, H, W, 3)


@pytest.mark.parametrize(
    ("ids", "told"),
    [((0, 3), "class id 3 is not in 0..2"), ((-1,), "class id -1"), ((0, 0, 0), "image/class has 3 ids")],
)
def test_a_bad_record_of_any_data_set_is_named(mixed, parts, tmp_path, ids, told):
    """What is wrong in its own data set, even where it would do in the united one."""
    file = io.BytesIO()
    Image.fromarray(np.zeros([H, W, 3], np.uint8)).save(file, "PNG")
    with tf.io.TFRecordWriter(str(tmp_path / "train-00000")) as writer:
        writer.write(write_example(file.getvalue(), "PNG", H, W, W, ids, len(ids), 2, "?"))
    good = mixed(MIXED)
    sources = [*good.sources[:2], pipeline.RecordFiles([str(tmp_path / "train-00000")], parts[2].spec)]
    spoiled = mixture.Mixture(sources, [7, 5, 1], MIXED, good.united)
    with pytest.raises(UserError, match=rf"{tmp_path}/train-00000:0: {told}"), bad_records.explained(sources):
        batches(spoiled, 6)


def test_training_calls_no_python_back(mixed):
    """Who deletes the iterator of a data set that does may wait for it for ever, holding the interpreter's lock."""
    found = mixture.training_batches(mixed(TURNS), DataConfig(**KNOBS), 0, 2, pipeline.WaitClock())
    graph = found._as_serialized_graph(external_state_policy=tf.data.experimental.ExternalStatePolicy.IGNORE)
    assert b"TensorSliceDataset" in graph.numpy()
    assert b"PyFunc" not in graph.numpy()


def test_the_clock_counts_while_batches_are_mixed(mixed):
    clock = pipeline.WaitClock()
    found = mixture.training_batches(mixed(TURNS), DataConfig(**KNOBS), 0, 2, clock)
    assert len(list(found.take(5))) == 5
    assert clock.seconds > 0
