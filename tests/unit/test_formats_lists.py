"""Lists of a line a picture: every label that people have arrives as it is, and a wrong line is named."""

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
def test_a_line_is_a_path_and_a_label(read_labels, line, path, text):
    assert read_labels(line) == [(path, text)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_byte_order_mark_and_empty_lines_do_not_matter(read_labels, end, mark):
    content = f"{mark}a.png\tA{end}{end} {end}b.png\tB"
    assert read_labels(content) == [("a.png", "A"), ("b.png", "B")]
    assert [place.rpartition(":")[2] for place in read_labels(content, places=True)] == ["1", "4"]


def test_views_of_a_list(read_labels):
    content = "l.png,r.png\tA\nl.png, r.png B\nboth.png\tC\n"
    assert read_labels(content, num_views=2) == [
        (("l.png", "r.png"), "A"),
        (("l.png", "r.png"), "B"),
        ("both.png", "C"),
    ]


@pytest.mark.parametrize("line", ["a.png", "my dir/a.png", "a.png\t ", '"my dir/a.png"'])
def test_a_line_may_be_without_a_label(read_labels, line):
    assert read_labels(f"b.png\tB\n{line}\n") == [("b.png", "B"), (line.strip().strip('"'), "")]


def test_a_json_list_of_paths_is_pictures_of_one_label(read_labels):
    """As PaddleOCR's recognition lists have it."""
    content = '["a.png", "my dir/b.png"]\tRue, "5"\nc.png\tC\n'
    assert read_labels(content) == [("a.png", 'Rue, "5"'), ("my dir/b.png", 'Rue, "5"'), ("c.png", "C")]
    assert read_labels(content, num_views=2) == [(("a.png", "my dir/b.png"), 'Rue, "5"'), ("c.png", "C")]


@pytest.mark.parametrize("path", ["[a].png", "[1, 2]", '["a.png"', "[]", "[" * 100_000])
def test_a_path_in_brackets_that_is_no_such_list_is_a_path(read_labels, path):
    assert read_labels(f"{path}\tA\n") == [(path, "A")]


def test_a_line_without_a_path_is_named(assert_fails):
    assert_fails("b.png\tB\n\tA\n", "labels.txt:2: 'A' has no picture before it; write 'path<TAB>label'")


@pytest.mark.parametrize("name", ["labels.txt", "labels.csv", "labels.jsonl"])
@pytest.mark.parametrize("number", [1, 5000])
def test_what_is_not_utf8_is_named_by_its_line(assert_fails, name, number):
    lines = {"labels.txt": "a.png\tA", "labels.csv": "a.png,A", "labels.jsonl": '{"image": "a.png", "text": "A"}'}
    content = f"{lines[name]}\n".encode() * (number - 1) + "a.png\tZoë".encode("latin-1")
    assert_fails(content, f"{name}:{number}: is not UTF-8; save it as UTF-8", name=name)


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
def test_icdar_words(read_labels, line, path, text):
    assert read_labels(f"\ufeff{line}\r\n") == [(path, text)]


def test_icdar_words_asked_for_may_be_without_quotes(read_labels):
    assert read_labels('a.png, A, "b"\n', annotation_format="icdar_words") == [("a.png", 'A, "b"')]


def test_an_icdar_word_may_be_without_text(read_labels):
    assert read_labels('a.png, "A"\nb.png, ""\n') == [("a.png", "A"), ("b.png", "")]


@pytest.mark.parametrize("name", ["gt.txt", "gt.csv"])
@pytest.mark.parametrize(
    ("rest", "text"),
    [("Latin,Alpha", "Alpha"), ("Arabic,\u0643\u062a", "\u0643\u062a"), ("None,a, b", "a, b"), (' Mixed,"a"', '"a"')],
)
def test_mlt_words(read_labels, name, rest, text):
    """Picture, script, text."""
    assert read_labels(f"\ufeffword_1.png,{rest}\r\nword 2.JPG,Latin,B\r\n", name) == [
        ("word_1.png", text),
        ("word 2.JPG", "B"),
    ]


LABELS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\t"), min_size=1).filter(
    lambda text: text == text.strip()
)


@given(label=LABELS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_label_survives(read_labels, label):
    row = io.StringIO()
    csv.writer(row).writerows([("image", "text"), ("my a.png", label)])
    expected = [("my a.png", label)]
    assert read_labels(f"my a.png\t{label}\n", annotation_format="list") == expected
    assert read_labels(f"my a.png {label}\n", annotation_format="list") == expected
    assert read_labels(row.getvalue()) == expected
    for is_ascii in (True, False):
        assert read_labels(json.dumps({"image": "my a.png", "text": label}, ensure_ascii=is_ascii)) == expected


def test_a_message_names_the_file_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.tsv").write_text("\tA\n")
    with pytest.raises(UserError, match="^" + re.escape("labels.tsv:1: ")):
        list(read_annotations(label_source("labels.tsv", AnnotationConfig())))
