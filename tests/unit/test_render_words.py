"""Rendered words: their shapes, that they can be read, and what is said of bad input."""

import dataclasses
import importlib.resources
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import font_factory
import numpy as np
import pytest
from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.render.fonts.bundled import bundled_fonts
from attention_ocr.render.fonts.files import FontFile, read_fonts
from attention_ocr.render.words import letters, renderer, shapes
from attention_ocr.render.words.pictures import Words, WordStyle
from attention_ocr.render.words.renderer import WordRenderer
from attention_ocr.render.words.shapes import Bend, Margins, Placing, Pose
from attention_ocr.render.words.text_sources import TextStyle
from attention_ocr.render.words.texts import WordTexts

HAN = "图数你生息据成试的界登本好机世"
PLAIN = WordStyle().at_difficulty(0)
DRAW = """
import hashlib
import numpy as np
from attention_ocr.render.signs.renderer import SignRenderer
from attention_ocr.render.words.texts import WordTexts
from attention_ocr.render.words.pictures import Words, WordStyle

words = Words(WordTexts.from_charset("abcXYZ019"), WordStyle())
random, digest = np.random.default_rng(7), hashlib.sha256()
for _ in range(20):
    picture, text = words.draw(random)
    digest.update(picture.tobytes() + text.encode())
digest.update(SignRenderer(7, 48, 64, 1).draw(0).pixels.tobytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def fonts():
    return bundled_fonts()


@pytest.fixture(scope="module")
def han_fonts(tmp_path_factory):
    """A font with square characters, each of its own two boxes; that of `一` is a horizontal stroke."""
    glyphs = {c: [(60, -60, 940, 60 * n - 30), (60, 60 * n, 400, 800)] for n, c in enumerate(HAN, start=1)}
    path = tmp_path_factory.mktemp("fonts") / "han.ttf"
    return read_fonts(str(font_factory.font_of_boxes(path, {**glyphs, "一": [(60, 330, 940, 450)]})))


def text_file(folder, text):
    path = folder / "texts.txt"
    path.write_text(text, encoding="utf-8")
    return path


def drawn(texts, style, fonts, count, seed=0):
    words, random = Words(texts, style, fonts), np.random.default_rng(seed)
    return [words.draw(random) for _ in range(count)]


def contrast(picture):
    """The difference in brightness between the darkest and the brightest twentieth of the pixels."""
    low, high = np.percentile(picture.astype(np.float32).mean(axis=2), (5, 95))
    return high - low


def test_pictures_of_the_size_asked_for(fonts):
    for picture, text in drawn(WordTexts.made_up(), WordStyle(height=24, width=100), fonts, 20):
        assert picture.shape == (24, 100, 3)
        assert picture.dtype == np.uint8
        assert text


def test_a_seed_gives_the_same_bytes_whatever_was_drawn_before(fonts):
    words = Words(WordTexts.made_up(), WordStyle(), fonts)
    first = [words.draw(np.random.default_rng(seed)) for seed in range(10)]
    again = [words.draw(np.random.default_rng(seed)) for seed in reversed(range(10))][::-1]
    for (picture, text), (picture_again, text_again) in zip(first, again, strict=True):
        assert text == text_again
        np.testing.assert_array_equal(picture, picture_again)
    assert len({picture.tobytes() for picture, _ in first}) == 10


def test_a_seed_gives_the_same_bytes_in_another_process_whatever_fonts_the_machine_has(tmp_path):
    def run(hash_seed, fonts):
        folder = tmp_path / hash_seed
        (folder / "fonts").mkdir(parents=True)
        for font in fonts:
            shutil.copy(font.path, folder / "fonts")
        (folder / "fonts.conf").write_text(f"<fontconfig><dir>{folder / 'fonts'}</dir></fontconfig>")
        own = {"FONTCONFIG_FILE": str(folder / "fonts.conf"), "XDG_DATA_HOME": str(folder), "HOME": str(folder)}
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, **own}
        return subprocess.run([sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True, check=True)

    assert run("1", ()).stdout == run("2", bundled_fonts()[::3]).stdout


def test_words_travel_to_another_process(fonts):
    words = Words(WordTexts.made_up(), WordStyle(), fonts)
    copy = pickle.loads(pickle.dumps(words))
    np.testing.assert_array_equal(words.draw(np.random.default_rng(3))[0], copy.draw(np.random.default_rng(3))[0])


def test_masks_show_letters_outline_and_shadow_where_the_picture_has_them(fonts):
    style = WordStyle(outlines=1, shadows=1, width=0).at_difficulty(1)
    words = Words(WordTexts.from_charset("HEFNM"), style, fonts)
    for seed in range(5):
        masks = words.masks("HEM", np.random.default_rng(seed))
        assert masks.dtype == np.uint8
        assert masks.shape == words.picture("HEM", np.random.default_rng(seed)).shape
        letters, outline, shadow = (masks[..., channel] > 127 for channel in range(3))
        assert letters.sum() > 40
        assert outline.any() or seed
        assert shadow.any()
    plain = Words(WordTexts.from_charset("HEFNM"), PLAIN, fonts)
    masks = plain.masks("HEM", np.random.default_rng(1))
    picture = plain.picture("HEM", np.random.default_rng(1)).astype(float).mean(axis=2)
    inside, outside = picture[masks[..., 0] > 250], picture[masks[..., 0] == 0]
    assert abs(inside.mean() - outside.mean()) > 5 * max(inside.std(), outside.std(), 1)
    assert not masks[..., 1:].any()


def test_a_share_of_words_is_left_unpainted_with_the_same_texts(fonts):
    some = WordRenderer(5, WordTexts.made_up(), WordStyle(), letters.FontChoice(fonts, "a"), masks=0.4)
    none = dataclasses.replace(some, masks=0.0)
    drawn = [some.draw(number) for number in range(60)]
    assert 0.2 < np.mean([picture.is_unpainted for picture in drawn]) < 0.6
    for number, picture in enumerate(drawn[:12]):
        painted = none.draw(number)
        assert picture.text == painted.text
        assert picture.is_unpainted or np.array_equal(picture.pixels, painted.pixels)


def test_fonts_take_turns(fonts, monkeypatch):
    monkeypatch.setattr(renderer, "TURN", 10)
    used = []
    draw = letters.FontChoice.draw
    monkeypatch.setattr(letters.FontChoice, "draw", lambda *given: used.append(draw(*given)) or used[-1])
    style = dataclasses.replace(PLAIN, mixed=0.0, neighbours=0.0)
    words = WordRenderer(5, WordTexts.from_charset("abc"), style, letters.FontChoice(fonts, "abc"), fonts_at_once=3)
    first = [words.draw(number).pixels for number in range(20)]
    turns = [{font.path for chosen in used[start : start + 10] for font in chosen} for start in (0, 10)]
    assert all(1 < len(turn) <= 3 for turn in turns)
    assert turns[0] != turns[1]
    again = WordRenderer(5, WordTexts.from_charset("abc"), style, letters.FontChoice(fonts, "abc"), fonts_at_once=3)
    for number in (17, 3):
        np.testing.assert_array_equal(again.draw(number).pixels, first[number])


def test_a_character_that_the_fonts_of_a_turn_lack_is_drawn_with_another(fonts, han_fonts):
    choice = letters.FontChoice([*fonts, *han_fonts], "a图")
    preferring = choice.preferring(1, np.random.default_rng(0))
    assert {font.path for font in preferring.draw("图", np.random.default_rng(1))} == {han_fonts[0].path}


def test_most_words_stand_out_from_their_ground(fonts):
    pictures = [picture for picture, _ in drawn(WordTexts.made_up(), WordStyle(), fonts, 200)]
    contrasts = np.array([contrast(picture) for picture in pictures])
    assert np.mean(contrasts > 40) > 0.9
    assert contrasts.min() > 8


def test_plain_words_show_ink_where_the_text_is(fonts):
    """Without any distortion the middle rows differ from the rim, which is ground."""
    words = Words(WordTexts.from_charset("HEFNM"), PLAIN, fonts)
    for seed in range(20):
        picture = words.picture("HENHEN", np.random.default_rng(seed)).astype(np.float32).mean(axis=2)
        ground = np.median(picture[0])
        assert np.abs(picture[0] - ground).max() < 12
        assert (np.abs(picture[10:22] - ground) > 25).mean() > 0.1


def test_every_letter_is_drawn(fonts):
    """As many columns of ink as letters, for letters that do not touch."""
    ink = letters.line("lll", [fonts[0]] * 3, 64, letters.Setting(0.3), np.random.default_rng(0))
    columns = (ink.max(axis=0) > 128).astype(int)
    assert (np.diff(columns) == 1).sum() + columns[0] == 3


def test_width_zero_follows_the_text(fonts):
    words = Words(WordTexts.from_charset("abc"), WordStyle(width=0, max_width=600).at_difficulty(0), fonts[:1])
    widths = [words.picture("ab" * n, np.random.default_rng(0)).shape for n in (2, 4, 8, 60)]
    assert [shape[0] for shape in widths] == [32] * 4
    assert 1.7 < widths[1][1] / widths[0][1] < 2.3
    assert 1.7 < widths[2][1] / widths[1][1] < 2.3
    assert widths[3][1] == 600


def test_style_gets_plainer_with_difficulty():
    assert WordStyle().at_difficulty(1) == WordStyle()
    half = WordStyle(rotation=8, blur=0.5).at_difficulty(0.5)
    assert (half.rotation, half.blur, half.height) == (4, 0.25, 32)


def test_another_style_draws_as_words_made_with_it(fonts):
    texts = WordTexts.from_charset("abc")
    restyled = Words(texts, WordStyle(), fonts).restyled(PLAIN)
    expected = Words(texts, PLAIN, fonts).draw(np.random.default_rng(1))[0]
    np.testing.assert_array_equal(restyled.draw(np.random.default_rng(1))[0], expected)


@pytest.mark.parametrize(
    ("bend", "pose"),
    [
        (Bend(), Pose()),
        (Bend("arc", 1.0), Pose(5)),
        (Bend("arc", -1.0), Pose(0, 0, 0.8)),
        (Bend("sine", 0.3, 1.0, 1.0), Pose(-8, 15, 0, 0.8)),
    ],
)
def test_a_warped_word_fills_its_picture_and_no_more(bend, pose):
    ink = np.zeros((100, 260), np.uint8)
    ink[30:70, 30:230] = 255
    margins, size = Margins(0.1, 0.1, 0.1, 0.1), (160, 32)
    seen, nothing, again = shapes.warp([ink, None, ink], (200, 40), bend, pose, margins, Placing(3.0), size)
    assert nothing is None
    np.testing.assert_array_equal(seen, again)
    rows, columns = np.nonzero(seen > 127)
    assert seen.shape == (32, 160)
    assert 1 <= rows.min() <= 6
    assert 25 <= rows.max() <= 30
    assert columns.min() >= 1
    assert columns.max() <= 158
    assert columns.max() - columns.min() > 60


def test_an_unbent_point_comes_back():
    x, y = np.meshgrid(np.linspace(-90, 90, 9), np.linspace(-20, 20, 5))
    for bend in (Bend("arc", 1.2), Bend("arc", -0.7), Bend("sine", 0.3, 0.8, 2.0)):
        bent = shapes._bent(x, y, (200, 40), bend)
        back = shapes._unbent(*(axis.astype(np.float32) for axis in bent), (200, 40), bend)
        np.testing.assert_allclose(back[0], x, atol=0.02)
        np.testing.assert_allclose(back[1], y, atol=0.02)


def test_a_column_of_latin_is_the_line_on_its_side(fonts):
    style = WordStyle(height=160, width=40, vertical=1.0).at_difficulty(0)
    assert style.vertical == 1.0
    picture = Words(WordTexts.from_charset("abc"), style, fonts).picture("abcabcabc", np.random.default_rng(2))
    ink = np.abs(picture.astype(np.float32).mean(axis=2) - np.median(picture.mean(axis=2))) > 25
    rows, columns = np.nonzero(ink)
    assert picture.shape == (160, 40, 3)
    assert np.ptp(rows) > 1.5 * np.ptp(columns)


def test_chinese_lines_and_columns(han_fonts):
    texts = WordTexts.from_charset(HAN, TextStyle(min_characters=4, max_characters=8))
    for style in (
        WordStyle(),
        WordStyle(width=0),
        WordStyle(height=160, width=40, vertical=1.0),
        WordStyle(vertical=1),
    ):
        for picture, text in drawn(texts, style, han_fonts, 10):
            assert set(text) <= set(HAN)
            assert contrast(picture) > 8
    column = letters.column("图数你", han_fonts[:1] * 3, 40, letters.Setting())
    assert 105 < column.shape[0] < 125
    assert 34 < column.shape[1] < 44


def test_a_column_in_a_wide_picture_lies_on_its_left_side(han_fonts):
    """`一` is a horizontal stroke; turned counter-clockwise it stands upright."""
    style = WordStyle(height=32, width=32 * 4, vertical=1.0).at_difficulty(0)
    words = Words(WordTexts.from_charset("一"), style, han_fonts)
    ink, _, is_column = words._ink("一", np.random.default_rng(0))
    assert is_column
    assert ink.shape[0] > 3 * ink.shape[1]


def test_a_text_of_two_scripts_gets_two_fonts_where_no_font_has_both(monkeypatch):
    first, second = FontFile("first.ttf", 0, "First", "Regular"), FontFile("second.ttf", 0, "Second", "Regular")
    codes = {first: {ord("a"), ord("b")}, second: {ord("b"), ord("界")}}
    monkeypatch.setattr(letters, "characters_of", codes.get)
    monkeypatch.setattr(letters, "_lacks", lambda font, character: False)
    choice = letters.FontChoice([first, second], "ab界")
    random = np.random.default_rng(0)
    assert choice.draw("ab", random) == [first, first]
    assert choice.draw("b界", random) == [second, second]
    assert choice.draw("a界 a", random)[:2] == [first, second]


def test_a_font_with_an_empty_glyph_is_not_chosen(monkeypatch):
    first, second = FontFile("first.ttf", 0, "First", "Regular"), FontFile("second.ttf", 0, "Second", "Regular")
    monkeypatch.setattr(letters, "characters_of", lambda font: {ord("a")})
    monkeypatch.setattr(letters, "_lacks", lambda font, character: font == first)
    choice = letters.FontChoice([first, second], "a")
    assert {choice.draw("a", np.random.default_rng(seed))[0] for seed in range(10)} == {second}


def test_small_capitals_stand_only_beside_capitals(fonts):
    from attention_ocr.render.words.pictures import _setting

    sizes = {
        text: {_setting(text, WordStyle(spacing=1), np.random.default_rng(seed)).small_capitals for seed in range(60)}
        for text in ("SONS", "SOnS")
    }
    assert sizes["SOnS"] == {1.0}
    assert 0.7 < min(sizes["SONS"]) < 0.9


def test_backgrounds_are_cut_from_photographs(tmp_path, fonts):
    Image.new("RGB", (300, 200), (200, 30, 30)).save(tmp_path / "red.png")
    style = WordStyle(background_dir=str(tmp_path), haze=0, noise=0, jpeg=0, textures=0, neighbours=0, colours=1.0)
    for picture, _ in drawn(WordTexts.from_charset("abc"), style, fonts, 10):
        red, green, _ = np.median(picture.reshape(-1, 3), axis=0)
        assert red > green + 40


def test_a_background_of_too_many_pixels_is_named(tmp_path, fonts):
    Image.new("1", (10_000, 5_001)).save(tmp_path / "large.png")
    style = WordStyle(background_dir=str(tmp_path), textures=0)
    with pytest.raises(UserError, match=r"large\.png: has more than 50,000,000 pixels; shrink it$"):
        list(drawn(WordTexts.from_charset("abc"), style, fonts, 10))


def test_arabic_joins_and_runs_from_right_to_left():
    folder = Path(str(importlib.resources.files("fontpkg_noto_sans_arabic"))) / "files"
    (path,) = folder.iterdir()
    font = next(font for font in read_fonts(str(path)) if font.style == "Regular")
    ink = letters.line("سلام", [font] * 4, 48, letters.Setting(), np.random.default_rng(0))
    apart = [letters.glyph(font, 48, letter).ink.shape[1] for letter in "سلام"]
    assert 0 < ink.shape[1] < sum(apart)
    first, last = (letters.glyph(font, 48, letter).ink for letter in "سم")
    assert ink[:, -first.shape[1] // 2 :].any()
    assert ink.shape[1] > first.shape[1] + last.shape[1] // 2


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: WordStyle(height=4), "height 4"),
        (lambda folder: WordStyle(blur=1.5), r"blur=1\.5"),
        (lambda folder: WordStyle(rotation=100), "rotation=100"),
        (lambda folder: WordStyle().at_difficulty(2), "difficulty=2"),
        (lambda folder: TextStyle(min_characters=5, max_characters=2), "min_characters 5"),
        (lambda folder: TextStyle(lower=0.8, upper=0.8), "no more than 1"),
        (lambda folder: WordTexts.made_up("xx"), "language='xx'"),
        (lambda folder: WordTexts.made_up("en", TextStyle(allowed=frozenset("é"))), "text file"),
        (lambda folder: WordTexts.from_charset(" "), "no character to draw"),
        (lambda folder: WordTexts.from_file(text_file(folder, " \n\n")), "has no text"),
        (lambda folder: WordTexts.from_file(text_file(folder, "abcdef"), style=TextStyle(1, 3)), "none of 1 texts"),
        (lambda folder: WordTexts.from_file(text_file(folder, "abc"), "page"), "unit='page'"),
        (lambda folder: WordTexts.from_file(folder / "none.txt"), "none.txt: cannot be read"),
        (lambda folder: Words(WordTexts.made_up(), WordStyle(background_dir=str(folder / "no"))), "background_dir"),
    ],
)
def test_bad_input_is_named(tmp_path, make, said):
    with pytest.raises(UserError, match=said):
        make(tmp_path)


def test_a_background_that_is_no_picture_is_named(tmp_path, fonts):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"broken\.png"):
        Words(WordTexts.made_up(), WordStyle(background_dir=str(tmp_path)), fonts)


def test_glyphs_that_no_font_has_are_named(tmp_path, fonts):
    nobody = "\U000e0fff"
    texts = WordTexts.from_file(text_file(tmp_path, f"ab{nobody}中\n"))
    with pytest.raises(UserError, match=rf"none of \d+ fonts has 中 {nobody}; take more fonts with --fonts=installed"):
        Words(texts, WordStyle(), fonts)
    words = Words(WordTexts.from_charset("ab"), WordStyle(), fonts)
    with pytest.raises(UserError, match=r"none of \d+ fonts|no font draws"):
        words.picture(f"a{nobody}", np.random.default_rng(0))
