"""Label files of a line a picture: every label that people have arrives as it is, and a wrong line is named."""

import csv
import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations

ODD_LABELS = ["Rue Zoë", '"Zoë" l\'été, 5', "a\\b\\", '"all in quotes"', "one, two; three", "京P·12345", "#", "a.png A"]


@pytest.fixture
def read(tmp_path):
    """A function from a file's content to its (paths, text) pairs, and where they stand."""

    def read(content, name="labels.txt", num_views=1, places=False, **config):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        lines = list(read_annotations(label_source(str(path), AnnotationConfig(**config), num_views)))
        if places:
            return [line.source for line in lines]
        return [(line.paths[0] if len(line.paths) == 1 else line.paths, line.text) for line in lines]

    return read


@pytest.fixture
def assert_fails(read, tmp_path):
    """Asserts the message that reading a file ends with, without the folder."""

    def assert_fails(content, message, **values):
        with pytest.raises(UserError) as error:
            read(content, **values)
        assert "\n" not in str(error.value)
        assert str(error.value).removeprefix(f"{tmp_path}/") == message

    return assert_fails


@pytest.mark.parametrize(
    ("line", "path", "text"),
    [
        ("a.png\tRue Zoë", "a.png", "Rue Zoë"),
        ("a.png Rue Zoë", "a.png", "Rue Zoë"),
        ("a.png   Rue", "a.png", "Rue"),
        ("a.png\u3000Rue", "a.png", "Rue"),
        ("my sign.png\tRue Zoë", "my sign.png", "Rue Zoë"),
        ("my dir/my sign.PNG Rue Zoë", "my dir/my sign.PNG", "Rue Zoë"),
        ("a.png b.png", "a.png", "b.png"),
        ("a.png.old/b.jpeg label", "a.png.old/b.jpeg", "label"),
        ('"my dir/a b.png" label', "my dir/a b.png", "label"),
        ("'my dir/a b' my label", "my dir/a b", "my label"),
        ('"my dir/a b.png"\t"label"', "my dir/a b.png", '"label"'),
        ('a.png "label"', "a.png", '"label"'),
        ("no_suffix Rue Zoë", "no_suffix", "Rue Zoë"),
        ("signs\\a.png\tA", "signs/a.png", "A"),
        ("a.png\tone\ttwo", "a.png", "one\ttwo"),
        ("a.png\t\u3000 Rue   Zoë \xa0", "a.png", "Rue   Zoë"),
        ("a,b.png\tRue", "a,b.png", "Rue"),
        ("a.png\tone\u2028two", "a.png", "one\u2028two"),
        ("京P.jpg\t京P", "京P.jpg", "京P"),
        *[(f"a.png\t{label}", "a.png", label) for label in ODD_LABELS],
        *[(f"a.png {label}", "a.png", label) for label in ODD_LABELS],
    ],
)
def test_a_line_is_a_path_and_a_label(read, line, path, text):
    assert read(line) == [(path, text)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_byte_order_mark_and_empty_lines_do_not_matter(read, end, mark):
    content = f"{mark}a.png\tA{end}{end} {end}b.png\tB"
    assert read(content) == [("a.png", "A"), ("b.png", "B")]
    assert [place.rpartition(":")[2] for place in read(content, places=True)] == ["1", "4"]


def test_views_of_a_list(read):
    content = "l.png,r.png\tA\nl.png, r.png B\nboth.png\tC\n"
    assert read(content, num_views=2) == [(("l.png", "r.png"), "A"), (("l.png", "r.png"), "B"), ("both.png", "C")]


@pytest.mark.parametrize("line", ["a.png", "my dir/a.png", "a.png\t ", '"my dir/a.png"'])
def test_a_line_without_a_label_is_named(assert_fails, line):
    path = line.strip().strip('"')
    assert_fails(
        f"b.png\tB\n{line}\n", f"labels.txt:2: {path!r} has no label; write 'path<TAB>label', or remove the line"
    )


def test_a_line_without_a_path_is_named(assert_fails):
    assert_fails("b.png\tB\n\tA\n", "labels.txt:2: 'A' has no picture before it; write 'path<TAB>label'")


@pytest.mark.parametrize("name", ["labels.txt", "labels.csv", "labels.jsonl"])
@pytest.mark.parametrize("number", [1, 5000])
def test_what_is_not_utf8_is_named_by_its_line(assert_fails, name, number):
    lines = {"labels.txt": "a.png\tA", "labels.csv": "a.png,A", "labels.jsonl": '{"image": "a.png", "text": "A"}'}
    content = f"{lines[name]}\n".encode() * (number - 1) + "a.png\tZoë".encode("latin-1")
    assert_fails(content, f"{name}:{number}: is not UTF-8; save it as UTF-8", name=name)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("image,text", "a.png,A"),
        ("Image_Path,Label", "a.png,A"),
        ("file name;transcription", "a.png;A"),
        ("filename\twords", "a.png\tA"),
        ("id,words,file,width", "7,A,a.png,9"),
        ("name,image,label,text", "sign,a.png,3,A"),
        ("img,plate_number", "a.png,A"),
        ('"image","gt"', '"a.png","A"'),
        ("image, caption", "a.png, A"),
        ("FILENAME,IDENTITY", "a.png,A"),
    ],
)
def test_columns_known_by_name(read, header, row):
    assert read(f"{header}\n{row}\n", "labels.csv") == [("a.png", "A")]


