"""Pages: lines cut out straight, put in order, read, and written as hOCR, ALTO, JSON and drawings."""

import json
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from marked_lines import Marks, line
from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.pages import detection, documents
from attention_ocr.pages.cutting import around, cut_out
from attention_ocr.pages.drawing import draw_page
from attention_ocr.pages.order import blocks_of
from attention_ocr.pages.page import Line, Page, PageWord, read_page
from attention_ocr.pages.page_files import read_page_files
from attention_ocr.reading.reader import Reader


def quadrangle(left, top, width, height, degrees=0.0):
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (corners + np.array([left, top])) @ turn


# Letters in reading order -> where their lines are: left, top, width, height.
TITLE_AND_COLUMNS = {
    "a": (100, 10, 800, 60),
    **{letter: (50, 120 + 50 * row, 400, 30) for row, letter in enumerate("bcdef")},
    **{letter: (550, 130 + 50 * row, 400, 30) for row, letter in enumerate("ghij")},
    "k": (60, 420, 850, 30),
}
LAYOUTS = {
    "one line": {"a": (0, 0, 100, 20)},
    "lines": {letter: (10, 40 * row, 300 - 30 * row, 30) for row, letter in enumerate("abcd")},
    "words in rows": {"a": (0, 4, 90, 30), "b": (100, 0, 90, 30), "c": (200, 6, 90, 30), "d": (0, 50, 90, 30)},
    "columns": {
        **{letter: (0, 40 * row, 200, 30) for row, letter in enumerate("abc")},
        **{letter: (260, 40 * row + 7, 200, 30) for row, letter in enumerate("def")},
    },
    "a title, columns, a foot": TITLE_AND_COLUMNS,
    "a paragraph's gap in columns": {
        **{letter: (0, top, 200, 30) for letter, top in zip("abcd", (0, 40, 200, 240), strict=True)},
        **{letter: (260, top, 200, 30) for letter, top in zip("efgh", (0, 40, 200, 240), strict=True)},
    },
    "a row of two is no column": {"a": (0, 0, 200, 30), "b": (300, 2, 200, 30)},
}


@pytest.mark.parametrize("degrees", [0, -8, 12])
@pytest.mark.parametrize("name", LAYOUTS)
def test_lines_are_read_in_order(name, degrees):
    letters = sorted(LAYOUTS[name])
    shuffled = np.random.default_rng(0).permutation(letters)
    corners = np.array([quadrangle(*LAYOUTS[name][letter], degrees) for letter in shuffled])
    blocks = blocks_of(corners)
    assert "".join(shuffled[number] for block in blocks for number in block) == "".join(letters)
    expected = {"columns": 2, "a title, columns, a foot": 4, "a paragraph's gap in columns": 2}
    assert len(blocks) == expected.get(name, 1)


@pytest.mark.parametrize("size", [(30, 600), (600, 30)])
def test_what_has_no_shape_of_a_page_is_refused_before_its_lines_are_sought(size, tmp_path):
    def never(pixels):
        raise AssertionError("the detector would be busy for half a minute")

    reader, path = Reader(Marks("canvas")), tmp_path / "strip.png"
    Image.new("RGB", size, "white").save(path)
    told = rf"strip\.png: is {size[0]} x {size[1]} pixels, no shape of a page; read it as a line, or cut"
    with pytest.raises(UserError, match=told):
        read_page(reader, path, detect=never)
    with pytest.raises(UserError, match=told):
        list(read_page_files(reader, [path], 8, skips=False))
    (found,) = read_page_files(reader, [path], 8, skips=True)
    assert "no shape of a page" in found.to_dict()["error"]


def test_a_page_without_lines_has_no_blocks():
    assert blocks_of(np.zeros([0, 4, 2])) == []


