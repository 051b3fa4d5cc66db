"""Folders whose labels are in the names of the pictures, which are not opened, or in text files beside them."""

import re

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations


@pytest.fixture
def fill(tmp_path):
    """Writes files (name -> content) below a folder `data`; gives the folder."""

    def fill(files, folder="data"):
        for name, content in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / folder

    return fill


def read(path, **config):
    return list(read_annotations(label_source(str(path), AnnotationConfig(**config))))


def pairs(path, **config):
    return [(line.paths[0], line.text) for line in read(path, **config)]


def test_names_are_labels_in_order_and_hidden_ones_are_left_out(fill):
    names = ["b.png", "A.JPG", "a/Zoë l'été, 5.webp", 'c/"q".png', "c.d.jpeg", ".hidden.png", ".git/x.png", "Thumbs.db"]
    folder = fill(dict.fromkeys(names, ""))
    assert pairs(folder) == [
        ("A.JPG", "A"),
        ("a/Zoë l'été, 5.webp", "Zoë l'été, 5"),
        ("b.png", "b"),
        ('c/"q".png', '"q"'),
        ("c.d.jpeg", "c.d"),
    ]
    assert read(folder)[0].source == f"{folder}/A.JPG"
    assert all(line.files[0].is_file() for line in read(folder))


@pytest.mark.parametrize(
    ("name", "label"),
    [("12_LARIAT_43420", "LARIAT"), ("2697_6_466_MONIKER_49537", "MONIKER"), ("1_a_b_2", "a_b"), ("a_b_2", "a_b_2")],
)
def test_the_middle_of_a_numbered_name_is_the_label(fill, name, label):
    assert pairs(fill({f"{name}.jpg": ""})) == [(f"{name}.jpg", label)]


def test_a_pattern_finds_the_label_in_a_name(fill):
    folder = fill({"12_A B_x.png": "", "7_C.png": ""})
    assert [label for _, label in pairs(folder, label_pattern=r"^\d+_([^_]+)")] == ["A B", "C"]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "--label_pattern=(: is no regular expression (missing ), unterminated subpattern at position 0)"),
        ("a+", "--label_pattern=a+: has no group; put parentheses around the label, like ^([^_]+)_"),
        (r"(\d+)", r"{folder}/a.png: --label_pattern=(\d+) finds no label in its name 'a'"),
        (r"a|(\d+)", r"{folder}/a.png: --label_pattern=a|(\d+) finds no label in its name 'a'"),
    ],
)
def test_a_wrong_pattern_is_named(fill, pattern, problem):
    folder = fill({"a.png": ""})
    with pytest.raises(UserError, match="^" + re.escape(problem.format(folder=folder)) + "$"):
        read(folder, label_pattern=pattern)


def test_paths_are_relative_to_the_image_root(fill, tmp_path):
    folder = fill({"a/b.png": ""})
    (line,) = read(folder, image_root=str(tmp_path))
    assert line.paths == ("data/a/b.png",)
    assert line.files[0].is_file()


def test_a_link_to_a_folder_above_ends(fill):
    folder = fill({"a/b.png": ""})
    (folder / "a" / "up").symlink_to(folder)
    (folder / "beside").symlink_to(folder / "a")
    assert pairs(folder) == [("a/b.png", "b"), ("beside/b.png", "b")]


def test_mjsynth_list(fill):
    lines = "./2425/1/115_Lube_45484.jpg 45484\r\n./2425/1/114_Spencerian_73323.jpg 73323\r\n"
    folder = fill({"annotation_train.txt": lines})
    assert label_source(f"{folder}/annotation_train.txt", AnnotationConfig()).format_name == "file_names"
    assert pairs(folder / "annotation_train.txt") == [
        ("./2425/1/115_Lube_45484.jpg", "Lube"),
        ("./2425/1/114_Spencerian_73323.jpg", "Spencerian"),
    ]


