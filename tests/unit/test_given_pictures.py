"""Reader takes a picture however a program has it, reads the same from it, and names what it cannot read."""

import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.reading.given_pictures import named, opened

RGB = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
GREY = RGB[..., 0]


def file_of(picture, **options):
    buffer = io.BytesIO()
    picture.save(buffer, **options)
    return buffer.getvalue()


PNG = file_of(Image.fromarray(RGB), format="PNG")


def pixels_of(picture, max_pixels=1000):
    return np.asarray(opened(picture, "it", max_pixels)[0])


class FromAnotherLibrary:
    """An array of a library that NumPy knows how to read."""

    def __array__(self, dtype=None, copy=None):
        return RGB


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: str(folder / "a.png"),
        lambda folder: folder / "a.png",
        lambda folder: PNG,
        lambda folder: bytearray(PNG),
        lambda folder: memoryview(PNG),
        lambda folder: RGB,
        lambda folder: np.repeat(RGB, 2, axis=0)[::2],  # not in one piece
        lambda folder: FromAnotherLibrary(),
        lambda folder: Image.fromarray(RGB),
        lambda folder: Image.open(folder / "a.png"),
        lambda folder: Image.fromarray(RGB).convert("RGBA"),
        lambda folder: np.concatenate([RGB, np.full([4, 6, 1], 255, np.uint8)], axis=2),
    ],
)
def test_a_picture_is_the_same_however_it_is_given(make, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    np.testing.assert_array_equal(pixels_of(make(tmp_path)), RGB)


@pytest.mark.parametrize("make", [lambda: GREY, lambda: GREY[..., None], lambda: Image.fromarray(GREY)])
def test_grey_is_taken(make):
    np.testing.assert_array_equal(pixels_of(make()), np.repeat(GREY[..., None], 3, axis=2))


def test_transparency_is_as_in_a_file():
    rgba = np.zeros([1, 2, 4], np.uint8)
    rgba[0, 0, 3] = 255
    assert pixels_of(rgba)[0, :, 0].tolist() == [0, 255]
    np.testing.assert_array_equal(pixels_of(rgba), pixels_of(file_of(Image.fromarray(rgba), format="PNG")))


def test_a_picture_of_pillow_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.open(io.BytesIO(file_of(Image.fromarray(RGB), format="PNG", exif=exif)))
    np.testing.assert_array_equal(pixels_of(turned), np.rot90(RGB, -1))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint16", "bool"])
def test_arrays_of_another_type_are_refused_with_the_way_out(dtype):
    with pytest.raises(UserError, match=rf"^it: is an array of {dtype}; give uint8 in 0\.\.255: .*\(array \* 255\)"):
        pixels_of(RGB.astype(dtype))


@pytest.mark.parametrize("shape", [(6,), (), (4, 6, 2), (3, 4, 6), (1, 4, 6, 3), (4, 6, 5)])
def test_arrays_of_another_shape_are_refused(shape):
    with pytest.raises(UserError, match=re.escape(f"it: is an array of shape {list(shape)}; give [height, width], or")):
        pixels_of(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0, 3), (0, 0), (5, 0, 1), (0, 7, 4)])
def test_an_empty_crop_is_named(shape):
    with pytest.raises(UserError, match=rf"^it: is {shape[0]} x {shape[1]} pixels \(height x width\)"):
        pixels_of(np.zeros(shape, np.uint8))


def test_an_empty_picture_of_pillow_is_named():
    with pytest.raises(UserError, match=r"^it: is 0 x 10 pixels \(height x width\)"):
        pixels_of(Image.new("RGB", (10, 0)))


@pytest.mark.parametrize("thing", [None, 3, object(), {"a": 1}])
def test_anything_else_is_refused(thing):
    with pytest.raises(UserError, match=rf"^it: is a {type(thing).__name__}; give a path, the bytes"):
        pixels_of(thing)


@pytest.mark.parametrize("make", [lambda: PNG, lambda: Image.open(io.BytesIO(PNG))])
def test_too_many_pixels_are_refused_before_they_are_decoded(make, monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    with pytest.raises(UserError, match=r"^it: has 6 x 4 = 24 pixels, more than --max_pixels=23"):
        opened(make(), "it", max_pixels=23)


def test_a_damaged_picture_of_pillow_is_named():
    with pytest.raises(UserError, match=r"^it: cannot be read as an image \(.+\)$"):
        pixels_of(Image.open(io.BytesIO(file_of(Image.effect_noise((64, 64), 50), format="PNG")[:900])), 10_000)


def test_several_pages_are_told(caplog):
    pages = [Image.new("L", (9, 9), grey) for grey in (10, 100, 200)]
    data = file_of(pages[0], format="TIFF", save_all=True, append_images=pages[1:])
    assert (np.asarray(opened(data, "scan.tif", 1000)[0]) == 10).all()
    assert caplog.messages == ["scan.tif has 3 pages, the first is read"]


@pytest.mark.parametrize(
    "one",
    ["ab", Path("ab"), b"ab", bytearray(b"ab"), RGB, GREY, RGB[..., :1], RGB / 255, Image.fromarray(RGB)],
    ids=lambda one: type(one).__name__,
)
def test_one_picture_is_one(one):
    ((name, found),) = named(one)
    assert found is one
    assert name == ("ab" if isinstance(one, str | Path) else "the picture")


def test_pictures_are_named_by_path_or_by_place(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    with Image.open(tmp_path / "a.png") as from_file:
        found = named(iter(["x.png", Path("y.png"), PNG, RGB, from_file]))
    names = [name for name, _ in found]
    assert names == ["x.png", "y.png", "picture 3 of 5", "picture 4 of 5", str(tmp_path / "a.png")]
    assert [name for name, _ in named(np.array(["x.png", "y.png"]))] == ["x.png", "y.png"]
    batch = named(np.stack([RGB] * 3))
    assert [name for name, _ in batch] == ["picture 1 of 3", "picture 2 of 3", "picture 3 of 3"]
    assert batch[1][1].shape == RGB.shape
    assert named([]) == []


@pytest.mark.parametrize("thing", [None, 3, object()])
def test_what_is_no_picture_and_no_list_is_refused(thing):
    with pytest.raises(UserError, match=rf"^a {type(thing).__name__} is not a picture; give a path, .* a list of them"):
        named(thing)


def test_no_kind_of_picture_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for picture, shown in ((PNG, RGB), (RGB, RGB), (GREY, np.stack([GREY] * 3, -1))):
            np.testing.assert_array_equal(pixels_of(picture), shown)
        assert pixels_of(Image.fromarray(RGB).convert("P")).shape == RGB.shape
