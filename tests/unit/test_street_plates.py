"""Street plates: the label's text is on them, whole and readable, and every kind of plate comes up."""

from collections import Counter
from dataclasses import dataclass, replace

import font_factory
import numpy as np
import pytest

from attention_ocr.errors import UserError
from attention_ocr.render.fonts.bundled import bundled_family, bundled_fonts
from attention_ocr.render.fonts.files import FontFile, characters_of, read_fonts
from attention_ocr.render.signs import plate_styles, street_plates
from attention_ocr.render.signs.plate_fonts import PLATE_FAMILIES, design_of, plate_fonts
from attention_ocr.render.signs.plate_layout import set_plate
from attention_ocr.render.signs.plate_styles import choose_style
from attention_ocr.render.signs.plate_text import TextStyle, letters_of, lines_of
from attention_ocr.render.signs.street_plates import draw_plate, paint, places_of


@dataclass(frozen=True)
class Name:
    type_of_way: str
    particle: str
    name: str

    @property
    def label(self):
        text = " ".join(part for part in (self.type_of_way, self.particle, self.name) if part)
        return text.replace("‘ ", "‘")


LIBERATION = Name("Rue", "de la", "Libération")
NAMES = (
    LIBERATION,
    Name("Rue", "d‘", "Orbey"),
    Name("Avenue", "", "Charles Gounod"),
    Name("Boulevard", "du", "Général-Leclerc-de-Hauteclocque"),
    Name("Chemin", "de l‘", "Île aux Œillets"),
    Name("Impasse", "", "X"),
)


FONTS = plate_fonts(bundled_fonts())


def _plate(seed=0, name=LIBERATION, fonts=None, difficulty=1.0):
    return draw_plate(name, np.random.default_rng(seed), fonts or FONTS, difficulty)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.label)
def test_plate_has_its_size_and_letters_a_plausible_height(name, seed):
    plate = _plate(seed, name)
    height, width, channels = plate.pixels.shape
    assert plate.pixels.dtype == np.uint8
    assert channels == 4
    assert 320 <= width <= 420
    assert 0.4 * width < height < width
    assert 12 < plate.letter_height < 0.25 * width


