"""Items of many threads are read in batches, each gets its own result, and the queue is bounded."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from attention_ocr.serving.batching import Batcher
from attention_ocr.serving.refusals import RefusalError


class Squares:
    """Reads numbers; waits for `gate`, and tells by `entered` that a batch has begun."""

    def __init__(self):
        self.gate, self.entered, self.batches = threading.Event(), threading.Semaphore(0), []

    def __call__(self, items):
        self.entered.release()
        self.gate.wait()
        self.batches.append(list(items))
        if -1 in items:
            raise ValueError("no square")
        return [item * item for item in items]


@pytest.fixture
def squares():
    return Squares()


@pytest.fixture
def make(squares):
    made = []

    def make(max_batch=4, max_delay_s=0.0, queue_size=100, **options):
        made.append(Batcher(squares, max_batch, max_delay_s, queue_size, **options))
        return made[-1]

    yield make
    squares.gate.set()
    for batcher in made:
        batcher.close()


def submit(batcher, *items):
    batcher.reserve(len(items))
    return [batcher.submit(item) for item in items]


def test_what_waits_while_a_batch_is_read_is_the_next_one(make, squares):
    batcher = make()
    first = submit(batcher, 0)
    squares.entered.acquire()
    rest = submit(batcher, 1, 2, 3, 4, 5)
    squares.gate.set()
    assert [future.result() for future in first + rest] == [0, 1, 4, 9, 16, 25]
    assert squares.batches == [[0], [1, 2, 3, 4], [5]]


def test_a_batch_waits_for_what_is_on_its_way(make, squares):
    squares.gate.set()
    batcher = make(max_delay_s=3600)
    batcher.reserve(3)
    futures = [batcher.submit(1), batcher.submit(2)]  # the third is awaited
    assert not squares.entered.acquire(timeout=0.05)
    futures.append(batcher.submit(3))
    assert [future.result() for future in futures] == [1, 4, 9]
    assert squares.batches == [[1, 2, 3]]


def test_a_batch_waits_no_longer_for_what_does_not_come(make, squares):
    squares.gate.set()
    batcher = make(max_delay_s=3600)
    batcher.reserve(2)
    future = batcher.submit(5)
    batcher.release()
    assert future.result() == 25


def test_a_batch_waits_for_the_delay_at_most(make, squares):
    squares.gate.set()
    batcher = make(max_delay_s=0.01)
    batcher.reserve(2)
    assert batcher.submit(5).result() == 25
    batcher.release()


def test_places_are_bounded_and_come_back(make, squares):
    batcher = make(queue_size=3)
    futures = submit(batcher, 1, 2)
    squares.entered.acquire()
    with pytest.raises(RefusalError, match="2 pictures are under way, of at most 3; send the request again") as error:
        batcher.reserve(2)
    assert error.value.status == 429
    assert error.value.retry_after > 0
    futures += submit(batcher, 3)
    assert batcher.under_way == 3
    squares.gate.set()
    assert [future.result() for future in futures] == [1, 4, 9]
    while batcher.under_way:  # until the thread has noted it
        pass
    submit(batcher, 4, 5, 6)


def test_a_failing_item_fails_alone(make, squares):
    batcher = make()
    first = submit(batcher, 7)
    squares.entered.acquire()
    futures = submit(batcher, 1, -1, 3)
    squares.gate.set()
    assert [future.result() for future in (*first, futures[0], futures[2])] == [49, 1, 9]
    with pytest.raises(ValueError, match="no square"):
        futures[1].result()
    assert submit(batcher, 9)[0].result() == 81


def test_closing_reads_what_is_under_way_and_takes_no_more(make, squares):
    batcher = make()
    futures = submit(batcher, 1, 2, 3, 4, 5, 6)
    squares.entered.acquire()
    closing = threading.Thread(target=batcher.close)
    closing.start()
    squares.gate.set()
    closing.join()
    assert [future.result() for future in futures] == [1, 4, 9, 16, 25, 36]
    with pytest.raises(RefusalError):
        batcher.reserve(1)


def test_every_thread_gets_its_own_result(make, squares):
    squares.gate.set()
    told = []
    batcher = make(max_batch=8, max_delay_s=0.001, queue_size=64, on_batch=lambda number, seconds: told.append(number))

    def ask(number):
        return submit(batcher, number)[0].result()

    with ThreadPoolExecutor(32) as threads:
        assert list(threads.map(ask, range(1000))) == [number * number for number in range(1000)]
    batcher.close()
    assert sum(told) == 1000
    assert max(told) <= 8
