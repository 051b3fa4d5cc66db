"""The texts of drawn words: characters, case, digits, files, charsets."""

import numpy as np

from attention_ocr.render.words.text_sources import TextStyle
from attention_ocr.render.words.texts import WORD_STYLE, WordTexts

HAN = "图数你生息据成试的界登本好机世"


def text_file(folder, text):
    path = folder / "texts.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_have_only_allowed_characters():
    allowed = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
    texts = WordTexts.made_up("", TextStyle(lower=0.3, upper=0.4, capitalised=0.3, digits=0.3, allowed=allowed))
    random = np.random.default_rng(0)
    labels = [texts.draw(random) for _ in range(300)]
    assert set("".join(labels)) <= allowed
    assert any(label.isdigit() for label in labels)
    assert texts.characters <= allowed


def test_case_digits_and_marks_come_as_often_as_asked():
    texts, random = WordTexts.made_up("en", WORD_STYLE), np.random.default_rng(0)
    labels = [texts.draw(random) for _ in range(2000)]
    words = [label for label in labels if label.isalpha() and len(label) > 1]
    assert 0.35 < np.mean([word.isupper() for word in words]) < 0.45
    assert 0.25 < np.mean([word.islower() for word in words]) < 0.35
    assert 0.05 < np.mean([any(c.isdigit() for c in label) for label in labels]) < 0.11
    assert set("".join(labels)) <= texts.characters
    assert len(set(labels)) > 1000


def test_texts_of_a_file(tmp_path):
    path, random = text_file(tmp_path, "Rue  Neuve\n\nQuai\nmuch too long for this\n"), np.random.default_rng(0)
    lines = WordTexts.from_file(path, "line", TextStyle(max_characters=12))
    assert {lines.draw(random) for _ in range(50)} == {"Rue Neuve", "Quai"}
    assert lines.characters == set("Rue NeuveQuai")
    words = WordTexts.from_file(path, "word", TextStyle(max_characters=5))
    assert {words.draw(random) for _ in range(200)} == {"Rue", "Neuve", "Quai", "much", "too", "long", "for", "this"}


def test_running_text_is_cut_to_length(tmp_path):
    path, random = text_file(tmp_path, "one two three four\n" + HAN * 4), np.random.default_rng(0)
    texts = WordTexts.from_file(path, "run", TextStyle(min_characters=4, max_characters=9))
    labels = {texts.draw(random) for _ in range(300)}
    assert {len(label) for label in labels} <= set(range(4, 10))
    assert "one two" in labels
    assert all(label in " ".join(("one two three four", HAN * 4)) for label in labels)


def test_characters_of_a_charset(charset):
    texts, random = (
        WordTexts.from_charset(charset, TextStyle(min_characters=3, max_characters=5)),
        np.random.default_rng(0),
    )
    labels = [texts.draw(random) for _ in range(300)]
    assert set("".join(labels)) == set(" abcd")
    assert all(label == label.strip() and "  " not in label for label in labels)
    assert {len(label) for label in labels} == {3, 4, 5}
