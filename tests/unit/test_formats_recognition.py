"""Every format is told from the others by what a file or folder looks like; what is none of them is said."""

import json
import re
from pathlib import Path

import pytest

from attention_ocr.config import ANNOTATION_FORMATS, AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import FORMATS, label_source

DATA = Path(__file__).parents[3] / "shared/data"
ART = {"gt_0": [{"transcription": "A", "points": [[0, 0], [9, 0], [9, 5], [0, 5]], "illegibility": False}]}
RECTS = json.dumps({"lines": [{"points": [0, 0, 9, 0, 9, 5, 0, 5], "transcription": "A", "ignore": 0}], "chars": []})
MJSYNTH = "./2425/1/115_Lube_45484.jpg 45484\n./2425/1/114_Spencerian_73323.jpg 73323\n"


def recognised(path, **values):
    return label_source(str(path), AnnotationConfig(), **values).format_name


def test_the_formats_are_those_of_the_flag():
    assert {*FORMATS, "auto"} == {*ANNOTATION_FORMATS}


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("labels.tsv", "a.png\tA\n", "list"),
        ("labels.txt", "a.png one, two\nb.png three, four\n", "list"),
        ("labels.tsv", "a.png\tone, two; three\n", "list"),
        ("labels.tsv", 'a.png\t"A", "B"\nb.png\t"B"\n', "list"),
        ("labels.txt", 'a.png "A, B"\nb.png "B"\n', "list"),
        ("labels.txt", 'a.png, "A"\nb.png, B\n', "list"),
        ("labels.tsv", "image,text\tlabel\n", "list"),
        ("labels.txt", "a.png,word\n", "list"),
        ("labels.tsv", "a.png\t{\n", "list"),
        ("labels.txt", MJSYNTH + "a.png A\n", "list"),
        ("labels.txt", "./1/115_Lube_45484.jpg Lube\n", "list"),
        ("labels.txt", '{"image": "a.png", \n', "list"),
        ("labels.txt", "", "list"),
        ("labels.txt", b"a.png\tZo\xeb\n", "list"),
        ("labels.csv", "a.png\tA\n", "csv"),
        ("labels.CSV", "anything", "csv"),
        ("labels.csv", 'a.png, "A"\n', "csv"),
        ("labels.txt", "\ufeffimage,text\na.png,A\n", "csv"),
        ("labels.txt", "id;File Name;Label\n1;a.png;A\n", "csv"),
        ("labels.tsv", "image\ttext\na.png\tA\n", "csv"),
        ("labels.txt", "id\tfilename\ttext\n0\ta.png\tA\n", "csv"),
        ("gt.txt", '\ufeffword_1.png, "A"\r\n\r\nword_2.png, "B, \\"C\\""\r\n', "icdar_words"),
        ("gt.txt", "word_1.png,Latin,A\nword_2.png,None,B, C\n", "icdar_words"),
        ("gt.csv", "word_1.png,Latin,A\nword_2.JPG,Arabic,B\n", "icdar_words"),
        ("gt.csv", "word_1.png,Latin,A\nword_2.png,B\n", "csv"),
        ("labels.jsonl", "anything", "jsonl"),
        ("labels.txt", '{"image": "a.png", "text": "A"}\n{"image": "b.png", "text": "B"}\n', "jsonl"),
        ("labels.json", '\ufeff\n{"image": ["a.png", "b.png"], "text": "A"}\n', "jsonl"),
        ("train_labels.json", json.dumps(ART), "json_regions"),
        ("train_labels.txt", json.dumps(ART, indent=2), "json_regions"),
        ("train_labels.json", json.dumps({"gt_9": [], **ART}), "json_regions"),
        ("annotation_train.txt", MJSYNTH, "file_names"),
        ("Label.txt", "x/a.png\t[]\nx/b.png\t" + json.dumps(ART["gt_0"]) + "\n", "region_lines"),
        ("labels.tsv", "a.png\t[]\nb.png\t[1]\n", "list"),
        (
            "data.txt",
            json.dumps({"file_name": "a.jpg", "annotations": [{"box": [0] * 8, "text": "A"}]}),
            "region_lines",
        ),
        ("labels.json", '{"a.png": "A", "b.png": "B"}', "json_labels"),
        ("labels.json", '\ufeff{\n "my \\"dir\\"/a.JPG": null\n}', "json_labels"),
        ("labels.json", '{"metainfo": {}, "data_list": []}', "json_labels"),
        ("labels.json", '[{"image": "a.png", "text": "A"}]', "json_labels"),
        ("textocr.json", '{"imgs": {"a": {"file_name": "a.jpg"}}, "anns": {}, "imgToAnns": {}}', "json_regions"),
        ("cocotext.json", '{"cats": {}, "anns": {}, "imgs": {}, "imgToAnns": {}, "info": {}}', "json_regions"),
        ("a.json", '{"version": "5", "shapes": [], "imagePath": "a.jpg"}', "json_regions"),
        ("a.xml", '<?xml version="1.0"?><PcGts xmlns="http://x/2013-07-15"><Page/></PcGts>', "xml_lines"),
        ("a.xml", '<a:alto xmlns:a="http://x/v2"/>', "xml_lines"),
        ("words.txt", "#--- words.txt ---#\n#\n# ok\na01-000u-00-00 ok 154 408 768 27 51 AT A\n", "iam"),
        ("lines.txt", "a01-000u-00 err 154 19 408 746 1661 89 A|MOVE\n", "iam"),
        ("lines.txt", "a01-000u-00 ok fine\n", "list"),
    ],
)
def test_files(tmp_path, name, content, format_name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert recognised(path) == format_name


@pytest.mark.parametrize(
    ("files", "format_name"),
    [
        ({"2356g.png": "", "23mdg.png": ""}, "file_names"),
        ({"a/A.png": "", "README.txt": "Captchas", ".notes.txt": "", "Thumbs.db": ""}, "file_names"),
        ({"a.png": "", "a.txt": "A", "b.png": "", "b.txt": "B", "c.png": ""}, "text_files"),
        ({"x/a.png": "", "x/a.gt.txt": "06 12 34 56 78"}, "text_files"),
        ({"a.png": "", "a.txt": "1,000"}, "text_files"),
        ({"gt_img_1.txt": "\ufeff0,0,9,0,9,5,0,5,A\r\n"}, "text_regions"),
        ({"a.jpg": "", "a.txt": '0,0,9,0,9,5,0,5,0,"A"\n'}, "text_regions"),
        (
            {"a.txt": "0, 0, 9, 5, A\n", "b.txt": '1,1,9,5,"B"\n', "c.txt": '1 1 9 5 "B"', "readme.txt": "of"},
            "text_regions",
        ),
        ({"l0.bin.png": "", "l0.gt.txt": "A", "l1.nrm.png": "", "l1.gt.txt": "B"}, "text_files"),
        ({"train_1.json": RECTS, "train_2.json": RECTS}, "json_regions"),
        ({"a.jpg": "", "a.json": '{"shapes": [], "imagePath": "a.jpg"}'}, "json_regions"),
        ({"a.png": "", "a.xml": "<PcGts/>", "mets.xml": "<mets/>"}, "xml_lines"),
        ({"a.png": "", "page/a.xml": "<PcGts/>"}, "xml_lines"),
        ({"x/a.png": "", "x/a.xml": "<alto/>"}, "xml_lines"),
        ({"data.mdb": "", "lock.mdb": ""}, "lmdb"),
        ({"dataset.json": "{}"}, "records"),
        ({"charset_size=134.txt": "", "fsns-00000-of-00001": ""}, "records"),
        ({"charset_size=134.txt": "", "train/train-00000-of-00512": ""}, "records"),
    ],
)
def test_folders(tmp_path, files, format_name):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content.encode())
    assert recognised(tmp_path) == format_name


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        ({}, ""),
        ({"notes.md": ""}, ""),
        ({"images/a.png": "", "labels.tsv": "images/a.png\tA\n"}, "labels.tsv"),  # the labels are not the names
        ({"a.png": "", "b.png": "", "c.png": "", "c.txt": "C"}, "c.txt"),
        ({"x/a.png": "", "x/a.txt": "0,0,9,5,A"}, "x/a.txt"),  # regions elsewhere than in the folder itself
        ({"x/a.png": "", "x/Labels.CSV": "a.png,A"}, "x/Labels.CSV"),
        ({"settings.json": "{}"}, "settings.json"),
        ({"train-00000-of-00001": ""}, ""),
        *[({"a.png": "", f"a{suffix}": ""}, f"a{suffix}") for suffix in (".xml", ".hocr", ".box", ".xlsx", ".yaml")],
    ],
)
def test_folders_that_are_not_recognised(tmp_path, files, labels):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    known = ", ".join(name for name in ANNOTATION_FORMATS if name != "auto")
    instead = f"if {tmp_path}/{labels} has the labels give that, or " if labels else ""
    message = f"{tmp_path}: its format is not recognised; {instead}name it with --annotation_format (one of {known})"
    with pytest.raises(UserError, match="^" + re.escape(message) + "$"):
        recognised(tmp_path)


