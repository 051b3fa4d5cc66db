"""Characters as a user names them."""

import pytest

from attention_ocr.characters import NAMED, as_ranges, named_characters
from attention_ocr.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-9", "0123456789"),
        ("0-9A-C-", "0123456789ABC-"),
        ("-0-2", "-012"),
        ("a-", "a-"),
        ("-", "-"),
        ("0-2-4", "012-4"),
        ("aab", "ab"),
        ("é-ë", "éêë"),
        ("digits", "0123456789"),
        ("digits+A-C-", "0123456789ABC-"),
        ("lowercase+digits", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("0+1", "0+1"),
    ],
)
def test_ranges_and_names(text, expected):
    assert named_characters(text) == expected


@pytest.mark.parametrize("text", ["", "all", "digits+all"])
def test_all(text):
    assert named_characters(text) is None


def test_a_range_that_runs_backwards():
    with pytest.raises(UserError, match="--characters=9-0: the range 9-0 runs backwards; write 0-9"):
        named_characters("9-0")


def test_names_hold_what_they_say():
    assert set("éÉœŒ‘") <= set(NAMED["french"])
    assert set("ßÄ") <= set(NAMED["german"])
    assert set("ñ¿") <= set(NAMED["spanish"])
    assert set("aZ09 éßŁőœ€’Șț") <= set(NAMED["latin"])
    assert not set("жλ漢\x7f\xa0\xad\t") & set(NAMED["latin"])
    assert set(NAMED["french"]) | set(NAMED["spanish"]) <= set(NAMED["latin"])


@pytest.mark.parametrize(
    ("characters", "ranges"),
    [
        ("", ""),
        ("-", "-"),
        ("ba", "ab"),
        ("cab", "a-c"),
        ("0123456789ABCDEFGHJK-", "0-9A-HJK-"),
        (",-.", ",.-"),
        ("皖京A12", "12A京皖"),
    ],
)
def test_characters_become_ranges(characters, ranges):
    assert as_ranges(characters) == ranges
    assert set(named_characters(ranges) or "") == set(characters)


@pytest.mark.parametrize("name", NAMED)
def test_ranges_of_all_names_mean_the_same(name):
    assert set(named_characters(as_ranges(NAMED[name]))) == set(NAMED[name])
