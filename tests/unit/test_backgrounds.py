"""What is drawn behind signs: walls and greenery, posts and other signs."""

import numpy as np
import pytest

from attention_ocr.render.signs import backgrounds
from attention_ocr.render.signs.backgrounds import KINDS, WALLS, background, cloth, piece
from attention_ocr.render.signs.scenes import Shape, bar, fill, project, surroundings

# 100 pixels a plate width, the plate's middle at (75, 75)
TO_VIEW = np.array([[100.0, 0, 75], [0, 100, 75], [0, 0, 1]])


@pytest.mark.parametrize(("height", "width"), [(150, 150), (32, 128), (700, 900), (1, 1)])
def test_a_background_has_the_size_asked_for(height, width):
    picture = background(np.random.default_rng(0), height, width)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8


def test_a_state_gives_its_background():
    first, again, other = (background(np.random.default_rng(seed), 60, 80) for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any()


def test_the_bank_is_the_same_in_every_process():
    before = backgrounds._bank("brick")[0]
    backgrounds._bank.cache_clear()
    assert (backgrounds._bank("brick")[0] == before).all()


def test_every_kind_is_drawn(monkeypatch):
    seen = set()
    plain = backgrounds.cloth

    def noted(kind, random):
        seen.add(kind)
        return plain(kind, random)

    monkeypatch.setattr(backgrounds, "cloth", noted)
    for seed in range(120):
        background(np.random.default_rng(seed), 20, 20)
    assert seen == set(KINDS)


def test_scenes_reach_every_kind_on_walls_and_posts():
    scenes = [surroundings(np.random.default_rng(seed), 0.33) for seed in range(200)]
    assert {cloth.kind for scene in scenes for cloth in scene.cloths} == set(KINDS)
    assert all((scene.cloths[0].kind in WALLS) == scene.on_wall for scene in scenes)
    assert 0.3 < np.mean([scene.on_wall for scene in scenes]) < 0.6


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_palette_and_some_texture(kind):
    random = np.random.default_rng(2)
    chosen = cloth(kind, random)
    picture = piece(chosen, random, 150, 150, 1.0)
    assert set(map(tuple, picture.reshape(-1, 3))) <= set(map(tuple, chosen.colours.reshape(-1, 3)))
    assert picture.std(axis=(0, 1)).max() > 0.5


def test_shapes_lie_where_the_view_has_them():
    assert project(TO_VIEW, np.array([[0.5, -0.25]])).tolist() == [[125.0, 50.0]]
    picture = np.zeros((150, 150, 3), np.uint8)
    square = Shape(np.array([[-0.2, -0.1], [0.2, -0.1], [0.2, 0.1], [-0.2, 0.1]]), (10, 20, 30))
    fill(picture, TO_VIEW, [square])
    assert picture[75, 75].tolist() == [10, 20, 30]
    rows, columns = np.nonzero(picture.sum(2) >= 30)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((65, 85, 55, 95), abs=1)


def test_a_bar_is_lit_from_one_side():
    picture = np.zeros((150, 150, 3), np.uint8)
    fill(picture, TO_VIEW, bar(-0.3, -9, 0.3, 9, (100, 100, 100)))
    assert picture[75, 75, 0] > picture[75, 100, 0] > 0
    assert picture[0, 75, 0] == picture[149, 75, 0] == picture[75, 75, 0]


def test_views_of_a_wall_show_the_same_wall_and_the_post_other_backgrounds():
    scenes = [surroundings(np.random.default_rng(seed), 0.33) for seed in range(30)]
    for scene in scenes:
        first, second = (scene.draw(TO_VIEW, np.random.default_rng(seed), 150, 150) for seed in (1, 2))
        assert first.shape == (150, 150, 3)
        assert (first == second).all() == scene.on_wall
