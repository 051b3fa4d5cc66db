"""The grammar of French street names: what follows the type of way, with the particle that agrees."""

import functools
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

import numpy as np

from attention_ocr.render.signs import street_people as people
from attention_ocr.render.signs import street_words as words

APOSTROPHE = "‘"  # what FSNS writes for ’ ' and ‘

Named = tuple[str, str]  # particle and name
_VOWELS = frozenset("aeiouâàäéèêëîïôöùûüœæ")
_NO_ELISION = frozenset(("onze", "oui", "ouistiti", "un", "uhlan"))
_ELIDED_Y = frozenset(("yonne", "yerres", "yeuse", "yeux", "yèvre"))


def is_elided(name: str) -> bool:
    """Whether `le`, `la` and `de` lose their vowel before `name`: before a vowel or a mute h (not `de la Halle`)."""
    first = re.split(r"[ \-‘]", name, maxsplit=1)[0].lower()
    if first[0] == "h":
        return first in words.MUTE_H
    if first[0] == "y":
        return first in _ELIDED_Y or (len(first) > 1 and first[1] not in _VOWELS)
    return first[0] in _VOWELS and first not in _NO_ELISION


def with_article(name: str, gender: str) -> Named:
    """`name` after `de` and its article: `du Lac`, `de la Gare`, `de l‘Église`, `des Lilas`; gender `m`, `f` or `p`."""
    if gender == "p":
        return "des", name
    if is_elided(name):
        return "de l‘", name
    return ("du" if gender == "m" else "de la"), name


def with_de(name: str) -> Named:
    """`name` after `de` alone: `de Provence`, `d‘Orbey`."""
    return ("d‘" if is_elided(name) else "de"), name


def plural(word: str) -> str:
    """The regular plural of a noun or an adjective."""
    if word[-1] in "sxz":
        return word
    if word.endswith("al"):
        return f"{word[:-2]}aux"
    return word + ("x" if word.endswith("eau") else "s")


class LetterChain:
    """Words never seen that look like those of a list: n-grams of letters, drawn letter by letter.

    Args:
        learnt: the words to learn from; those with a blank or a hyphen are left out.
        order: how many letters a gram has, the drawn one included.
    """

    def __init__(self, learnt: Iterable[str], order: int):
        self.context = order - 1
        counts: dict[str, Counter[str]] = {}
        for word in learnt:
            if word.isalpha():
                letters = "^" * self.context + word + "$"
                for end in range(self.context, len(letters)):
                    counts.setdefault(letters[end - self.context : end], Counter())[letters[end]] += 1
        # A context's letters repeated as often as they follow: one random number finds the next.
        self.following = {context: "".join(sorted(count.elements())) for context, count in counts.items()}

    def word(self, random: np.random.Generator) -> str:
        """A word of 4 to 12 letters."""
        following, context, uniform = self.following, self.context, random.random
        while True:
            text = "^" * context
            while text[-1] != "$" and len(text) < context + 14:
                letters = following[text[-context:]]
                text += letters[int(uniform() * len(letters))]
            word = text[context:-1]
            if text[-1] == "$" and 4 <= len(word) <= 12:
                return word


@functools.cache
def _chains(kind: str) -> tuple[LetterChain, ...]:
    learnt = {
        "surname": people.SURNAMES,
        "town": words.TOWNS,
        "m": words.FIELDS_M,
        "f": words.FIELDS_F,
    }[kind]
    return LetterChain(learnt, 3), LetterChain(learnt, 3), LetterChain(learnt, 4)


def made_up(random: np.random.Generator, kind: str) -> str:
    chains = _chains(kind)
    return chains[int(random.random() * len(chains))].word(random)


def one(random: np.random.Generator, options: Sequence):
    return options[int(random.random() * len(options))]


def _early(random: np.random.Generator, options: Sequence):
    """One of `options`, the first ones oftener: 37 % of the draws fall in the first quarter."""
    return options[int(random.random() ** 1.4 * len(options))]


def _famous(random: np.random.Generator, gender: str) -> Named:
    name = _early(random, people.FAMOUS)
    if random.random() < 0.06:  # as the plates of some towns have it: Victor-Hugo
        name = name.replace(" ", "-") if " de " not in name and " et " not in name else name
    return "", name


