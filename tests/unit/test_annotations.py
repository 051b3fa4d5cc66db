"""Label files as people have them become pictures and texts; what is wrong is named by file and line."""

import re
from pathlib import Path

import pytest

from attention_ocr.data.annotations import read_annotations
from attention_ocr.errors import UserError


@pytest.fixture
def labels(tmp_path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "labels.tsv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("line", "path", "text"),
    [
        ("a.png\tRue Zoë", "a.png", "Rue Zoë"),
        ("a.png Rue Zoë", "a.png", "Rue Zoë"),
        ("my sign.png\tRue Zoë", "my sign.png", "Rue Zoë"),
        ("a.png\tone\ttwo", "a.png", "one\ttwo"),
        ('a.png\t"Zoë" l\'été, 5', "a.png", '"Zoë" l\'été, 5'),
        ("a.png\t  Rue   Zoë  ", "a.png", "Rue   Zoë"),
        ("a,b.png\tRue", "a,b.png", "Rue"),
        ("京P.jpg\t京P", "京P.jpg", "京P"),
    ],
)
def test_a_line_is_a_path_and_a_label(labels, line, path, text):
    (annotation,) = read_annotations(labels(line))
    assert (annotation.paths, annotation.text) == ((path,), text)


@pytest.mark.parametrize(
    "content",
    ["a.png\tA\n\n  \nb.png\tB\n", "a.png\tA\r\n\r\n\r\nb.png\tB\r\n", b"\xef\xbb\xbfa.png\tA\n\n\nb.png\tB"],
)
def test_byte_order_mark_line_ends_and_empty_lines_do_not_matter(labels, content):
    path = labels(content)
    first, second = read_annotations(path)
    assert (first.paths, first.text, first.source) == (("a.png",), "A", f"{path}:1")
    assert (second.paths, second.text, second.source) == (("b.png",), "B", f"{path}:4")


def test_paths_start_at_the_file_or_at_the_image_root(labels, tmp_path):
    path = labels("images/a.png\tA\n/data/b.png\tB\n")
    assert [line.files for line in read_annotations(path)] == [(tmp_path / "images/a.png",), (Path("/data/b.png"),)]
    assert read_annotations(path, "/elsewhere")[0].files == (Path("/elsewhere/images/a.png"),)


def test_commas_separate_views(labels):
    first, second = read_annotations(labels("left.png, right.png\tA\nboth.png\tB"), num_views=2)
    assert first.paths == ("left.png", "right.png")
    assert second.paths == ("both.png",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a.png", "'a.png' has no label"),
        ("a.png\t ", "'a.png' has no label"),
        ("\tA", "'A' has no picture before it"),
        ("a.png,b.png\tA", "names 2 pictures; --num_views=3 takes 1 (the views side by side) or 3"),
        ("a.png,,c.png\tA", "names 2 pictures"),
    ],
)
def test_a_wrong_line_is_named(labels, line, problem):
    path = labels(f"ok.png\tfine\n{line}\n")
    with pytest.raises(UserError, match="^" + re.escape(f"{path}:2: ") + ".*" + re.escape(problem)):
        read_annotations(path, num_views=3)


def test_a_file_without_a_line_is_an_error(labels):
    with pytest.raises(UserError, match="has no line"):
        read_annotations(labels("\n \n"))