def test_a_list_of_paths_alone(fill):
    folder = fill({"paths.txt": "my dir/Zoë.png\n1/12_B_3.png\n"})
    assert pairs(folder / "paths.txt", annotation_format="file_names") == [
        ("my dir/Zoë.png", "Zoë"),
        ("1/12_B_3.png", "B"),
    ]


def test_text_files(fill):
    texts = {"a.txt": "\ufeff\r\n  Rue Zoë \r\n", "b/c.gt.txt": '"q", 5\\', "d.txt": "with\ttab"}
    folder = fill({"a.png": "", "b/c.JPG": "", "d.e.png": "", "d.png": "", **texts})
    lines = read(folder)
    assert [(line.paths[0], line.text, line.ignored) for line in lines] == [
        ("a.png", "Rue Zoë", ""),
        ("b/c.JPG", '"q", 5\\', ""),
        ("d.e.png", "", "no text file beside it"),
        ("d.png", "with\ttab", ""),
    ]
    assert [line.source for line in lines[:3]] == [f"{folder}/a.txt", f"{folder}/b/c.gt.txt", f"{folder}/d.e.png"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("A\n\nB\n", "a.txt: has 2 lines; write the label alone, on one line"),
        ("A\rB", "a.txt: has 2 lines; write the label alone, on one line"),
        (b"Zo\xeb", "a.txt: is not UTF-8 (byte 2); save it as UTF-8"),
    ],
)
def test_a_wrong_text_file_is_named(fill, content, problem):
    folder = fill({"a.png": "", "a.txt": content})
    with pytest.raises(UserError, match="^" + re.escape(f"{folder}/{problem}") + "$"):
        read(folder, annotation_format="text_files")


def test_the_truth_is_taken_before_what_an_engine_read(fill):
    folder = fill({"a.png": "", "a.gt.txt": "Rue", "a.txt": "Pue", "b.png": "", "b.txt": "Lac"})
    assert [(line.text, line.note) for line in read(folder)] == [("Rue", "two text files, .gt.txt taken"), ("Lac", "")]
    assert read(folder)[0].source == f"{folder}/a.gt.txt"


@pytest.mark.parametrize("kind", ["bin", "nrm", "raw", "dew", "BIN"])
@pytest.mark.parametrize("suffix", [".gt.txt", ".txt"])
def test_prepared_pictures_have_the_text_of_their_line(fill, kind, suffix):
    folder = fill({f"a/0.1.{kind}.png": "", f"a/0.1{suffix}": "Rue"})
    assert pairs(folder) == [(f"a/0.1.{kind}.png", "Rue")]


def test_a_text_file_of_the_whole_name_comes_first(fill):
    folder = fill({"a.bin.png": "", "a.bin.gt.txt": "A", "a.gt.txt": "B", "b.bin.png": "", "b.bin.txt": "X"})
    assert pairs(folder, annotation_format="text_files") == [("a.bin.png", "A"), ("b.bin.png", "X")]


def test_a_line_is_taken_once_however_many_pictures_it_has(fill):
    """One of them could be in train and another in test."""
    pictures = dict.fromkeys(["a.bin.png", "a.nrm.png", "b/a.nrm.png", "c.bin.png", "c.png"], "")
    folder = fill({**pictures, "a.gt.txt": "A", "b/a.gt.txt": "B", "c.txt": "C"})
    found = [(line.paths[0], line.text, line.ignored) for line in read(folder)]
    assert found == [
        ("a.bin.png", "A", ""),
        ("a.nrm.png", "", "shows the text of a.bin.png once more"),
        ("b/a.nrm.png", "B", ""),
        ("c.bin.png", "", "shows the text of c.png once more"),
        ("c.png", "C", ""),
    ]


def test_an_empty_text_file_is_a_line_without_a_label(fill):
    assert pairs(fill({"a.png": "", "a.txt": " \n"}), annotation_format="text_files") == [("a.png", "")]