def surname(random: np.random.Generator) -> str:
    return made_up(random, "surname") if random.random() < 0.55 else one(random, people.SURNAMES)


def first_name(random: np.random.Generator) -> str:
    return _early(random, people.WOMEN if random.random() < 0.22 else people.MEN)


def _person(random: np.random.Generator, gender: str) -> Named:
    first, last, form = first_name(random), surname(random), random.random()
    if form < 0.03:
        first = "".join(f"{part[0]}." for part in first.split("-"))
    elif form < 0.05:
        first = f"{first[0]}"
    elif form < 0.09:
        first = f"{first} {first_name(random)}"
    elif form < 0.13:
        particle, town = with_de(town_word(random))
        last = f"{particle}{town}" if particle == "d‘" else f"{particle} {town}"
    elif form < 0.17 and " " not in last:
        return "", f"{first}-{last}"
    elif form < 0.20:
        last = f"{last} {one(random, people.SURNAMES)}"
    return "", f"{first} {last}"


def _surname_alone(random: np.random.Generator, gender: str) -> Named:
    return "", surname(random)


def _titled(random: np.random.Generator, gender: str) -> Named:
    form = random.random()
    if form < 0.08:
        sister = f"{one(random, people.SISTERS)} {one(random, people.SISTER_NAMES)}"
        return with_article(sister, "f") if form < 0.07 else ("", sister)
    if form < 0.12:
        return "des", f"{one(random, ('Frères', 'Frères', 'Docteurs', 'Sœurs'))} {surname(random)}"
    title, short, known = _early(random, people.TITLES)
    name = one(random, known) if random.random() < 0.55 else surname(random)
    if random.random() < 0.12 and " " not in name:
        name = f"{first_name(random)} {name}"
    titled = f"{short if random.random() < 0.1 else title} {name}"
    return with_article(titled, "m") if random.random() < 0.85 else ("", titled)


def _saint_name(random: np.random.Generator) -> str:
    if random.random() < 0.75:
        saint, short, name = "Saint", "St", _early(random, people.SAINTS)
    else:
        saint, short, name = "Sainte", "Ste", _early(random, people.HOLY_WOMEN)
    form = random.random()
    if form < 0.7:
        return f"{saint}-{name}"
    return f"{saint if form < 0.94 else short} {name}"


def _saint(random: np.random.Generator, gender: str) -> Named:
    saint, form = _saint_name(random), random.random()
    if form < 0.06:
        return "de", saint
    if form < 0.16:
        head, head_gender = _head(random)
        return with_article(f"{head} {saint}", head_gender)
    if form < 0.19:
        return "du", f"Faubourg {saint}"
    return "", saint


def _ruler(random: np.random.Generator, gender: str) -> Named:
    return "", _early(random, people.RULERS)


def town_word(random: np.random.Generator) -> str:
    return made_up(random, "town") if random.random() < 0.5 else one(random, words.TOWNS)


def _town(random: np.random.Generator, gender: str) -> Named:
    form, name = random.random(), town_word(random)
    if form < 0.08:
        name = f"Saint-{one(random, people.SAINTS)}"
    elif form < 0.14:
        name = f"{name}-sur-{one(random, words.RIVERS)}"
    elif form < 0.17:
        name = f"{name}-{one(random, words.TOWN_ENDS)}"
    elif form < 0.22:
        name = f"{one(random, ('Port', 'Mont', 'Pont', 'Bourg', 'Château', 'Ville', 'Roche'))} {town_word(random)}"
    elif form < 0.25:
        other = with_article(made_up(random, "f"), "f")[1]
        return ("de l‘" if is_elided(other) else "de la"), other
    if random.random() < 0.2:
        name = name.replace("-", " ")
    return with_de(name)


def _two_towns(random: np.random.Generator, gender: str) -> Named:
    particle, name = with_de(town_word(random))
    return particle, f"{name} à {town_word(random)}"


def _land(random: np.random.Generator, gender: str) -> Named:
    return one(random, words.LANDS)


