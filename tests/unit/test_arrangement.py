"""Which drawn pictures make which batch."""

import collections
import itertools

import numpy as np
import pytest

from attention_ocr.render.arrangement import Arrangement
from attention_ocr.share import Share


def batches_of(arrangement, steps, kind_of=None):
    for step in steps:
        phase, place = arrangement.place(step)
        yield arrangement.batches(phase, kind_of)[place].tolist()


@pytest.mark.parametrize("batch_size", [1, 3])
def test_pictures_used_once_come_in_order(batch_size):
    found = list(batches_of(Arrangement(batch_size, batch_size, in_order=True), range(5)))
    assert list(itertools.chain(*found)) == list(range(5 * batch_size))


@pytest.mark.parametrize("reuse", [1, 2, 3, 5])
@pytest.mark.parametrize("batches_of_a_chunk", [1, 4])
def test_each_picture_is_used_as_often_as_asked_for(reuse, batches_of_a_chunk):
    arrangement = Arrangement(3, 3 * batches_of_a_chunk, reuse, seed=7)
    phases = 12
    steps = arrangement.first_step(phases)
    uses = collections.Counter(itertools.chain(*batches_of(arrangement, range(steps))))
    finished = range((phases - reuse + 1) * arrangement.chunk)
    assert [uses[number] for number in finished] == [reuse] * len(finished)
    assert max(uses) == phases * arrangement.chunk - 1
    assert all(len(set(batch)) == 3 for batch in batches_of(arrangement, range(steps)))


@pytest.mark.parametrize("reuse", [1, 2, 3])
def test_phases_follow_each_other_without_a_gap(reuse):
    arrangement = Arrangement(2, 6, reuse)
    seen = [arrangement.place(step) for step in range(60)]
    for phase, group in itertools.groupby(seen, key=lambda place: place[0]):
        places = [place for _, place in group]
        assert places == list(range(len(places)))
        if phase < seen[-1][0]:
            assert len(places) == len(arrangement.batches(phase)) == len(arrangement.numbers(phase)) // 2


def test_a_batch_needs_only_the_pictures_of_its_phase():
    arrangement = Arrangement(4, 8, 3, seed=1)
    for step in range(40):
        phase, place = arrangement.place(step)
        assert set(arrangement.batches(phase)[place]) <= set(arrangement.numbers(phase))
        assert arrangement.numbers(phase).stop - arrangement.numbers(phase).start <= 3 * 8


def test_orders_differ_by_phase_and_by_seed():
    one, other = Arrangement(4, 64, 2, seed=1), Arrangement(4, 64, 2, seed=2)
    assert one.batches(3).tolist() == one.batches(3).tolist() != other.batches(3).tolist()
    assert (one.batches(3) - one.numbers(3).start).tolist() != (one.batches(4) - one.numbers(4).start).tolist()


def test_a_picture_keeps_its_row_and_meets_others_each_time():
    arrangement = Arrangement(4, 64, 2, seed=5)
    batches = [arrangement.batches(phase) for phase in range(1, 6)]
    assert all((batch % 4 == np.arange(4)).all() for batch in batches)
    met = [dict(batch[:, :2].tolist()) for batch in batches]
    again = [(first[n], second[n]) for first, second in itertools.pairwise(met) for n in first.keys() & second.keys()]
    assert np.mean([one == other for one, other in again]) < 0.2


@pytest.mark.parametrize("reuse", [1, 3])
def test_a_share_of_the_batches_is_arranged_as_all_of_them(reuse):
    whole, share = Arrangement(8, 32, reuse), Share(1, 4)
    part = whole.shared(share)
    assert [part.place(step) for step in range(60)] == [whole.place(step) for step in range(60)]
    assert [part.step_of(own) for own in range(40)] == [whole.step_of(share.number(own, 2)) for own in range(40)]
    for phase in range(6):
        assert set(share.own(whole.batches(phase)).ravel().tolist()) == set(part.numbers(phase))


def test_batches_hold_pictures_of_one_kind():
    arrangement = Arrangement(4, 64, 2, seed=5)
    batches = arrangement.batches(4, lambda numbers: numbers % 2)
    assert sorted(batches.ravel()) == list(arrangement.numbers(4))
    kinds = [set((batch % 2).tolist()) for batch in batches]
    assert all(len(kind) == 1 for kind in kinds)
    assert kinds != sorted(kinds, key=min)  # shuffled


def test_the_first_use_of_a_picture_is_where_difficulty_counts_it():
    arrangement = Arrangement(2, 4, 2)
    for number in range(40):
        step = arrangement.step_of(number)
        assert number in arrangement.numbers(arrangement.place(step)[0])
    assert [Arrangement(3, 3, in_order=True).step_of(number) for number in range(7)] == [0, 0, 0, 1, 1, 1, 2]
    assert np.all(np.diff([arrangement.step_of(number) for number in range(40)]) >= 0)
