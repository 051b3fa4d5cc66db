"""Whatever a label file holds, a user is told in a line; nobody is shown a traceback."""

import json
import random

import pytest

from attention_ocr.config import ANNOTATION_FORMATS, AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations

SQUARE = [[0, 0], [9, 0], [9, 5], [0, 5]]
REGION = {"transcription": "A", "points": SQUARE, "difficult": False}
SHAPES = {"shapes": [{"label": "A", "points": SQUARE, "shape_type": "polygon"}], "imagePath": "a.jpg"}
COCO = {
    "imgs": {"9": {"file_name": "a.jpg"}},
    "anns": {"1": {"image_id": 9, "utf8_string": "A", "bbox": [0, 0, 9, 5], "mask": [0, 0, 9, 0, 9, 5]}},
}
PAGE = (
    '<PcGts><Page imageFilename="a.jpg" imageWidth="9" imageHeight="9"><TextLine id="l"><Coords points="0,0 9,0 9,5"/>'
    '<Baseline points="0,5 9,5"/><TextEquiv index="0"><Unicode>A</Unicode></TextEquiv></TextLine></Page></PcGts>'
)
ALTO = (
    "<alto><MeasurementUnit>pixel</MeasurementUnit><fileName>a.jpg</fileName><Page WIDTH='9' HEIGHT='9'><TextLine "
    "HPOS='0' VPOS='0' WIDTH='9' HEIGHT='5' BASELINE='0,5 9,5'><String CONTENT='A'/></TextLine></Page></alto>"
)
FILES = {
    "list": ("labels.txt", 'a.png\tA\n["a.png", "b.png"]\tB\n"my dir/a.png" C\n'),
    "csv": ("labels.csv", 'image,text\na.png,"A, ""B"""\nb.png,C, "D"\n'),
    "csv of three": ("labels.csv", 'id;image;text\n1;a.png;"A"\n2;b.png;"C" D\n'),
    "jsonl": ("labels.jsonl", '{"image": "a.png", "text": "A"}\n{"image": ["b.png"], "text": 5}\n'),
    "json_labels": ("labels.json", '{"a.png": "A", "b.png": null}'),
    "mmocr": ("labels.json", '{"data_list": [{"img_path": "a.jpg", "instances": [{"text": "A"}]}]}'),
    "objects": ("labels.json", '[{"image": "a.png", "text": "A"}]'),
    "icdar_words": ("gt.txt", 'word_1.png, "A"\nword_2.png, "B"\n'),
    "mlt": ("gt.txt", "word_1.png,Latin,A\nword_2.png,Latin,B\n"),
    "iam": ("words.txt", "#--- words.txt ---#\na01-000u-00-00 ok 154 408 768 27 51 AT A|B\n"),
    "art": ("labels.json", json.dumps({"gt_0": [REGION]})),
    "coco": ("labels.json", json.dumps(COCO)),
    "labelme": ("labels.json", json.dumps(SHAPES)),
    "ppocrlabel": ("Label.txt", f"a.jpg\t{json.dumps([REGION])}\n"),
    "wildreceipt": ("data.txt", json.dumps({"file_name": "a.jpg", "annotations": [{"box": SQUARE, "text": "A"}]})),
    "page": ("a.xml", PAGE),
    "alto": ("a.xml", ALTO),
    "mjsynth": ("annotation.txt", "./1/115_Lube_45484.jpg 45484\n"),
    "text_regions": ("gt/gt_a.txt", '0,0,9,0,9,5,0,5,A\n0,0,9,5,"B"\n'),
    "rects": ("gt/a.json", json.dumps({"lines": [REGION]})),
    "labelme folder": ("gt/a.json", json.dumps(SHAPES)),
    "page folder": ("gt/a.xml", PAGE),
}
ODD = [None, True, -1, 2.5, "x", "\ud800", [], [[]], {}, {"a": 1}, [None], [1, 2], 10**400, float("nan")]
NAMED = [name for name in ANNOTATION_FORMATS if name not in ("auto", "records", "lmdb")]


def try_to_read(folder, name, content, **config):
    """Its lines; None: there is an error, of one line."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    given = path.parent if "/" in name else path
    told = ""
    try:
        lines = list(read_annotations(label_source(str(given), AnnotationConfig(**config))))
    except UserError as error:
        told = str(error)
    if told:
        assert "\n" not in told
        assert len(told) < 1000
        return None
    assert all(isinstance(line.text, str) and any(line.paths) for line in lines)
    return lines


@pytest.mark.parametrize("kind", FILES)
def test_each_is_read(tmp_path, kind):
    assert try_to_read(tmp_path, *FILES[kind])


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_cut_off(tmp_path, kind):
    name, content = FILES[kind]
    for length in range(len(content)):
        try_to_read(tmp_path, name, content[:length])


@pytest.mark.parametrize("kind", FILES)
def test_bytes_that_have_changed(tmp_path, kind):
    name, content = FILES[kind]
    chance = random.Random(0)
    for _ in range(60):
        changed = bytearray(content.encode())
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(changed))
            changed[place] = chance.choice(b"\0\t\n\r\"'[]{},:.<>&/09az\xff\xe9")
        try_to_read(tmp_path, name, bytes(changed))


@pytest.mark.parametrize("format_name", NAMED)
def test_a_file_of_another_format(tmp_path, format_name):
    for name, content in FILES.values():
        try_to_read(tmp_path, name, content, annotation_format=format_name)


def places(value, path=()):
    """The path of every value within one of JSON."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def replaced(value, path, odd):
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], odd)
    return copy


JSON_KINDS = {
    **dict.fromkeys(["json_labels", "mmocr", "objects"], "json_labels"),
    **dict.fromkeys(["art", "coco", "labelme", "rects"], "json_regions"),
    "wildreceipt": "region_lines",
}


@pytest.mark.parametrize("kind", JSON_KINDS)
@pytest.mark.parametrize("is_named", [False, True])
def test_any_value_may_be_of_another_kind(tmp_path, kind, is_named):
    name, content = FILES[kind]
    value = json.loads(content)
    for path in places(value):
        for odd in ODD:
            config = {"annotation_format": JSON_KINDS[kind]} if is_named else {}
            try_to_read(tmp_path, name, json.dumps(replaced(value, path, odd)), **config)
