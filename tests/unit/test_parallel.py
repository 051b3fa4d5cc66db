"""Several processes give the same results in the same order as one, and none is left behind."""

import functools
import multiprocessing
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from attention_ocr import parallel
from attention_ocr.config import GenerateConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset

ALL_TRAIN = {"validation_fraction": 0.0, "test_fraction": 0.0}


def double(number: int) -> int:
    time.sleep(0.002 if number % 64 == 0 else 0)  # some chunks take longer than the next ones
    return 2 * number


def end_at(number: int, last: int) -> int:
    if number == last:
        os._exit(1)
    return number


def fail_at(number: int, last: int) -> int:
    if number == last:
        raise UserError(f"number {number} is wrong")
    return number


def squared_by(number: int) -> tuple[int, int]:
    return os.getpid(), number**2


def wait_until(is_true, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_true()


def test_order_is_kept():
    assert list(parallel.map_in_order(double, range(500), 2)) == [2 * number for number in range(500)]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_no_items_give_no_results(num_workers):
    assert list(parallel.map_in_order(double, [], num_workers)) == []


def test_one_worker_is_this_process():
    assert list(parallel.map_in_order(squared_by, [3], 1)) == [(os.getpid(), 9)]


def test_an_error_in_a_worker_comes_out_after_the_results_before_it():
    found = parallel.map_in_order(functools.partial(fail_at, last=70), range(200), 2)
    seen = []
    with pytest.raises(UserError, match="number 70 is wrong"):
        seen.extend(iter(lambda: next(found), None))
    assert seen == list(range(70 // parallel.CHUNK * parallel.CHUNK))
    assert not multiprocessing.active_children()


def test_a_worker_that_dies_is_a_message():
    expected = "one of 2 processes that prepare pictures died; if memory ran out lower --num_workers or shrink the"
    with pytest.raises(UserError, match=re.escape(expected)):
        list(parallel.map_in_order(functools.partial(end_at, last=40), range(5000), 2))
    assert not multiprocessing.active_children()


def test_items_are_taken_as_they_are_needed_and_closing_ends_the_processes():
    taken = 0

    def items():
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield number

    found = parallel.map_in_order(squared_by, items(), 2)
    for consumed in range(1, 1001):
        process, square = next(found)
        assert square == (consumed - 1) ** 2
        assert process != os.getpid()
        assert taken - consumed <= 4 * 2 * parallel.CHUNK
    assert len(multiprocessing.active_children()) == 2
    found.close()
    assert wait_until(lambda: not multiprocessing.active_children())
    assert taken <= 1000 + 4 * 2 * parallel.CHUNK


@pytest.mark.parametrize(
    ("wanted", "num_items", "number"), [(1, 10**6, 1), (8, 10**6, 8), (8, 100, 1), (8, 130, 2), (2, 0, 1)]
)
def test_few_items_need_few_workers(wanted, num_items, number):
    assert parallel.number_of_workers(wanted, num_items) == number


def test_workers_are_one_a_core_unless_asked_for():
    assert parallel.number_of_workers(0, 10**6) == os.cpu_count()


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Enough pictures of another size for two processes."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    found = []
    for number in range(2 * parallel.ITEMS_A_WORKER + 10):
        Image.fromarray(random.integers(0, 256, (5, 9), np.uint8)).save(folder / f"{number}.png")
        found.append(Annotation((f"{number}.png",), str(number), f"labels.tsv:{number + 1}", folder))
    return found


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_records_do_not_depend_on_the_number_of_workers(lines, tmp_path):
    for num_workers in (1, 2):
        knobs = {"image_height": 6, "image_width": 12, "shard_size": 0.01, "num_workers": num_workers}
        write_dataset({"train": lines}, tmp_path / str(num_workers) / "signs", GenerateConfig(**ALL_TRAIN, **knobs))
    one = contents(tmp_path / "1/signs")
    assert one == contents(tmp_path / "2/signs")
    assert len(one) > 4


def test_a_bad_picture_in_a_worker_is_named_by_its_line(lines, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    line = Annotation(("bad.png",), "1", "labels.tsv:999", tmp_path)
    config = GenerateConfig(num_workers=2, image_height=6, image_width=12, **ALL_TRAIN)
    expected = f"labels.tsv:999: '1': {bad}: cannot be read as an image (no format that Pillow knows); mend it or use"
    with pytest.raises(UserError, match=re.escape(expected)):
        write_dataset({"train": [*lines, line]}, tmp_path / "out", config)
    assert not (tmp_path / "out").exists()
    assert wait_until(lambda: not multiprocessing.active_children())


# In a process of its own: no test may take the one that runs all others with it.
INTERRUPTED = """
import os, signal, threading, time
from attention_ocr import parallel

signal.signal(signal.SIGINT, signal.default_int_handler)  # begun in the background it ignores Ctrl-C
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
try:
    with parallel.interrupts_held():
        os.kill(os.getpid(), signal.SIGINT)
        while signal.SIGINT in signal.sigpending():  # on a busy machine no thread has taken it yet
            time.sleep(0.01)
        time.sleep(0.2)  # in which an interrupt that is not held back comes
        print("went on")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_waits_until_a_process_has_begun_though_another_thread_takes_the_signal():
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("went on\ninterrupted\n", "", 0)
