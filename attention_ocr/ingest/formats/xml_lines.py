"""Pages with PAGE XML or ALTO XML: their text lines, cut out, with their text."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.cleaning import runs_right_to_left
from attention_ocr.ingest.formats.folders import PICTURES_TO_RECOGNISE, pictures_in
from attention_ocr.ingest.formats.photographs import SUFFIXES, corners_of, corners_of_box, files_in, picture_named
from attention_ocr.records import pictures

FILES_TO_RECOGNISE = 20
PAGE_FOLDERS = ("", "page", "alto")  # beside the pictures, where tools put the files
ROOTS = ("PcGts", "alto")
NO_TEXT = "a line without text"
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
PIXELS = ("pixel", "pixels", "px", "")
MOST_OFF = 0.02  # by which a picture's size may differ from what its page says


@dataclass(frozen=True)
class _Line:
    """A text line: how messages call it, its text, its polygon, and the line on which it stands (either may be empty).

    Points are x, y, x, y, ... in pixels.
    """

    name: str
    text: str
    points: tuple[float, ...]
    baseline: tuple[float, ...]


@dataclass(frozen=True)
class _Page:
    """A page: the picture as it is written, its width and height (0: not told), its lines."""

    picture: str
    size: tuple[float, float]
    lines: list[_Line]


def is_xml(path: Path) -> bool:
    """Whether it is a PAGE or ALTO file, or a folder with such files."""
    if path.is_file():
        return path.suffix.lower() == ".xml" and _root_of(path) in ROOTS
    folders = [path, *(path / Path(name).parent for name in itertools.islice(pictures_in(path), PICTURES_TO_RECOGNISE))]
    folders = [folder / name for folder in dict.fromkeys(folders) for name in PAGE_FOLDERS]
    files = itertools.islice((file for folder in folders for file in files_in(folder, ".xml")), FILES_TO_RECOGNISE)
    return any(_root_of(file) in ROOTS for file in files)


def read_xml(source: LabelSource) -> Iterator[Annotation]:
    """The text lines of a file, or of those of a folder and below it; XML of another kind there is left out.

    A line is cut out along its baseline, or along its polygon where it has none.

    Raises:
        UserError: a file cannot be read or is not XML, a line has no place, or a picture's size is not its page's.
    """
    path = Path(source.path)
    for file in [path] if path.is_file() else _xml_files(path):
        root = _parsed(file)
        kind = _name(root)
        if kind not in ROOTS:
            if path.is_file():
                raise UserError(f"{file}: is neither PAGE XML nor ALTO XML (its root is {kind})")
            continue
        for page in _page_pages(root, file) if kind == "PcGts" else _alto_pages(root, file):
            yield from _lines_of(page, file, source)


def _lines_of(page: _Page, file: Path, source: LabelSource) -> Iterator[Annotation]:
    folder = source.image_root if source.config.image_root else str(file.parent)
    stems = [f"{file.stem}{suffix}" for suffix in SUFFIXES]
    found = picture_named(folder, page.picture or stems[0], *stems)
    picture = found if source.config.image_root else str(_below(file.parent, Path(source.image_root)) / found)
    _check_size(Path(folder, found), page, file)
    for line in page.lines:
        where = f"{file}: {line.name}"
        if not line.text:
            yield annotation(source, (picture,), "", where, ignored=NO_TEXT)
            continue
        yield annotation(source, (picture,), line.text, where, _region(line, where))


def _below(folder: Path, root: Path) -> Path:
    return folder.relative_to(root) if folder.is_relative_to(root) else folder.absolute()


def _check_size(picture: Path, page: _Page, file: Path) -> None:
    """Coordinates of a picture of another size would cut out the wrong places."""
    told = page.size
    found = pictures.size_of(picture)
    if not all(told) or found is None:
        return
    sizes = (found, found[::-1])  # a picture with an orientation is turned
    if not any(all(abs(a - b) <= max(2, MOST_OFF * b) for a, b in zip(told, size, strict=True)) for size in sizes):
        raise UserError(
            f"{file}: its page is {told[0]:g} x {told[1]:g} pixels, {picture} is {found[0]} x {found[1]}; take the "
            "picture of that size, or scale the file"
        )


def _region(line: _Line, where: str) -> tuple[float, ...]:
    """The corners to cut out, from the upper left as the text stands."""
    from attention_ocr.ingest.cropping import rectangle_along  # OpenCV, which few data sets need

    corners, along = corners_of(list(line.points), where), (0.0, 0.0)
    if len(line.baseline) >= 4:
        along = line.baseline[-2] - line.baseline[0], line.baseline[-1] - line.baseline[1]
    if along[0] < 0 and runs_right_to_left(line.text):  # drawn as the text is read, not upside down
        along = -along[0], -along[1]
    return rectangle_along(corners, along)


def _page_pages(root: ElementTree.Element, file: Path) -> Iterator[_Page]:
    for page in _all(root, "Page"):
        size = _number(page, "imageWidth"), _number(page, "imageHeight")
        lines = [_page_line(line, file) for line in _all(page, "TextLine")]
        yield _Page(page.get("imageFilename", ""), size, lines)


def _page_line(line: ElementTree.Element, file: Path) -> _Line:
    name = line.get("id", "") or "a TextLine"
    coords = next(_children(line, "Coords"), None)
    if coords is None:
        raise UserError(f"{file}: {name}: has no Coords")
    text = _page_text(line)
    if not text:  # the words of the line may have it
        text = " ".join(filter(None, map(_page_text, _children(line, "Word"))))
    baseline = next(_children(line, "Baseline"), None)
    return _Line(name, text, _page_points(coords), () if baseline is None else _page_points(baseline))


def _page_text(element: ElementTree.Element) -> str:
    """The text of the reading with the lowest index, the first of several."""
    readings = sorted(_children(element, "TextEquiv"), key=lambda reading: _number(reading, "index"))
    for reading in readings[:1]:
        for kind in ("Unicode", "PlainText"):
            for text in _children(reading, kind):
                if text.text and text.text.strip():
                    return text.text.strip()
    return ""


def _page_points(element: ElementTree.Element) -> tuple[float, ...]:
    """`points="x,y x,y"`, or the Point elements of the versions before 2013."""
    if "points" in element.attrib:
        return _numbers(element.attrib["points"])
    return tuple(_number(point, axis) for point in _children(element, "Point") for axis in ("x", "y"))


def _alto_pages(root: ElementTree.Element, file: Path) -> Iterator[_Page]:
    unit = next((element.text or "" for element in _all(root, "MeasurementUnit")), "").strip()
    if unit.lower() not in PIXELS:
        raise UserError(f"{file}: is measured in {unit}; only ALTO in pixels can be read")
    name = next((element.text or "" for element in _all(root, "fileName")), "").strip()
    for page in _all(root, "Page"):
        size = _number(page, "WIDTH"), _number(page, "HEIGHT")
        yield _Page(name, size, [_alto_line(line, file) for line in _all(page, "TextLine")])


def _alto_line(line: ElementTree.Element, file: Path) -> _Line:
    name = line.get("ID", "") or "a TextLine"
    text = " ".join(string.get("CONTENT", "").strip() for string in _children(line, "String"))
    hyphen = next((element.get("CONTENT", "") for element in _children(line, "HYP")), "")
    polygons = [polygon for shape in _children(line, "Shape") for polygon in _children(shape, "Polygon")]
    points = _numbers(polygons[0].get("POINTS", "")) if polygons else ()
    if not points:
        if not {"HPOS", "VPOS", "WIDTH", "HEIGHT"} <= set(line.attrib):
            raise UserError(f"{file}: {name}: has neither a Polygon nor HPOS, VPOS, WIDTH and HEIGHT")
        left, top = _number(line, "HPOS"), _number(line, "VPOS")
        points = corners_of_box(left, top, left + _number(line, "WIDTH"), top + _number(line, "HEIGHT"))
    baseline = _numbers(line.get("BASELINE", ""))
    return _Line(name, (text.strip() + hyphen).strip(), points, baseline)


def _parsed(file: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        raise UserError(f"{file}:{error.position[0]}: is not XML ({error})") from error
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror or error})") from error
    except (LookupError, ValueError) as error:  # an encoding that is not known
        raise UserError(f"{file}: is not XML that can be read ({error})") from error


def _root_of(file: Path) -> str:
    """The name of a file's root element; empty: it is not XML."""
    try:
        with file.open("rb") as opened:
            for _, element in ElementTree.iterparse(opened, events=("start",)):
                return _name(element)
    except (ElementTree.ParseError, OSError, LookupError, ValueError):
        pass
    return ""


def _xml_files(folder: Path) -> list[Path]:
    """The XML files of a folder and those below it in order of name, hidden ones left out."""
    found = (file for file in folder.rglob("*.xml") if file.is_file())
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts))


def _name(element: ElementTree.Element) -> str:
    """An element's name without its namespace, of which each version has its own."""
    return element.tag.rpartition("}")[2]


def _all(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (each for each in element.iter() if isinstance(each.tag, str) and _name(each) == name)


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (each for each in element if isinstance(each.tag, str) and _name(each) == name)


def _number(element: ElementTree.Element, attribute: str) -> float:
    return next(iter(_numbers(element.get(attribute, ""))), 0.0)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, NUMBER.findall(text)))
