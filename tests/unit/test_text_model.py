"""Text models: what case and accents do, words and lines, files that are damaged, and the ready ones."""

import json

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import TextModelConfig
from attention_ocr.errors import UserError
from attention_ocr.reading.texts.folding import folded
from attention_ocr.reading.texts.text_model import ClassProbabilities, TextModel, counted_texts
from attention_ocr.ready import catalog

STREETS = ["Rue Émile", "Rue Émilie", "Rue de l‘Été", "Rue de Lyon", "Avenue de Lyon", "RUE DE PARIS"] * 3
CHARSET = Charset.from_labels([*STREETS, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZé‘ 7"])


def model_of(texts, **knobs):
    return TextModel.of_texts([(text, 1.0) for text in texts], TextModelConfig(**{"order": 4, **knobs}))


def said(model, *texts, charset=CHARSET):
    """The log-probability of each text."""
    ids = np.array([charset.pad(charset.encode(text), 16) for text in texts])
    return ClassProbabilities(model, charset).of_texts(ids)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Été à l‘Île", "ete a l'ile"),
        ("ÅNGSTRÖM", "angstrom"),
        ("ŒUVRE ß İ", "œuvre ß i"),
        ("“日本” – 7", '"日本" - 7'),
    ],
)
def test_folding_keeps_the_length(text, plain):
    assert folded(text) == plain
    assert len(folded(text)) == len(text)


def test_seen_texts_are_likelier_than_others():
    known, near, none = said(model_of(STREETS), "Rue de Lyon", "Rue de Lyna", "zyé7‘ Z")
    assert known > near > none


def test_case_and_accents_are_learned_from_texts_with_small_letters_alone():
    model = model_of(STREETS)
    right, no_accent, capitals = said(model, "Rue Émile", "Rue Emile", "RUE ÉMILE")
    assert right > no_accent
    assert right > capitals
    lyon, shouted = said(model_of([*STREETS, *["RUE DE LYON"] * 30]), "Rue de Lyon", "RUE DE LYON")
    assert lyon > shouted


def test_texts_in_capitals_alone_leave_case_open():
    model = model_of(["RUE DE PARIS", "RUE DE LYON"])
    assert model.spelled is None
    np.testing.assert_allclose(said(model, "Rue de Lyon"), said(model, "RUE DE LYON"))


@pytest.mark.parametrize(("spelling", "alike"), [("ignored", True), ("exact", False), ("factored", False)])
def test_spelling(spelling, alike):
    small, capital = said(model_of(STREETS, spelling=spelling), "Rue de Lyon", "RUE DE LYON")
    assert (small == capital) == alike


def test_a_blank_parts_words_where_texts_are_words():
    model = model_of(["Rue", "Lyon", "Paris"])
    rue, lyon, both = said(model, "Rue", "Lyon", "Rue Lyon")
    np.testing.assert_allclose(both, rue + lyon, rtol=1e-6)


def test_unknown_characters_are_unlikely_but_possible():
    charset = Charset.from_labels(["Lyon☂"])
    umbrella, lyon = said(model_of(["Lyon"] * 9), "Ly☂n", "Lyon", charset=charset)
    assert -60 < umbrella < lyon - 3


def test_how_often_a_text_stands_counts():
    model = TextModel.of_texts([("Rue a", 9.0), ("Rue e", 1.0)], TextModelConfig(order=3))
    often, seldom = said(model, "Rue a", "Rue e")
    assert often > seldom + 0.5


@pytest.mark.parametrize("spelling", ["factored", "ignored", "exact"])
def test_all_continuations_sum_to_one(spelling):
    charset = Charset.from_labels(STREETS)
    model = ClassProbabilities(model_of(STREETS, spelling=spelling), charset)
    history = np.array([charset.encode(text[-model.length :].rjust(model.length)) for text in ("Rue", "Rue d", "Émi")])
    classes = np.tile(np.arange(len(charset)), [3, 1])
    if spelling == "ignored":  # é, É and e are one character
        kinds = {folded(symbol): class_id for class_id, symbol in enumerate(charset.symbols)}
        classes = np.tile(list(kinds.values()), [3, 1])
    total = np.exp(model.log_probabilities(history, classes)).sum(axis=1)
    assert ((total > 0.9) & (total < 1.001)).all()


