"""Pictures of every kind open alike, and are fitted to views as the spec says."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records import pictures


def spec(num_views: int = 1, height: int = 4, width: int = 6, **policies: str) -> DatasetSpec:
    return DatasetSpec("toy", num_views, height, width, 3, Charset.from_labels(["a"]), **policies)


def file_of(image: Image.Image, image_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def grey(*values: int, dtype: type = np.uint8) -> Image.Image:
    return Image.fromarray(np.array([values], dtype))


def first_channel(image: Image.Image) -> list[int]:
    return np.array(image)[0, :, 0].tolist()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_mode_opens_as_the_same_rgb(mode):
    image = pictures.open_image(file_of(grey(0, 100, 200).convert(mode), "TIFF" if mode == "CMYK" else "PNG"))
    assert image.mode == "RGB"
    assert np.array(image).tolist() == [[[0, 0, 0], [100, 100, 100], [200, 200, 200]]]


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ((0, 256, 32768, 65535), np.uint16, [0, 1, 128, 255]),
        ((0, 128, 255), np.uint16, [0, 128, 255]),  # 8 bits in 16
        ((0, 100, 200), np.uint16, [0, 100, 200]),
        ((0, 16, 2048, 4095), np.uint16, [0, 1, 128, 255]),  # 12 in 16
        ((0, 4, 512, 1000), np.uint16, [0, 1, 128, 250]),
        ((0, 1), np.uint16, [0, 255]),
        ((0, 7, 15), np.uint16, [0, 119, 255]),
        ((0, 0), np.uint16, [0, 0]),
        ((0, 128, 255), np.int32, [0, 128, 255]),
        ((-5, 0, 2**16, 2**24 - 1), np.int32, [0, 0, 1, 255]),
        ((0, 0.5, 1), np.float32, [0, 128, 255]),
        ((0, 0.25, 0.5), np.float32, [0, 64, 128]),
        ((0, 0.5, 1.25), np.float32, [0, 102, 255]),
        ((0, 100, 255), np.float32, [0, 100, 255]),
        ((0, 2048, 4095), np.float32, [0, 128, 255]),
        ((float("nan"), -1, 1, float("inf")), np.float32, [0, 0, 255, 0]),
    ],
)
def test_values_of_any_depth_are_seen(values, dtype, expected, image_format):
    if image_format == "PNG" and dtype != np.uint16:
        pytest.skip("no PNG has such values")
    assert first_channel(pictures.open_image(file_of(grey(*values, dtype=dtype), image_format))) == expected


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize(
    ("levels", "alphas", "expected"),
    [
        ((255, 255, 255), (255, 0, 51), (255, 0, 51)),  # white on nothing
        ((192, 230, 255), (255, 0, 255), (192, 0, 255)),
        ((191, 230, 255), (255, 0, 255), (191, 255, 255)),  # there is something darker
        ((0, 255, 255), (255, 0, 255), (0, 255, 255)),
        ((0, 255, 255), (0, 0, 255), (0, 0, 255)),  # the dark is not seen
        ((255, 255, 255), (0, 0, 0), (255, 255, 255)),  # nothing is seen
        ((255, 255, 255), (255, 255, 255), (255, 255, 255)),
    ],
)
def test_what_is_light_alone_is_on_black(mode, levels, alphas, expected):
    image = Image.merge("LA", [grey(*levels), grey(*alphas)])
    options = {"transparency": bytes(alphas)} if mode == "P" else {}
    if mode == "P":
        image = Image.fromarray(np.arange(3, dtype=np.uint8)[None], "L")
        image.putpalette([level for level in levels for _ in range(3)])
    else:
        image = image.convert(mode)
    assert tuple(first_channel(pictures.open_image(file_of(image, **options)))) == expected


def test_a_light_colour_is_light():
    yellow = Image.fromarray(np.array([[[255, 255, 0, 255], [0, 0, 0, 0]]], np.uint8))
    assert np.array(pictures.open_image(file_of(yellow))).tolist() == [[[255, 255, 0], [0, 0, 0]]]
    blue = Image.fromarray(np.array([[[0, 0, 255, 255], [0, 0, 0, 0]]], np.uint8))
    assert np.array(pictures.open_image(file_of(blue))).tolist() == [[[0, 0, 255], [255, 255, 255]]]


def test_transparency_becomes_white():
    half = Image.fromarray(np.array([[[0, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 51]]], np.uint8))
    assert first_channel(pictures.open_image(file_of(half))) == [0, 255, 204]
    assert first_channel(pictures.open_image(file_of(grey(0, 100, 200), transparency=100))) == [0, 255, 200]
    assert first_channel(pictures.open_image(file_of(grey(0, 100).convert("P"), transparency=100))) == [0, 255]


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # Shown upright when turned by 90 degrees clockwise.
    image = pictures.open_image(file_of(grey(0, 255), exif=exif))
    assert np.array(image)[:, :, 0].tolist() == [[0], [255]]


def test_an_animation_gives_its_first_frame():
    data = file_of(grey(10, 10), "GIF", save_all=True, append_images=[grey(200, 200)])
    assert first_channel(pictures.open_image(data)) == [10, 10]


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_picture_of_too_many_pixels_is_not_decoded(image_format, tmp_path, monkeypatch):
    data = file_of(Image.new("L", (300, 20)), image_format)
    assert pictures.open_image(data, max_pixels=6000).size == (300, 20)
    (tmp_path / "a.png").write_bytes(data)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    expected = "has 300 x 20 = 6,000 pixels, more than --max_pixels=5999; shrink it, or raise that number if the "
    expected += "memory holds it"
    with pytest.raises(UserError, match="^" + re.escape(f"a.png: {expected}") + "$"):
        pictures.open_image(data, "a.png", 5999)
    with pytest.raises(UserError, match="^" + re.escape(f"{tmp_path}/a.png: {expected}") + "$"):
        pictures.open_image(tmp_path / "a.png", max_pixels=5999)


def bomb(width, height):
    """The first bytes of a PNG, which tell its size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + IDAT