@pytest.mark.parametrize(
    "corners",
    [
        [[20, 30], [170, 30], [170, 70], [20, 70]],
        [[30, 40], [175, 20], [185, 75], [25, 90]],
        [[120, 20], [160, 60], [90, 130], [50, 90]],
    ],
)
def test_a_quadrangle_is_cut_out_straight_and_leads_back(corners):
    corners = np.array(corners, float)
    square = np.array([[0, 0], [90, 0], [90, 30], [0, 30]], np.float32)
    drawn = np.zeros([30, 90, 3], np.uint8)
    drawn[:, :45], drawn[:15, 45:], drawn[15:, 45:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    matrix = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    page = cv2.warpPerspective(drawn, matrix, (200, 150))
    cut, back = cut_out(page, corners)
    height, width = cut.shape[:2]
    for (x, y), colour in {(0.2, 0.5): 0, (0.75, 0.2): 1, (0.75, 0.8): 2}.items():
        assert cut[int(y * height), int(x * width)].argmax() == colour
    edges = back @ np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]])
    np.testing.assert_allclose((edges[:2] / edges[2]).T, corners, atol=0.01)
    left, top, right, bottom = around((0, 0, width, height), back)
    assert (left, top) == pytest.approx(corners.min(axis=0), abs=0.01)
    assert (right, bottom) == pytest.approx(corners.max(axis=0), abs=0.01)


def found_at(*corners):
    """A detector that finds lines there."""
    return lambda pixels: (np.array(corners, float).reshape(-1, 4, 2), np.full(len(corners), 0.9))


@pytest.mark.parametrize(("orientation", "vertical"), [("auto", "keep"), ("auto", "rotate"), ("upright", "keep")])
def test_words_of_a_page_are_where_they_are_in_the_picture(orientation, vertical):
    """A line that lies, one on its head and one that stands; a red mark begins each."""
    page = Image.new("RGB", (700, 500), (90, 90, 90))
    page.paste(line(300, 80), (50, 40))
    page.paste(line(300, 80).rotate(180), (50, 200))
    page.paste(line(300, 80).rotate(-90, expand=True), (500, 60))  # from the top to the bottom
    marks = [(50 + 45, 40 + 40), (50 + 255, 200 + 40), (500 + 40, 60 + 45)]
    corners = [quadrangle(50, 40, 300, 80), quadrangle(50, 200, 300, 80), quadrangle(500, 60, 80, 300)]
    reader = Reader(Marks("canvas", vertical), orientation=orientation)
    found = read_page(reader, page, detect=found_at(*corners))
    assert (found.width, found.height) == (700, 500)
    by_place = sorted(found.lines, key=lambda one: (one.box[0], one.box[1]))
    assert [one.turned for one in by_place] == [0, 180 if orientation == "auto" else 0, 90]
    for one, (x, y) in zip(by_place, marks, strict=True):
        (word,) = one.words
        left, top, right, bottom = word.box
        assert left < x < right
        assert top < y < bottom
        assert right - left < 200
        assert bottom - top < 200


def test_a_page_where_nothing_is_found():
    page = read_page(Reader(Marks("canvas")), line(), detect=found_at())
    assert page.text == ""
    assert page.to_dict() == {"width": 300, "height": 80, "blocks": []}
    for write in (documents.hocr, documents.alto):
        ElementTree.fromstring(write(page, "blank.png"))


@pytest.fixture
def page():
    def made(text, left, top, words):
        return Line(text, 0.8, 0, quadrangle(left, top, 200, 30, 2), 0.9, words)

    words = [PageWord("Rue", 0.9, (10, 20, 60.4, 50)), PageWord('"de" <l\'Été> & \x0c', 0.7, None)]
    return Page(640, 480, [[made("Rue", 10, 20, words), made("", 10, 60, [])], [made("75011", 300, 20, [])]])


def test_a_page_as_json_and_as_text(page):
    told = json.loads(json.dumps(page.to_dict()))
    assert [len(block["lines"]) for block in told["blocks"]] == [2, 1]
    assert told["blocks"][0]["lines"][0]["words"][0] == {"text": "Rue", "confidence": 0.9, "box": [10, 20, 60.4, 50]}
    assert page.text == "Rue\n\n\n75011"


