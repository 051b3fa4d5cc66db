"""A charset's file and classes say the same, and a text survives its way through ids."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError

FSNS = "0\t \n1\tl\n2\t’\n2\t'\n2\t‘\n3\té\n4\t<nul>\n"


@pytest.fixture
def read(tmp_path):
    def from_content(content: str) -> Charset:
        path = tmp_path / "charset.txt"
        path.write_bytes(content.encode())
        return Charset.from_file(path)

    return from_content


@pytest.mark.parametrize("content", [FSNS, "\ufeff" + FSNS, FSNS.replace("\n", "\r\n"), FSNS.rstrip("\n"), FSNS + "\n"])
def test_a_file_reads_alike_with_mark_and_any_line_ends(read, content):
    charset = read(content)
    assert (len(charset), charset.null_id) == (5, 4)
    assert charset.encode("l é") == [1, 0, 3]


def test_a_code_of_several_characters_reads_each_and_prints_the_last(read):
    charset = read(FSNS)
    assert charset.encode("’'‘") == [2, 2, 2]
    assert charset.decode([1, 2, 3, 4, 4]) == "l‘é"


def test_the_file_comes_back_as_it_was(read, tmp_path):
    read(FSNS).to_file(tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_text() == FSNS


def test_the_null_may_be_anywhere(read):
    charset = read("1\ta\n0\t<nul>\n")
    assert charset.null_id == 0
    assert charset.pad(charset.encode("a"), 3) == [1, 0, 0]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("0\ta\n1\tb\n", "no line has the null; add '2<TAB><nul>'"),
        ("0\ta\n3\t<nul>\n", "codes 0..3 have a gap at 1, 2"),
        ("0\ta\n999999999\t<nul>\n", "codes 0..999999999 have a gap at 1, 2, 3, 4, 5 and 999999993 more; number"),
        ("0\ta\n9999999999\t<nul>\n", "charset.txt:2: '9999999999\\t<nul>' is not 'code<TAB>character'"),
        ("0\ta\n" + "9" * 5000 + "\t<nul>\n", "9 is not 'code<TAB>character'"),
        ("0\ta\nb\n1\t<nul>\n", "charset.txt:2: 'b' is not 'code<TAB>character'"),
        ("0\ta\nx\tb\n1\t<nul>\n", "charset.txt:2: "),
        ("0\ta\n1\t\n2\t<nul>\n", "charset.txt:2: code 1 has no character"),
        ("0\ta\n1\ta\n2\t<nul>\n", "'a' belongs to the classes 0 and 1"),
        ("", "no line has the null"),
    ],
)
def test_a_wrong_file_is_named(read, content, problem):
    with pytest.raises(UserError, match=re.escape(problem)):
        read(content)


def test_unknown_characters_and_long_labels_are_errors():
    charset = Charset.from_labels(["abc"])
    assert charset.unknown("xaxy") == ["x", "y"]
    with pytest.raises(UserError, match="'ax' has 'x', not in the charset of 4 classes"):
        charset.encode("ax")
    with pytest.raises(UserError, match="longer than max_sequence_length 2"):
        charset.pad([0, 1, 2], 2)


def test_labels_give_their_characters_in_order_and_the_null_last():
    charset = Charset.from_labels(["b a", "éa"])
    assert charset.symbols == [" ", "a", "b", "é", ""]
    assert charset.null_id == 4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1))
def test_any_text_survives_ids_and_the_file(tmp_path_factory, texts):
    charset = Charset.from_labels(texts)
    path = tmp_path_factory.getbasetemp() / "charset.txt"
    charset.to_file(path)
    read = Charset.from_file(path)
    assert read == charset
    assert Charset.from_list(charset.to_list(), charset.null_id) == charset
    for text in texts:
        ids = read.pad(read.encode(text), len(text) + 2)
        assert len(ids) == len(text) + 2
        assert read.decode(ids) == text


def test_a_null_with_a_character_of_its_own_is_an_error(read):
    """It would be lost when the file is written, and the records' text with it."""
    with pytest.raises(UserError, match=r"charset\.txt: charset: class 1 is the null and also '░'; give that a code"):
        read("0\ta\n1\t<nul>\n1\t░\n")


@pytest.mark.parametrize("space", [" ", "\xa0", "\u3000", "\u2028", "\x85"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_that_an_editor_removed_is_named(read, space, end):
    content = f"0\ta{end}1\t{space}{end}2\t<nul>{end}"
    assert read(content).decode([0, 1, 0]) == f"a{space}a"
    with pytest.raises(UserError, match=r"charset\.txt:2: code 1 has no character; .*an editor may have removed"):
        read(content.replace(space, ""))
    with pytest.raises(UserError, match=r"charset\.txt:2: '1' is not 'code<TAB>character'"):
        read(content.replace(f"\t{space}", ""))


def test_the_digest_is_that_of_the_classes_whatever_the_line_ends(read):
    digest = read(FSNS).digest
    assert read("\ufeff" + FSNS.replace("\n", "\r\n")).digest == digest
    swapped = FSNS.replace("1\tl", "1\té").replace("3\té", "3\tl")
    printed_otherwise = FSNS.replace("2\t'\n2\t‘\n", "2\t‘\n2\t'\n")
    moved_null = FSNS.replace("3\té\n4\t<nul>", "4\té\n3\t<nul>")
    assert len({digest, *(read(content).digest for content in (swapped, printed_otherwise, moved_null))}) == 4


def test_more_characters_come_before_a_null_that_is_last(read):
    charset = read(FSNS)
    longer = charset.extended("zlÀ'z")
    assert longer.classes == (*charset.classes[:-1], ("z",), ("À",), ())
    assert (len(longer), longer.null_id) == (7, 6)
    assert charset.extended("l’ ") is charset


def test_more_characters_come_after_a_null_that_is_not_last(read):
    charset = read("0\t<nul>\n1\ta\n")
    longer = charset.extended("cb")
    assert (longer.symbols, longer.null_id) == (["", "a", "b", "c"], 0)


def test_united_reads_all_that_either_reads_and_keeps_its_ids():
    own = Charset((("a",), ('"',), ()), 2)
    other = Charset((("“", "”", '"'), (), ("c", "b"), ("a",)), 1)
    both = own.united(other)
    assert both.classes[:2] == (("a",), ("”", "“", '"'))
    assert both.encode('a"“”bc') == [0, 1, 1, 1, 2, 2]
    assert both.decode(both.encode("“c")) == '"b'
    assert both.null_id == len(both) - 1 == 3
    assert own.united(own) == own
