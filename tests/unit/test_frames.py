"""Pixels of fitted views lie where they came from, whatever was done to the picture."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from attention_ocr.reading import given_pictures
from attention_ocr.reading.reader import Reader
from attention_ocr.records.frames import Source, frames_of
from attention_ocr.records.pictures import fit, fit_unpadded, fit_views, in_every_view, shows_one_view, upright_rgb


def dotted(width, height, left, top, right, bottom):
    """A black picture with a white box."""
    pixels = np.zeros([height, width, 3], np.uint8)
    pixels[top:bottom, left:right] = 255
    return pixels


def as_file(pixels, orientation):
    picture, exif, file = Image.fromarray(pixels), Image.Exif(), io.BytesIO()
    exif[274] = orientation
    picture.save(file, "PNG", exif=exif)
    return file.getvalue()


def white_box(pixels):
    """(left, top, right, bottom) of what is lighter than half; None: nothing is."""
    rows, columns = np.nonzero(np.abs(pixels[..., 0].astype(int) - 255) < 128)
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("width", "height", "resize", "vertical", "num_views"),
    [
        *itertools.product([300], [100], ["stretch", "pad", "keep_height"], ["keep"], [1]),
        *itertools.product([100], [300], ["stretch", "pad", "keep_height"], ["keep", "rotate"], [1]),
        *itertools.product([480, 600], [120], ["stretch", "pad"], ["keep"], [2, 4]),
        *itertools.product([160], [160], ["stretch", "pad"], ["rotate"], [4]),
    ],
)
def test_a_box_is_found_where_it_was(make_spec, orientation, width, height, resize, vertical, num_views):
    spec = make_spec(num_views=num_views, image_height=80, image_width=120, resize=resize, vertical=vertical)
    placed = (width // 5, height // 5, width // 5 + 20, height // 5 + 16)
    data = as_file(dotted(width, height, *placed), orientation)
    upright, source = given_pictures.opened(data, "it", 10**6)
    assert source == Source(width, height, orientation)
    assert upright.size == source.size
    if shows_one_view(upright.height, upright.width, spec):
        upright = in_every_view(upright, spec)
    fitted, checked = fit(upright, spec), 0
    for view, frame in enumerate(frames_of(source, spec, is_padded=True)):
        found = white_box(fitted[:, view * 120 : (view + 1) * 120])
        if found:
            checked += 1
            scale = np.abs(frame.matrix[:2, :2]).max()
            np.testing.assert_allclose(frame.box(found), placed, atol=0.75 * scale + 0.01)
    assert checked


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("resize", ["pad", "keep_height"])
@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300)])
def test_without_padding_too(make_spec, orientation, resize, width, height):
    spec = make_spec(image_height=80, image_width=320, resize=resize, vertical="rotate")
    placed = (30, 20, 60, 50)
    upright, source = given_pictures.opened(as_file(dotted(width, height, *placed), orientation), "it", 10**6)
    (frame,) = frames_of(source, spec, is_padded=False)
    found = white_box(fit_unpadded(upright, spec))
    np.testing.assert_allclose(frame.box(found), placed, atol=0.75 * np.abs(frame.matrix[:2, :2]).max() + 0.01)


def test_each_view_has_its_own_picture(make_spec):
    spec = make_spec(num_views=2, image_height=80, image_width=120, resize="pad")
    files = [as_file(dotted(240, 160, 20, 40, 60, 70), 1), as_file(dotted(120, 90, 50, 30, 70, 60), 6)]
    views = [given_pictures.opened(file, "it", 10**6) for file in files]
    fitted = fit_views([view for view, _ in views], spec)
    frames = frames_of([source for _, source in views], spec, is_padded=True)
    np.testing.assert_allclose(frames[0].box(white_box(fitted[:, :120])), (20, 40, 60, 70), atol=1.5)
    np.testing.assert_allclose(frames[1].box(white_box(fitted[:, 120:])), (50, 30, 70, 60), atol=1.5)


def test_a_picture_of_fewer_columns_than_views(make_spec):
    spec = make_spec(num_views=4, image_height=40, image_width=10)
    first, _, third, last = frames_of(Source(2, 1), spec, is_padded=True)
    assert first.box((0, 0, 10, 40)) == (0, 0, 0.5, 1)
    assert third.box((5, 20, 10, 40)) == (1.25, 0.5, 1.5, 1)
    assert last.box((0, 0, 10, 40)) == (1.5, 0, 2, 1)


def test_a_picture_of_the_right_size_is_taken_as_it_is(make_spec):
    first, second = frames_of(Source(160, 40), make_spec(num_views=2), is_padded=True)
    assert first.box((3, 4, 5, 6)) == (3, 4, 5, 6)
    assert second.box((3, 4, 5, 6)) == (83, 4, 85, 6)


def test_what_lies_on_padding_ends_at_the_picture(make_spec):
    (frame,) = frames_of(Source(40, 40), make_spec(resize="pad", image_height=40, image_width=80), is_padded=True)
    assert frame.box((30, -5, 70, 45)) == (30, 0, 40, 40)
    (wide,) = frames_of(Source(160, 40), make_spec(resize="pad", image_height=40, image_width=80), is_padded=True)
    assert wide.box((0, 0, 80, 40)) == (0, 0, 160, 40)  # 10 rows of padding above and below


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reader_tells_where_its_picture_comes_from(make_spec, orientation):
    class Untrained:
        dataset, step = make_spec(), 0

        def __init__(self):
            from attention_ocr.config import ModelConfig

            self.config = ModelConfig()

    data = as_file(dotted(160, 80, 10, 20, 30, 40), orientation)
    for given in (data, Image.open(io.BytesIO(data))):
        fitted = Reader(Untrained()).fitted(given)
        assert fitted.source == Source(160, 80, orientation)
        np.testing.assert_array_equal(fitted.pixels, fit(upright_rgb(Image.open(io.BytesIO(data))), make_spec()))