def test_hocr_has_pages_blocks_lines_and_words(page):
    document = ElementTree.fromstring(documents.hocr(page, 'a "b" & <c>.jpg').encode())
    space = "{http://www.w3.org/1999/xhtml}"
    by_class = {}
    for element in document.iter():
        by_class.setdefault(element.get("class"), []).append(element)
    assert [element.tag for element in document] == [f"{space}head", f"{space}body"]
    assert {name: len(found) for name, found in by_class.items() if name} == {
        "ocr_page": 1,
        "ocr_carea": 2,
        "ocr_line": 3,
        "ocrx_word": 4,
    }
    assert by_class["ocr_page"][0].get("title") == 'image "a \\"b\\" & <c>.jpg"; bbox 0 0 640 480; ppageno 0'
    first, second = by_class["ocrx_word"][:2]
    assert (first.text, first.get("title")) == ("Rue", "bbox 10 20 60 50; x_wconf 90")
    assert second.text == '"de" <l\'Été> & \ufffd'
    assert len({element.get("id") for element in document.iter() if element.get("id")}) == 10


# What ALTO 4's schema allows of what is written: children in their order, and attributes that must be there.
CHILDREN = {
    "alto": ["Description", "Layout"],
    "Description": ["MeasurementUnit", "sourceImageInformation", "Processing"],
    "sourceImageInformation": ["fileName"],
    "Processing": ["processingSoftware"],
    "processingSoftware": ["softwareName", "softwareVersion"],
    "Layout": ["Page"],
    "Page": ["PrintSpace"],
    "PrintSpace": ["TextBlock"],
    "TextBlock": ["TextLine"],
    "TextLine": ["Shape", "String", "SP"],
    "Shape": ["Polygon"],
}
BOX = ["HPOS", "VPOS", "WIDTH", "HEIGHT"]
NEEDED = {
    "Page": ["ID", "PHYSICAL_IMG_NR"],
    "PrintSpace": BOX,
    "TextBlock": ["ID", *BOX],
    "TextLine": BOX,
    "String": ["CONTENT", *BOX, "WC"],
    "Polygon": ["POINTS"],
    "Processing": ["ID"],
}


def test_alto_has_the_structure_of_its_schema(page):
    document = ElementTree.fromstring(documents.alto(page, "a & b.jpg").encode())
    counted = {}
    for element in document.iter():
        space, name = element.tag[1:].split("}")
        assert space == documents.ALTO
        counted[name] = counted.get(name, 0) + 1
        children = [child.tag.split("}")[1] for child in element]
        assert set(children) <= set(CHILDREN.get(name, []))
        if name != "TextLine":
            assert children == sorted(children, key=CHILDREN.get(name, []).index)
        else:
            assert children[0] == "Shape"
            assert children[1:] == ["String", "SP"] * (len(children) // 2 - 1) + ["String"]
        assert set(NEEDED.get(name, [])) <= set(element.attrib)
        for side in set(BOX) & set(element.attrib):
            assert int(element.get(side)) >= 0
    assert (counted["TextBlock"], counted["TextLine"], counted["String"], counted["SP"]) == (2, 3, 4, 1)
    ids = [element.get("ID") for element in document.iter() if element.get("ID")]
    assert len(set(ids)) == len(ids)
    string = next(document.iter(f"{{{documents.ALTO}}}String"))
    assert dict(string.attrib) == {
        "ID": "string_1_1",
        "HPOS": "10",
        "VPOS": "20",
        "WIDTH": "50",
        "HEIGHT": "30",
        "CONTENT": "Rue",
        "WC": "0.9000",
    }


def test_a_drawing_outlines_every_line(page):
    picture = Image.new("RGB", (640, 480), (255, 255, 255))
    drawn = np.asarray(draw_page(picture, page)).astype(int)
    assert drawn.shape == (480, 640, 3)
    for one in page.lines:
        x, y = one.corners[:2].mean(axis=0).round().astype(int)  # on the upper edge
        assert np.ptp(drawn[y - 2 : y + 3, x], axis=0).max() > 60
    large = draw_page(Image.new("RGB", (6400, 4800)), page)
    assert large.size == (2000, 1500)


def test_a_missing_package_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(detection.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^finding lines needs rapidocr, .*pip install 'attention-ocr\[pages\]'$"):
        detection.Detector()
