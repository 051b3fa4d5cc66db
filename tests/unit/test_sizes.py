"""Records of pictures of several sizes -> batches without the records' padding."""

import numpy as np
import pytest
from PIL import Image

from attention_ocr.canvas import Canvas, batch_width
from attention_ocr.config import DataConfig
from attention_ocr.data import pipeline, sizes
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.records import pictures

B, EXAMPLES = 4, 32
WINDOW = EXAMPLES // B


RESIZES = ("keep_height", "pad")


@pytest.fixture(scope="module", params=RESIZES)
def source(request, sized_dataset):
    folder = sized_dataset(request.param)
    spec = DatasetSpec.load(folder)
    return pipeline.RecordFiles(spec.split_files(folder, "train"), spec, Canvas(64, 96))


def batches(source, number, seed=0, start=0, **knobs):
    data = DataConfig(**{"batch_size": B, "shuffle_buffer_size": 7, "use_augment_input": False, **knobs})
    found = pipeline.training_batches(source, EXAMPLES, data, seed, start).take(number)
    return list(found.as_numpy_iterator())


def test_batches_hold_pictures_and_zeros_beyond_them(source):
    found = batches(source, 40)
    for batch in found:
        assert batch["images"].dtype == np.uint8
        assert batch["images"].shape[1:3] == (64, batch_width(batch["sizes"][:, 1].max()))
        for picture, (height, width) in zip(batch["images"], batch["sizes"], strict=True):
            assert picture[:height, :width].min() > 0  # no padding of the records', which is 127, but a picture
            assert not np.any((picture[:height, :width] == pictures.PAD_GREY).all(axis=2).all(axis=0))
            assert picture[height:].max(initial=0) == picture[:, width:].max(initial=0) == 0
    widths = [batch["sizes"][:, 1] for batch in found]
    assert len({batch["images"].shape[2] for batch in found}) > 1
    assert np.mean([np.ptp(width) for width in widths]) < 10  # of 18 to 90


def test_an_epoch_is_sorted_at_once_so_that_no_record_is_left_out_or_comes_twice(source):
    labels = [tuple(label) for batch in batches(source, WINDOW) for label in batch["labels"]]
    stored = [tuple(label) for batch in pipeline.evaluation_batches(source, B) for label in batch["labels"].numpy()]
    assert sorted(labels) == sorted(stored)


@pytest.mark.parametrize(("examples", "batches"), [(3, 1), (16, 1), (31, 1), (320, 20), (10**6, 32)])
def test_a_window_is_an_epoch_unless_that_is_large(examples, batches):
    assert sizes.window(examples, 16) == batches


@pytest.mark.parametrize(
    ("source", "start"),
    [
        pytest.param(resize, start, marks=[] if (resize == "pad") == (start == WINDOW - 1) else pytest.mark.slow)
        for resize in RESIZES
        for start in (3, WINDOW - 1, WINDOW + 2)
    ],
    indirect=["source"],
)
def test_a_resumed_stream_goes_on_where_it_stopped(source, start):
    whole = batches(source, start + 3, use_augment_input=True, augmentation="light")
    resumed = batches(source, 3, start=start, use_augment_input=True, augmentation="light")
    for ours, theirs in zip(resumed, whole[start:], strict=True):
        for name in ("images", "labels", "sizes"):
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_pictures_are_what_a_reader_makes_of_them(source, sized_dataset):
    spec = source.spec
    batch = next(pipeline.evaluation_batches(source, EXAMPLES).as_numpy_iterator())
    folder = sized_dataset(spec.resize).parent
    known = {pictures.fit_unpadded(Image.open(path), spec).tobytes() for path in folder.glob("*.png")}
    for picture, (height, width) in zip(batch["images"], batch["sizes"], strict=True):
        assert picture[:height, :width].tobytes() in known


def test_the_sample_fills_the_canvas(source):
    found = pipeline.training_sample(source, DataConfig(augmentation="light"), 0, 3)
    assert found["originals"].shape == found["images"].shape == (3, 64, 96, 3)
    assert found["sizes"].shape == (3, 2)


def test_pictures_in_a_batch_of_their_own():
    one, other = np.full([32, 40, 3], 7, np.uint8), np.full([20, 70, 3], 9, np.uint8)
    batch, found = Canvas(48, 96).batch([one, other])
    assert batch.shape == (2, 48, 96, 3)
    assert found.tolist() == [[32, 40], [20, 70]]
    np.testing.assert_array_equal(batch[0, :32, :40], one)
    np.testing.assert_array_equal(batch[1, :20, :70], other)
    assert batch.sum() == one.sum() + other.sum()


@pytest.mark.parametrize(
    ("width", "expected"), [(1, 32), (32, 32), (33, 64), (256, 256), (257, 320), (512, 512), (513, 640), (1025, 1280)]
)
def test_batches_have_few_widths(width, expected):
    assert batch_width(width) == int(sizes.batch_width(np.int32(width))) == expected


def test_the_widths_of_a_canvas_are_few_and_hold_every_picture():
    canvas = Canvas(48, 1536)
    assert canvas.widths == [32, 64, 96, 128, 192, 256, 320, 480, 640, 960, 1280, 1536]
    found = [canvas.around(width) for width in range(1, 1537)]
    assert all(width <= around for width, around in enumerate(found, start=1))
    assert sorted(set(found)) == canvas.widths
    assert Canvas(32, 320).widths == [32, 64, 96, 128, 192, 256, 320]


def test_pictures_that_are_read_together_are_alike():
    pictures = [np.zeros([48, width, 3], np.uint8) for width in (300, 40, 128, 290, 97, 64)]
    assert Canvas(48, 1536).alike(pictures) == [[1, 5], [2, 4], [0, 3]]