def test_a_text_is_the_sum_of_its_steps_and_ends_at_the_first_null():
    model = ClassProbabilities(model_of(STREETS), CHARSET)
    null = CHARSET.null_id
    ids, total, history = CHARSET.encode("Rue Émile"), 0.0, [null] * model.length
    for class_id in [*ids, null]:
        total += model.log_probabilities(np.array([history]), np.array([[class_id]]))[0, 0]
        history = [*history[1:], class_id]
    padded = np.array([[*ids, null, null], [*ids, null, ids[0]]])
    np.testing.assert_allclose(model.of_texts(padded), [total, total], rtol=1e-6)


def test_a_file_is_read_back(tmp_path):
    model = model_of(STREETS, weight=0.4)
    size = model.save(tmp_path / "m.npz")
    back = TextModel.load(tmp_path / "m.npz")
    assert size == (tmp_path / "m.npz").stat().st_size
    assert back.config == model.config
    texts = "Rue Émile", "Rue de Lyon", "Avenue", ""
    np.testing.assert_allclose(said(back, *texts), said(model, *texts), atol=0.6)
    back.save(tmp_path / "n.npz")
    assert (tmp_path / "n.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


def test_a_file_is_no_larger_than_asked_for(tmp_path):
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("abcdefgh"), 12)) for _ in range(600)]
    large = model_of(texts, order=6, max_size=1.0).save(tmp_path / "large.npz")
    small = model_of(texts, order=6, max_size=0.02).save(tmp_path / "small.npz")
    assert large > 30_000
    assert 12_000 < small <= 20_000


def damaged(path, change):
    with np.load(path) as held:
        arrays = {name: held[name] for name in held}
    change(arrays)
    np.savez_compressed(path, **arrays)


def change_header(**values):
    def change(arrays):
        header = json.loads(bytes(arrays["header"])) | values
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), "u1")

    return change


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(b"no zip"), "is not a text model, or is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-300]), "is not a text model, or is damaged"),
        (lambda path: np.savez(path, other=np.ones(3)), "is not a text model, or is damaged"),
        (lambda path: path.unlink(), "no such text model"),
        (
            lambda path: damaged(
                path, lambda arrays: arrays.update(characters_1_masses=arrays["characters_1_masses"] + 1)
            ),
            "is damaged: its content has not the SHA-256",
        ),
        (lambda path: damaged(path, change_header(format_version=2)), "format 2; this version knows 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, spoil, told):
    path = tmp_path / "m.npz"
    model_of(STREETS).save(path)
    spoil(path)
    with pytest.raises(UserError, match=told):
        TextModel.load(path)


def test_no_text_is_told():
    with pytest.raises(UserError, match="there is no text to learn from"):
        model_of(["", ""])


def test_lines_may_tell_how_often_a_text_stands(tmp_path):
    (tmp_path / "a.txt").write_text("Rue\n\nE\u0301te\u0301\t2.5\r\n  Lyon \n", encoding="utf-8")
    assert list(counted_texts([tmp_path / "a.txt"])) == [("Rue", 1.0), ("Été", 2.5), ("Lyon", 1.0)]


@pytest.mark.parametrize("number", ["", "x", "0", "-1", "nan", "inf", "2\t3"])
def test_a_wrong_number_is_told_with_its_line(tmp_path, number):
    (tmp_path / "a.txt").write_text(f"Rue\nLyon\t{number}\n")
    with pytest.raises(UserError, match=r"a\.txt:2: .* is no number above 0"):
        list(counted_texts([tmp_path / "a.txt"]))


def test_the_packages_own_text_models_are_whole_and_know_their_language():
    assert [card.name for card in catalog.cards(catalog.TEXT_MODEL)] == ["english", "french_streets"]
    for card in catalog.cards(catalog.TEXT_MODEL):
        catalog.check(card)
        assert card.path.stat().st_size <= 3e6
    street, no_street = said(TextModel.load("french_streets"), "Rue de la Gare", "Rue de la Gnre")
    assert street > no_street + 2
    word, shouted, no_word = said(TextModel.load("english-1"), "window", "WINDOW", "windwo")
    assert word == shouted > no_word + 2
    with pytest.raises(UserError, match=r"no such text model, and no ready-made text model \(there are: english, "):
        TextModel.load("klingon")
