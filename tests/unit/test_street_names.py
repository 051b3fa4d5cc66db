"""French street names agree, elide and contract as they must; labels take apart and join again."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError
from attention_ocr.render.signs import street_people, street_words
from attention_ocr.render.signs.street_grammar import LetterChain, is_elided, plural, with_article, with_de
from attention_ocr.render.signs.street_names import (
    MAX_LENGTH,
    StreetName,
    names_of_file,
    parse_street_name,
    rare_name,
    street_name,
)

# The 133 classes of FSNS that are characters; three of them have several spellings.
FSNS = (
    *" ltéeinsxguo1870.parèdcVvbm)CzSy,kÉAhE»D/HM(GPçRf2j|N6°5TOU3%9qZBKwW:4LF]ïIJäî;àêXüYô=+\\{}_Qœñ*!ÜâÇŒû?$ë«€&<æ#®",
    *"Â",
    *"È>[ÆùÎÔÿÀÊ@Ï©ËÙ£ŸÛ",
    "’'‘",
    "-—",
    '"“”',
)
WORDS = vars(street_words)
CHARSET_FILE = Path(__file__).parents[3] / "shared/data/fsns_sample/charset_size=134.txt"


def drawn(number, seed=0):
    random = np.random.default_rng(seed)
    return [street_name(random) for _ in range(number)]


@pytest.fixture(scope="module")
def streets():
    return drawn(30_000)


@pytest.mark.parametrize(
    ("name", "gender", "named"),
    [
        ("Lac", "m", ("du", "Lac")),
        ("Gare", "f", ("de la", "Gare")),
        ("Église", "f", ("de l‘", "Église")),
        ("Œuvre", "f", ("de l‘", "Œuvre")),
        ("Abbé Grégoire", "m", ("de l‘", "Abbé Grégoire")),
        ("Hôpital", "m", ("de l‘", "Hôpital")),
        ("Halle", "f", ("de la", "Halle")),
        ("Haut Moulin", "m", ("du", "Haut Moulin")),
        ("Yonne", "f", ("de l‘", "Yonne")),
        ("Onze Novembre", "m", ("du", "Onze Novembre")),
        ("8 Mai 1945", "m", ("du", "8 Mai 1945")),
        ("Lilas", "p", ("des", "Lilas")),
        ("Ormes", "p", ("des", "Ormes")),
    ],
)
def test_the_article_agrees_contracts_and_elides(name, gender, named):
    assert with_article(name, gender) == named


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Provence", "Rue de Provence"),
        ("Orbey", "Rue d‘Orbey"),
        ("Yvetot", "Rue d‘Yvetot"),
        ("Honfleur", "Rue d‘Honfleur"),
        ("Hendaye", "Rue de Hendaye"),
        ("Yokohama", "Rue de Yokohama"),
    ],
)
def test_towns_follow_de(name, label):
    assert StreetName("Rue", *with_de(name)).label == label


@pytest.mark.parametrize(
    ("word", "many"), [("Pré", "Prés"), ("Bois", "Bois"), ("Royal", "Royaux"), ("Beau", "Beaux"), ("Croix", "Croix")]
)
def test_plurals(word, many):
    assert plural(word) == many


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        (("Rue", "de la", "Libération"), "Rue de la Libération"),
        (("Rue", "d‘", "Orbey"), "Rue d‘Orbey"),
        (("Rue", "de l‘", "Aurore"), "Rue de l‘Aurore"),
        (("Avenue", "", "Charles Gounod"), "Avenue Charles Gounod"),
        (("", "", "Le Bourg"), "Le Bourg"),
    ],
)
def test_a_label_joins_the_parts_and_parses_to_them(parts, label):
    assert StreetName(*parts).label == label
    assert parse_street_name(label) == StreetName(*parts)


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("RUE DE L'AURORE", ("RUE", "DE L‘", "AURORE")),
        ("Rond-Point du Général de Gaulle", ("Rond-Point", "du", "Général de Gaulle")),
        ("Vieux Chemin des Vignes", ("Vieux Chemin", "des", "Vignes")),
        ("Grande Rue", ("", "", "Grande Rue")),
        ("Grande Rue de la Gare", ("Grande Rue", "de la", "Gare")),
        ("  Rue  d’Orbey ", ("Rue", "d‘", "Orbey")),
        ("Rue De Lattre", ("Rue", "", "De Lattre")),
        ("Rue D'Alembert", ("Rue", "", "D‘Alembert")),
        ("Rue aux Ours", ("Rue", "aux", "Ours")),
        ("Rue Desaix", ("Rue", "", "Desaix")),
        ("Rue de la", ("Rue", "de", "la")),
        ("Rue d‘", ("Rue", "", "d‘")),
        ("Rue", ("", "", "Rue")),
        ("E\u0301cole", ("", "", "École")),
        ("人民路", ("", "", "人民路")),
    ],
)
def test_any_label_is_taken_apart(label, parts):
    street = parse_street_name(label)
    assert street == StreetName(*parts)
    assert parse_street_name(street.label) == street


def test_drawn_labels_parse_back_to_their_parts(streets):
    rare = np.random.default_rng(1)
    for street in [*streets, *(rare_name(rare) for _ in range(5000))]:
        assert parse_street_name(street.label) == street
        assert street.name
        assert 1 <= len(street.label) <= MAX_LENGTH


def test_particles_agree_in_every_draw(streets):
    plain = [street for street in streets if street.name[0].isalpha()]
    for street in plain:
        if street.particle in ("de l‘", "d‘"):
            assert is_elided(street.name), street.label
        elif street.particle in ("de la", "de"):
            assert not is_elided(street.name), street.label
        assert not f" {street.label} ".lower().count(" de le "), street.label
        assert not f" {street.label} ".lower().count(" de les "), street.label


def test_lists_are_in_the_normal_form():
    lists = [value for module in (street_words, street_people) for value in vars(module).values()]
    names = [name for value in lists if isinstance(value, tuple) for name in value if isinstance(name, str)]
    assert len(names) > 2000
    assert [name for name in names if not name or name != parse_street_name(name).label] == []


def test_lengths_are_those_of_french_streets(streets):
    lengths = [len(street.label) for street in streets]
    assert 17 < np.mean(lengths) < 19.5
    assert 12 <= np.percentile(lengths, 10) <= 15
    assert 22 <= np.percentile(lengths, 90) <= 26


def test_types_have_the_frequencies_of_fsns(streets):
    shares = {name: number / len(streets) for name, number in Counter(s.type_of_way for s in streets).items()}
    assert 0.45 < shares["Rue"] < 0.52
    for name, low, high in [("Chemin", 0.06, 0.09), ("Impasse", 0.055, 0.08), ("Avenue", 0.05, 0.07)]:
        assert low < shares[name] < high
    assert set(shares) == {name for name, *_ in street_words.TYPES}


def test_particles_have_the_frequencies_of_french_streets(streets):
    shares = {name: number / len(streets) for name, number in Counter(s.particle for s in streets).items()}
    bounds = {"": (0.34, 0.46), "du": (0.12, 0.19), "des": (0.11, 0.2), "de la": (0.1, 0.18), "de": (0.06, 0.14)}
    for particle, (low, high) in bounds.items():
        assert low < shares[particle] < high, particle
    assert all(shares[elision] > 0.01 for elision in ("de l‘", "d‘"))


def test_every_character_of_fsns_is_drawn():
    random = np.random.default_rng(0)
    seen = set("".join(rare_name(random).label for _ in range(20_000)))
    assert len(FSNS) == 133
    assert [spellings for spellings in FSNS if not seen & set(spellings)] == []


def test_no_character_outside_fsns_is_drawn(streets):
    random = np.random.default_rng(2)
    labels = [street.label for street in streets] + [rare_name(random).label for _ in range(5000)]
    assert set("".join(labels)) <= set("".join(FSNS))


def test_the_characters_are_those_of_the_charset_file():
    if not CHARSET_FILE.exists():
        pytest.skip(f"{CHARSET_FILE} is absent")
    charset = Charset.from_file(CHARSET_FILE)
    assert len(charset) == len(FSNS) + 1
    assert charset.unknown("".join(FSNS)) == []


def test_the_same_state_gives_the_same_names():
    assert drawn(200, seed=7) == drawn(200, seed=7)
    assert drawn(200, seed=7) != drawn(200, seed=8)


def test_most_names_are_distinct(streets):
    assert len({street.label for street in streets}) > 0.65 * len(streets)


def test_a_chain_makes_words_of_the_grams_it_learnt():
    random = np.random.default_rng(0)
    chain = LetterChain(["Marin", "Marion", "Carmin"], 3)
    made = {chain.word(random) for _ in range(300)}
    assert {"Marin", "Marion", "Carion"} <= made
    grams = {word[i : i + 3] for word in ("Marin", "Marion", "Carmin") for i in range(len(word) - 2)}
    assert {word[i : i + 3] for word in made for i in range(len(word) - 2)} <= grams


def test_a_text_file_gives_its_names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("Rue de l'Aurore\r\n\n  Place Verte \n", "utf-8")
    assert names_of_file(path) == [StreetName("Rue", "de l‘", "Aurore"), StreetName("Place", "", "Verte")]


def test_a_text_file_without_names_is_refused(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n \n", "utf-8")
    with pytest.raises(UserError, match=r"names.txt:1: the file has no name"):
        names_of_file(path)


def test_a_label_that_is_too_long_is_named_with_its_line(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("Rue Verte\nRue de la Libération\n", "utf-8")
    assert len(names_of_file(path)) == 2
    assert len(names_of_file(path, max_length=20)) == 2
    with pytest.raises(UserError, match=r"names.txt:2: 'Rue de la Libération' has 20 characters, 19 at most"):
        names_of_file(path, max_length=19)


def test_the_lists_stand_with_the_article_they_need():
    places = [(name, False) for kind in ("PLACES_M", "PLACES_F", "NATURE_M", "NATURE_F") for name in WORDS[kind]]
    places += [(name, True) for kind in ("PLACES_V", "NATURE_V") for name in WORDS[kind]]
    for particle, name in (*street_words.LANDS, *street_words.IDEAS):
        if particle and particle != "des":
            places.append((name, particle in ("de l‘", "d‘")))
    assert [name for name, elided in places if is_elided(name) is not elided] == []