def _date(random: np.random.Generator, gender: str) -> Named:
    if random.random() < 0.8:
        return "du", _early(random, words.DATES)
    year = f" {1940 + int(random.random() * 6)}" if random.random() < 0.7 else ""
    return "du", f"{2 + int(random.random() * 27)} {one(random, words.MONTHS)}{year}"


def _article_noun(random: np.random.Generator, m: Sequence[str], f: Sequence[str], elided: Sequence[str]) -> Named:
    where = int(random.random() * (len(m) + len(f) + len(elided)))
    if where < len(m):
        return "du", _early(random, m)
    if where < len(m) + len(f):
        return "de la", _early(random, f)
    return "de l‘", _early(random, elided)


def _building(random: np.random.Generator, gender: str) -> Named:
    return _article_noun(random, words.PLACES_M, words.PLACES_F, words.PLACES_V)


def _nature(random: np.random.Generator, gender: str) -> Named:
    return _article_noun(random, words.NATURE_M, words.NATURE_F, words.NATURE_V)


def _plural_noun(random: np.random.Generator, gender: str) -> Named:
    name = _early(random, words.PLURALS)
    form = random.random()
    if form < 0.02:
        return "aux", name
    return "des", name


def name_alone(random: np.random.Generator, gender: str) -> Named:
    form = random.random()
    if form < 0.55:
        return "", f"Les {_early(random, words.PLURALS)}"
    if form < 0.8:
        kind = "m" if form < 0.66 else "f"
        name = made_up(random, kind)
    else:
        name, kind = _head(random)
        name, kind = _qualified(random, name, kind)
    return "", f"L‘{name}" if is_elided(name) else f"{'Le' if kind == 'm' else 'La'} {name}"


def _idea(random: np.random.Generator, gender: str) -> Named:
    return _early(random, words.IDEAS) if random.random() < 0.3 else one(random, words.IDEAS)


def _adjective(random: np.random.Generator, gender: str) -> Named:
    return "", _early(random, words.ALONE)[gender == "f"]


def _head(random: np.random.Generator) -> Named:
    """A noun of the country and its gender."""
    is_male = random.random() < 0.5
    return one(random, words.HEADS_M if is_male else words.HEADS_F), "m" if is_male else "f"


def _qualified(random: np.random.Generator, head: str, gender: str) -> Named:
    """`head` with an adjective that agrees, and its gender."""
    if random.random() < 0.5:
        male, before_vowel, female = _early(random, words.BEFORE)
        adjective = female if gender == "f" else before_vowel if is_elided(head) else male
        return f"{adjective} {head}", gender
    return f"{head} {one(random, words.AFTER)[gender == 'f']}", gender


def _composed(random: np.random.Generator, gender: str) -> Named:
    head, head_gender = _head(random)
    form = random.random()
    if form < 0.42:
        name, head_gender = _qualified(random, head, head_gender)
    elif form < 0.55:
        name = f"{plural(head)} {plural(one(random, words.AFTER)[head_gender == 'f'])}"
        return "des", name
    elif form < 0.65:
        male, _, female = _early(random, words.BEFORE)
        return "des", f"{plural(female if head_gender == 'f' else male)} {plural(head)}"
    elif form < 0.75:
        name = f"{head} {one(random, people.MEN if random.random() < 0.6 else people.SURNAMES)}"
    elif form < 0.8:
        name = f"{head} aux {one(random, words.PLURALS)}"
    else:
        particle, other = (_nature, _building, _plural_noun, _field)[int(random.random() * 4)](random, gender)
        name = f"{head} {joined(particle, other)}"
    return with_article(name, head_gender) if random.random() < 0.8 else ("", name)


def _field(random: np.random.Generator, gender: str) -> Named:
    """A name of a field or farm that nobody has seen, with its article."""
    form = random.random()
    if form < 0.5:
        return with_article(made_up(random, "f"), "f")
    if form < 0.8:
        return with_article(made_up(random, "m"), "m")
    if form < 0.93:
        return "des", plural(made_up(random, "f" if random.random() < 0.6 else "m"))
    return "", made_up(random, "m")


