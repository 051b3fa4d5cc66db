"""The four measures, by hand; class 9 is the null."""

import numpy as np
import pytest

from attention_ocr.model import metrics

LABELS = np.array([[1, 2, 3, 9], [1, 2, 3, 9], [1, 2, 3, 9], [4, 9, 9, 9], [9, 9, 9, 9], [1, 2, 3, 4]])
PREDICTIONS = np.array(
    [
        [1, 2, 3, 9],  # right
        [1, 2, 3, 7],  # right but for what is read after the label's end: not looked at
        [1, 9, 3, 9],  # one of three wrong
        [9, 4, 9, 9],  # the character at another place
        [9, 9, 9, 9],  # an empty label
        [1, 2, 4, 3],  # no padding, half right
    ]
)


def test_character_accuracy_is_the_share_of_the_labels_characters():
    found = metrics.character_accuracies(LABELS, PREDICTIONS, 9)
    np.testing.assert_allclose(np.asarray(found), [1, 1, 2 / 3, 0, 0, 1 / 2], rtol=1e-6)


def test_sequence_accuracy_needs_every_character_of_the_label():
    found = metrics.sequence_accuracies(LABELS, PREDICTIONS, 9)
    np.testing.assert_array_equal(np.asarray(found), [1, 1, 0, 0, 1, 0])


def test_exact_match_sees_what_is_read_after_the_end():
    assert metrics.exact_match(["rue", "rue", "", "Rue"], ["rue", "rues", "", "rue"]) == 0.5


def test_edit_distance_is_shared_by_the_longer_text():
    # kitten -> sitting takes 3 edits of 7; an empty text against 4 characters is all wrong, against none all right.
    found = metrics.normalized_edit_distance(["kitten", "", "", "rue"], ["sitting", "abcd", "", "rue"])
    assert found == pytest.approx((4 / 7 + 0 + 1 + 1) / 4)


def test_no_text_at_all_is_no_error():
    assert metrics.exact_match([], []) == 0
    assert metrics.normalized_edit_distance([], []) == 0