TOTAL_TEXT = "x: [[10 100 100\n 10]], y: [[10 10 42 42]], ornt: [u'm'], transcriptions: [u'A']\n"
CTW_XML = '<Annotations><image file="a.jpg"><box height="9"><label>A</label></box></image></Annotations>'


@pytest.mark.parametrize(
    ("files", "path", "name"),
    [
        ({"poly_gt_img1.txt": TOTAL_TEXT, "img1.jpg": ""}, "", "Total-Text"),
        ({"poly_gt_img1.txt": TOTAL_TEXT}, "poly_gt_img1.txt", "Total-Text"),
        ({"0001001.txt": "10,-1," * 14 + "####A\n"}, "", "CTW1500"),
        ({"0001001.txt": "10,10,40,10,70,10,100,10,100,42,####A\n"}, "0001001.txt", "CTW1500"),
        ({"0001.xml": CTW_XML}, "", "CTW1500"),
        ({"0001.xml": CTW_XML}, "0001.xml", "CTW1500"),
        ({"labels.json": '{"a.png": {"polygons": [[[0, 0], [9, 0], [9, 5]]]}}'}, "labels.json", "docTR's labels for "),
    ],
)
def test_what_is_known_and_not_read_is_refused_by_its_name(tmp_path, files, path, name):
    for file, content in files.items():
        (tmp_path / file).write_text(content)
    with pytest.raises(UserError, match=rf"^{re.escape(str(tmp_path / path))}: {re.escape(name)}.* is not supported; "):
        recognised(tmp_path / path)