def _number(random: np.random.Generator, gender: str) -> Named:
    number, form = 1 + int(random.random() ** 2 * 99), random.random()
    if form < 0.35:
        return "", f"{number}"
    if form < 0.5:
        return "", f"n° {number}"
    if form < 0.6:
        return "", f"Départementale {number * 9}"
    if form < 0.7:
        return (
            "du",
            f"{number + 1}e {one(random, ('Régiment d‘Infanterie', 'RI', 'Zouaves', 'Bataillon', 'Dragons', 'BCP'))}",
        )
    if form < 0.76:
        return "de la", f"{number + 1}e {one(random, ('DB', 'Division', 'Armée', 'Compagnie'))}"
    if form < 0.85:
        return "", f"{one(random, ('CD', 'D', 'RD', 'VC', 'CR', 'RN'))} {number}"
    if form < 0.9:
        return "", one(random, "ABCDEFGHIJKLMN")
    return "des", f"{2 + int(random.random() * 8)} {_early(random, words.PLURALS[:60])}"


Kind = Callable[[np.random.Generator, str], Named]
# How often each kind of name follows a type of way of each profile.
_KINDS: tuple[tuple[Kind, dict[str, float]], ...] = (
    (_famous, {"street": 9, "noble": 17, "green": 6, "rural": 0.7}),
    (_person, {"street": 23, "noble": 21, "green": 13, "rural": 1}),
    (_surname_alone, {"street": 6, "noble": 5, "green": 2, "rural": 1.5}),
    (_titled, {"street": 3.6, "noble": 8, "green": 1, "rural": 0.3}),
    (_saint, {"street": 4, "noble": 3.5, "green": 2, "rural": 3}),
    (_ruler, {"street": 0.4, "noble": 0.8, "green": 0.1, "rural": 0}),
    (_town, {"street": 8, "noble": 9, "green": 3, "rural": 15}),
    (_two_towns, {"street": 0.1, "noble": 0, "green": 0, "rural": 1.5}),
    (_land, {"street": 4, "noble": 6, "green": 5, "rural": 1.5}),
    (_date, {"street": 1.5, "noble": 3.5, "green": 0.2, "rural": 0}),
    (_building, {"street": 8, "noble": 8, "green": 4, "rural": 7}),
    (_nature, {"street": 5, "noble": 2, "green": 8, "rural": 9}),
    (_plural_noun, {"street": 10, "noble": 6, "green": 28, "rural": 8}),
    (name_alone, {"street": 0.5, "noble": 0.3, "green": 4, "rural": 4}),
    (_idea, {"street": 3.5, "noble": 7, "green": 3, "rural": 0.7}),
    (_adjective, {"street": 1.6, "noble": 0.8, "green": 0.6, "rural": 2}),
    (_composed, {"street": 7, "noble": 2, "green": 7, "rural": 15}),
    (_field, {"street": 13, "noble": 2, "green": 11, "rural": 30}),
    (_number, {"street": 0.5, "noble": 0.1, "green": 0.3, "rural": 0.7}),
)


def _cumulative(weights: Iterable[float]) -> list[float]:
    """The running sum of `weights`, scaled to 1; the last is infinity."""
    sums = list(accumulate(weights))
    return [*(number / sums[-1] for number in sums[:-1]), math.inf]


_TYPE_SUMS = _cumulative(share for _, _, share, _ in words.TYPES)
_KIND_SUMS = {
    profile: _cumulative(weights[profile] for _, weights in _KINDS) for profile in ("street", "noble", "green", "rural")
}


def draw_type(random: np.random.Generator) -> tuple[str, str, str]:
    """A type of way, its gender and the profile of the names that follow it."""
    type_of_way, gender, _, profile = words.TYPES[bisect_right(_TYPE_SUMS, random.random())]
    return type_of_way, gender, profile


def draw_named(random: np.random.Generator, gender: str, profile: str) -> Named:
    """A particle and a name for a type of way of this gender and profile."""
    return _KINDS[bisect_right(_KIND_SUMS[profile], random.random())][0](random, gender)


def joined(particle: str, name: str) -> str:
    """Particle and name with the blank they need."""
    return f"{particle}{'' if not particle or particle.endswith(APOSTROPHE) else ' '}{name}"
