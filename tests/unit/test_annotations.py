"""A line of a label file is checked, its paths are made usable, and what is wrong is named by file and line."""

import re
from pathlib import Path

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation, picture_path
from attention_ocr.ingest.formats.registry import label_source, read_annotations


@pytest.fixture
def source(tmp_path):
    def make(num_views=1, **config):
        (tmp_path / "labels.tsv").touch()
        return LabelSource(str(tmp_path / "labels.tsv"), "list", AnnotationConfig(**config), num_views)

    return make


def test_paths_start_at_the_label_file_or_at_the_image_root(source, tmp_path):
    assert annotation(source(), "images/a.png", "A", "").files == (tmp_path / "images/a.png",)
    assert annotation(source(), "/data/a.png", "A", "").files == (Path("/data/a.png"),)
    assert annotation(source(image_root="/else"), "images/a.png", "A", "").files == (Path("/else/images/a.png"),)


def test_paths_of_a_folder_start_in_it(tmp_path):
    assert LabelSource(str(tmp_path), "file_names").image_root == str(tmp_path)


def test_a_label_file_without_a_folder_starts_here():
    assert annotation(LabelSource("labels.tsv", "list"), "a.png", "A", "").files == (Path("a.png"),)


@pytest.mark.parametrize("blank", [" ", "\t", "\u3000", "\xa0", " \u3000\xa0"])
def test_blanks_at_a_labels_ends_are_dropped(source, blank):
    assert annotation(source(), "a.png", f"{blank}Rue  Zoë{blank}", "").text == "Rue  Zoë"


def test_quotes_and_back_slashes_of_a_path_go_unless_they_are_real(tmp_path):
    assert picture_path('"my signs\\a.png"', tmp_path) == "my signs/a.png"
    assert picture_path("'a.png'", tmp_path) == "a.png"
    for real in ('"a".png', "a\\b.png", "l'été.png"):
        (tmp_path / real).touch()
        assert picture_path(real, tmp_path) == real


def test_commas_separate_views_unless_a_picture_has_them(source, tmp_path):
    assert annotation(source(2), "left.png, right.png", "A", "").paths == ("left.png", "right.png")
    assert annotation(source(2), "both.png", "A", "").paths == ("both.png",)
    assert annotation(source(), "a,b.png", "A", "").paths == ("a,b.png",)
    (tmp_path / "a,b.png").touch()
    assert annotation(source(2), "a,b.png", "A", "").paths == ("a,b.png",)


def test_a_missing_view_is_no_file(source, tmp_path):
    line = annotation(source(3), "a.png,,c.png", "A", "")
    assert line.paths == ("a.png", "", "c.png")
    assert line.files == (tmp_path / "a.png", tmp_path / "c.png")


def test_a_line_may_be_without_a_label(source):
    """What is done about it is another's business (--on_empty)."""
    line = annotation(source(), "a.png", " ", "f:1", ignored="marked", note="odd")
    assert line == Annotation(("a.png",), "", "f:1", source().image_root, ignored="marked", note="odd")


@pytest.mark.parametrize(
    ("paths", "text", "problem"),
    [
        (" ", "A", "'A' has no picture before it; write 'path<TAB>label'"),
        (("", ""), "A", "'A' has no picture before it; write 'path<TAB>label'"),
        ("a.png,b.png,c.png", "A", "'a.png,b.png,c.png' names 3 pictures; --num_views is 2"),
    ],
)
def test_a_wrong_line_is_named(source, paths, text, problem):
    with pytest.raises(UserError, match="^" + re.escape(f"labels.tsv:7: {problem}") + "$"):
        annotation(source(2), paths, text, "labels.tsv:7")


def test_a_file_without_a_line_is_an_error(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("\n \n")
    with pytest.raises(UserError, match=re.escape(f"{path}: has no line with a picture and a label")):
        list(read_annotations(label_source(str(path), AnnotationConfig())))


def test_lines_are_read_as_they_are_asked_for(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("a.png\tA\n\tB\n")
    lines = read_annotations(label_source(str(path), AnnotationConfig()))
    assert next(lines).text == "A"
    with pytest.raises(UserError, match="has no picture"):
        next(lines)
