"""Which fonts are drawn with: the same on every machine unless more are asked for, and none whose letters are not."""

import json
import logging
import os
import shutil
import string
import sys
import threading
import tomllib
from pathlib import Path

import font_factory
import numpy as np
import pytest
from fontTools.ttLib import TTCollection, TTFont

from attention_ocr.errors import UserError
from attention_ocr.render.fonts import bundled, checks, choice, examination, folders
from attention_ocr.render.fonts.bundled import BUNDLED, bundled_family, bundled_fonts
from attention_ocr.render.fonts.choice import fonts_of
from attention_ocr.render.fonts.examination import cache_file, examine
from attention_ocr.render.fonts.files import FACE, FontFile, characters_of, covering, load, read_fonts, require_covering
from attention_ocr.render.signs.street_names import CLASSES

LETTERS = string.ascii_uppercase + string.ascii_lowercase
CAPITALS_TWICE = {small: small.upper() for small in string.ascii_lowercase}
SIGNS = dict(zip(LETTERS, 2 * "%§¶†‡•…≈≠≤≥∞∂∑∏√∫◊@&#©®™$¥", strict=True))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache folder that only this test knows, on any system."""
    monkeypatch.setattr(examination.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))


@pytest.fixture
def font_folder(tmp_path):
    """A folder with a sound font, two that draw no letters and a file that is none."""
    folder = tmp_path / "fonts"
    (folder / "within").mkdir(parents=True)
    shutil.copy(bundled_family("fontpkg_lobster")[0].path, folder / "within/sound.TTF")
    font_factory.font_of_other_glyphs(folder / "capitals.ttf", CAPITALS_TWICE, family="Twice")
    font_factory.font_of_other_glyphs(folder / "signs.ttf", SIGNS, family="Signs")
    (folder / "broken.otf").write_bytes(b"no font")
    (folder / "readme.txt").write_text("not a font, and not said to be one")
    return folder


def paths_of(folder):
    return folders.files_in(folder)


# The bundled fonts


def test_bundled_fonts_are_of_many_kinds():
    fonts = bundled_fonts()
    assert len(fonts) > 40
    assert len({font.family for font in fonts}) == len(BUNDLED)
    for kind in ("is_bold", "is_condensed", "is_slanted", "is_monospaced", "is_serif"):
        assert 0 < sum(getattr(font, kind) for font in fonts) < 30, kind


@pytest.mark.parametrize("package", BUNDLED)
def test_bundled_fonts_have_the_characters_of_street_names_and_pass_the_checks(package):
    for font in bundled_family(package):
        assert covering([font], "".join(CLASSES)), font
        assert checks.fault_of(font) == "", font


def test_weights_and_widths_of_a_variable_font_differ():
    roboto = {font.style: font for font in bundled_family("fontpkg_roboto")}
    ink = {style: np.array(load(font, 60).getmask("H")).sum() for style, font in roboto.items()}
    length = {style: load(font, 60).getlength("RUE") for style, font in roboto.items()}
    assert ink["Light"] < ink["Regular"] < ink["Medium"] < ink["Bold"] < ink["Black"]
    assert length["Condensed Bold"] < 0.92 * length["Bold"]
    assert roboto["Condensed Bold"].is_condensed
    assert roboto["Condensed Bold"].is_bold
    assert not roboto["Condensed Regular"].is_bold


def test_drawing_asks_the_machine_for_nothing_unless_told_to(monkeypatch):
    def fail(*_):
        raise AssertionError("the fonts of the machine were asked for")

    monkeypatch.setattr(choice, "installed_files", fail)
    assert fonts_of("bundled") == bundled_fonts()
    with pytest.raises(AssertionError):
        fonts_of("installed")


def test_a_missing_font_package_is_named(monkeypatch):
    monkeypatch.setitem(BUNDLED, "fontpkg_nowhere", ("Regular",))
    with pytest.raises(UserError, match=r"drawing: needs fontpkg_nowhere, .* pip install 'attention-ocr\[train\]'"):
        bundled.bundled_fonts.__wrapped__()
    monkeypatch.setitem(BUNDLED, "fontpkg_lobster", ("Regular", "Wide"))
    with pytest.raises(UserError, match=r"fontpkg_lobster.* has no Wide; install"):
        bundled_family.__wrapped__("fontpkg_lobster")


# What is in a file


def test_all_fonts_of_a_collection_are_found(tmp_path):
    collection = TTCollection()
    collection.fonts = [TTFont(font.path) for font in bundled_family("fontpkg_barlow_condensed")[:2]]
    collection.save(tmp_path / "two.ttc")
    first, second = read_fonts(str(tmp_path / "two.ttc"))
    assert (first.index, second.index) == (0, 1)
    assert (first.style, second.style) == ("Regular", "Medium")
    assert ord("é") in characters_of(second)
    ink = [np.array(load(font, 80).getmask("H")).sum() for font in (first, second)]
    assert ink[0] < ink[1]


def test_named_instances_of_a_variable_font_are_fonts(tmp_path):
    path = bundled_family("fontpkg_oswald")[0].path
    fonts = read_fonts(path)
    assert [font.style for font in fonts] == ["ExtraLight", "Light", "Regular", "Medium", "SemiBold", "Bold"]
    assert {font.index & FACE for font in fonts} == {0}
    assert [font.is_bold for font in fonts] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("content", [b"", b"no font", b"\0\1\0\0" + bytes(200), b"ttcf" + bytes(40), None])
def test_a_broken_file_has_no_font_and_no_character(tmp_path, content):
    if content is None:  # cut off in the middle of a table
        content = Path(bundled_family("fontpkg_lobster")[0].path).read_bytes()[:20000]
    for name in ("a.ttf", "a.ttc"):
        (tmp_path / name).write_bytes(content)
        assert read_fonts(str(tmp_path / name)) == []
        assert characters_of(FontFile(str(tmp_path / name), 0, "", "")) == frozenset()


def test_the_characters_that_no_font_has_are_named_with_the_way_out():
    with pytest.raises(UserError, match=r"none of \d+ fonts has 中 文; take more fonts with --fonts=installed.*FOLDER"):
        require_covering(bundled_fonts(), "Rue 中文é")
    latin, greek = FontFile("a", 0, "A", ""), FontFile("b", 0, "B", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attention_ocr.render.fonts.files.characters_of", {latin: {97}, greek: {945}}.get)
        with pytest.raises(UserError, match="none of 2 fonts has all of a α; take"):
            require_covering([latin, greek], "aα")


# Whether letters are letters


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, ""),
        ({small: small.upper() for small in "cosuvwxz"}, ""),  # of these, small ones are capitals made smaller anyway
        (CAPITALS_TWICE, checks.ONE_CASE),
        ({small: small.upper() for small in "aenr"}, checks.ONE_CASE),
        ({capital: capital.lower() for capital in string.ascii_uppercase}, checks.ONE_CASE),
        (SIGNS, checks.NO_LETTERS),
        ({c: SIGNS[c] for c in string.ascii_lowercase}, checks.NO_LETTERS),
        ({c: SIGNS[c] for c in string.ascii_uppercase}, checks.NO_LETTERS),
        (dict.fromkeys(LETTERS), checks.NO_LETTERS),
        (dict.fromkeys(string.ascii_lowercase), checks.NO_LETTERS),
        (dict(zip(LETTERS, LETTERS[7:] + LETTERS[:7], strict=True)), checks.NO_LETTERS),
        (dict(zip(string.ascii_lowercase, "ohoqctqbjihtnmeqgcxlnyvzvs", strict=True)), checks.NO_LETTERS),
        (dict(zip(string.digits, "%§¶†‡•≈≠∑@", strict=True)), checks.NO_DIGITS),
        (dict.fromkeys(string.digits), checks.NO_DIGITS),
        (dict.fromkeys(string.digits, "H"), checks.NO_DIGITS),
    ],
)
@pytest.mark.parametrize("package", ["fontpkg_barlow_condensed", "fontpkg_lora", "fontpkg_lobster"])
def test_fonts_whose_letters_are_not_are_told(tmp_path, changed, fault, package):
    path = font_factory.font_of_other_glyphs(tmp_path / "font.ttf", changed, package)
    assert checks.fault_of(read_fonts(str(path))[0]) == fault


def test_greek_letters_under_latin_ones_are_told(tmp_path):
    greek = dict(zip(string.ascii_lowercase, "αβχδεφγηικλμνοπθρστυωξψζς", strict=False))
    path = font_factory.font_of_other_glyphs(tmp_path / "symbol.ttf", greek, "fontpkg_roboto")
    assert checks.fault_of(read_fonts(str(path))[0]) == checks.NO_LETTERS


def test_a_font_of_another_script_is_not_judged_by_latin_letters(tmp_path):
    path = font_factory.font_of_boxes(tmp_path / "han.ttf", {c: [(60, 0, 940, 800)] for c in "图数你A1"})
    assert checks.fault_of(read_fonts(str(path))[0]) == ""


# Fonts of a folder and of the machine


def test_what_is_left_out_is_told_on_one_line(font_folder, caplog):
    with caplog.at_level(logging.INFO):
        fonts = fonts_of(str(font_folder))
    assert [(font.family, Path(font.path).name) for font in fonts] == [("Lobster", "sound.TTF")]
    assert [record.getMessage() for record in caplog.records] == [
        f"--fonts={font_folder}: 1 of 4 fonts; left out: small letters look like capitals (1: Twice); "
        "letters are pictures (1: Signs); cannot be drawn (1: broken.otf)"
    ]


def test_installed_fonts_come_beside_the_bundled_ones(font_folder, monkeypatch, capsys):
    own = bundled_fonts()[0].path  # someone installed it
    monkeypatch.setattr(choice, "installed_files", lambda: (*paths_of(font_folder), own))
    fonts = fonts_of("installed")
    assert fonts[: len(bundled_fonts())] == bundled_fonts()
    assert [Path(font.path).name for font in fonts[len(bundled_fonts()) :]] == ["sound.TTF"]
    monkeypatch.setattr(choice, "installed_files", tuple)
    assert fonts_of("installed") == bundled_fonts()  # on a bare machine


@pytest.mark.parametrize("given", ["", "nowhere", "file.ttf", "empty", "faulty"])
def test_a_folder_without_fonts_is_told(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "faulty").mkdir()
    font_factory.font_of_other_glyphs(tmp_path / "faulty/capitals.ttf", CAPITALS_TWICE)
    shutil.copy(tmp_path / "faulty/capitals.ttf", tmp_path / "file.ttf")
    said = {"empty": "has no font file", "faulty": "no font to draw with, 0 of 1 fonts; left out: small letters"}
    with pytest.raises(UserError, match=f"--fonts={given}: {said.get(given, 'is no folder; give one of font files')}"):
        fonts_of(given)


def test_fontconfig_is_asked_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "fc-list").write_text(
        "#!/bin/sh\nprintf '/fonts/b.ttf\\n/fonts/a b.otf\\n/fonts/c.pfb\\n/fonts/b.ttf\\n'"
    )
    (tmp_path / "fc-list").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert folders.installed_files.__wrapped__() == ("/fonts/a b.otf", "/fonts/b.ttf")


def test_the_usual_folders_are_searched_where_it_is_not(font_folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(folders, "usual_folders", lambda: [font_folder, font_folder / "none"])
    names = [Path(path).name for path in folders.installed_files.__wrapped__()]
    assert sorted(names) == ["broken.otf", "capitals.ttf", "signs.ttf", "sound.TTF"]


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("darwin", ["/System/Library/Fonts", "/Library/Fonts", "/home/me/Library/Fonts"]),
        ("win32", ["/windows/Fonts", "/local/Microsoft/Windows/Fonts"]),
        ("linux", ["/home/me/.local/share/fonts", "/home/me/.fonts", "/usr/local/share/fonts", "/usr/share/fonts"]),
    ],
)
def test_each_system_has_its_folders(platform, expected, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("WINDIR", "/windows")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_DIRS", raising=False)
    assert [path.as_posix() for path in folders.usual_folders(platform)] == expected


# What is found is kept


def fail(_):
    raise AssertionError("examined once more")


def test_a_file_is_examined_once(font_folder, monkeypatch):
    first = examine(paths_of(font_folder))
    with monkeypatch.context() as patch:
        patch.setattr(checks, "fault_of", fail)
        assert examine(paths_of(font_folder)) == first
        assert examine(paths_of(font_folder)[:2]).left_out == {  # known of more files than are asked for
            checks.ONE_CASE: ["Twice"],
            checks.UNDRAWABLE: ["broken.otf"],
        }
        font_factory.font_of_other_glyphs(font_folder / "signs.ttf", {}, family="Mended")
        with pytest.raises(AssertionError):
            examine(paths_of(font_folder))
        os.utime(font_folder / "capitals.ttf", (1, 1))
        with pytest.raises(AssertionError):
            examine(paths_of(font_folder)[1:2])
    assert {font.family for font in examine(paths_of(font_folder)).fonts} == {"Lobster", "Mended"}


def test_other_checks_examine_all_files_anew(font_folder, monkeypatch):
    examine(paths_of(font_folder))
    monkeypatch.setattr(checks, "fault_of", fail)
    monkeypatch.setattr(examination, "VERSION", [checks.VERSION + 1])
    with pytest.raises(AssertionError):
        examine(paths_of(font_folder))


def test_files_that_are_gone_are_forgotten(font_folder):
    examine(paths_of(font_folder))
    (font_folder / "signs.ttf").unlink()
    (font_folder / "new.ttf").write_bytes(b"no font")
    examine(paths_of(font_folder))
    names = {Path(path).name for path in json.loads(cache_file().read_text())["files"]}
    assert names == {"broken.otf", "capitals.ttf", "new.ttf", "sound.TTF"}


def test_a_file_that_vanishes_meanwhile_is_left_out(font_folder):
    found = examine([*paths_of(font_folder), str(font_folder / "gone.ttf")])
    assert found.left_out[checks.UNDRAWABLE] == ["broken.otf", "gone.ttf"]


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", '{"version": 0}', "\xff"),
        *(json.dumps({"version": examination.VERSION, "files": files}) for files in (None, [], {"a": 1}, {"a": {}})),
        json.dumps({"version": examination.VERSION, "files": {"a": {"stamp": [1, 2], "fonts": [[1, 2, 3]]}}}),
    ],
)
def test_a_damaged_cache_is_no_obstacle(font_folder, content):
    cache_file().parent.mkdir()
    cache_file().write_text(content, "latin-1")
    assert [font.family for font in examine(paths_of(font_folder)).fonts] == ["Lobster"]
    assert len(json.loads(cache_file().read_text())["files"]) == 4


def test_a_cache_that_cannot_be_written_is_no_obstacle(font_folder, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder would be")
    assert [font.family for font in examine(paths_of(font_folder)).fonts] == ["Lobster"]


def test_several_may_examine_at_once(font_folder):
    expected, found = examine(paths_of(font_folder)), []
    cache_file().unlink()
    threads = [threading.Thread(target=lambda: found.append(examine(paths_of(font_folder)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4
    assert len(json.loads(cache_file().read_text())["files"]) == 4
    assert [path.name for path in cache_file().parent.iterdir()] == ["fonts.json"]


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="names of files are text there")
def test_a_name_that_is_no_text_is_kept(font_folder):
    odd = os.fsdecode(os.fsencode(font_folder) + b"/\xff.ttf")
    shutil.copy(font_folder / "within/sound.TTF", odd)
    first = examine(paths_of(font_folder))
    assert odd in {font.path for font in first.fonts}
    assert examine(paths_of(font_folder)) == first


# What is installed


def test_the_package_asks_for_exact_versions_of_its_fonts():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    named = {name for name, pinned, _ in (line.partition("==") for line in needed) if pinned}
    assert {package.replace("_", "-") for package in BUNDLED} <= named
