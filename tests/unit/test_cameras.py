"""Photographs of a plate: what is in each view, and that the plate can be read in one."""

import cv2
import numpy as np
import pytest

from attention_ocr.render.signs.cameras import photograph


def plate_with_mark(mark: tuple[int, int, int] = (255, 0, 0)) -> np.ndarray:
    """A nearly black plate of 360 x 240 with an upright block of 90 x 60 pixels in its middle."""
    plate = np.full((240, 360, 4), (12, 12, 12, 255), np.uint8)
    plate[90:150, 135:225, :3] = mark
    plate[:6, :6, 3] = plate[:6, -6:, 3] = 0  # corners off
    return plate


def views_of(pixels: np.ndarray, count: int = 4) -> list[np.ndarray]:
    return np.split(pixels, count, axis=1)


def roughness(view: np.ndarray) -> float:
    """Mean difference of neighbours: 85 for uniform noise, below 50 for photographs."""
    return float(np.abs(np.diff(view.astype(float), axis=0)).mean())


def mark_height(view: np.ndarray) -> float:
    """The mark's height in pixels: where its middle column is at least half as red as the mark."""
    red = view[..., 0].astype(float) - view[..., 1]
    y, x = (round(float(places.mean())) for places in np.nonzero(red > 0.75 * red.max()))
    profile = red[:, x - 1 : x + 2].mean(1) / red[y - 4 : y + 5, x - 1 : x + 2].mean()
    length = 0.0
    for side in (profile[y:], profile[y::-1]):  # from the middle of the mark down, and up
        end = int(np.argmax(side < 0.5))
        length += end - 1 + (side[end - 1] - 0.5) / (side[end - 1] - side[end])
    return length


def test_views_lie_side_by_side():
    views = photograph(plate_with_mark(), 60, np.random.default_rng(0))
    assert views.pixels.shape == (150, 600, 3)
    assert views.pixels.dtype == np.uint8
    assert len(views.letter_heights) == 4


@pytest.mark.parametrize(("height", "width", "num_views"), [(32, 128, 1), (150, 150, 2), (64, 48, 6), (600, 700, 1)])
def test_any_size_and_number_of_views(height, width, num_views):
    views = photograph(plate_with_mark(), 60, np.random.default_rng(1), height, width, num_views)
    assert views.pixels.shape == (height, num_views * width, 3)
    assert len(views.letter_heights) == num_views


def test_a_state_gives_its_bytes_whatever_the_threads():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = [photograph(plate_with_mark(), 60, np.random.default_rng(seed)) for seed in range(6)]
        cv2.setNumThreads(4)
        many = [photograph(plate_with_mark(), 60, np.random.default_rng(seed)) for seed in range(6)]
    finally:
        cv2.setNumThreads(threads)
    assert all((a.pixels == b.pixels).all() for a, b in zip(alone, many, strict=True))
    assert [a.letter_heights for a in alone] == [b.letter_heights for b in many]
    assert (alone[0].pixels != alone[1].pixels).any()


def test_the_plate_stays_as_it_was():
    plate = plate_with_mark()
    photograph(plate, 60, np.random.default_rng(0))
    assert (plate == plate_with_mark()).all()


def test_missing_views_are_uniform_noise_at_the_end():
    missing = 0
    for seed in range(80):
        views = photograph(plate_with_mark(), 60, np.random.default_rng(seed))
        heights = views.letter_heights
        assert heights[0] > 0
        assert sorted(heights, key=bool, reverse=True) == list(heights)  # what is missing comes last
        for view, letters in zip(views_of(views.pixels), heights, strict=True):
            if letters == 0:
                missing += 1
                assert abs(view.mean() - 127.5) < 3
                assert abs(view.std() - 73.9) < 2
                channels = np.corrcoef(view.reshape(-1, 3).T.astype(float))
                assert abs(channels[np.triu_indices(3, 1)]).max() < 0.05
            else:
                assert roughness(view) < 60
    assert 5 < missing < 60  # of 320


def test_one_view_is_never_missing():
    for seed in range(40):
        views = photograph(plate_with_mark(), 60, np.random.default_rng(seed), num_views=1)
        assert views.letter_heights[0] > 5
        assert roughness(views.pixels) < 60


def test_some_views_end_in_a_strip_of_noise():
    strips = 0
    for seed in range(40):
        views = photograph(plate_with_mark(), 60, np.random.default_rng(seed))
        for view, letters in zip(views_of(views.pixels), views.letter_heights, strict=True):
            rows = np.abs(np.diff(view.astype(float), axis=0)).mean((0, 2))  # [W]
            edges = min(rows[:4].mean(), rows[-4:].mean()), max(rows[:4].mean(), rows[-4:].mean())
            strips += letters > 0 and edges[1] > 40 and edges[0] < 40
    assert 4 <= strips <= 40  # of about 150


def test_letters_are_as_high_as_said():
    ratios = []
    for seed in range(25):
        views = photograph(plate_with_mark(), 60, np.random.default_rng(seed), num_views=1, difficulty=0)
        ratios.append(mark_height(views.pixels) / views.letter_heights[0])
    assert np.median(ratios) == pytest.approx(1, abs=0.06)
    assert np.percentile(ratios, 15) > 0.85
    assert np.percentile(ratios, 85) < 1.15


def test_the_best_view_comes_near_enough_to_read_small_letters():
    heights = [max(photograph(plate_with_mark(), 18, np.random.default_rng(seed)).letter_heights) for seed in range(40)]
    assert np.mean(np.array(heights) >= 5) >= 0.95


def test_the_plate_is_seen_in_the_middle_and_what_is_transparent_is_not():
    plate = np.full((200, 360, 4), (250, 20, 250, 255), np.uint8)
    plate[:, 180:] = (20, 250, 20, 0)  # the right half is not there
    for seed in range(10):
        view = photograph(plate, 60, np.random.default_rng(seed), num_views=1, difficulty=0).pixels.astype(int)
        green = view[..., 1] - np.maximum(view[..., 0], view[..., 2])
        magenta = np.minimum(view[..., 0], view[..., 2]) - view[..., 1]
        assert (magenta > 50).mean() > 0.05
        assert (green > 130).mean() < 0.002


def test_easy_signs_have_all_views_and_no_strips():
    for seed in range(30):
        views = photograph(plate_with_mark(), 60, np.random.default_rng(seed), difficulty=0)
        assert min(views.letter_heights) > 10
        for view in views_of(views.pixels):
            assert max(np.abs(np.diff(view[:, side].astype(float), axis=0)).mean() for side in (0, -1)) < 50


@pytest.mark.parametrize("seed", range(6))
def test_a_point_of_the_plate_is_found_again_in_every_view(seed):
    plate = plate_with_mark()
    red = plate[..., 0].astype(float) - plate[..., 1]
    y, x = (places.mean() for places in np.nonzero(red > 0.75 * red.max()))
    views = photograph(plate, 60, np.random.default_rng(seed), difficulty=0, places=np.array([[x, y], [np.nan, 0]]))
    assert views.places.shape == (2, 4, 2)
    assert np.isnan(views.places[1]).any(axis=-1).all()
    for view in range(4):
        cell = views.pixels[:, 150 * view : 150 * view + 150].astype(float)
        red = cell[..., 0] - cell[..., 1]
        seen = [places.mean() for places in np.nonzero(red > 0.75 * red.max())]
        np.testing.assert_allclose(views.places[0, view], seen[::-1], atol=2.5)
