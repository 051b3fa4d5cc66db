"""Drawings of a reading: the heat lies where the model looked, every text can be shown, wrong sizes are told."""

import os
from pathlib import Path

import font_factory
import numpy as np
import pytest
from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.lcnet import LcNetLayout
from attention_ocr.reading import attention_pictures, caption_fonts
from attention_ocr.reading.attention_pictures import attention_strip, draw_attention, draw_reading, heat_map


def _picture(views=4, size=60):
    return np.random.default_rng(0).integers(0, 256, (size, views * size, 3), dtype=np.uint8)


def _looking_at(*positions, count=4 * 6 * 5):
    attention = np.full((len(positions), count), 0.001, np.float32)
    attention[np.arange(len(positions)), positions] = 1
    return attention / attention.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("view", "y", "x"), [(0, 0, 0), (0, 5, 4), (1, 2, 3), (2, 0, 4), (3, 4, 0), (3, 5, 4)])
def test_hottest_pixel_lies_in_its_view_and_cell(view, y, x):
    heat = heat_map(_looking_at(view * 30 + y * 5 + x)[0], 4, (6, 5), 60, 240)
    assert heat.shape == (60, 240)
    rows, columns = np.where(heat == heat.max())  # cells are 10 high and 12 wide, views 60 wide
    assert {int(row) // 10 for row in rows} == {y}
    assert {int(column) // 60 for column in columns} == {view}
    assert {int(column) % 60 // 12 for column in columns} == {x}


def test_heat_does_not_leak_into_the_next_view():
    heat = heat_map(_looking_at(4)[0], 4, (6, 5), 60, 240)  # the right end of the first view
    assert heat[:12, 50:60].max() == 1
    assert heat[:, 60:].max() < 0.01


@pytest.mark.parametrize(("view", "y", "x"), [(0, 3, 2), (2, 1, 1), (3, 5, 4)])
def test_point_of_a_look_lies_in_its_cell(view, y, x):
    ((across, down),) = attention_pictures._looks(_looking_at(view * 30 + y * 5 + x), 4, (6, 5), (60, 240, 3), None)
    assert int(across * 4 * 5) == view * 5 + x
    assert int(down * 6) == y


@pytest.mark.parametrize("width", [60, 100, 128, 131, 400])
def test_a_row_of_columns_lies_where_its_network_has_it(width):
    """PP-OCRv6 sees a narrow line as wide as 128 pixels: its 16 columns, 8 pixels apart, go beyond the picture."""
    layout = LcNetLayout(has_neck=True)
    grid = layout.feature_grid(48, width)
    for column in range(width // 8):
        look = _looking_at(column, count=grid[1])
        ((across, down),) = attention_pictures._looks(look, 1, grid, (48, width, 3), layout.spacing)
        assert abs(across * width - (8 * column + 4)) < 1
        assert down == pytest.approx(0.5)
        heat = heat_map(look[0], 1, grid, 48, width, layout.spacing)
        assert heat[[0, 24, 47], 8 * column : 8 * column + 8].max(axis=1).min() > 0.99


def test_strip_shows_the_picture_and_the_first_steps():
    picture = np.full((60, 240, 3), 128, np.uint8)
    strip = attention_strip(picture, _looking_at(7, 95, 3), 4, (6, 5), most=2)
    assert strip.shape == (3 * 60, 240, 3)
    assert strip.dtype == np.uint8
    np.testing.assert_array_equal(strip[:60], picture)
    for shown, place in ((strip[60:120], (1, 2)), (strip[120:], (1, 15))):  # row, column of 20 over the 4 views
        bright = shown.sum(axis=-1, dtype=int)
        y, x = np.unravel_index(bright.argmax(), bright.shape)
        assert (y // 10, x // 12) == place


def test_drawing_has_a_panel_for_every_step():
    picture = _picture(4, 150)  # three panels a row
    heights = [
        draw_attention(picture, "x" * steps, _looking_at(*range(steps)), 4, (6, 5), np.ones(steps)).height
        for steps in (0, 1, 3, 4, 7)
    ]
    assert heights == sorted(heights)
    assert heights[0] < heights[1] == heights[2] < heights[3] < heights[4]


def test_wide_picture_is_enlarged_and_small_one_keeps_a_title():
    drawn = draw_attention(_picture(4, 150), "a", _looking_at(3), 4, (6, 5), [0.5])
    assert isinstance(drawn, Image.Image)
    assert drawn.mode == "RGB"
    assert 1200 <= drawn.width <= 1280
    assert 900 <= draw_reading(_picture(1, 40), "Rue Neuve", 0.9).width <= 960


def test_one_view_works():
    drawn = draw_attention(_picture(1), ["a", " ", ""], _looking_at(0, 12, 29, count=30), 1, (6, 5), [1.0, 0.5, 0.0])
    assert drawn.width >= 900


def test_no_step_works():
    picture = _picture()
    assert draw_attention(picture, [], np.zeros((0, 120)), 4, (6, 5), []).height > 0
    np.testing.assert_array_equal(attention_strip(picture, np.zeros((0, 120)), 4, (6, 5)), picture)


def test_markers_at_one_place_are_moved_apart():
    places = attention_pictures._spread(np.full((5, 2), 100.0), (600, 300))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e3 * np.eye(5)
    assert apart.min() > 1.5 * attention_pictures._BADGE
    assert np.abs(places - 100).max() < 60


def test_confidence_of_the_whole_text_is_shown():
    picture, attention = _picture(), _looking_at(3)
    given = draw_attention(picture, "a", attention, 4, (6, 5), [0.9], confidence=0.2)
    assert given.tobytes() != draw_attention(picture, "a", attention, 4, (6, 5), [0.9]).tobytes()


def test_wrong_number_of_positions_names_both():
    for draw in (
        lambda attention: draw_attention(_picture(), "a", attention, 4, (6, 5), [1.0]),
        lambda attention: attention_strip(_picture(), attention, 4, (6, 5)),
    ):
        with pytest.raises(UserError, match=r"119.*120"):
            draw(np.ones((1, 119)))


def test_wrong_number_of_steps_names_them():
    with pytest.raises(UserError, match="3 characters, 2 steps of attention and 1 scores"):
        draw_attention(_picture(), "abc", _looking_at(1, 2), 4, (6, 5), [1.0])


@pytest.fixture
def machine(monkeypatch):
    """A machine whose fonts a test chooses: its `machine_font`."""
    fonts = {}
    monkeypatch.setattr(caption_fonts, "machine_font", lambda characters: fonts.get(characters))
    caption_fonts.drawable.cache_clear()
    yield fonts
    caption_fonts.drawable.cache_clear()


def test_captions_of_french_greek_cyrillic_and_hebrew_ask_no_machine(monkeypatch):
    def fail(characters):
        raise AssertionError(f"the machine was asked for {characters!r}")

    monkeypatch.setattr(caption_fonts, "machine_font", fail)
    caption_fonts.drawable.cache_clear()
    for text in ("Rue de l‘Œillet – 93 % «Ÿ» €", "Οδός", "Улица", "רחוב"):
        shown, font = caption_fonts.drawable(text, 20)
        assert shown == text
        assert font.getmask(text).getbbox()
    caption_fonts.drawable.cache_clear()


def test_character_without_a_font_is_its_code_point(machine):
    assert caption_fonts.drawable("a中b", 20)[0] == "a[U+4E2D]b"
    assert caption_fonts.drawable("a\nb", 20)[0] == "a[U+000A]b"
    assert attention_pictures._name(" ") == "space"
    assert attention_pictures._label("中", 7) == "7"


def test_what_bundled_fonts_lack_is_shown_in_one_of_the_machine(machine, tmp_path):
    path = font_factory.font_of_boxes(tmp_path / "han.ttf", {c: [(50, 0, 950, 800)] for c in "中文"})
    machine |= dict.fromkeys(("中", "文", "中文"), caption_fonts.Face(str(path), 0))
    assert caption_fonts.drawable("中文", 20)[1].getname() == ("Boxes", "Regular")
    assert caption_fonts.drawable("中文é", 20)[0] == "[U+4E2D][U+6587]é"  # no font has all three
    assert caption_fonts.drawable("中文\u0c05", 20)[0] == "[U+4E2D][U+6587][U+0C05]"


@pytest.mark.parametrize("has_fontconfig", [True, False])
def test_the_machine_is_asked_with_fontconfig_and_without(tmp_path, monkeypatch, has_fontconfig):
    paths = [
        font_factory.font_of_boxes(tmp_path / f"{name}.ttf", {c: [(50, 0, 950, 800)]}) for name, c in ("a中", "b文")
    ]
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    listing = "\n".join(f"{path}\t0" for path in (tmp_path / "broken.ttf", *paths))
    if has_fontconfig:
        (tmp_path / "fc-match").write_text(f"#!/bin/sh\ncat <<END\n{listing}\nEND\n")
        (tmp_path / "fc-match").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    else:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(caption_fonts, "installed_files", lambda: tuple(map(str, tmp_path.glob("*.ttf"))))
    find = caption_fonts.machine_font.__wrapped__
    assert [Path(find(c).path).name for c in "中文"] == ["a.ttf", "b.ttf"]
    assert find("中文") is None


def test_text_that_fits_nowhere_is_cut():
    short, long = (draw_reading(_picture(), text, 0.5) for text in ("Rue", "Rue du Lac " * 40))
    assert short.size == long.size
    right = np.asarray(long)[:60, -200:-182].astype(int)  # the gap before the confidence stays free
    assert np.ptp(right, axis=(0, 1)).max() == 0


@pytest.mark.parametrize(("y", "x"), [(0, 0), (2, 9), (5, 3)])
def test_heat_and_marker_lie_where_the_tower_looked(y, x):
    """A tower without padding leaves the edges out: cell (y, x) is centred at pixel (13 + 8y, 13 + 8x) of its view."""
    weights = np.zeros([1, 2 * 6 * 10], np.float32)
    weights[0, 60 + y * 10 + x] = 1
    heat = heat_map(weights[0], 2, (6, 10), 66, 200, ((13.5, 8), (13.5, 8)))
    down, across = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(down - (13 + 8 * y)) <= 4, "an outermost cell is flat to its edge"
    assert abs(across - (100 + 13 + 8 * x)) <= 4
    ((right, below),) = attention_pictures._looks(weights, 2, (6, 10), (66, 200, 3), ((13.5, 8), (13.5, 8)))
    assert right * 200 == pytest.approx(100 + 13.5 + 8 * x)
    assert below * 66 == pytest.approx(13.5 + 8 * y)