def test_alpha_is_clear_outside_rounded_corners_and_whole_within():
    clear = 0
    for seed in range(30):
        alpha = _plate(seed).pixels[..., 3]
        height, width = alpha.shape
        assert (alpha[height // 8 : -height // 8, width // 8 : -width // 8] == 255).all()
        clear += int(alpha[1, 1] == 0)
    assert 5 < clear < 28  # rounded and notched plates, and square ones


def test_same_state_same_bytes_and_the_generator_moves_on():
    assert _plate(3).pixels.tobytes() == _plate(3).pixels.tobytes()
    random = np.random.default_rng(3)
    first, second = (draw_plate(LIBERATION, random, FONTS) for _ in range(2))
    assert first.pixels.tobytes() != second.pixels.tobytes()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.label)
def test_label_is_drawn_within_the_plate(name):
    """Against the same plate without its label, only what is inside the border differs."""
    for seed in range(6):
        style = replace(choose_style(np.random.default_rng(seed)), wear=0.0, sticker=False)
        font = FONTS[seed]
        placed = set_plate((name.type_of_way, name.particle, name.name), style, font, np.random.default_rng(seed))
        blank = replace(placed, label=np.zeros_like(placed.label))
        drawn, empty = (paint(each, style, np.random.default_rng(1)).astype(int) for each in (placed, blank))
        differs = np.abs(drawn - empty).max(axis=-1) > 40
        rows, columns = np.nonzero(differs)
        height, width = differs.shape
        assert differs.mean() > 0.004
        assert rows.min() > 0.02 * height
        assert rows.max() < 0.98 * height
        assert columns.min() > placed.inset
        assert columns.max() < width - placed.inset
        assert np.ptp(rows) >= placed.letter_height - 2


def test_letter_height_is_that_of_the_ink():
    style = choose_style(np.random.default_rng(0), 0.0)
    style = replace(style, text=TextStyle(case="capitals", one_line=False))
    for font in FONTS[::4]:
        placed = set_plate(("RUE", "", "HEL"), style, font, np.random.default_rng(0))
        rows = np.flatnonzero(placed.label.max(axis=1) > 128)
        lines = np.split(rows, np.flatnonzero(np.diff(rows) > 3) + 1)
        assert len(lines) == 2
        assert abs(min(map(len, lines)) - placed.letter_height) < 0.1 * placed.letter_height + 2


def _texts(name, **choices):
    return [line.text for line in lines_of(name.type_of_way, name.particle, name.name, TextStyle(**choices))]


def test_lines_follow_the_rules_of_such_plates():
    assert _texts(LIBERATION, line_length=17) == ["RUE", "DE LA LIBÉRATION"]
    assert _texts(LIBERATION, line_length=12, particle="lower") == ["RUE de la", "LIBÉRATION"]
    assert _texts(LIBERATION, particle="alone", keeps_accents=False) == ["RUE", "de la", "LIBERATION"]
    assert _texts(LIBERATION, case="mixed", line_length=20) == ["Rue", "de la Libération"]
    assert _texts(NAMES[1], apostrophe="’") == ["RUE", "D’ORBEY"]
    assert _texts(NAMES[1], apostrophe="'", particle="lower", one_line=True) == ["RUE d'ORBEY"]
    assert _texts(NAMES[2], first_name="lower") == ["AVENUE", "Charles GOUNOD"]
    assert _texts(Name("Rue", "", "Jean-Jaurès"), keeps_hyphens=False) == ["RUE", "JEAN JAURÈS"]


def test_first_names_may_be_small_capitals():
    style = TextStyle(first_name="small capitals", line_length=20)
    runs = lines_of("Rue", "", "Victor Schœlcher", style)[1].runs
    assert [run.text for run in runs] == ["V", "ICTOR ", "SCHŒLCHER"]
    assert runs[0].scale == runs[2].scale > runs[1].scale


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.label)
def test_all_words_of_the_label_are_read_in_order(name, seed):
    text = choose_style(np.random.default_rng(seed)).text
    text = replace(text, keeps_accents=True, keeps_hyphens=True, apostrophe="‘")
    read = "".join(line.text for line in lines_of(name.type_of_way, name.particle, name.name, text))
    assert read.replace(" ", "").lower() == name.label.replace(" ", "").lower()


def test_accents_that_are_kept_are_drawn():
    for font in FONTS:
        with_accent, without = (
            letters_of(lines_of("", "", name, TextStyle())[0], font, 40, 1.0, 0.05) for name in ("É", "E")
        )
        above = [ink[: baseline - 44].sum() for ink, baseline, _ in (with_accent, without)]
        assert above[0] > above[1]


@pytest.mark.parametrize("squeeze", [0.56, 0.8, 1.0])
def test_thickened_letters_stay_open(squeeze):
    """The room between the stems of an H is not narrower than they are; before that, thin ones are made thicker."""
    grown = 0
    for font in FONTS:
        thin, thick = (
            letters_of(lines_of("", "", "H", TextStyle())[0], font, 120, squeeze, 0.0, thicken)[0]
            for thicken in (0, 0.125)
        )
        row = thick[90] > 128  # above the bar: capitals stand in rows 60 to 180
        left, right = np.flatnonzero(row)[[0, -1]]
        room = (~row[left:right]).sum()
        stem = (right - left + 1 - room) / 2
        assert room >= stem - 4 or font.is_bold  # letters are reduced from others, whose edges are whole pixels
        grown += int(thick.sum()) > 1.2 * int(thin.sum())
    assert grown > 8


