"""Pictures and labels as JSON: an object a line, or one file of all."""

import json

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations

ODD_LABELS = ["Rue Zoë", '"Zoë" l\'été, 5', "a\\b\\", "one, two; three", "京P·12345", "#", "a.png A", ""]


def test_json_lines(read_labels):
    lines = [{"image": "a.png", "text": label, "id": 3} for label in ODD_LABELS]
    content = "\ufeff" + "\r\n\r\n".join(json.dumps(line) for line in lines)
    assert read_labels(content, "labels.ndjson") == [("a.png", label) for label in ODD_LABELS]
    assert read_labels(content, "labels.txt") == [("a.png", label) for label in ODD_LABELS]


def test_json_lines_may_differ_in_keys_and_hold_numbers(read_labels):
    content = '{"image": "a.png", "text": 12}\n{"label": "B", "file_name": "b.png"}\n'
    assert read_labels(content) == [("a.png", "12"), ("b.png", "B")]


def test_views_of_json_lines(read_labels):
    content = '{"images": ["l.png", null], "text": "A"}\n{"images": "l.png,r.png", "text": "B"}\n'
    assert read_labels(content, num_views=2) == [(("l.png", ""), "A"), (("l.png", "r.png"), "B")]
    content = '{"left": "l.png", "right": "r.png", "says": "A"}\n'
    config = {"image_column": "left,right", "label_column": "says"}
    assert read_labels(content, "labels.jsonl", num_views=2, **config) == [(("l.png", "r.png"), "A")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"image": "b.png", ',
            "is not JSON (Expecting property name enclosed in double quotes); write an object a line",
        ),
        ('["b.png", "B"]', 'is not a JSON object; write {"image": "a.png", "text": "label"}'),
        (
            '{"image": "b.png"}',
            "none of its columns is known as label_column; name it with --label_column (one of image)",
        ),
        ('{"image": "b.png", "text": ["B"]}', "'text' is ['B']; write a string"),
        ('{"image": {"a": 1}, "text": "B"}', "'image' is {'a': 1}; write a string"),
        ('{"image": "b.png", "text": true}', "'text' is True; write a string"),
        ('{"image": "b.png", "text": ' + "9" * 5000 + "}", "is not JSON that can be read (a number is too long)"),
        ("{}", "none of its columns is known as image_column; name it with --image_column (one of )"),
        ("[" * 100_000, "is not JSON that can be read (too many brackets within one another)"),
    ],
)
def test_what_is_wrong_in_json_lines_is_named(assert_fails, line, message):
    assert_fails(f'{{"image": "a.png", "text": "A"}}\n{line}\n', f"labels.jsonl:2: {message}", name="labels.jsonl")


def test_a_json_line_may_be_without_a_label(read_labels):
    assert read_labels('{"image": "a.png", "text": null}\n{"image": "b.png", "text": " "}\n') == [
        ("a.png", ""),
        ("b.png", ""),
    ]


def test_a_missing_key_asked_for_is_named(assert_fails):
    message = "labels.jsonl:1: --label_column=what is not one of its columns: image, text"
    assert_fails('{"image": "a.png", "text": "A"}\n', message, name="labels.jsonl", label_column="what")


def test_an_object_of_pictures_and_labels(read_labels):
    """docTR's."""
    content = "\ufeff" + json.dumps({f"my dir/{n}.png": label for n, label in enumerate(ODD_LABELS)}, indent=1)
    assert read_labels(content, "labels.json") == [(f"my dir/{n}.png", label) for n, label in enumerate(ODD_LABELS)]
    assert read_labels('{"a.JPG": 12, "b.jpg": null}', "labels.json") == [("a.JPG", "12"), ("b.jpg", "")]


def mmocr(*entries):
    return json.dumps({"metainfo": {"dataset_type": "TextRecogDataset"}, "data_list": list(entries)})


def test_mmocr(read_labels):
    entries = [{"instances": [{"text": label}], "img_path": f"{n}.jpg"} for n, label in enumerate(ODD_LABELS)]
    assert read_labels(mmocr(*entries), "labels.json") == [(f"{n}.jpg", label) for n, label in enumerate(ODD_LABELS)]


def test_a_list_of_objects(read_labels):
    entries = [{"id": n, "file_name": f"{n}.jpg", "text": label} for n, label in enumerate(ODD_LABELS)]
    assert read_labels(json.dumps(entries), "labels.json") == [
        (f"{n}.jpg", label) for n, label in enumerate(ODD_LABELS)
    ]
    config = {"image_column": "left,right", "label_column": "id", "num_views": 2}
    assert read_labels('[{"left": "l.png", "right": "r.png", "id": 5}]', "labels.json", **config) == [
        (("l.png", "r.png"), "5")
    ]


@pytest.mark.parametrize("folder", ["", "images", "imgs"])
@pytest.mark.parametrize("kind", ["doctr", "mmocr"])
def test_names_start_where_the_pictures_are(tmp_path, kind, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "a.png").touch()
    content = '{"a.png": "A"}' if kind == "doctr" else mmocr({"img_path": "a.png", "instances": [{"text": "A"}]})
    (tmp_path / "labels.json").write_text(content)
    (line,) = read_annotations(label_source(str(tmp_path / "labels.json"), AnnotationConfig()))
    assert line.files == (tmp_path / folder / "a.png",)
    (line,) = read_annotations(label_source(str(tmp_path / "labels.json"), AnnotationConfig(image_root="no")))
    assert str(line.files[0]) == "no/a.png"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a.png": ["A"]}', ": 'a.png' is ['A']; write a string"),
        ("5", ': is neither a JSON object nor a list; write {"a.png": "label"}'),
        ('[{"file": "a", "gt": "A"}, 5]', ': [1]: is not a JSON object; write {"image": "a.png", "text": "label"}'),
        ('{"data_list": {}}', ": data_list is not a list but {}"),
        *[
            (mmocr(entry), ': data_list[0]: write {"img_path": "a.jpg", "instances": [{"text": "label"}]}')
            for entry in (5, {}, {"img_path": 5, "instances": []}, {"img_path": "a.jpg", "instances": {}})
        ],
        *[
            (
                mmocr({"img_path": "a.jpg", "instances": instances}),
                f": data_list[0]: a.jpg has {len(instances)} instances; only pictures of one text can be read "
                "(dataset_type TextRecogDataset), not those to find text in",
            )
            for instances in ([], [5], [{"polygon": [0, 0]}], [{"text": "A"}, {"text": "B"}])
        ],
    ],
)
def test_what_is_wrong_in_such_a_file_is_named(assert_fails, content, message):
    config = {"annotation_format": "json_labels"}
    assert_fails(content, f"labels.json{message}", name="labels.json", **config)


def test_mmocrs_ignored_ones_are_marked(tmp_path):
    (tmp_path / "labels.json").write_text(mmocr({"img_path": "a.jpg", "instances": [{"text": "A", "ignore": True}]}))
    (line,) = read_annotations(label_source(str(tmp_path / "labels.json"), AnnotationConfig()))
    assert line.ignored == "marked as ignored"


def test_what_is_no_json_is_named(read_labels):
    with pytest.raises(UserError, match=r"labels\.json:2: is not JSON \(Expecting ',' delimiter"):
        read_labels('{"a.png": "A"\n"b.png": "B"}', "labels.json")