IDAT = b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("side", [7072, 10_000, 20_000])
def test_fifty_million_pixels_are_the_most(side):
    """Pillow's own warning begins at 89 million and would come first, its error at twice as many."""
    expected = f"has {side} x {side} = {side * side:,} pixels, more than --max_pixels=50000000"
    with pytest.raises(UserError, match=expected):
        pictures.open_image(bomb(side, side), "a.png")


@pytest.mark.parametrize(("side", "knob"), [(7071, {}), (20_000, {"max_pixels": 400_000_000})])
def test_what_is_allowed_is_decoded(side, knob, monkeypatch):
    def load(picture):
        raise OSError(f"{picture.size} are decoded")

    monkeypatch.setattr(Image.Image, "load", load)
    with pytest.raises(UserError, match=re.escape(f"a.png: cannot be read as an image ({(side, side)} are decoded)")):
        pictures.open_image(bomb(side, side), "a.png", **knob)


@pytest.mark.parametrize(
    ("image_format", "number", "pages"),
    [("TIFF", 3, 3), ("TIFF", 1, 1), ("GIF", 2, 2), ("PNG", 2, 2), ("WEBP", 2, 2), ("MPO", 2, 1), ("JPEG", 1, 1)],
)
def test_pages_are_counted(image_format, number, pages):
    """A camera's second picture is its first once more."""
    others = [Image.new("RGB", (8, 8), (60 * n, 0, 0)) for n in range(1, number)]
    options = {"save_all": True, "append_images": others} if number > 1 else {}
    with pictures.decoded(file_of(Image.new("RGB", (8, 8)), image_format, **options), "") as picture:
        assert pictures.number_of_pages(picture) == pages


def test_damage_behind_the_first_page_does_no_harm():
    data = file_of(Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("L", (8, 8))] * 2)
    cut = data[: len(data) - 40]
    with pictures.decoded(cut, "") as picture:
        assert pictures.number_of_pages(picture) >= 1
        assert np.asarray(picture).shape == (8, 8)


@pytest.mark.parametrize("data", [b"", b"hello", file_of(Image.effect_noise((64, 64), 50))[:900]])
def test_damaged_bytes_are_named(data):
    with pytest.raises(UserError, match=r"^sign\.png: cannot be read as an image \(.+\)$"):
        pictures.open_image(data, "sign.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nope\.png: cannot be read as an image \(No such file or directory\)"):
        pictures.open_image(tmp_path / "nope.png")
    with pytest.raises(UserError, match=r"cannot be read as an image \(Is a directory\)"):
        pictures.open_image(Path(tmp_path))


def test_a_picture_of_the_right_size_is_unchanged():
    pixels = np.arange(4 * 12 * 3, dtype=np.uint8).reshape(4, 12, 3)
    np.testing.assert_array_equal(pictures.fit(Image.fromarray(pixels), spec(num_views=2)), pixels)