def test_character_no_font_has_is_told_and_never_a_box():
    for seed in range(5):
        with pytest.raises(UserError, match=r"none of \d+ fonts has \U0001f6d1; take more fonts"):
            _plate(seed, Name("Rue", "", "\U0001f6d1"))
    with pytest.raises(UserError, match="needs a name"):
        _plate(0, Name("", "", ""))


def test_fonts_are_chosen_among_those_with_the_glyphs():
    lacking = FontFile("/nowhere/none.ttf", 0, "None", "Bold", is_bold=True)
    assert characters_of(lacking) == frozenset()
    for seed in range(10):
        _plate(seed, fonts=(lacking, FONTS[0]))


def test_every_kind_of_plate_comes_up_and_blue_most():
    random = np.random.default_rng(0)
    styles = [choose_style(random) for _ in range(1500)]
    for field, choices in (
        ("enamel", plate_styles.ENAMELS),
        ("outline", plate_styles.OUTLINES),
        ("corner", plate_styles.CORNERS),
        ("border", plate_styles.BORDERS),
        ("frame", plate_styles.FRAMES),
        ("header", plate_styles.HEADERS),
        ("footer", plate_styles.FOOTERS),
        ("mark", plate_styles.MARKS),
    ):
        assert {getattr(style, field) for style in styles} == set(choices)
    counts = Counter(style.enamel for style in styles)
    assert sum(counts[blue] for blue in ("royal", "navy", "steel")) > 0.6 * len(styles)
    assert {style.text.case for style in styles} == set(plate_styles.CASES)
    assert any(style.sticker for style in styles)
    assert max(style.wear for style in styles) > 0.8


def test_easy_plates_show_nothing_but_their_text_and_no_wear():
    random = np.random.default_rng(0)
    styles = [choose_style(random, 0.0) for _ in range(200)]
    assert max(style.wear for style in styles) == 0
    assert not any(style.sticker for style in styles)
    assert np.mean([style.header == "none" for style in styles]) > 0.85


@pytest.mark.parametrize("header", plate_styles.HEADERS)
@pytest.mark.parametrize("footer", plate_styles.FOOTERS)
def test_what_is_not_read_is_smaller_than_the_label(header, footer):
    for seed in range(3):
        random = np.random.default_rng(seed)
        style = replace(choose_style(random), header=header, footer=footer, text=TextStyle())
        placed = set_plate(("Rue", "de la", "Libération"), style, FONTS[0], random)
        assert (placed.extra.max() > 0) == ((header, footer) != ("none", "none"))
        rows = np.flatnonzero(placed.extra.max(axis=1) > 128)
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        assert max(map(len, runs)) < 0.95 * placed.letter_height


@pytest.mark.parametrize("wear", [0.2, 0.6, 1.0])
def test_letters_stay_readable_on_the_most_worn_plate(wear):
    random = np.random.default_rng(4)
    style = replace(choose_style(random), enamel="royal", wear=wear, sticker=False)
    placed = set_plate(("Rue", "", "Neuve"), style, FONTS[0], random)
    brightness = paint(placed, style, random)[..., :3].mean(axis=-1)
    assert brightness[placed.label > 200].mean() > brightness[placed.label == 0].mean() + 50


def test_plates_are_set_in_many_fonts_of_known_families():
    assert len({font.family for font in FONTS}) > 7
    assert {font.is_serif for font in FONTS} == {font.is_condensed for font in FONTS} == {True, False}
    for font in FONTS:
        assert design_of(font) in PLATE_FAMILIES
        assert not font.is_slanted
        assert not font.is_monospaced
        assert "light" not in font.style.lower()
        assert set(map(ord, "ÀÉÈÊÇŒ")) <= characters_of(font)


