"""Every format that tells where texts are: each text gets the part of the page that shows it."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from attention_ocr.config import AnnotationConfig, GenerateConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.ingest.formats.registry import label_source, read_annotations
from attention_ocr.records.examples import values_of
from attention_ocr.records.framing import read_records

BOXES = {"Alpha": (10, 10, 70, 30), "Beta 12": (20, 40, 90, 60)}
GREYS = {"Alpha": 40, "Beta 12": 200}


def corners(text, order="clockwise"):
    left, top, right, bottom = BOXES[text]
    points = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return points if order == "clockwise" else [points[3], points[2], points[1], points[0]]


def flat(points):
    return [number for point in points for number in point]


def pairs(points):
    return " ".join(f"{x},{y}" for x, y in points)


def art():
    return {"labels.json": {"p": [{"transcription": text, "points": corners(text)} for text in BOXES]}}


def textocr():
    regions = {
        f"p_{n}": {"image_id": "p", "utf8_string": text, "points": flat(corners(text)), "bbox": [0, 0, 1, 1]}
        for n, text in enumerate([*BOXES, "."])
        if text != "."
    }
    regions["p_9"] = {"image_id": "p", "utf8_string": ".", "points": flat(corners("Alpha"))}
    return {"labels.json": {"imgs": {"p": {"file_name": "elsewhere/p.png"}}, "anns": regions, "imgToAnns": {}}}


def cocotext():
    regions = {}
    for n, text in enumerate(BOXES):
        left, top, right, bottom = BOXES[text]
        regions[str(n)] = {"image_id": 9, "utf8_string": text, "bbox": [left, top, right - left, bottom - top]}
        regions[str(n)] |= {"mask": flat(corners(text))} if n else {}
    regions["7"] = {"image_id": 9, "utf8_string": "no", "legibility": "illegible", "bbox": [0, 0, 9, 9]}
    regions["8"] = {"image_id": 9, "legibility": "legible", "bbox": [0, 0, 9, 9]}
    return {"labels.json": {"cats": {}, "anns": regions, "imgs": {"9": {"file_name": "p.png"}}, "imgToAnns": {}}}


def labelme(name="labels.json"):
    left, top, right, bottom = BOXES["Beta 12"]
    shapes = [
        {"label": "Alpha", "points": corners("Alpha"), "shape_type": "polygon"},
        {"label": "Beta 12", "points": [[right, top], [left, bottom]], "shape_type": "rectangle"},
        {"label": "a dot", "points": [[1, 1]], "shape_type": "point"},
    ]
    return {name: {"version": "5.0", "shapes": shapes, "imagePath": "..\\scans\\p.png", "imageData": None}}


def ppocrlabel():
    regions = [{"transcription": text, "points": corners(text), "difficult": False} for text in BOXES]
    regions += [{"transcription": "no", "points": [[0, 0]], "difficult": True}, {"transcription": "###", "points": []}]
    return {"Label.txt": f"{{folder}}/p.png\t{json.dumps(regions)}\n"}


def wildreceipt():
    boxes = [{"box": flat(corners(text, "from below")), "text": text, "label": 1} for text in BOXES]
    return {"data.txt": json.dumps({"file_name": "p.png", "height": 70, "width": 100, "annotations": boxes}) + "\n"}


def page_xml(version="2019-07-15", coords="points", name="p.xml", baseline=False, picture="p.png"):
    lines = ""
    for n, text in enumerate(BOXES):
        points = f'points="{pairs(corners(text))}"' if coords == "points" else ""
        inner = "".join(f'<Point x="{x}" y="{y}"/>' for x, y in corners(text)) if coords == "elements" else ""
        left, _, right, bottom = BOXES[text]
        line = f'<Baseline points="{left},{bottom} {right},{bottom}"/>' if baseline else ""
        words = "".join(f"<Word><TextEquiv><Unicode>{word}</Unicode></TextEquiv></Word>" for word in text.split())
        whole = (
            f"<TextEquiv index='1'><Unicode>no</Unicode></TextEquiv><TextEquiv index='0'><Unicode> {text}\n</Unicode>"
        )
        lines += f'<TextLine id="l{n}"><Coords {points}>{inner}</Coords>{line}'
        lines += words if n else f"{whole}</TextEquiv>"
        lines += "</TextLine>"
    lines += '<TextLine id="blank"><Coords points="0,0 9,0 9,9"/></TextLine>'
    schema = f"http://schema.primaresearch.org/PAGE/gts/pagecontent/{version}"
    page = f'<Page imageFilename="{picture}" imageWidth="100" imageHeight="70"><TextRegion>{lines}</TextRegion></Page>'
    return {name: f'<?xml version="1.0" encoding="UTF-8"?>\n<PcGts xmlns="{schema}">{page}</PcGts>'}


def alto_xml(version="4", polygon=False):
    lines = ""
    for text in BOXES:
        left, top, right, bottom = BOXES[text]
        place = f'HPOS="{left}" VPOS="{top}" WIDTH="{right - left}" HEIGHT="{bottom - top}"'
        shape = f'<Shape><Polygon POINTS="{pairs(corners(text))}"/></Shape>'
        strings = "<SP/>".join(f'<String CONTENT="{word}"><Shape/></String>' for word in text.split())
        lines += f"<TextLine {'' if polygon else place}>{shape if polygon else ''}{strings}</TextLine>"
    head = "<Description><MeasurementUnit>pixel</MeasurementUnit><sourceImageInformation><fileName>p.png</fileName>"
    page = (
        f'<Layout><Page WIDTH="100" HEIGHT="70"><PrintSpace><TextBlock>{lines}</TextBlock></PrintSpace></Page></Layout>'
    )
    schema = f"http://www.loc.gov/standards/alto/ns-v{version}#"
    content = f'<alto xmlns="{schema}">{head}</sourceImageInformation></Description>{page}</alto>'
    return {"p.xml": content, "mets.xml": "<mets/>"}


KINDS = {
    "art": art,
    "textocr": textocr,
    "cocotext": cocotext,
    "labelme": labelme,
    "ppocrlabel": ppocrlabel,
    "wildreceipt": wildreceipt,
    "page": page_xml,
    "page of 2013": lambda: page_xml("2013-07-15"),
    "page of 2010, of points": lambda: page_xml("2010-03-19", "elements"),
    "page with baselines": lambda: page_xml(baseline=True),
    "page in a folder beside the pictures": lambda: page_xml(name="page/p.xml"),
    "page of a picture elsewhere": lambda: page_xml(picture="C:\\scans\\p.tif"),
    "alto": alto_xml,
    "alto 2": lambda: alto_xml("2"),
    "alto with polygons": lambda: alto_xml("3", polygon=True),
}


@pytest.fixture
def fill(tmp_path):
    """A function that writes a page of two grey words and label files (name -> content) to a folder, which it gives."""

    def fill(files):
        folder = tmp_path / "set"
        pixels = np.full((70, 100, 3), 120, np.uint8)
        for text, (left, top, right, bottom) in BOXES.items():
            pixels[top:bottom, left:right] = GREYS[text]
        folder.mkdir()
        Image.fromarray(pixels).save(folder / "p.png")
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            content = content if isinstance(content, str) else json.dumps(content)
            (folder / name).write_text(content.replace("{folder}", "set"))
        return folder

    return fill


def cut(path, output, **config):
    """Text -> the pixels of its record, and why lines were left out."""
    lines = list(read_annotations(label_source(str(path), AnnotationConfig(**config))))
    write_dataset({"test": lines}, output, GenerateConfig(image_height=20, resize="keep_height"))
    spec, found = DatasetSpec.load(output), {}
    for record in read_records(spec.split_files(output, "test")[0]):
        values = values_of(record.data)
        pixels = np.asarray(Image.open(io.BytesIO(values["image/encoded"][0])))
        found[values["image/text"][0].decode()] = pixels[:, : values["image/orig_width"][0]]
    return found, [line.ignored for line in lines if line.ignored]


def assert_right(found):
    assert found.keys() == BOXES.keys()
    for text, pixels in found.items():
        assert (np.abs(pixels.astype(int) - GREYS[text]) <= 3).all()  # and nothing of what is around it
        assert pixels.shape[1] == BOXES[text][2] - BOXES[text][0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_text_has_its_place(fill, tmp_path, kind):
    files = KINDS[kind]()
    folder = fill(files)
    found, _ = cut(folder / next(iter(files)), tmp_path / "out")
    assert_right(found)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith(("page", "alto"))])
def test_a_folder_of_xml_files_is_read_whole(fill, tmp_path, kind):
    assert_right(cut(fill(KINDS[kind]()), tmp_path / "out")[0])


def test_a_folder_of_labelme_is_read_whole(fill, tmp_path):
    assert_right(cut(fill(labelme("p.json")), tmp_path / "out")[0])


@pytest.mark.parametrize(
    ("kind", "ignored"),
    [
        ("textocr", ["marked as not readable"]),
        ("cocotext", ["marked as not readable"] * 2),
        ("labelme", ["a point, not a polygon or rectangle"]),
        ("ppocrlabel", ["marked as not readable"] * 2),
        ("page", ["a line without text"]),
    ],
)
def test_what_has_no_text_is_left_out(fill, tmp_path, kind, ignored):
    files = KINDS[kind]()
    assert cut(fill(files) / next(iter(files)), tmp_path / "out")[1] == ignored


@pytest.mark.parametrize("kind", ["textocr", "labelme", "ppocrlabel", "wildreceipt", "page", "alto"])
def test_the_image_root_asked_for_is_where_names_start(fill, tmp_path, kind):
    files = KINDS[kind]()
    folder = fill(files)
    (tmp_path / "pictures/set").mkdir(parents=True)
    name = "set/p.png" if kind == "ppocrlabel" else "p.png"
    (folder / "p.png").rename(tmp_path / "pictures" / name)
    found, _ = cut(folder / next(iter(files)), tmp_path / "out", image_root=str(tmp_path / "pictures"))
    assert_right(found)


def turned(points, degrees):
    """Points [[x, y], ...] around 50, 50."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (np.array(points, float) - 50) @ turn + 50


