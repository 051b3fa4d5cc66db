"""A pattern names the pictures a user means, in order."""

import shlex
from pathlib import Path

import pytest

from attention_ocr.errors import UserError
from attention_ocr.picture_paths import drawing_paths, picture_paths


@pytest.fixture
def folder(tmp_path):
    for name in ("sign_00.png", "sign_01.png", "sign_03.png", "b.JPG", "a.webp", "notes.txt", "deep/c.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.webp", ["a.webp"]),
        ("notes.txt", ["notes.txt"]),  # a file that is named is taken as it is
        ("", ["a.webp", "b.JPG", "sign_00.png", "sign_01.png", "sign_03.png"]),  # the folder: its pictures
        ("sign_%02d.png", ["sign_00.png", "sign_01.png"]),  # 02 is missing: the counter ends there
        ("sign_*.png", ["sign_00.png", "sign_01.png", "sign_03.png"]),
        ("sign_0[13].png", ["sign_01.png", "sign_03.png"]),
        ("**/*.png", ["deep/c.png", "sign_00.png", "sign_01.png", "sign_03.png"]),
    ],
)
def test_each_kind_of_pattern_finds_its_pictures(folder, pattern, names):
    assert picture_paths(str(folder / pattern)) == [folder / name for name in names]


def test_a_counter_may_have_any_width(tmp_path):
    for number in range(11):
        (tmp_path / f"{number}.png").touch()
    assert [path.stem for path in picture_paths(f"{tmp_path}/%d.png")] == [str(number) for number in range(11)]


def test_a_file_with_characters_of_a_pattern_is_itself(tmp_path):
    for name in ("100%d.png", "[1].png"):
        (tmp_path / name).touch()
        assert picture_paths(str(tmp_path / name)) == [tmp_path / name]


@pytest.mark.parametrize("pattern", ["nope.png", "nope_%02d.png", "nope*.png", "empty", "sign_%03d.png"])
def test_nothing_found_is_an_error_that_says_what_may_be_given(folder, pattern):
    (folder / "empty").mkdir()
    with pytest.raises(UserError) as error:
        picture_paths(str(folder / pattern))
    assert str(error.value).startswith(f"--image_path_pattern={folder / pattern}: no picture; give a file, a folder, ")


def test_a_folder_of_folders_is_answered_with_globs_that_find_their_pictures(tmp_path):
    root = tmp_path / "it's [1]"
    names = ("a/1.png", "a/b/2.png", "b/3.JPG", "b/notes.txt", "b/.hidden.webp", ".cache/4.gif")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    with pytest.raises(UserError, match="no picture in the folder itself, but in folders below it; give '") as error:
        picture_paths(str(root), "")
    globs = [part for part in shlex.split(str(error.value).partition("; give ")[2]) if part != "or"]
    found = [str(path.relative_to(root)) for pattern in globs for path in picture_paths(pattern, "")]
    assert sorted(found) == ["a/1.png", "a/b/2.png", "b/3.JPG"]


def test_hidden_files_and_folders_are_no_pictures(folder):
    """macOS writes ._a.png beside a.png on other machines' disks; a folder may be called old.png."""
    for name in ("._sign_00.png", ".hidden.png"):
        (folder / name).touch()
    (folder / "old.png").mkdir()
    expected = ["a.webp", "b.JPG", "sign_00.png", "sign_01.png", "sign_03.png"]
    assert [path.name for path in picture_paths(str(folder))] == expected
    assert [path.name for path in picture_paths(f"{folder}/*.png")] == expected[2:]


@pytest.mark.parametrize(
    ("pictures", "drawings"),
    [
        (["p/a.jpg"], ["a.png"]),
        (["p/a.png", "p/b.png"], ["a.png", "b.png"]),
        (["p/a/x.png", "p/b/x.png"], ["a/x.png", "b/x.png"]),
        (["p/x.png", "p/b/c/x.png"], ["x.png", "b/c/x.png"]),
        (["p/x.png", "p/x.jpg", "p/y.gif"], ["x.png.png", "x.jpg.png", "y.gif.png"]),
        (["p/x.png", "p/x.jpg", "p/x.png.gif"], ["x.png.png", "x.jpg.png", "x.png.gif.png"]),
        (["p/x.png", "p/X.jpg"], ["x.png.png", "X.jpg.png"]),  # some file systems take them for one
        (["p/../q/x.png", "p/x.png"], ["q/x.png", "p/x.png"]),
    ],
)
def test_no_two_drawings_share_a_file(pictures, drawings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = [Path("drawn", name) for name in drawings]
    assert drawing_paths([Path(name) for name in pictures], "drawn") == expected
    assert drawing_paths([tmp_path / name for name in pictures], Path("drawn")) == expected


@pytest.mark.parametrize("target", ["p", "./p", "p/../p", "link"])
def test_a_drawing_never_replaces_a_picture(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("p").mkdir()
    Path("link").symlink_to("p")
    paths = [Path("p/a.jpg"), Path("p/b.png")]
    with pytest.raises(UserError, match=r"--visualize=.*: the drawing .*b\.png would replace a picture; name another"):
        drawing_paths(paths, target)
    assert drawing_paths(paths[:1], target) == [Path(target, "a.png")]
