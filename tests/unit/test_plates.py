"""The demo's street signs: reproducible, all different, and readable in every view."""

import numpy as np
import pytest

from attention_ocr.errors import UserError
from tools.plates import STREET_NAMES, draw_sign


def _sign(seed=0, text="Rue Neuve", **sizes):
    return draw_sign(text, np.random.default_rng(seed), **sizes)


def test_size_is_that_of_the_views_side_by_side():
    assert _sign().size == (600, 150)
    assert _sign().mode == "RGB"
    assert _sign(height=40, width=90, num_views=1).size == (90, 40)
    assert _sign(height=100, width=30, num_views=2).size == (60, 100)


def test_same_state_same_picture_other_state_another():
    assert _sign(3).tobytes() == _sign(3).tobytes()
    assert _sign(3).tobytes() != _sign(4).tobytes()


def test_generator_moves_on_from_sign_to_sign():
    random = np.random.default_rng(0)
    assert draw_sign("Rue Neuve", random).tobytes() != draw_sign("Rue Neuve", random).tobytes()


def test_views_differ():
    views = np.split(np.asarray(_sign()), 4, axis=1)
    assert len({view.tobytes() for view in views}) == 4


def _plate_contrasts(seed):
    """For each view the spread of brightness near the middle of the plate, where the letters are."""
    views = np.split(np.asarray(_sign(seed, "Rue Belle").convert("L")).astype(int), 4, axis=1)
    return [np.ptp(np.percentile(view[40:110, 35:115], (3, 97))) for view in views]


@pytest.mark.parametrize("seed", range(4))
def test_letters_stand_out_in_every_view(seed):
    assert min(_plate_contrasts(seed)) > 60


def test_text_changes_the_picture_in_every_view():
    first, second = (np.asarray(_sign(5, text)).astype(int) for text in ("Rue Nord", "Rue Verte"))
    for one, other in zip(np.split(first, 4, axis=1), np.split(second, 4, axis=1), strict=True):
        assert (np.abs(one - other).max(axis=-1) > 60).sum() > 50


@pytest.mark.parametrize("text", ["", "Rue", "Avenue du General de Gaulle", "X" * 60, "Rue " + "Abc-" * 9])
def test_any_length_of_text_is_drawn(text):
    assert _sign(text=text).size == (600, 150)


def test_character_the_font_lacks_is_told():
    with pytest.raises(UserError, match="'Rue Zoë' has ë"):
        _sign(text="Rue Zoë")


def test_names_are_short_and_drawable():
    assert len(set(STREET_NAMES)) == len(STREET_NAMES) >= 8
    assert max(map(len, STREET_NAMES)) <= 12
    for name in STREET_NAMES:
        _sign(text=name, num_views=1)
