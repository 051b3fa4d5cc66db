"""A page as hOCR (http://kba.github.io/hocr-spec/1.2/) and as ALTO 4 (https://www.loc.gov/standards/alto/)."""

import re
from xml.etree import ElementTree

from attention_ocr import __version__
from attention_ocr.pages.page import Line, Page, PageWord
from attention_ocr.records.frames import Box

ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ALTO_SCHEMA = f"{ALTO} https://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
XHTML = "http://www.w3.org/1999/xhtml"
CAPABILITIES = "ocr_page ocr_carea ocr_line ocrx_word ocrp_wconf"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
Element = ElementTree.Element


def hocr(page: Page, name: str) -> str:
    """The page as an hOCR document; `name` is the picture's."""
    document = Element("html", {"xmlns": XHTML, "xml:lang": "mul", "lang": "mul"})
    head = _child(document, "head")
    _child(head, "title").text = _clean(name)
    _child(head, "meta", {"name": "ocr-system", "content": f"attention-ocr {__version__}"})
    _child(head, "meta", {"name": "ocr-capabilities", "content": CAPABILITIES})
    quoted = _clean(name).replace("\\", "\\\\").replace('"', '\\"')
    title = f'image "{quoted}"; bbox 0 0 {page.width} {page.height}; ppageno 0'
    sheet = _child(_child(document, "body"), "div", {"class": "ocr_page", "id": "page_1", "title": title})
    count = 0
    for number, block in enumerate(page.blocks, start=1):
        box = _hocr_box(_around([line.box for line in block]))
        area = _child(sheet, "div", {"class": "ocr_carea", "id": f"block_1_{number}", "title": box})
        for line in block:
            count += 1
            told = f"{_hocr_box(line.box)}; x_wconf {_percent(line.confidence)}"
            element = _child(area, "span", {"class": "ocr_line", "id": f"line_1_{count}", "title": told})
            for place, word in enumerate(words_of(line), start=1):
                told = f"{_hocr_box(word.box or line.box)}; x_wconf {_percent(word.confidence)}"
                names = {"class": "ocrx_word", "id": f"word_1_{count}_{place}", "title": told}
                span = _child(element, "span", names)
                span.text, span.tail = _clean(word.text), " "
            element.tail = "\n"
    return f"{DECLARATION}<!DOCTYPE html>\n{_text(document)}"


def alto(page: Page, name: str) -> str:
    """The page as an ALTO document; `name` is the picture's."""
    document = Element("alto", {"xmlns": ALTO, "xmlns:xsi": XSI, "xsi:schemaLocation": ALTO_SCHEMA})
    description = _child(document, "Description")
    _child(description, "MeasurementUnit").text = "pixel"
    _child(_child(description, "sourceImageInformation"), "fileName").text = _clean(name)
    software = _child(_child(description, "Processing", {"ID": "processing_1"}), "processingSoftware")
    _child(software, "softwareName").text = "attention-ocr"
    _child(software, "softwareVersion").text = __version__
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    sheet = _child(_child(document, "Layout"), "Page", {"ID": "page_1", "PHYSICAL_IMG_NR": "1", **size})
    space = _child(sheet, "PrintSpace", {"HPOS": "0", "VPOS": "0", **size})
    count = 0
    for number, block in enumerate(page.blocks, start=1):
        area = _child(space, "TextBlock", {"ID": f"block_{number}", **_alto_box(_around([line.box for line in block]))})
        for line in block:
            count += 1
            element = _child(area, "TextLine", {"ID": f"line_{count}", **_alto_box(line.box)})
            points = " ".join(f"{round(x)},{round(y)}" for x, y in line.corners)
            _child(_child(element, "Shape"), "Polygon", {"POINTS": points})
            for place, word in enumerate(words_of(line), start=1):
                if place > 1:
                    _child(element, "SP")
                told = {"CONTENT": _clean(word.text), "WC": f"{word.confidence:.4f}"}
                box = _alto_box(word.box or line.box)
                _child(element, "String", {"ID": f"string_{count}_{place}", **box, **told})
    return f"{DECLARATION}{_text(document)}"


def words_of(line: Line) -> list[PageWord]:
    """The line's words; ALTO wants one at least, which is empty if nothing was read."""
    return line.words or [PageWord(line.text, line.confidence, None)]


def _child(parent: Element, name: str, attributes: dict[str, str] | None = None) -> Element:
    return ElementTree.SubElement(parent, name, attributes or {})


def _text(document: Element) -> str:
    return ElementTree.tostring(document, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """`text` without what XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)


def _around(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _whole(box: Box) -> tuple[int, int, int, int]:
    """The box in whole pixels, none of them negative."""
    left, top, right, bottom = (max(0, round(side)) for side in box)
    return left, top, right, bottom


def _hocr_box(box: Box) -> str:
    return "bbox {} {} {} {}".format(*_whole(box))


def _alto_box(box: Box) -> dict[str, str]:
    left, top, right, bottom = _whole(box)
    return {"HPOS": str(left), "VPOS": str(top), "WIDTH": str(right - left), "HEIGHT": str(bottom - top)}


def _percent(share: float) -> int:
    return round(100 * share)
