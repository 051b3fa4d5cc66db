"""Polygons with transcriptions: the corners come in the file's order, what cannot be read is marked."""

import json
import re

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations

SQUARE = [[0, 0], [9, 0], [9, 5], [0, 5]]
CORNERS = (0.0, 0.0, 9.0, 0.0, 9.0, 5.0, 0.0, 5.0)


@pytest.fixture
def fill(tmp_path):
    """Writes files (name -> content, JSON of what is no string) below a folder; gives it."""

    def fill(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict | list):
                content = json.dumps(content, ensure_ascii=False)
            path.write_bytes(content.encode())
        return tmp_path

    return fill


def read(path, **config):
    return list(read_annotations(label_source(str(path), AnnotationConfig(**config))))


def test_art(fill):
    regions = [
        {"transcription": ' Zoë, "5"\\', "points": SQUARE, "language": "Latin", "illegibility": False},
        {"transcription": "far", "points": [[1, 1]], "illegibility": True},
        *[{"transcription": text, "points": SQUARE} for text in ("###", "#", "")],
    ]
    triangle = {"transcription": "京", "points": [[1.5, -2], [3, 4], [5, 6]]}
    labels = {"gt_0": regions, "gt_1": [], "gt_2": [triangle], "gt_3": [triangle], "gt_4.bmp": [triangle]}
    folder = fill({"labels.json": labels, "gt_0.jpg": "", "gt_2.PNG": ""})
    first, *ignored, second, missing, named = read(folder / "labels.json")
    assert (first.paths, first.text, first.region, first.ignored) == (("gt_0.jpg",), 'Zoë, "5"\\', CORNERS, "")
    assert first.source == f"{folder}/labels.json: gt_0[0]"
    assert [line.ignored for line in ignored] == ["marked as not readable"] * 4
    assert (second.paths, second.text, second.region) == (("gt_2.PNG",), "京", (1.5, -2.0, 3.0, 4.0, 5.0, 6.0))
    assert (missing.paths, named.paths) == (("gt_3.jpg",), ("gt_4.bmp",))


def test_art_with_pictures_elsewhere(fill):
    labels = {"gt_0": [{"transcription": "A", "points": SQUARE}]}
    folder = fill({"labels.json": json.dumps(labels, indent=1), "pictures/gt_0.png": ""})
    (line,) = read(folder / "labels.json", image_root=str(folder / "pictures"))
    assert line.files == (folder / "pictures/gt_0.png",)
    assert line.files[0].is_file()


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([1], ': is not a JSON object; write {"gt_0": [{"transcription": ..., "points": ...}]}'),
        ({"a": 3}, ": a: is not a list of regions but 3"),
        ({"a": [{"points": SQUARE}]}, ": a[0]: the region has no transcription"),
        ({"a": ["text"]}, ": a[0]: the region has no transcription and no points"),
        ({"a": [{"transcription": 5, "points": SQUARE}]}, ": a[0]: the transcription is 5; write a string"),
        (
            {"a": [{"transcription": "A", "points": [[1, 2], [3, 4]]}]},
            ": a[0]: the points [[1, 2], [3, 4]] are 4 numbers; write x and y of 3 points or more",
        ),
        (
            {"a": [{"transcription": "A", "points": [1, 2, 3, 4, 5, 6, 7]}]},
            ": a[0]: the points [1, 2, 3, 4, 5, 6, 7] are 7 numbers; write x and y of 3 points or more",
        ),
        (
            {"a": [{"transcription": "A", "points": [[1, 2], [3, "x"], [5, 6]]}]},
            ": a[0]: the points [[1, 2], [3, 'x'], [5, 6]] are not numbers; write [[x, y], ...] or [x, y, x, y, ...]",
        ),
        (
            {"a": [{"transcription": "A", "points": None}]},
            ": a[0]: the points None are not numbers; write [[x, y], ...] or [x, y, x, y, ...]",
        ),
        (
            {"a": [{"transcription": "A", "points": []}]},
            ": a[0]: the points [] are 0 numbers; write x and y of 3 points or more",
        ),
        ('{"a": [', ":1: is not JSON (Expecting value)"),
    ],
)
def test_what_is_wrong_in_a_json_file_is_named(fill, labels, problem):
    path = fill({"labels.json": labels}) / "labels.json"
    with pytest.raises(UserError, match="^" + re.escape(f"{path}{problem}") + "$"):
        read(path, annotation_format="json_regions")


def rects(text="A", **values):
    return {"lines": [{"points": [0, 0, 9, 0, 9, 5, 0, 5], "transcription": text, **values}], "chars": [{"points": 1}]}


@pytest.mark.parametrize("pictures", ["gt", "img"])
def test_rects(fill, pictures):
    files = {"gt/train_2.json": rects("京A"), "gt/train_1.json": rects(ignore=1), "gt/train_3.json": rects("###")}
    folder = fill({**files, f"{pictures}/train_2.jpg": "", f"{pictures}/train_1.png": ""})
    first, second, third = read(folder / "gt")
    assert (first.ignored, third.ignored) == ("marked as not readable",) * 2
    assert (second.text, second.region, second.ignored) == ("京A", CORNERS, "")
    assert second.files == (folder / pictures / "train_2.jpg",)
    assert first.files == (folder / pictures / "train_1.png",)
    assert second.source == f"{folder}/gt/train_2.json: lines[0]"