def test_named_columns(read):
    content = "text,Photo,left,right,what\nno,a.png,l.png,,A\n"
    assert read(content, "labels.csv", image_column="photo", label_column="what") == [("a.png", "A")]
    assert read(content, "labels.csv", image_column="Photo") == [("a.png", "no")]
    views = {"image_column": "left, right", "label_column": "what", "num_views": 2}
    assert read(content, "labels.csv", **views) == [(("l.png", ""), "A")]
    assert read(content, "labels.txt", **views) == [(("l.png", ""), "A")]  # columns make it a CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_without_a_header_the_path_is_first(read, delimiter):
    content = f'my dir/a.png{delimiter}A b\n"b,c.png"{delimiter}"x, y; ""z"""\n'
    assert read(content, "labels.csv") == [("my dir/a.png", "A b"), ("b,c.png", 'x, y; "z"')]


def test_the_delimiter_is_the_one_after_the_path(read):
    assert read("a.png;one, two\n", "labels.csv") == [("a.png", "one, two")]
    assert read('"a;1.png",one\n', "labels.csv") == [("a;1.png", "one")]


def test_a_word_that_could_be_a_column_is_no_header(read):
    assert read("a.png,word\nb.png,name\n", "labels.csv") == [("a.png", "word"), ("b.png", "name")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_fields_with_line_ends_and_byte_order_mark(read, end):
    content = f'\ufeffimage,text{end}{end}a.png,"one{end}two"{end},{end}b.png,B,{end}'
    assert read(content, "labels.csv") == [("a.png", "one\ntwo"), ("b.png", "B")]
    assert [place.rpartition(":")[2] for place in read(content, "labels.csv", places=True)] == ["3", "6"]


@pytest.mark.parametrize(
    ("content", "message", "config"),
    [
        (
            "image,text\na.png,A\n",
            "1: --image_column=photo is not one of its columns: image, text",
            {"image_column": "photo"},
        ),
        (
            "image,text\na.png,A\n",
            "1: --label_column=what is not one of its columns: image, text",
            {"label_column": "what"},
        ),
        (
            "image,what\na.png,A\n",
            "1: none of its columns is known as label_column; name it with --label_column (one of image, what)",
            {},
        ),
        (
            "a.png,one, two\nb.png,one,\nc.png,1,2,3\n",
            "3: has 4 fields, the first row 3; put a label that holds the delimiter in quotes",
            {},
        ),
        ("image,text\na.png\n", "2: 'a.png' has no label; write 'path<TAB>label', or remove the line", {}),
        ("image,text\n,A\n", "2: 'A' has no picture before it; write 'path<TAB>label'", {}),
        (
            'image,text\na.png,"A\nb.png,B\n',
            "2: is not CSV (unexpected end of data); close quotes, and write one inside a quoted field twice",
            {},
        ),
        (
            'image,text\na.png,"A"b\n',
            "2: is not CSV (',' expected after '\"'); close quotes, and write one inside a quoted field twice",
            {},
        ),
    ],
)
def test_what_is_wrong_in_a_csv_is_named(assert_fails, content, message, config):
    assert_fails(content, f"labels.csv:{message}", name="labels.csv", **config)


def test_json_lines(read):
    lines = [{"image": "a.png", "text": label, "id": 3} for label in ODD_LABELS]
    content = "\ufeff" + "\r\n\r\n".join(json.dumps(line) for line in lines)
    assert read(content, "labels.ndjson") == [("a.png", label) for label in ODD_LABELS]
    assert read(content, "labels.txt") == [("a.png", label) for label in ODD_LABELS]


def test_json_lines_may_differ_in_keys_and_hold_numbers(read):
    content = '{"image": "a.png", "text": 12}\n{"label": "B", "file_name": "b.png"}\n'
    assert read(content) == [("a.png", "12"), ("b.png", "B")]


def test_views_of_json_lines(read):
    content = '{"images": ["l.png", null], "text": "A"}\n{"images": "l.png,r.png", "text": "B"}\n'
    assert read(content, num_views=2) == [(("l.png", ""), "A"), (("l.png", "r.png"), "B")]
    content = '{"left": "l.png", "right": "r.png", "says": "A"}\n'
    config = {"image_column": "left,right", "label_column": "says"}
    assert read(content, "labels.jsonl", num_views=2, **config) == [(("l.png", "r.png"), "A")]


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
        ('{"image": "b.png", "text": null}', "'b.png' has no label; write 'path<TAB>label', or remove the line"),
    ],
)
def test_what_is_wrong_in_json_lines_is_named(assert_fails, line, message):
    assert_fails(f'{{"image": "a.png", "text": "A"}}\n{line}\n', f"labels.jsonl:2: {message}", name="labels.jsonl")


