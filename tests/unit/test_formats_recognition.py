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
        ("labels.tsv", "image\ttext\na.png\tA\n", "list"),
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
        ("gt.txt", '\ufeffword_1.png, "A"\r\n\r\nword_2.png, "B, \\"C\\""\r\n', "icdar_words"),
        ("labels.jsonl", "anything", "jsonl"),
        ("labels.txt", '{"image": "a.png", "text": "A"}\n{"image": "b.png", "text": "B"}\n', "jsonl"),
        ("labels.json", '\ufeff\n{"image": ["a.png", "b.png"], "text": "A"}\n', "jsonl"),
        ("train_labels.json", json.dumps(ART), "json_regions"),
        ("train_labels.txt", json.dumps(ART, indent=2), "json_regions"),
        ("train_labels.json", json.dumps({"gt_9": [], **ART}), "json_regions"),
        ("annotation_train.txt", MJSYNTH, "file_names"),
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
        ({"train_1.json": RECTS, "train_2.json": RECTS}, "json_regions"),
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
    "files",
    [
        {},
        {"notes.md": ""},
        {"images/a.png": "", "labels.tsv": "images/a.png\tA\n"},  # the labels are not the names
        {"a.png": "", "b.png": "", "c.png": "", "c.txt": "C"},
        {"x/a.png": "", "x/a.txt": "0,0,9,5,A"},  # pictures and regions elsewhere than in the folder itself
        {"settings.json": "{}"},
        {"train-00000-of-00001": ""},
    ],
)
def test_folders_that_are_not_recognised(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    known = ", ".join(name for name in ANNOTATION_FORMATS if name != "auto")
    message = f"{tmp_path}: its format is not recognised; name it with --annotation_format (one of {known})"
    with pytest.raises(UserError, match="^" + re.escape(message) + "$"):
        recognised(tmp_path)


@pytest.mark.parametrize("name", ["a.png", "settings.json"])
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
