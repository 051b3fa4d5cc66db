"""What is wrong in PAGE XML and ALTO XML is named; the lines that are cut out are in test_cut_regions."""

import re

import pytest
from PIL import Image

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations


def page(lines, size='imageWidth="100" imageHeight="70"'):
    return f'<PcGts><Page imageFilename="a.png" {size}>{lines}</Page></PcGts>'


def alto(lines, unit="pixel"):
    return f'<alto><MeasurementUnit>{unit}</MeasurementUnit><Page WIDTH="100" HEIGHT="70">{lines}</Page></alto>'


def text_line(inner, name='id="l"'):
    return f"<TextLine {name}>{inner}<TextEquiv><Unicode>A</Unicode></TextEquiv></TextLine>"


def read(path):
    return list(read_annotations(label_source(str(path), AnnotationConfig(annotation_format="xml_lines"))))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (page(text_line("")), ": l: has no Coords"),
        (page(text_line("", "")), ": a TextLine: has no Coords"),
        (
            page(text_line('<Coords points="0,0 9,9"/>')),
            ": l: the points [0.0, 0.0, 9.0, 9.0] are 4 numbers; write x and y of 3 points or more",
        ),
        (page(text_line("<Coords/>")), ": l: the points [] are 0 numbers; write x and y of 3 points or more"),
        (
            alto('<TextLine ID="l" HPOS="1" VPOS="1"><String CONTENT="A"/></TextLine>'),
            ": l: has neither a Polygon nor HPOS, VPOS, WIDTH and HEIGHT",
        ),
        (alto("", unit="mm10"), ": is measured in mm10; only ALTO in pixels can be read"),
        ("<mets/>", ": is neither PAGE XML nor ALTO XML (its root is mets)"),
        ("<PcGts>\n<Page>", ":2: is not XML (no element found: line 2, column 6)"),
        ("", ":1: is not XML (no element found: line 1, column 0)"),
        ('<?xml version="1.0" encoding="klingon"?><PcGts/>', ": is not XML that can be read (unknown encoding"),
        (page(""), ": has no line with a picture and a label"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, content, problem):
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(UserError, match="^" + re.escape(f"{tmp_path}/a.xml{problem}")):
        read(tmp_path / "a.xml")


@pytest.mark.parametrize(
    ("size", "is_right"),
    [((100, 70), True), ((101, 69), True), ((70, 100), True), ((50, 35), False), ((100, 90), False)],
)
@pytest.mark.parametrize("kind", ["page", "alto"])
def test_places_in_a_picture_of_another_size_are_refused(tmp_path, kind, size, is_right):
    """They would be of something else. A picture with an orientation may be on its side."""
    line = text_line('<Coords points="0,0 9,0 9,5"/>')
    strings = '<TextLine HPOS="0" VPOS="0" WIDTH="9" HEIGHT="5"><String CONTENT="A"/></TextLine>'
    (tmp_path / "a.xml").write_text(page(line) if kind == "page" else alto(strings))
    Image.new("L", size).save(tmp_path / "a.png")
    if is_right:
        assert [line.text for line in read(tmp_path / "a.xml")] == ["A"]
        return
    message = f"{tmp_path}/a.xml: its page is 100 x 70 pixels, {tmp_path}/a.png is {size[0]} x {size[1]}; take the "
    with pytest.raises(UserError, match="^" + re.escape(message)):
        read(tmp_path / "a.xml")


def test_a_page_that_tells_no_size_or_has_no_picture_is_read(tmp_path):
    line = text_line('<Coords points="0,0 9,0 9,5"/>')
    (tmp_path / "a.xml").write_text(page(line, size=""))
    assert [line.paths for line in read(tmp_path / "a.xml")] == [("a.png",)]
    Image.new("L", (5, 5)).save(tmp_path / "a.png")
    assert [line.paths for line in read(tmp_path / "a.xml")] == [("a.png",)]


def test_alto_joins_words_and_a_hyphen(tmp_path):
    words = '<String CONTENT="two"/><SP/><String CONTENT="wor"/><HYP CONTENT="-"/>'
    (tmp_path / "a.xml").write_text(alto(f'<TextLine HPOS="0" VPOS="0" WIDTH="9" HEIGHT="5">{words}</TextLine>'))
    assert [line.text for line in read(tmp_path / "a.xml")] == ["two wor-"]


def test_of_several_readings_the_first_is_taken(tmp_path):
    readings = "".join(f"<TextEquiv {at}><Unicode>{text}</Unicode></TextEquiv>" for at, text in (("", "A"), ("", "B")))
    plain = "<TextEquiv><PlainText>C</PlainText></TextEquiv>"
    lines = "".join(f'<TextLine><Coords points="0,0 9,0 9,5"/>{inner}</TextLine>' for inner in (readings, plain))
    (tmp_path / "a.xml").write_text(page(lines))
    assert [line.text for line in read(tmp_path / "a.xml")] == ["A", "C"]
