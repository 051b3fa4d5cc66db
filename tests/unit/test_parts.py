"""A batch in parts, one per core."""

import numpy as np
import pytest

from attention_ocr.reading.backends.parts import in_parts, joined

NUMBERS = range(1, 33)


def batch(number):
    return {"images": np.arange(3 * number).reshape(number, 3), "sizes": np.arange(number)}


@pytest.mark.parametrize("most", [0, 1, 5, 16])
@pytest.mark.parametrize("runs", [1, 2, 3, 8])
def test_parts_together_are_the_batch(most, runs):
    for given in map(batch, NUMBERS):
        found = joined(in_parts(given, most, runs))
        assert found.keys() == given.keys()
        assert all(np.array_equal(found[name], given[name]) for name in given)


@pytest.mark.parametrize("most", [0, 1, 5, 16])
@pytest.mark.parametrize("runs", [1, 2, 3, 8])
def test_no_part_is_larger_than_it_may_be_or_than_the_share_of_a_run(most, runs):
    for number in NUMBERS:
        sizes = [len(part["sizes"]) for part in in_parts(batch(number), most, runs)]
        assert max(sizes) <= min(most or number, -(-number // runs))
        assert sizes == sorted(sizes, reverse=True)


def test_batches_of_all_sizes_have_few_shapes():
    """A runtime keeps what it compiles for each."""
    sizes = {len(part["sizes"]) for number in range(1, 257) for part in in_parts(batch(number), 0, 2)}
    assert sizes == {1, 2, 4, 8, 16, 32, 64, 128}
