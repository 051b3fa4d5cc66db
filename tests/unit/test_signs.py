"""A drawn sign is a function of seed and number, and its label can be written with the charset."""

import numpy as np
import pytest

from attention_ocr.config import RenderConfig, SignsConfig
from attention_ocr.errors import UserError
from attention_ocr.render import renderers, sheets


@pytest.fixture(scope="module")
def signs():
    return renderers.sign_renderer(RenderConfig(seed=3), SignsConfig())


@pytest.fixture(scope="module")
def small_signs():
    """Signs with the same names, drawn quickly."""
    return renderers.sign_renderer(RenderConfig(seed=3), SignsConfig(num_views=1, image_height=24, image_width=24))[0]


def test_a_sign_depends_on_seed_and_number_alone(signs):
    renderer, _ = signs
    first = renderer.draw(5)
    renderer.draw(6)
    again, other = renderer.draw(5), renderer.draw(6)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert (first.pixels.shape, first.pixels.dtype) == ((150, 600, 3), np.uint8)
    assert not np.array_equal(first.pixels, other.pixels)
    another_seed, _ = renderers.sign_renderer(RenderConfig(seed=4), SignsConfig())
    assert not np.array_equal(another_seed.draw(5).pixels, first.pixels)


def test_labels_fit_the_data_set(signs, small_signs):
    renderer, spec = signs
    labels = [small_signs.draw(number).text for number in range(30)]
    assert labels[:2] == [renderer.draw(number).text for number in range(2)]
    assert all(spec.charset.unknown(label) == [] for label in labels)
    assert max(map(len, labels)) <= spec.max_sequence_length == 37
    assert len(set(labels)) > 25
    assert (spec.num_views, spec.image_height, spec.image_width) == (4, 150, 150)


def test_sizes_and_views_are_free():
    renderer, spec = renderers.sign_renderer(RenderConfig(), SignsConfig(num_views=2, image_height=64, image_width=96))
    assert renderer.draw(0).pixels.shape == spec.image_shape == (64, 192, 3)


def test_names_of_a_file_are_drawn(tmp_path):
    (tmp_path / "names.txt").write_text("Rue du Lac\nPlace de l'Église\n", "utf-8")
    renderer, spec = renderers.sign_renderer(RenderConfig(text_file=str(tmp_path / "names.txt")), SignsConfig())
    assert {renderer.draw(number).text for number in range(12)} == {"Rue du Lac", "Place de l‘Église"}
    assert spec.charset.unknown("Rue du LacPlace de l‘Église") == []
    (tmp_path / "charset.txt").write_text("0\ta\n1\t<nul>\n")
    config = RenderConfig(text_file=str(tmp_path / "names.txt"), charset_file=str(tmp_path / "charset.txt"))
    with pytest.raises(UserError, match="'Rue du Lac' has 'R', which --charset_file="):
        renderers.sign_renderer(config, SignsConfig())


def test_all_characters_that_no_font_has_are_named_at_once(tmp_path):
    (tmp_path / "names.txt").write_text("Rue 中\nRue du Lac\nRue 文\n", "utf-8")
    with pytest.raises(UserError, match=r"none of \d+ fonts has 中 文; take more fonts with --fonts=installed"):
        renderers.sign_renderer(RenderConfig(text_file=str(tmp_path / "names.txt")), SignsConfig())


def test_easy_signs_have_shorter_names(small_signs):
    easy, hard = ([len(small_signs.draw(n, difficulty).text) for n in range(60)] for difficulty in (0.0, 1.0))
    assert np.mean(easy) < 0.85 * np.mean(hard)


def test_the_easiest_signs_say_letters_at_random(small_signs):
    texts = [small_signs.draw(n, 0.0).text for n in range(40)]
    assert all(1 <= len(text) <= 6 and text.isalpha() for text in texts)
    assert all(" " in text or len(text) > 6 for text in (small_signs.draw(n, 0.3).text for n in range(8)))


def test_letters_can_be_read_in_the_best_view(signs):
    renderer, _ = signs
    heights = [renderer.draw(number).letter_height for number in range(60)]
    assert np.mean(np.array(heights) >= 5) > 0.9


def test_a_sheet_shows_all_pictures():
    pictures = [np.full((10, 20, 3), value, np.uint8) for value in (50, 100, 150)]
    sheet = np.array(sheets.contact_sheet(pictures, columns=2))
    assert {50, 100, 150} < set(np.unique(sheet))
    assert sheet.shape == (2 * 14 + 4, 2 * 24 + 4, 3)