@pytest.mark.parametrize("name", ["a.png", "settings.json", "a.xml"])
def test_files_that_are_not_recognised(tmp_path, name):
    (tmp_path / name).write_text('{\n"a": 1\n}\n')
    with pytest.raises(UserError, match="its format is not recognised"):
        recognised(tmp_path / name)


def test_a_record_file_needs_a_charset_beside_it(tmp_path):
    path = tmp_path / "fsns-00000-of-00001"
    path.touch()
    assert recognised(path) == "list"
    (tmp_path / "charset_size=134.txt").touch()
    assert recognised(path) == "records"


def test_a_data_set_named_makes_it_records(tmp_path):
    assert recognised(tmp_path, dataset_name="fsns") == "records"


def test_a_format_asked_for_is_taken(tmp_path):
    (tmp_path / "labels.csv").touch()
    source = label_source(str(tmp_path / "labels.csv"), AnnotationConfig(annotation_format="list"), 3)
    assert (source.format_name, source.num_views) == ("list", 3)


def test_a_missing_file_is_named():
    with pytest.raises(UserError, match=r"^no/labels\.tsv: no such file or folder$"):
        recognised("no/labels.tsv")


@pytest.mark.skipif(not DATA.is_dir(), reason="needs shared/data")
def test_real_data():
    assert {recognised(path) for path in DATA.glob("*/*.tsv")} == {"list"}
    assert recognised(DATA / "captchas/images") == "file_names"
    assert recognised(DATA / "fsns_sample", dataset_name="fsns_sample") == "records"
    assert recognised(DATA / "fsns_sample") == "records"