def test_stretch_fits_each_view_without_bleeding_into_its_neighbour():
    pixels = np.zeros((2, 11, 3), np.uint8)
    pixels[:, 5:] = 200
    pixels[:, 10] = 77  # Beyond a multiple of 2 views.
    fitted = pictures.fit(Image.fromarray(pixels), spec(num_views=2))
    assert fitted.shape == (4, 12, 3)
    assert (fitted[:, :6] == 0).all()
    assert (fitted[:, 6:] == 200).all()


def test_shrinking_averages_rather_than_skips():
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (8, 8)))
    fitted = pictures.fit(stripes.convert("RGB"), spec(height=2, width=2))
    assert 100 < fitted.min() <= fitted.max() < 155


def test_a_picture_narrower_than_its_views_is_stretched_whole():
    fitted = pictures.fit(Image.new("RGB", (1, 3), (9, 9, 9)), spec(num_views=2, resize="pad"))
    assert fitted.shape == (4, 12, 3)
    assert (fitted == 9).all()


@pytest.mark.parametrize(
    ("size", "padded", "kept_height"),
    [
        ((4, 6), (4, 6), (4, 6)),
        ((8, 6), (4, 3), (4, 3)),
        ((4, 12), (2, 6), (4, 6)),
        ((2, 1), (4, 2), (4, 2)),
        ((1, 100), (1, 6), (4, 6)),
        ((100, 1), (4, 1), (4, 1)),
        ((8, 5), (4, 3), (4, 3)),  # 2.5 is rounded up.
    ],
)
def test_scaled_sizes(size, padded, kept_height):
    assert pictures.scaled_size(*size, spec(resize="pad")) == padded
    assert pictures.scaled_size(*size, spec(resize="keep_height")) == kept_height
    assert pictures.scaled_size(*size, spec()) == (4, 6)


def test_keep_height_pads_to_the_right_and_squeezes_what_is_too_wide():
    narrow = pictures.fit(Image.new("RGB", (4, 8)), spec(resize="keep_height"))
    assert (narrow[:, :2] == 0).all()
    assert (narrow[:, 2:] == pictures.PAD_GREY).all()
    assert (pictures.fit(Image.new("RGB", (60, 4)), spec(resize="keep_height")) == 0).all()


def test_vertical_text_is_rotated_counterclockwise():
    pixels = np.zeros((7, 4, 3), np.uint8)
    pixels[0] = 255  # The top becomes the left.
    fitted = pictures.fit(Image.fromarray(pixels), spec(vertical="rotate", height=4, width=7))
    assert fitted[0, :, 0].tolist() == [255, 0, 0, 0, 0, 0, 0]
    square_enough = pictures.fit(Image.fromarray(pixels[:6]), spec(vertical="rotate", height=6, width=4))
    assert square_enough[:, 0, 0].tolist() == [255, 0, 0, 0, 0, 0]
    exact_but_tall = pictures.fit(Image.fromarray(pixels), spec(vertical="rotate", height=7, width=4))
    assert exact_but_tall[3, 0, 0] > exact_but_tall[3, 3, 0]


def test_pad_puts_the_picture_left_and_in_the_middle():
    tall = pictures.fit(Image.new("RGB", (4, 8)), spec(resize="pad"))
    assert (tall[:, :2] == 0).all()
    assert (tall[:, 2:] == pictures.PAD_GREY).all()
    wide = pictures.fit(Image.new("RGB", (12, 2)), spec(resize="pad"))[:, 0, 0]
    assert wide.tolist() == [127, 0, 127, 127]


def test_fit_views_fits_each_picture_by_itself():
    views = [Image.new("RGB", (4, 8)), Image.new("RGB", (6, 4), (255, 255, 255))]
    fitted = pictures.fit_views(views, spec(num_views=2, resize="pad"))
    assert fitted[0, :, 0].tolist() == [0] * 2 + [127] * 4 + [255] * 6
    with pytest.raises(UserError, match="1 pictures for the 2 views"):
        pictures.fit_views(views[:1], spec(num_views=2))


def test_crop_takes_the_middle_of_each_view_of_a_picture_or_a_batch():
    image = np.arange(5 * 8).reshape(5, 8, 1)
    cropped = pictures.crop_views(image, num_views=2, crop_height=2, crop_width=1)
    assert cropped[:, :, 0].tolist() == [[9, 13], [17, 21]]
    batch = pictures.crop_views(np.stack([image, image + 1]), 2, 2, 1)
    np.testing.assert_array_equal(batch, [cropped, cropped + 1])
    np.testing.assert_array_equal(pictures.crop_views(image, 2, 0, 0), image)
    with pytest.raises(UserError, match=r"--crop_width=5: a view has only 4 pixels"):
        pictures.crop_views(image, 2, 0, 5)