@pytest.mark.parametrize("degrees", [0, 20, -35, 90, 180, -90])
@pytest.mark.parametrize("start", [0, 2, 5])
def test_a_baseline_tells_which_way_a_line_of_page_xml_reads(tmp_path, degrees, start):
    """Whatever point its polygon starts at; its left half is dark."""
    box, line = [[20, 40], [50, 40], [80, 40], [80, 60], [50, 60], [20, 60]], [[20, 60], [80, 60]]
    polygon = np.roll(turned(box, degrees), start, axis=0).round(2)
    picture = Image.new("RGB", (100, 100), (120, 120, 120))
    picture.paste((0, 0, 0), (20, 40, 50, 60))
    picture.paste((255, 255, 255), (50, 40, 80, 60))
    picture.rotate(-degrees, Image.Resampling.BICUBIC).save(tmp_path / "p.png")
    baseline = pairs(turned(line, degrees).round(2))
    content = f'<TextLine id="a"><Coords points="{pairs(polygon)}"/><Baseline points="{baseline}"/>'
    content += "<TextEquiv><Unicode>A</Unicode></TextEquiv></TextLine>"
    (tmp_path / "p.xml").write_text(f'<PcGts><Page imageFilename="p.png">{content}</Page></PcGts>')
    found, _ = cut(tmp_path / "p.xml", tmp_path / "out")
    assert abs(found["A"].shape[1] - 60) <= 1
    assert found["A"][2:-2, 2:28].max() < 60
    assert found["A"][2:-2, 32:-2].min() > 195


def test_a_line_drawn_from_right_to_left_is_not_turned_round(tmp_path):
    """Some tools draw the baseline of Hebrew the way it is read."""
    points = "20,40 80,40 80,60 20,60"
    content = f'<TextLine><Coords points="{points}"/><Baseline points="80,60 20,60"/>'
    content += "<TextEquiv><Unicode>\u05d0\u05d1</Unicode></TextEquiv></TextLine>"
    (tmp_path / "p.xml").write_text(f'<PcGts><Page imageFilename="p.png">{content}</Page></PcGts>')
    (line,) = read_annotations(label_source(str(tmp_path / "p.xml"), AnnotationConfig()))
    assert line.region == (20, 40, 80, 40, 80, 60, 20, 60)
