"""IAM's lists: the id names the picture, the text follows eight fields."""

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.ingest.formats.registry import label_source, read_annotations

HEAD = "#--- {}.txt ---------------#\n#\n# format: a01-000u-00-00 ok 154 1 408 768 27 51 AT A\n#\n"
WORDS = (
    "a01-000u-00-00 ok 154 408 768 27 51 AT A\n"
    "a01-000u-00-01 err 154 507 766 213 48 NN MOVE\n"
    "r06-022-03-11 ok 170 -1 -1 -1 -1 . Mr|.|\n"
)
LINES = "a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop\na01-000u-01 err 156 19 395 932 1850 105 any more|\n"


def read(path, **config):
    return list(read_annotations(label_source(str(path), AnnotationConfig(**config))))


@pytest.mark.parametrize("head", ["", HEAD.format("words")])
def test_words(tmp_path, head):
    (tmp_path / "words.txt").write_text(head + WORDS)
    found = [(line.paths[0], line.text, line.ignored) for line in read(tmp_path / "words.txt")]
    assert found == [
        ("words/a01/a01-000u/a01-000u-00-00.png", "A", ""),
        ("words/a01/a01-000u/a01-000u-00-01.png", "MOVE", "marked as err: badly cut out"),
        ("words/r06/r06-022/r06-022-03-11.png", "Mr .", ""),
    ]
    assert read(tmp_path / "words.txt")[2].source.endswith(f"words.txt:{7 if head else 3}")


@pytest.mark.parametrize("head", ["", HEAD.format("lines")])
def test_lines_whose_words_could_not_be_told_apart_are_used(tmp_path, head):
    (tmp_path / "lines.txt").write_text(head + LINES)
    found = [(line.paths[0], line.text, line.ignored) for line in read(tmp_path / "lines.txt")]
    assert found == [
        ("lines/a01/a01-000u/a01-000u-00.png", "A MOVE to stop", ""),
        ("lines/a01/a01-000u/a01-000u-01.png", "any more", ""),
    ]


@pytest.mark.parametrize("folder", ["words/", "../words/", ""])
def test_pictures_are_looked_for_where_they_are_unpacked(tmp_path, folder):
    (tmp_path / "ascii").mkdir()
    picture = tmp_path / "ascii" / folder / "a01/a01-000u/a01-000u-00-00.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    (tmp_path / "ascii/words.txt").write_text(WORDS)
    assert read(tmp_path / "ascii/words.txt")[0].files[0].resolve() == picture.resolve()


def test_a_line_that_is_not_iams_is_named(tmp_path, assert_fails):
    message = (
        "labels.txt:4: 'a01-000u ok 154' is no line of IAM's words.txt or lines.txt; write an id such as "
        "a01-000u-00-00, ok or err, six more fields, and the text"
    )
    assert_fails(WORDS + "a01-000u ok 154\n", message, annotation_format="iam")
