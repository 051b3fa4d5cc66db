"""attention-ocr read: many pictures, however they are named, as lines, tables, JSON or pages."""

import csv
import io
import json
import logging
import os
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from marked_lines import Marks, line
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.pages import page_files, reading_job
from attention_ocr.reading.reader import Reader

PATHS = ("a/1.png", "a/2.png", "b/3.jpg")


@pytest.fixture(autouse=True)
def loaded(monkeypatch):
    """What readers were asked for; each reads `a`, surely if a red mark begins the line."""
    asked = []

    def load(name, **knobs):
        asked.append((name, knobs))
        return Reader(Marks("canvas"), orientation=knobs["orientation"])

    monkeypatch.setattr(reading_job.Reader, "load", load)
    return asked


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """a/1.png and b/3.jpg read surely, a/2.png does not, whatever its turn."""
    for path, mark in zip(PATHS, (0.15, 0.5, 0.85), strict=True):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        line(mark=(mark, 0.5)).save(tmp_path / path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(*arguments):
    return main(["read", "--model=marks", *map(str, arguments)])


def test_files_folders_and_globs_each_once_and_in_order(pictures, capsys):
    assert read("b/3.jpg", "a", "*/*.png") == 0
    printed = capsys.readouterr()
    assert [row.split("\t") for row in printed.out.splitlines()] == [
        ["b/3.jpg", "a", "0.9900"],
        ["a/1.png", "a", "0.9900"],
        ["a/2.png", "a", "0.6000"],
    ]


def test_paths_on_standard_input(pictures, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("a/2.png\n\nb/3.jpg\n"))
    assert read() == 0
    assert [row.split("\t")[0] for row in capsys.readouterr().out.splitlines()] == ["a/2.png", "b/3.jpg"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert read() == 1
    assert "error: no pictures are named: standard input has no paths" in capsys.readouterr().err


def test_a_picture_on_standard_input(pictures, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((pictures / "b/3.jpg").read_bytes())))
    assert read("-", "--format=json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["text"], told["turned"]) == ("-", "a", 180)


def test_nothing_named_at_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    assert read() == 1
    assert capsys.readouterr().err.startswith("error: no pictures are named; give files, folders or globs in quotes")


@pytest.mark.parametrize("name", ["none.png", "a/*.gif"])
def test_a_name_of_nothing_is_told(pictures, capsys, name):
    assert read("a", name) == 1
    assert f"error: {name}: no picture;" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json", "tsv"])
def test_unsure_texts_are_marked_and_counted(pictures, capsys, form):
    assert read("a", "b", f"--format={form}", "--min_confidence=0.8") == 0
    printed = capsys.readouterr()
    if form == "json":
        found = [json.loads(row) for row in printed.out.splitlines()]
        assert [one.get("unsure", False) for one in found] == [False, True, False]
        assert [one["turned"] for one in found] == [0, 0, 180]
    elif form == "tsv":
        rows = list(csv.DictReader(io.StringIO(printed.out), dialect="excel-tab"))
        assert [row["note"] for row in rows] == ["", "unsure", ""]
        assert [row["path"] for row in rows] == list(PATHS)
        assert [row["turned"] for row in rows] == ["0", "0", "180"]
    else:
        assert [row.split("\t")[3:] for row in printed.out.splitlines()] == [[], ["unsure"], []]
    assert printed.err.splitlines()[-1] == "1 of 3 texts have less confidence than 0.8: marked unsure"


def test_upright_if_told_so(pictures, capsys, loaded):
    assert read("b/3.jpg", "--orientation=upright", "--format=json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["turned"], told["confidence"]) == (0, 0.6)
    read("b/3.jpg")
    assert [knobs["orientation"] for _, knobs in loaded] == ["upright", "auto"]


def test_an_output_file_gets_what_else_is_printed(pictures, capsys):
    assert read("a", "b", "--format=tsv", "--output=found/texts.tsv") == 0
    assert capsys.readouterr().out == ""
    rows = (pictures / "found" / "texts.tsv").read_text().splitlines()
    assert rows[0] == "path\ttext\tconfidence\tturned\tnote"
    assert [row.split("\t")[0] for row in rows[1:]] == list(PATHS)
    (pictures / "a" / "2.png").write_bytes(b"no picture")
    before = (pictures / "found" / "texts.tsv").read_bytes()
    assert read("a", "--output=found/texts.tsv") == 1
    assert (pictures / "found" / "texts.tsv").read_bytes() == before  # whole, or as it was


def test_bad_pictures_are_skipped_and_counted(pictures, capsys):
    (pictures / "a" / "2.png").write_bytes(b"no picture")
    assert read("a", "--on_bad_image=skip", "--format=tsv") == 1
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out), dialect="excel-tab"))
    assert [row["text"] for row in rows] == ["a", ""]
    assert "cannot be read as an image" in rows[1]["note"]
    assert printed.err.splitlines()[-1] == "1 pictures could not be read"
    assert printed.err.count("warning: skipped a/2.png: cannot be read as an image") == 1


def test_drawings(pictures):
    assert read("a", "b", "--visualize=drawn") == 0
    drawn = sorted(path.relative_to(pictures / "drawn").as_posix() for path in (pictures / "drawn").rglob("*.png"))
    assert drawn == ["a/1.png", "a/2.png", "b/3.png"]


