"""A region of a photograph is cut out so that its text reads to the right."""

import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from attention_ocr.config import GenerateConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.cropping import crop_region
from attention_ocr.ingest.dataset import write_dataset

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 80, 3), np.uint8)
PHOTOGRAPH = Image.fromarray(PIXELS)


def box(left: float, top: float, right: float, bottom: float, first: int = 0) -> list[float]:
    """The corners of a box clockwise from the upper left one, or from the `first` after it."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [number for corner in corners[first:] + corners[:first] for number in corner]


@pytest.mark.parametrize("edges", [(10, 20, 40, 30), (0, 0, 80, 50), (5, 5, 6, 6), (79, 0, 80, 50), (3, 7, 24, 8)])
def test_a_box_gives_its_very_pixels(edges):
    left, top, right, bottom = edges
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, box(*edges)), PIXELS[top:bottom, left:right])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_corners_that_begin_elsewhere_turn_the_crop(turns):
    """Vertical text and text upside down: the edge from the first corner to the second becomes the top."""
    expected = np.rot90(PIXELS[20:30, 10:40], turns)
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, box(10, 20, 40, 30, first=turns)), expected)


def test_a_polygon_of_eight_points_is_the_box_around_it():
    top = [10, 22, 20, 20, 30, 20, 40, 22]
    bottom = [40, 28, 30, 30, 20, 30, 10, 28]
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, top + bottom), PIXELS[20:30, 10:40])
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, bottom + top), PIXELS[20:30, 10:40][::-1, ::-1])


def test_a_word_on_an_arc_reads_from_end_to_end():
    """Its first edge runs upwards, its first half to the right."""
    arc = [10, 30, 12, 20, 25, 18, 38, 20, 40, 30, 40, 32, 25, 28, 10, 32]
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, arc), PIXELS[18:32, 10:40])


def test_a_triangle_reads_along_its_first_edge():
    upright = PIXELS[20:30, 10:40]
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, [10, 20, 40, 20, 25, 30]), upright)
    np.testing.assert_array_equal(crop_region(PHOTOGRAPH, [40, 30, 10, 30, 25, 20]), upright[::-1, ::-1])


@pytest.mark.parametrize("degrees", [15, 44, 46, 80, 135, 180, 250, 300, 359])
def test_a_turned_word_reads_to_the_right(degrees):
    """A dark left half and a light right half, turned with their corners, come back in that order."""
    angle = np.radians(degrees)
    right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    middle = np.array([100, 100])
    corners = [middle + x * right + y * down for x, y in ((-40, -15), (40, -15), (40, 15), (-40, 15))]
    picture = Image.new("RGB", (200, 200), (255, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.polygon([*map(tuple, (corners[0], middle - 15 * down, middle + 15 * down, corners[3]))], fill=(40, 40, 40))
    draw.polygon([*map(tuple, (middle - 15 * down, corners[1], corners[2], middle + 15 * down))], fill=(200, 200, 200))
    crop = np.array(crop_region(picture, np.ravel(corners)))
    assert crop.shape == (30, 80, 3)
    assert (abs(crop[3:-3, 3:37].astype(int) - 40) <= 2).all()
    assert (abs(crop[3:-3, 43:-3].astype(int) - 200) <= 2).all()


def test_what_lies_outside_repeats_the_border():
    crop = np.array(crop_region(PHOTOGRAPH, box(-5, -3, 10, 10)))
    np.testing.assert_array_equal(crop, np.pad(PIXELS[:10, :10], ((3, 0), (5, 0), (0, 0)), mode="edge"))
    crop = np.array(crop_region(PHOTOGRAPH, box(70, 40, 100, 60)))
    np.testing.assert_array_equal(crop, np.pad(PIXELS[40:, 70:], ((0, 10), (0, 20), (0, 0)), mode="edge"))


def test_fractions_of_a_pixel_are_rounded_to_a_size():
    assert crop_region(PHOTOGRAPH, box(3.2, 4.7, 10.4, 9.3)).size == (7, 5)


@pytest.mark.parametrize(
    ("region", "problem"),
    [
        (box(80, 0, 90, 10), "its region 80,0 90,0 90,10 80,10 lies outside the picture of 80 x 50"),
        (box(0, -20, 10, 0), "lies outside"),
        ([5, 5] * 4, "its region 5,5 5,5 5,5 5,5 is 0 x 0 pixels; it must be at least 1 x 1"),
        ([0, 0, 9, 9, 18, 18, 27, 27], "pixels; it must be at least 1 x 1"),
        (box(5, 5, 25, 5.3), "is 20 x 0 pixels"),
        (box(0, 0, 1e6, 1e6), "is far larger than the picture of 80 x 50"),
        (box(0, 0, 1e300, 5), "is far larger than"),
        ([float("nan")] * 8, "is far larger than"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_region_that_shows_nothing_is_an_error(region, problem):
    with pytest.raises(UserError, match=re.escape(problem)):
        crop_region(PHOTOGRAPH, region)


def regions(folder, *found: list[float]) -> list[Annotation]:
    PHOTOGRAPH.save(folder / "photo.png")
    return [
        Annotation(("photo.png",), "ab", f"gt.txt:{number}", folder, region=tuple(region))
        for number, region in enumerate(found, start=1)
    ]


def test_a_bad_region_is_named_or_skipped(tmp_path):
    lines = regions(tmp_path, box(0, 0, 20, 10), box(90, 0, 99, 9), box(0, 0, 1e6, 1e6), [5, 5] * 4)
    knobs = {"image_height": 10, "image_width": 20, "validation_fraction": 0, "test_fraction": 0}
    expected = f"gt.txt:2: 'ab': {tmp_path}/photo.png: its region 90,0 99,0 99,9 90,9 lies outside the picture"
    with pytest.raises(UserError, match=re.escape(expected)):
        write_dataset({"train": lines[:2]}, tmp_path / "out", GenerateConfig(**knobs))
    summary = write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(on_bad_image="skip", **knobs))
    split = summary.splits["train"]
    assert (split.kept, split.dropped["bad picture"].count) == (1, 3)


def test_the_usual_size_is_that_of_the_regions(tmp_path):
    lines = regions(tmp_path, box(0, 0, 20, 10), box(20, 20, 44, 32), box(0, 0, 40, 20))
    config = GenerateConfig(validation_fraction=0, test_fraction=0)
    spec = write_dataset({"train": lines}, tmp_path / "out", config).spec
    assert (spec.image_height, spec.image_width) == (12, 24)
    lines = regions(tmp_path, box(0, 0, 20, 10, first=1))
    spec = write_dataset({"train": lines}, tmp_path / "turned", config).spec
    assert (spec.image_height, spec.image_width) == (20, 10)