def test_a_missing_key_asked_for_is_named(assert_fails):
    message = "labels.jsonl:1: --label_column=what is not one of its columns: image, text"
    assert_fails('{"image": "a.png", "text": "A"}\n', message, name="labels.jsonl", label_column="what")


@pytest.mark.parametrize(
    ("line", "path", "text"),
    [
        ('word_1.png, "Tiredness"', "word_1.png", "Tiredness"),
        ('word_1.png,"a, b"', "word_1.png", "a, b"),
        (r'word_1.png, "\"Zoë\" a\\b"', "word_1.png", r'"Zoë" a\b'),
        (r'word_1.png, "\\"', "word_1.png", "\\"),
        ('word_1.png, "5" pipe"', "word_1.png", '5" pipe'),
        (r'my words/word 1.JPG, "C:\n"  ', "my words/word 1.JPG", r"C:\n"),
        ('word_1.png, """', "word_1.png", '"'),
    ],
)
def test_icdar_words(read, line, path, text):
    assert read(f"\ufeff{line}\r\n") == [(path, text)]


def test_icdar_words_asked_for_may_be_without_quotes(read):
    assert read('a.png, A, "b"\n', annotation_format="icdar_words") == [("a.png", 'A, "b"')]


def test_an_icdar_word_without_text_is_named(assert_fails):
    message = "labels.txt:2: 'b.png' has no label; write 'path<TAB>label', or remove the line"
    assert_fails('a.png, "A"\nb.png, ""\n', message)


LABELS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\t"), min_size=1).filter(
    lambda text: text == text.strip()
)


@given(label=LABELS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_label_survives(read, label):
    row = io.StringIO()
    csv.writer(row).writerows([("image", "text"), ("my a.png", label)])
    expected = [("my a.png", label)]
    assert read(f"my a.png\t{label}\n", annotation_format="list") == expected
    assert read(f"my a.png {label}\n", annotation_format="list") == expected
    assert read(row.getvalue()) == expected
    for is_ascii in (True, False):
        assert read(json.dumps({"image": "my a.png", "text": label}, ensure_ascii=is_ascii)) == expected


def test_a_message_names_the_file_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.tsv").write_text("a.png\n")
    with pytest.raises(UserError, match="^" + re.escape("labels.tsv:1: ")):
        list(read_annotations(label_source("labels.tsv", AnnotationConfig())))
