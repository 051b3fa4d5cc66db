"""Pictures on their head or on their side: the surest turn counts, and boxes stay in the picture as given."""

import json

import numpy as np
import pytest
from marked_lines import KINDS, PAPER, Marks, line
from PIL import Image

from attention_ocr.config import ModelConfig
from attention_ocr.reading import orientation
from attention_ocr.reading.reader import Reader
from attention_ocr.records.frames import TURNED_LEFT
from attention_ocr.records.pictures import TURNS, UPRIGHT


def lies_on_the_mark(reading, x, y, width, height):
    left, top, right, bottom = reading.characters[0].box
    return 0 <= left < x * width < right <= width and 0 <= top < y * height < bottom <= height


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("x", "turned"), [(0.15, 0), (0.85, 180)])
def test_a_picture_on_its_head_is_turned(kind, x, turned):
    """Of several views each is turned where it is."""
    backend = Marks(kind)
    views = backend.dataset.num_views
    single = line(mark=(x, 0.4))
    picture = Image.new("RGB", (300 * views, 80), PAPER)
    for view in range(views):
        picture.paste(single, (300 * view, 0))
    (reading,) = Reader(backend, orientation="auto").read(picture)
    assert reading.turned == turned
    assert reading.confidence == 0.99
    assert lies_on_the_mark(reading, x / views, 0.4, 300 * views, 80)
    assert json.loads(json.dumps(reading.to_dict(backend.dataset.charset)))["turned"] == turned
    upright = Reader(backend).read(picture)[0]
    assert (upright.turned, upright.confidence) == (0, 0.99 if turned == 0 else 0.6)
    assert lies_on_the_mark(upright, x / views, 0.4, 300 * views, 80)


@pytest.mark.parametrize("kind", ["canvas", "canvas of any height", "padded"])
@pytest.mark.parametrize("vertical", ["keep", "rotate"])
@pytest.mark.parametrize(("mark", "turned"), [((0.5, 0.1), 90), ((0.5, 0.9), 270), ((0.1, 0.5), 0)])
def test_a_tall_line_is_asked_as_it_is_and_on_both_sides(kind, vertical, mark, turned):
    backend = Marks(kind, vertical)
    given = line(80, 300, mark, 0.08)
    (reading,) = Reader(backend, orientation="auto").read(given)
    assert reading.turned == turned
    assert reading.confidence == 0.99
    assert backend.shown == 3
    if turned or kind != "padded":  # whose network sees no cells so far to the left
        assert lies_on_the_mark(reading, *mark, 80, 300)
    assert Reader(backend).read(given)[0].turned == (90 if vertical == "rotate" else 0)


def test_only_pictures_that_are_unsure_are_asked_again():
    pictures = [line(mark=(x, 0.5)) for x in (0.1, 0.9, 0.2, 0.8)]
    backend = Marks("canvas")
    readings = Reader(backend, orientation="auto").read(pictures, batch_size=4)
    assert [reading.turned for reading in readings] == [0, 180, 0, 180]
    assert backend.shown == 6
    backend = Marks("canvas", sure=0.95, unsure=0.92)
    assert [reading.turned for reading in Reader(backend, orientation="auto").read(pictures)] == [0, 0, 0, 0]
    assert backend.shown == 4


def test_the_surer_text_is_kept_and_the_first_where_none_is_surer():
    (reading,) = Reader(Marks("canvas", sure=0.5, unsure=0.5), orientation="auto").read(line(mark=(0.9, 0.5)))
    assert reading.turned == 0


def test_turns_are_compared_by_what_is_read_greedily():
    """A text model that makes each text on its head sure does not turn the picture."""

    def surer(outputs):
        return {**outputs, "predicted_scores": 1.5 - np.asarray(outputs["predicted_scores"])}

    for mark, turned in ((0.1, 0), (0.9, 180)):
        reader = Reader(Marks("canvas", sure=0.8), orientation="auto", texts=surer)
        assert reader.read(line(mark=(mark, 0.5)))[0].turned == turned


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mark", [0.15, 0.85])
def test_prepared_pictures_are_turned_in_a_batch_of_any_size(kind, mark):
    """As eval reads records: boxes are in the prepared picture, and so is the turn."""
    reader = Reader(Marks(kind), orientation="auto")
    prepared = reader.prepare(line(mark=(mark, 0.5)))
    for batch_size in (0, 1, 8):
        readings = reader.read_prepared([prepared, prepared], batch_size)
        assert [reading.turned for reading in readings] == [180 if mark > 0.5 else 0] * 2
    assert reader.read_prepared([], 0) == []


def test_label_smoothing_makes_no_picture_unsure():
    assert orientation.unsure_below(ModelConfig(head="ctc")) == 0.9
    assert orientation.unsure_below(ModelConfig(label_smoothing=0.1)) == pytest.approx(0.81)
    backend = Marks("stretched", sure=0.85)  # of 0.9 at most
    assert Reader(backend, orientation="auto").read(line())[0].turned == 0
    assert backend.shown == 1


@pytest.mark.parametrize(("mark", "turned"), [(0.2, 0), (0.85, 180)])
def test_a_drawing_shows_the_picture_as_it_was_read(mark, turned):
    backend = Marks("canvas")
    reader = Reader(backend, orientation="auto")
    fitted = reader.fitted(line(mark=(mark, 0.5)))
    (reading,) = reader.read_prepared([fitted])
    assert reading.turned == turned
    seen = fitted.in_turn(turned).pixels.astype(int)
    assert np.argwhere(seen[..., 0] - seen[..., 1] > 100)[:, 1].mean() < seen.shape[1] / 3
    assert np.array_equal(reader.draw(fitted, reading), reader.draw(fitted.in_turn(turned).pixels, reading))


@pytest.mark.parametrize("told", [UPRIGHT, *TURNS])
def test_exifs_orientations_are_turned_to_the_left(told):
    file = Image.fromarray(np.arange(18, dtype=np.uint8).reshape(2, 3, 3))

    def upright(orientation):
        return file.transpose(TURNS[orientation]) if orientation in TURNS else file

    left = np.asarray(upright(told).transpose(Image.Transpose.ROTATE_90))
    np.testing.assert_array_equal(left, np.asarray(upright(TURNED_LEFT[told])))


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ((1600, 1200), "is 1600 x 1200 pixels, a page or a photograph"),
        ((1240, 1754), "is 1240 x 1754 pixels, a page or a photograph"),
        ((3000, 100), "is 30 times as wide as high, and squeezed: this model reads lines up to 4 times"),
        ((300, 80), ""),
        ((100, 90), ""),
        ((80, 400), ""),
        ((900, 300), ""),
    ],
)
def test_a_picture_of_something_else_is_told_once(size, told, caplog):
    reader = Reader(Marks("canvas"))
    reader.read([line(*size), line(*size)])
    assert [record.getMessage().startswith(f"picture 1 of 2 {told}") for record in caplog.records] == (
        [True] if told else []
    )
