"""Processes that draw into shared memory: every picture once, whoever draws; nothing is left behind."""

import functools
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from attention_ocr.errors import UserError
from attention_ocr.render import drawers
from attention_ocr.render.batches import Example
from attention_ocr.render.drawers import Drawers
from attention_ocr.render.ring import LocalDrawing, Ring, RingShape

SHAPE = RingShape(slots=32, pixels=5 * 9 * 3, length=4, views=2)
SHARED = Path("/dev/shm")


def numbered(number, seconds=0.0):
    """A picture whose size and content tell its number."""
    time.sleep(seconds)
    pixels = np.full((5, 1 + number % 9, 3), number % 251, np.uint8)
    return Example(pixels, np.arange(number, number + 4, dtype=np.int32), np.full((4, 2, 2), number, np.float32))


def failing(number, at, error):
    if number == at:
        raise error
    return numbered(number)


def dying(number, at):
    if number == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return numbered(number)


def is_there(name):
    return SHARED.is_dir() and (SHARED / name).exists()


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch):
    """Those of the shared memory that a test makes; afterwards it is gone, as are the processes."""
    made, original = [], drawers._shared
    monkeypatch.setattr(drawers, "_shared", lambda size: made.append(original(size)) or made[-1])
    yield
    assert multiprocessing.active_children() == []
    assert not any(is_there(memory.name) for memory in made)


def check(ring, numbers):
    for number, example in zip(numbers, ring.examples(numbers), strict=True):
        expected = numbered(number)
        np.testing.assert_array_equal(example.pixels, expected.pixels)
        np.testing.assert_array_equal(example.ids, expected.ids)
        np.testing.assert_array_equal(example.places, expected.places)


def test_pictures_lie_in_the_ring_until_newer_ones_come():
    drawing = LocalDrawing(Ring(SHAPE, bytearray(SHAPE.num_bytes)), numbered)
    assert not drawing.ring.has(range(1))
    assert drawing.wait(range(20))
    check(drawing.ring, [3, 0, 19])
    assert drawing.ring.widths(np.array([8, 9])).tolist() == [9, 1]
    assert drawing.wait(range(20, 40))
    assert not drawing.ring.has(range(7, 9))
    check(drawing.ring, [8, 39])


def test_places_that_are_not_known_are_no_numbers():
    ring = Ring(SHAPE, bytearray(SHAPE.num_bytes))
    ring.put(0, numbered(0))
    ring.put(32, Example(*(getattr(numbered(1), name) for name in ("pixels", "ids"))))
    assert np.isnan(ring.examples([32])[0].places).all()


@pytest.mark.parametrize(("first", "batch_size", "workers"), [(0, 8, 1), (24, 3, 3)])
def test_processes_draw_each_picture_that_is_waited_for(first, batch_size, workers):
    drawing = Drawers(SHAPE, numbered, first, batch_size, workers)
    try:
        for start in range(first, first + 200, 12):
            drawing.leave(start)
            assert drawing.wait(range(start, start + 12))
            check(drawing.ring, range(start, start + 12))
    finally:
        drawing.close()


def test_no_picture_is_overwritten_before_it_is_left():
    drawing = Drawers(SHAPE, numbered, 0, 8, 2)
    try:
        assert drawing.wait(range(32))
        time.sleep(0.1)
        check(drawing.ring, range(32))
        drawing.leave(8)
        assert drawing.wait(range(8, 40))
        check(drawing.ring, range(8, 40))
    finally:
        drawing.close()


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (UserError("text 17 cannot be drawn"), UserError, "^text 17 cannot be drawn$"),
        (ValueError("a bug"), RuntimeError, "(?s)a process that draws pictures failed.*ValueError: a bug"),
    ],
)
def test_an_error_in_a_process_ends_the_waiting(error, kind, message):
    drawing = Drawers(SHAPE, functools.partial(failing, at=17, error=error), 0, 8, 2)
    try:
        with pytest.raises(kind, match=message):
            drawing.wait(range(32))
    finally:
        drawing.close()


def test_a_process_that_dies_while_it_waits_is_a_message_though_no_picture_lacks():
    drawing = Drawers(SHAPE, numbered, 0, 8, 2)
    try:
        assert drawing.wait(range(32))
        drawing._processes[0].kill()
        drawing._processes[0].join()
        with pytest.raises(UserError, match="one of 2 processes that draw pictures died"):
            drawing.wait(range(32))
    finally:
        drawing.close()


def test_a_process_that_dies_is_a_message():
    drawing = Drawers(SHAPE, functools.partial(dying, at=5), 0, 8, 2)
    expected = "one of 2 processes that draw pictures died (exit code -9); if memory ran out lower --render_workers"
    try:
        with pytest.raises(UserError, match=re.escape(expected)):
            drawing.wait(range(32))
    finally:
        drawing.close()


def test_stopping_ends_the_waiting():
    drawing = Drawers(SHAPE, functools.partial(numbered, seconds=60), 0, 8, 1)
    drawing.stop()
    assert not drawing.wait(range(8))
    drawing.close()


def test_too_little_shared_memory_is_told():
    if not SHARED.is_dir():
        pytest.skip("this system has no folder of shared memory")
    shape = RingShape(slots=10**6, pixels=10**9, length=4)
    with pytest.raises(UserError, match=r"MB of shared memory for drawn pictures: .* are free; lower --render_memory"):
        Drawers(shape, numbered, 0, 8, 1)


KILLED = """
import sys, time
sys.path.insert(0, {folder!r})
import test_ring

if __name__ == "__main__":
    drawing = test_ring.Drawers(test_ring.SHAPE, test_ring.numbered, 0, 8, 2)
    drawing.wait(range(8))
    print(*(process.pid for process in drawing._processes), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_they_draw_for(number, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(KILLED.format(folder=str(Path(__file__).parent)))
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        drawing = [int(word) for word in process.stdout.readline().split()]
        process.send_signal(number)
        process.wait(10)
    assert len(drawing) == 2
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in drawing) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in drawing if Path(f"/proc/{pid}").exists()]


def test_the_memory_is_named_until_all_have_opened_it():
    drawing = Drawers(SHAPE, numbered, 0, 8, 2)
    name = drawing._memory.name
    try:
        assert is_there(name) or not SHARED.is_dir()
        deadline = time.monotonic() + 30
        while is_there(name) and time.monotonic() < deadline:
            assert drawing.wait(range(8))
            time.sleep(0.01)
        assert not is_there(name)
        assert drawing.wait(range(32))
        check(drawing.ring, range(32))
    finally:
        drawing.close()
