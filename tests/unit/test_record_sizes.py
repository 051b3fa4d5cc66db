"""Sizes and views of records: fitted as asked for, usual sizes where nothing is, noise where a view is missing."""

import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.config import GenerateConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.records import pictures
from attention_ocr.records.examples import values_of
from attention_ocr.records.framing import read_records
from attention_ocr.records.summary import Summary, print_summary

GREY = pictures.PAD_GREY


@pytest.fixture
def make(tmp_path):
    """A function from (height, width) of pictures, or their paths, and knobs to the summary and the records."""

    def write(*pictures: tuple, **knobs) -> tuple[Summary, list[dict]]:
        lines = []
        for number, picture in enumerate(pictures, start=1):
            paths = picture if isinstance(picture[0], str) else (draw(tmp_path, f"{number}.png", *picture),)
            lines.append(Annotation(paths, f"{number}", f"a.tsv:{number}", tmp_path))
        output = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        summary = write_dataset({"test": lines}, output, GenerateConfig(**knobs))
        names = DatasetSpec.load(output).split_files(output, "test")
        return summary, [values_of(record.data) for name in names for record in read_records(name)]

    return write


def draw(folder, name: str, height: int, width: int, seed: int = 0) -> str:
    """A picture in which no pixel is the grey of padding."""
    noise = np.random.default_rng([seed, height, width]).integers(GREY + 1, 256, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(folder / name)
    return name


def pixels(record: dict) -> np.ndarray:
    return tf.io.decode_image(record["image/encoded"][0], channels=3).numpy()


def size(summary: Summary) -> tuple[int, int]:
    return summary.spec.image_height, summary.spec.image_width


@pytest.mark.parametrize(
    ("resize", "widths"), [("stretch", [20, 20, 20, 20]), ("pad", [10, 20, 20, 5]), ("keep_height", [10, 20, 20, 5])]
)
def test_orig_width_is_what_is_not_padding(make, resize, widths):
    found = make((8, 8), (20, 40), (5, 50), (40, 20), image_height=10, image_width=20, resize=resize)
    assert [record["image/orig_width"] for record in found[1]] == [[width] for width in widths]
    for record, width in zip(found[1], widths, strict=True):
        columns = (pixels(record) == GREY).all(axis=(0, 2))
        assert columns.tolist() == [False] * width + [True] * (20 - width)
    squeezed = found[0].splits["test"].noted.get("squeezed")
    if resize == "keep_height":
        assert squeezed.count == 1
        assert squeezed.examples == ["a.tsv:3: 100 pixels wide at this height"]
    else:
        assert squeezed is None


def test_squeezed_pictures_are_printed(make, capsys):
    print_summary(make((5, 50), image_height=10, image_width=20, resize="keep_height")[0])
    printed = capsys.readouterr().out
    assert "noted in test, squeezed: a.tsv:1" in printed
    assert "1 squeezed" in printed


@pytest.mark.parametrize("resize", ["stretch", "pad"])
def test_the_usual_size_is_the_median(make, resize):
    assert size(make((10, 30), (12, 31), (14, 90), (16, 32), resize=resize)[0]) == (12, 31)


def test_keep_height_is_as_wide_as_its_widest_picture(make):
    summary, records = make((10, 30), (20, 80), (10, 10), resize="keep_height")
    assert size(summary) == (10, 40)
    assert [record["image/orig_width"] for record in records] == [[30], [40], [10]]
    assert not summary.splits["test"].noted
    assert size(make((10, 30), (20, 80), resize="keep_height", image_height=5)[0]) == (5, 20)
    summary, _ = make((10, 30), (20, 80), resize="keep_height", image_width=30)
    assert size(summary) == (10, 30)
    assert summary.splits["test"].noted["squeezed"].count == 1


def test_one_side_may_be_given(make):
    assert size(make((10, 30), (10, 30), image_width=7)[0]) == (2, 7)
    assert size(make((10, 30), (10, 30), image_height=7)[0]) == (7, 21)


def test_pictures_that_cannot_be_read_have_no_size(make, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert size(make(("bad.png",), (10, 30), on_bad_image="skip")[0]) == (10, 30)
    with pytest.raises(UserError, match="no picture can be read; give --image_height and --image_width, or mend"):
        make(("bad.png",), on_bad_image="skip")
    with pytest.raises(UserError, match=r"a\.tsv:1: '1': .*bad\.png: cannot be read as an image"):
        make(("bad.png",))


def test_vertical_pictures_are_turned_before_all_else(make, tmp_path):
    knobs = {"vertical": "rotate", "resize": "keep_height"}
    summary, records = make((30, 10), (10, 20), **knobs)
    assert size(summary) == (10, 30)
    assert [record["image/orig_width"] for record in records] == [[30], [20]]
    upright = np.array(Image.open(tmp_path / "1.png"))
    np.testing.assert_array_equal(pixels(records[0]), np.rot90(upright))
    assert size(make((30, 10), (30, 10), (10, 20))[0]) == (30, 10)


def test_views_are_put_side_by_side(make, tmp_path):
    paths = tuple(draw(tmp_path, f"view{view}.png", 6, 12, seed=view) for view in range(4))
    summary, (record,) = make(paths, num_views=4)
    assert summary.spec.image_shape == (6, 48, 3)
    assert [record[f"image/{key}"] for key in ("height", "width", "orig_width")] == [[6], [48], [48]]
    expected = np.concatenate([np.array(Image.open(tmp_path / path)) for path in paths], axis=1)
    np.testing.assert_array_equal(pixels(record), expected)


def test_missing_views_are_noise_that_never_changes(make, tmp_path):
    draw(tmp_path, "a.png", 60, 60), draw(tmp_path, "b.png", 60, 60, seed=1)
    lines = [("a.png", "", "b.png", ""), ("a.png", "b.png")]
    records = make(*lines, num_views=4)[1]
    assert [record["image/encoded"] for record in records] == [
        record["image/encoded"] for record in make(*lines, num_views=4)[1]
    ]
    middle, ended = (np.split(pixels(record), 4, axis=1) for record in records)
    a, b = (np.array(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    for found, expected in ((middle[0], a), (middle[2], b), (ended[0], a), (ended[1], b)):
        np.testing.assert_array_equal(found, expected)
    noise = [middle[1], middle[3], ended[2], ended[3]]
    for number, view in enumerate(noise):
        assert (np.histogram(view, bins=8, range=(0, 256))[0] > 0.1 * view.size).all()
        assert abs(view.mean() - 127.5) < 3
        assert all((view != other).mean() > 0.9 for other in noise[:number])


def test_one_picture_holds_all_views_if_that_is_said(make, tmp_path):
    draw(tmp_path, "sign.png", 6, 48)
    summary, (record,) = make(("sign.png",), num_views=4, side_by_side=True)
    assert (summary.spec.num_views, size(summary)) == (4, (6, 12))
    assert record["image/encoded"] == [(tmp_path / "sign.png").read_bytes()]


def test_one_picture_for_four_views_is_refused_with_advice(tmp_path, capsys):
    draw(tmp_path, "sign.png", 6, 48)
    (tmp_path / "labels.tsv").write_text("sign.png\ta\n")
    flags = [f"--annotations={tmp_path}/labels.tsv", f"--output_dir={tmp_path}/out", "--num_views=4"]
    assert main(["generate_tfrecords", *flags]) == 1
    expected = (
        f"error: {tmp_path}/labels.tsv:1: 'sign.png' is one picture, and no line has more, but --num_views=4; if each "
        "holds 4 views side by side add --side_by_side, if there is one picture of each object use --num_views=1\n"
    )
    assert capsys.readouterr().err.endswith(expected)
    assert not (tmp_path / "out").exists()


def test_views_of_several_sizes_are_fitted_each(make, tmp_path):
    draw(tmp_path, "a.png", 6, 12), draw(tmp_path, "b.png", 12, 6)
    _, (record,) = make(("a.png", "b.png"), num_views=2, resize="pad", image_height=6, image_width=12)
    left, right = np.split(pixels(record), 2, axis=1)
    np.testing.assert_array_equal(left, np.array(Image.open(tmp_path / "a.png")))
    assert (right[:, 3:] == GREY).all()
    assert (right[:, :3] != GREY).all()
    assert record["image/orig_width"] == [24]


def test_a_missing_view_of_a_line_is_named(make, tmp_path):
    draw(tmp_path, "a.png", 6, 12)
    with pytest.raises(UserError, match=re.escape(f"a.tsv:1: '1' there is no picture {tmp_path}/gone.png")):
        make(("a.png", "gone.png"), num_views=2)
