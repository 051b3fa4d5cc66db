"""A reader of several views is given views side by side, a list of them, or one photograph."""

import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.config import ModelConfig
from attention_ocr.data import pictures_in_graph
from attention_ocr.errors import UserError
from attention_ocr.reading.reader import Reader
from attention_ocr.records import pictures


class Untrained:
    """A backend that is never asked to read."""

    def __init__(self, dataset):
        self.config, self.dataset, self.step = ModelConfig(), dataset, 0


@pytest.fixture
def reader(make_spec):
    return Reader(Untrained(make_spec(num_views=4, image_height=60, image_width=60)))


def photograph(height, width):
    """uint8 [height, width, 3], brighter to the right."""
    return np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], [height, width, 3]).copy()


@pytest.mark.parametrize(("height", "width"), [(60, 60), (100, 130), (300, 200), (50, 95)])
def test_one_photograph_is_shown_in_every_view(reader, caplog, height, width):
    with caplog.at_level(logging.WARNING):
        prepared = [reader.prepare(photograph(height, width)) for _ in range(2)]
    assert [record.getMessage() for record in caplog.records] == [
        "the picture is shaped like one of 4 views: shown in every view"
    ]
    alone = pictures.fit(Image.fromarray(photograph(height, width)), reader.dataset.__class__(**one_view(reader)))
    np.testing.assert_array_equal(prepared[0], np.tile(alone, [1, 4, 1]))


def one_view(reader):
    return {**{name: getattr(reader.dataset, name) for name in ("name", "charset", "max_sequence_length")}, **SIZES}


SIZES = {"num_views": 1, "image_height": 60, "image_width": 60}


@pytest.mark.parametrize(("height", "width"), [(60, 240), (30, 120), (50, 105), (150, 600)])
def test_views_side_by_side_stay_what_they_are(reader, caplog, height, width):
    with caplog.at_level(logging.WARNING):
        prepared = reader.prepare(photograph(height, width))
    assert not caplog.records
    np.testing.assert_array_equal(prepared, pictures.fit(Image.fromarray(photograph(height, width)), reader.dataset))


def test_a_list_is_a_picture_for_each_view(reader):
    views = [photograph(60, 60), photograph(40, 90), photograph(60, 60)[:, ::-1], photograph(10, 10)]
    prepared = reader.prepare(views)
    np.testing.assert_array_equal(prepared[:, :60], views[0])
    np.testing.assert_array_equal(prepared[:, 120:180], views[2])
    with pytest.raises(UserError, match="3 pictures for the 4 views"):
        reader.prepare(views[:3])


@pytest.mark.parametrize(("height", "width"), [(60, 60), (100, 130), (60, 240), (50, 95), (50, 105)])
def test_an_export_shows_what_a_reader_shows(reader, height, width):
    pixels, spec = photograph(height, width), reader.dataset
    found = pictures_in_graph.fit(pictures_in_graph.in_every_view(tf.constant(pixels), spec), spec).numpy()
    assert np.abs(found.astype(int) - reader.prepare(pixels)).max() <= 1
