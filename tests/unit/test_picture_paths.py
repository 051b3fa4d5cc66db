"""A pattern names the pictures a user means, in order."""

import pytest

from attention_ocr.errors import UserError
from attention_ocr.picture_paths import picture_paths


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
