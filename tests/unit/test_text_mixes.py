"""Texts to draw: kinds with shares, and files with frequencies."""

import collections

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError
from attention_ocr.render.text_files import read_texts
from attention_ocr.render.words.text_mixes import Material, mixed_texts, parse_shares
from attention_ocr.render.words.texts import WordTexts


def drawn(texts, number, seed=0):
    random = np.random.default_rng(seed)
    return [texts.draw(random) for _ in range(number)]


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("never\t0.5\noften\t1000\n\nsometimes\t200\n", "utf-8")
    return str(path)


def test_words_are_drawn_as_often_as_their_file_says(words):
    for unit in ("line", "word", "run"):
        found = collections.Counter(drawn(WordTexts.from_file(words, unit), 1200))
        assert set(found) <= {"never", "often", "sometimes"}
        assert 930 < found["often"] < 1070
        assert found["never"] < 10


@pytest.mark.parametrize("content", ["a b\t3\nc d\n", "a\tb\n", "a 3\nb 4\n"])
def test_other_files_have_no_frequencies(content, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(content, "utf-8")
    assert read_texts(path) == (content.split("\n"), [])


@pytest.mark.parametrize("number", ["0", "-2", "inf", "nan"])
def test_a_frequency_that_is_none_is_told(number, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(f"a\t1\nb\t{number}\n", "utf-8")
    with pytest.raises(UserError, match=rf"texts\.txt:2: '{number}' is no frequency; write a number above 0"):
        read_texts(path)


def test_kinds_are_drawn_by_their_shares():
    texts = mixed_texts("lines:1,codes:3", Material(longest=30))
    found = drawn(texts, 400)
    lines = [text for text in found if " " in text]
    codes = [text for text in found if len(text) <= 10 and text.isalnum() and text.isascii()]
    assert 60 < len(lines) < 140
    assert len(codes) > 240
    assert any(text.isdigit() for text in codes)
    assert any(text.isupper() for text in codes)


@pytest.mark.parametrize("kind", ["words", "lines", "codes", "charset"])
def test_every_kind_keeps_to_the_charset_and_the_length(kind):
    charset = Charset.from_labels(["ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"])
    texts = mixed_texts(kind, Material(longest=8, charset=charset))
    found = drawn(texts, 300)
    assert max(map(len, found)) <= 8
    assert not charset.unknown("".join(found))
    assert set("".join(found)) <= texts.characters <= {c for held in charset.classes for c in held}


def test_lines_are_of_the_words_of_a_list_and_of_the_neighbours_in_a_text(words, tmp_path):
    lines = drawn(mixed_texts("lines", Material(words, longest=30)), 100)
    inside = {word.strip(".,!?:()\"'#“”").lower() for line in lines for word in line.split()}
    assert {"often", "sometimes"} <= inside
    running = tmp_path / "running.txt"
    running.write_text("one two three four five six\nseven eight nine ten\n" * 3, "utf-8")
    lines = drawn(mixed_texts("lines", Material(str(running), longest=30)), 100)
    assert any("two three four" in line.lower() for line in lines)


@pytest.mark.parametrize("text", ["word:1", "words:0", "words:x", "words:1,words:2", "words:-1", ","])
def test_wrong_shares_are_told(text):
    with pytest.raises(UserError, match=r"--texts=.*is wrong; write each of words, lines, codes, charset at most once"):
        parse_shares(text)


def test_shares_need_no_number():
    assert parse_shares("words, codes:0.5") == {"words": 1.0, "codes": 0.5}
