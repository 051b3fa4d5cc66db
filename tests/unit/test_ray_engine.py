"""What a process of Ray does with a chunk, called here as Ray calls it; tests/e2e/test_ray.py has Ray itself."""

import functools
import pickle
import re
from pathlib import Path

import pytest
from marked_lines import Marks, line

from attention_ocr import ray_engine
from attention_ocr.__main__ import main
from attention_ocr.errors import UserError
from attention_ocr.pages import reading_job
from attention_ocr.reading.reader import Reader

made = []


def doubling(wrong=-1):
    made.append(str(Path.cwd()))
    return functools.partial(double, wrong=wrong)


def double(number, wrong):
    if number == wrong:
        raise UserError(f"number {number} is wrong")
    return 2 * number


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A function from items to what comes back for them."""
    monkeypatch.chdir(tmp_path)  # and back
    tried = {}
    ray_engine._begun.cache_clear()
    made.clear()

    def attempt(key):
        tried[key] = tried.get(key, 0) + 1
        return tried[key]

    monkeypatch.setattr(ray_engine, "_attempt", attempt)

    def one(items, begin=doubling, folder=tmp_path, place=64):
        row = {"place": place, "items": pickle.dumps(items)}
        return pickle.loads(ray_engine._call(row, pickle.dumps(begin), str(folder), "job ")["results"])

    return one


def test_a_process_makes_its_function_once_and_where_the_job_was_started(call, tmp_path):
    (tmp_path / "job").mkdir()
    assert call([1, 2], folder=tmp_path / "job") == [2, 4]
    assert call([3], folder=tmp_path / "job", place=66) == [6]
    assert made == [str(tmp_path / "job")]


def test_a_machine_without_that_folder_begins_where_it_is(call, tmp_path):
    assert call([1], folder=tmp_path / "elsewhere") == [2]
    assert made == [str(tmp_path)]


def test_an_error_comes_back_as_it_is(call):
    found = call([1, 2, 3], functools.partial(doubling, 2))
    assert isinstance(found, UserError)
    assert str(found) == "number 2 is wrong"


def test_a_chunk_with_which_process_after_process_dies_is_an_error(call):
    for _ in range(ray_engine.MOST_ATTEMPTS):
        assert call([1, 2, 3]) == [2, 4, 6]
    assert re.match("Ray: 4 processes died at items 65 to 67; if memory ran out", str(call([1, 2, 3])))
    assert call([4], place=67) == [8]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """20 pictures; a reader that reads `a`; and in place of Ray a function that pickles as it does."""
    for number in range(20):
        line(mark=(0.1 + 0.04 * number, 0.5)).save(tmp_path / f"{number:02}.png")

    def map_in_order(begin, items, num_workers, chunk):
        function = pickle.loads(pickle.dumps(begin))()
        asked.append((num_workers, chunk))
        return (pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(item))))) for item in items)

    asked = []
    load = functools.partial(Reader, Marks("canvas"))
    monkeypatch.setattr(reading_job.Reader, "load", lambda name, **knobs: load(orientation=knobs["orientation"]))
    monkeypatch.setattr(reading_job.ray_engine, "map_in_order", map_in_order)
    monkeypatch.chdir(tmp_path)
    return asked


@pytest.mark.parametrize("form", ["text", "json", "tsv"])
def test_readings_of_ray_are_those_of_here(pictures, capsys, tmp_path, form):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    given = ["read", "--model=marks", "--batch_size=2", f"--format={form}", "--on_bad_image=skip", "."]
    assert main(given) == 1
    here = capsys.readouterr()
    assert main([*given, "--engine=ray", "--num_readers=3"]) == 1
    there = capsys.readouterr()
    assert there.out == here.out
    assert "skipped bad.png: cannot be read as an image" in there.err
    assert len(here.out.splitlines()) >= 20
    assert pictures == [(3, 1)]


def test_drawings_and_errors_of_ray_are_those_of_here(pictures, capsys, tmp_path):
    for engine in ("local", "ray"):
        flags = [f"--visualize={tmp_path / engine}", f"--engine={engine}", "--batch_size=1"]
        assert main(["read", "--model=marks", *flags, *(f"{number:02}.png" for number in range(5))]) == 0
    here, there = (
        {path.name: path.read_bytes() for path in (tmp_path / engine).iterdir()} for engine in ("local", "ray")
    )
    assert len(here) == 5
    assert there == here
    capsys.readouterr()
    (tmp_path / "05.png").write_bytes(b"no picture")
    told = []
    for engine in ("local", "ray"):
        assert main(["read", "--model=marks", "--batch_size=1", f"--engine={engine}", "."]) == 1
        printed = capsys.readouterr()
        told.append((printed.out, [row for row in printed.err.splitlines() if row.startswith("error")]))
    assert told[0] == told[1]
    assert told[0][1][0].startswith("error: 05.png: cannot be read as an image")
    assert len(told[0][0].splitlines()) == 4
