"""A file is written whole or not at all; what cannot be read is named."""

import re

import pytest

from attention_ocr import files
from attention_ocr.errors import UserError


def test_text_and_json_come_back(tmp_path):
    files.write_text(tmp_path / "new" / "a.txt", "Zoë\n’\n")
    assert files.read_text(tmp_path / "new" / "a.txt") == "Zoë\n’\n"
    files.write_json(tmp_path / "a.json", {"text": "Zoë", "ids": [1, 2]})
    assert files.read_json(tmp_path / "a.json") == {"text": "Zoë", "ids": [1, 2]}
    assert "Zoë" in (tmp_path / "a.json").read_text("utf-8")


def test_a_mark_is_dropped_and_line_ends_are_made_newlines(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffa\r\nb".encode())
    assert files.read_text(tmp_path / "a.txt") == "a\nb"


def test_after_an_exception_the_old_file_is_there_and_no_other(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")

    def write():
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            assert path.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert path.read_text() == "old"


def test_the_temporary_name_is_hidden_and_keeps_the_suffix(tmp_path):
    with files.replacing(tmp_path / "model.keras") as temporary:
        assert temporary.parent == tmp_path
        assert re.fullmatch(r"\.model-[0-9a-f]+\.keras", temporary.name)
        temporary.write_text("new")
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


def test_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/a\.txt: cannot be written \(.+\)"):
        files.write_text(tmp_path / "file" / "a.txt", "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"folder: cannot be written \(.+\)"):
        files.write_text(tmp_path / "folder", "a")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"a\.json: cannot be read \(No such file or directory\)"),
        (b"\xff\xfe", r"a\.json: is not UTF-8 \(byte 0\); save it as UTF-8"),
        (b'{\n"a": 1\n"b": 2}', r"a\.json:3: is not JSON"),
        (b"", r"a\.json:1: is not JSON"),
        (b"[" * 100_000, r"a\.json:1: is not JSON that can be read \(too many brackets within one another\)$"),
        (b"9" * 5000, r"a\.json:1: is not JSON that can be read \(a number is too long\)$"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=problem):
        files.read_json(tmp_path / "a.json")