@pytest.mark.parametrize(
    ("family", "design"),
    [
        ("Barlow Semi Condensed", "Barlow"),
        ("Fira Sans Extra Condensed Medium", "Fira Sans"),
        ("TeX Gyre Heros Cn", "TeX Gyre Heros"),
        ("Liberation Sans Narrow", "Liberation Sans"),
        ("Oswald", "Oswald"),
        ("Libre Franklin", "Libre Franklin"),
    ],
)
def test_a_family_is_known_in_any_width_and_weight(family, design):
    assert design_of(FontFile("", 0, family, "Bold")) == design
    assert design in PLATE_FAMILIES


def test_other_families_set_plates_only_where_no_known_one_is():
    lobster, mono = bundled_family("fontpkg_lobster"), bundled_family("fontpkg_jetbrains_mono")
    oswald = bundled_family("fontpkg_oswald")
    assert plate_fonts((*lobster, *oswald, *mono)) == oswald[1:]  # not the light one
    assert plate_fonts((*lobster, *mono)) == lobster
    assert plate_fonts(mono) == mono
    lacking = FontFile("/nowhere/none.ttf", 0, "Oswald", "Bold", is_bold=True)
    assert plate_fonts((lacking, *lobster)) == lobster  # it has no accented capitals
    assert plate_fonts([lacking]) == (lacking,)


def test_names_that_no_font_of_the_plates_has_are_set_in_others(tmp_path):
    path = font_factory.font_of_boxes(tmp_path / "han.ttf", {c: [(50, 0, 950, 800)] for c in "中文"})
    han = read_fonts(str(path))
    for seed in range(3):
        random = np.random.default_rng(seed)
        plate = draw_plate(Name("", "", "中文"), random, FONTS, 0.0, (*bundled_fonts(), *han))
        assert not np.isnan(plate.places).any()
    with pytest.raises(UserError, match=r"'中国': none of \d+ fonts has 中 国; take more fonts with --fonts="):
        draw_plate(Name("", "", "中国"), random, FONTS, 0.0, bundled_fonts())


@pytest.mark.parametrize(
    ("label", "letters", "known"),
    [
        ("Rue du Lac", "RUEDULAC", "Rue du Lac"),
        ("Rue de l‘Œillet", "RUEDEL'OEILLET", "Rue de l‘Œillet"),
        ("Rue de l‘Œillet", "Ruedel'Œillet", "Rue de l‘Œillet"),
        ("Rue Saint-Éloi", "RUESAINTELOI", "Rue SaintÉloi"),  # the hyphen is left out
        ("Rue Saint-Éloi", "RUESAINT-ÉLOI", "Rue Saint-Éloi"),
        ("Rue du Lac", "RUEDUPRÉ", ""),  # spelt in another way: better nothing than something wrong
        ("Rue du Lac", "RUEDULACS", ""),
    ],
)
def test_each_character_is_found_on_the_plate(label, letters, known):
    found = places_of(label, letters, [(10 * n, 5) for n in range(len(letters))])
    assert found.shape == (len(label), 2)
    drawn = [character for character, place in zip(label, found, strict=True) if not np.isnan(place).any()]
    assert "".join(drawn) == known.replace(" ", "")
    assert (np.diff(found[~np.isnan(found[:, 0]), 0]) > 0).all()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.label)
def test_ink_lies_where_the_characters_are_told_to_be(name, seed, monkeypatch):
    placed = []
    monkeypatch.setattr(street_plates, "set_plate", lambda *given: placed.append(set_plate(*given)) or placed[0])
    plate = _plate(seed, name)
    letters = [c.isalpha() for c in name.label]
    assert not np.isnan(plate.places[letters]).any()
    for x, y in plate.places[letters]:
        half = round(0.6 * plate.letter_height)
        around = placed[0].label[round(y) - half : round(y) + half, round(x) - half : round(x) + half]
        assert around.max() > 200, "no ink"
    known = plate.places[~np.isnan(plate.places[:, 0])]
    right, down = np.diff(known, axis=0).T
    assert ((right > 0) | (down > half)).all(), "neither to the right nor on the next line"