def test_the_image_root_asked_for_comes_before_rects_own(fill):
    folder = fill({"gt/a.json": rects(), "img/a.jpg": "", "other/a.png": ""})
    (line,) = read(folder / "gt", image_root=str(folder / "other"))
    assert line.files == (folder / "other/a.png",)


def test_a_rects_file_without_lines_is_named(fill):
    folder = fill({"gt/a.json": rects(), "gt/b.json": {"chars": []}})
    message = f'{folder}/gt/b.json: has no "lines"; write {{"lines": [{{"points": ..., "transcription": ...}}]}}'
    with pytest.raises(UserError, match="^" + re.escape(message) + "$"):
        read(folder / "gt")


@pytest.mark.parametrize(
    ("line", "text", "corners"),
    [
        ("0,0,9,0,9,5,0,5,Zoë", "Zoë", CORNERS),
        ("0,0,9,0,9,5,0,5,one, two,3", "one, two,3", CORNERS),
        ("0,0,9,0,9,5,0,5,1,000,000", "1,000,000", CORNERS),
        ('0,0,9,0,9,5,0,5,"quoted"', '"quoted"', CORNERS),
        ("0,0,9,0,9,5,0,5,Latin,word, two", "word, two", CORNERS),
        ('0,0,9,0,9,5,0,5,0,"京, A"', "京, A", CORNERS),
        (r'0,0,9,0,9,5,0,5,0,"\"A\" b\\"', r'"A" b\\'.replace(r"\\", "\\"), CORNERS),
        ("0.0, 0, 9, 0, 9, 5, 0, 5.0, A", "A", CORNERS),
        ("-1,0,9.5,0,9,5,0,5,A", "A", (-1.0, 0.0, 9.5, 0.0, 9.0, 5.0, 0.0, 5.0)),
        ('0,0,9,5,"Tiredness"', "Tiredness", CORNERS),
        ('0,0,9,5,"1,2,3"', "1,2,3", CORNERS),
        ("0, 0, 9, 5, a word, two", "a word, two", CORNERS),
        ('0 0 9 5 "a word"', "a word", CORNERS),
        ("0, 0, 9, 5, 12", "12", CORNERS),
    ],
)
def test_lines_of_text_regions(fill, line, text, corners):
    folder = fill({"gt/gt_img_1.txt": f"\ufeff{line}\r\n", "gt/img_1.jpg": ""})
    (found,) = read(folder / "gt")
    assert (found.paths, found.text, found.region, found.ignored) == (("img_1.jpg",), text, corners, "")
    assert found.source == f"{folder}/gt/gt_img_1.txt:1"


def test_a_box_set_apart_by_blanks_may_be_without_quotes_if_asked_for(fill):
    folder = fill({"gt/a.txt": "0 0 9 5 a word\n"})
    (line,) = read(folder / "gt", annotation_format="text_regions")
    assert (line.text, line.region) == ("a word", CORNERS)


@pytest.mark.parametrize(
    "line", ["0,0,9,0,9,5,0,5,###", '0,0,9,0,9,5,0,5,1,"A"', "0,0,9,0,9,5,0,5,Mixed,###", '0,0,9,5,"###"', '0,0,9,5,""']
)
def test_regions_that_cannot_be_read_are_marked(fill, line):
    (found,) = read(fill({"gt/a.txt": f"{line}\n"}) / "gt")
    assert found.ignored == "marked as not readable"


def test_pictures_of_text_regions(fill):
    files = dict.fromkeys(["gt/gt_a.txt", "gt/b.txt", "gt/gt_c.txt", "gt/gt_d.txt"], "0,0,9,5,A\n\n1,1,9,5,B\n")
    folder = fill({**files, "img/a.png": "", "img/b.jpg": "", "img/gt_c.jpg": ""})
    lines = read(folder / "gt", image_root=str(folder / "img"))
    assert [line.paths[0] for line in lines[::2]] == ["b.jpg", "a.png", "gt_c.jpg", "d.jpg"]
    assert [line.source.rpartition(":")[2] for line in lines[:2]] == ["1", "3"]


@pytest.mark.parametrize(
    "line",
    [
        "0,0,9,0,9,5,0,5",
        "0,0,9,0,9,5,0,A",
        "0,0,9,A",
        "A",
        "0,0,x,5,A",
        "0,0,9,0,9,5,0,5,1,2,3,4,A",
        "0,0,9,0,9,5,0,5,1,2,3,4",
    ],
)
def test_a_line_that_is_no_region_is_named(fill, line):
    folder = fill({"gt/a.txt": f"0,0,9,5,A\n{line}\n"})
    message = (
        f"{folder}/gt/a.txt:2: {line!r} is no region; write x1,y1,x2,y2,x3,y3,x4,y4,transcription or "
        'xmin,ymin,xmax,ymax,"text"'
    )
    with pytest.raises(UserError, match="^" + re.escape(message) + "$"):
        read(folder / "gt")