def test_a_page_for_a_reader_of_lines_is_told_on_standard_error(pictures, capsys):
    Image.new("RGB", (1600, 1200), "white").save(pictures / "page.png")
    assert read("page.png") == 0
    printed = capsys.readouterr()
    assert printed.err.count("warning: page.png is 1600 x 1200 pixels, a page or a photograph by its shape") == 1
    assert len(printed.out.splitlines()) == 1


@pytest.fixture
def lines_are_found(monkeypatch):
    """Two lines in each picture: the whole, and its right half."""
    read_page = page_files.read_page

    def detect(pixels):
        height, width = pixels.shape[:2]
        halves = [(0, 0, width, height), (width / 2, height + 10, width, 2 * height)]
        corners = [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, y0, x1, y1 in halves]
        return np.array(corners, float), np.ones(2)

    monkeypatch.setattr(page_files, "read_page", lambda *given: read_page(*given, detect=detect))


@pytest.mark.usefixtures("lines_are_found")
class TestPages:
    def test_text(self, pictures, capsys):
        assert read("a/1.png", "--pages", "--min_confidence=0.8") == 0
        printed = capsys.readouterr()
        assert printed.out == "a\na\tunsure\n"
        assert "1 of 2 texts" in printed.err
        assert read("a", "--pages") == 0
        assert capsys.readouterr().out == "a/1.png:\na\na\n\na/2.png:\na\na\n"

    def test_json_and_table(self, pictures, capsys):
        assert read("a/1.png", "--pages", "--format=json") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["path"], told["width"], told["height"]) == ("a/1.png", 300, 80)
        assert told["blocks"][0]["lines"][0]["corners"] == [[0, 0], [300, 0], [300, 80], [0, 80]]
        assert read("a/1.png", "--pages", "--format=tsv") == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out), dialect="excel-tab"))
        assert [row["place"] for row in rows] == ["0,0,300,80", "150,90,300,160"]

    @pytest.mark.parametrize(("form", "suffix"), [("hocr", ".html"), ("alto", ".xml")])
    def test_documents(self, pictures, capsys, form, suffix):
        assert read("a/1.png", "--pages", f"--format={form}") == 0
        assert ElementTree.fromstring(capsys.readouterr().out.encode()).tag
        assert read("a", "--pages", f"--format={form}") == 1
        assert "2 pictures need a document each; name a folder, --output=DIR" in capsys.readouterr().err
        assert read("a", "b", "--pages", f"--format={form}", "--output=documents") == 0
        found = sorted(path.relative_to(pictures / "documents") for path in (pictures / "documents").rglob("*.*"))
        assert [path.as_posix() for path in found] == [f"a/1{suffix}", f"a/2{suffix}", f"b/3{suffix}"]
        for path in found:
            assert ElementTree.parse(pictures / "documents" / path).getroot().tag

    def test_drawings_and_bad_pictures(self, pictures, capsys):
        (pictures / "a" / "2.png").write_bytes(b"no picture")
        assert read("a", "--pages", "--visualize=drawn", "--on_bad_image=skip", "--format=json") == 1
        found = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
        assert ["error" in one for one in found] == [False, True]
        assert [path.name for path in (pictures / "drawn").iterdir()] == ["1.png"]

    def test_a_document_needs_a_page(self, pictures, capsys):
        assert read("a/1.png", "--format=alto") == 1
        assert "error: --format=alto: describes a page; add --pages" in capsys.readouterr().err


def wanted(model="", **knobs):
    knobs = {"backend": "auto", "characters": "", "orientation": "auto", **knobs}
    return reading_job.Wanted(model, knobs, False, "text", "", 0.0, 32, "", False, 10**6)


@pytest.mark.parametrize(
    ("model", "knobs", "name", "characters"),
    [
        ("", {}, "ppocr", "latin"),
        ("", {"characters": "all"}, "ppocr", "all"),
        ("", {"characters": "0-9"}, "ppocr", "0-9"),
        ("", {"backend": "onnxruntime"}, "ppocr", "latin"),
        ("ppocr", {}, "ppocr", "latin"),
        ("words", {}, "words", ""),
        ("my.keras", {"characters": "digits"}, "my.keras", "digits"),
    ],
)
def test_the_reader_that_is_taken(model, knobs, name, characters, loaded, monkeypatch, caplog):
    monkeypatch.setattr(reading_job, "default_reader", lambda: "ppocr")
    with caplog.at_level(logging.INFO, "attention_ocr"):
        reading_job.reader_of(wanted(model, **knobs))
    ((taken, given),) = loaded
    assert (taken, given["characters"]) == (name, characters)
    assert ("--characters=all" in caplog.text) == (characters == "latin")


def test_which_reader_is_taken_is_told_on_standard_error_once(pictures, capsys, monkeypatch):
    monkeypatch.setattr(reading_job, "default_reader", lambda: reading_job.logger.info("words reads") or "words")
    assert main(["read", "a", "b"]) == 0
    printed = capsys.readouterr()
    assert printed.err.count("words reads") == 1
    assert len(printed.out.splitlines()) == 3


@pytest.mark.parametrize("arguments", [["ready", "--format=json"], ["read", "--help"], ["--help"]])
def test_a_closed_pipe_is_no_fault(arguments):
    """As `| head` closes it."""
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "attention_ocr", *arguments],
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)
    assert done.stderr == ""
    assert done.returncode == 141
