"""French street names: a grammar that never runs dry, and the parts of any name (type of way, particle, name)."""

import os
import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.render.signs import street_people as people
from attention_ocr.render.signs import street_words as words
from attention_ocr.render.signs.street_grammar import (
    APOSTROPHE,
    draw_named,
    draw_type,
    first_name,
    joined,
    made_up,
    name_alone,
    one,
    surname,
    town_word,
)

# The classes of FSNS, each with its spellings; a class is written as its last one.
CLASSES = (
    *" !#$%&()*+,./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]_abcdefghijklmnopqrstuvwxyz{|}",
    *"£©«®°»ÀÂÆÇÈÉÊËÎÏÔÙÛÜàâäæçèéêëîïñôùûüÿŒœŸ€",
    "’'‘",
    "—-",
    '“”"',
)
MAX_LENGTH = 37  # T of FSNS
PARTICLES = ("de la", "de l‘", "du", "des", "de", "d‘", "l‘", "aux", "au", "à la", "à l‘", "la", "le", "les")

PRACTICE_LETTERS = "abcdefghijklmnopqrstuvwxyz"  # without accents, which plates in capitals often lose
_SPELLING = str.maketrans(dict.fromkeys("'’ʼ", APOSTROPHE))
_RARE_SHARE = 0.006
_TYPES = {name.lower() for name, *_ in words.TYPES if name} | {name.lower() for name in words.MORE_TYPES}
_LONGEST_TYPE = max(len(name.split()) for name in _TYPES)
_LOWER_PARTICLE = re.compile(
    "|".join(f"{particle}(?! )" if particle[-1] == APOSTROPHE else f"{particle} " for particle in PARTICLES)
)
_UPPER_PARTICLE = re.compile(_LOWER_PARTICLE.pattern.upper().replace("(?! )".upper(), "(?! )"))


@dataclass(frozen=True, slots=True)
class StreetName:
    """A name in the parts a plate sets apart.

    Attributes:
        type_of_way: `Rue`, `Avenue`, ...; empty where a name stands alone.
        particle: `de la`, `du`, `des`, `de l‘`, `d‘`, ... or empty; an elision joins without a blank.
        name: `Libération`, `Victor Hugo`, `11 Novembre 1918`; never empty.
    """

    type_of_way: str
    particle: str
    name: str

    @property
    def label(self) -> str:
        """The whole name as FSNS writes it: `Rue de l‘Aurore`."""
        named = joined(self.particle, self.name)
        return f"{self.type_of_way} {named}" if self.type_of_way else named


def street_name(random: np.random.Generator) -> StreetName:
    """A street name with a label of 1 to 37 characters; the same state of `random` gives the same name."""
    while True:
        if random.random() < _RARE_SHARE:
            return rare_name(random)
        street = _common_name(random)
        if len(street.label) <= MAX_LENGTH:
            return street


def rare_name(random: np.random.Generator) -> StreetName:
    """A street name with a character that names seldom have: a bracket, a sign, a foreign letter, a digit."""
    while True:
        street = _common_name(random)
        change = _RARE_CHANGES[int(random.random() * len(_RARE_CHANGES))]
        street = parse_street_name(f"{street.type_of_way} {change(random, street)}")
        if len(street.label) <= MAX_LENGTH:
            return street


def practice_name(random: np.random.Generator) -> StreetName:
    """Letters at random, 1 to 6: nothing but the picture tells them, so who learns to read must look."""
    first, *more = (one(random, PRACTICE_LETTERS) for _ in range(random.integers(1, 7)))
    return StreetName("", "", first.upper() + "".join(more))


def parse_street_name(label: str) -> StreetName:
    """The parts of `label`; put together again they are its normal form.

    The normal form is NFC with every apostrophe `‘` and single blanks. A type of way or a particle that nothing follows
    counts as the name. Particles are lower case, or upper case in a label without lower-case letters.
    """
    rest = " ".join(unicodedata.normalize("NFC", label).translate(_SPELLING).split())
    tokens, type_of_way = rest.split(" "), ""
    for number in range(min(_LONGEST_TYPE, len(tokens) - 1), 0, -1):
        if " ".join(tokens[:number]).lower() in _TYPES:
            type_of_way, rest = " ".join(tokens[:number]), " ".join(tokens[number:])
            break
    match = _LOWER_PARTICLE.match(rest) or (rest.isupper() and _UPPER_PARTICLE.match(rest)) or None
    if match is None or match.end() == len(rest):
        return StreetName(type_of_way, "", rest)
    return StreetName(type_of_way, match.group().rstrip(), rest[match.end() :])


def names_of_file(path: str | os.PathLike, max_length: int | None = None) -> list[StreetName]:
    """The names of a text file, one per line; empty lines are skipped.

    Args:
        path: a UTF-8 file.
        max_length: the most characters a label may have; None for any number.

    Raises:
        UserError: the file cannot be read or has no name, or a label is too long.
    """
    streets = []
    for number, line in enumerate(files.read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        street = parse_street_name(line)
        if max_length is not None and len(street.label) > max_length:
            raise UserError(
                f"{path}:{number}: {street.label!r} has {len(street.label)} characters, {max_length} at most; "
                "shorten it or take the line out"
            )
        streets.append(street)
    if not streets:
        raise UserError(f"{path}:1: the file has no name; write one name a line")
    return streets


def _common_name(random: np.random.Generator) -> StreetName:
    type_of_way, gender, profile = draw_type(random)
    if not type_of_way:
        if random.random() < 0.12:
            return StreetName("", "", one(random, ("Grande Rue", "Petite Rue", "Grande Place")))
        return parse_street_name(name_alone(random, gender)[1])
    particle, name = draw_named(random, gender, profile)
    if not particle and name.startswith(("de ", "d‘")):  # a surname with a particle of its own
        return parse_street_name(f"{type_of_way} {name}")
    return StreetName(type_of_way, particle, name)


def _bracketed(random: np.random.Generator, street: StreetName) -> str:
    before, after = one(random, words.PAIRS)
    gap = " " if before == "«" else ""
    if random.random() < 0.5:
        return f"{street.label.removeprefix(street.type_of_way)} {before}{gap}{town_word(random)}{gap}{after}"
    return f"{before}{gap}{street.name}{gap}{after}"


def _marked(random: np.random.Generator, street: StreetName) -> str:
    mark, named = one(random, words.MARKS), street.label.removeprefix(street.type_of_way)
    form = random.random()
    if form < 0.4:
        return f"{named} {mark} {surname(random)}"
    if form < 0.7:
        return f"{named}{mark}{one(random, people.MEN)}"
    return f"{mark}{1 + int(random.random() * 99)} {street.name}" if form < 0.85 else f"{named} {mark}"


def _foreign(random: np.random.Generator, street: StreetName) -> str:
    name = one(random, words.FOREIGN)
    return f"{first_name(random)} {name}" if random.random() < 0.5 else name


def _mutated(random: np.random.Generator, street: StreetName) -> str:
    """A made-up word with one letter that is rare there."""
    word, letter = made_up(random, "surname"), one(random, words.RARE_LETTERS)
    if letter.isupper():
        return letter + word[1:]
    place = 1 + int(random.random() * (len(word) - 1))
    return word[:place] + letter + word[place + 1 :]


_RARE_CHANGES = (_bracketed, _marked, _foreign, _mutated)
