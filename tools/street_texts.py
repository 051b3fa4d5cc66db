"""usage: python tools/street_texts.py CORPORA OUTPUT: lists of French street names -> the texts of `french_streets`.

CORPORA holds `fantoir_voies_100k_upper.txt` (FANTOIR, capitals, ways abbreviated), `fr_street_specifics.tsv` (what
follows the way, with how often) and `paris_streets.txt` (with case and accents). OUTPUT gets:

    texts.tsv       what `attention-ocr build_text_model` takes
    weight.txt      names that the model has not seen, to choose its weight with
    measured.txt    further ones, to measure it with

A tenth of the names, in all three lists alike, is kept out of `texts.tsv`.
"""

import collections
import hashlib
import random
import re
import sys
import unicodedata
from pathlib import Path

from attention_ocr import files
from attention_ocr.render.signs.street_names import CLASSES, MAX_LENGTH, parse_street_name

KNOWN = frozenset("".join(CLASSES))
HYPHENS_KEPT = 0.3  # Paris joins names by hyphens; most plates do not
WAYS_OF_A_NAME = 3  # the names that lack a way get so many

# What FANTOIR abbreviates or writes without its accent; a line that begins with none of these or of the words below is
# no name on a plate (`CD 35`, `ZONE INDUSTRIELLE`) and is left out.
WAYS = {
    "ACH": "Ancien Chemin",
    "ALL": "Allée",
    "ALLEE": "Allée",
    "ART": "Ancienne Route",
    "AV": "Avenue",
    "BD": "Boulevard",
    "CAE": "Carriera",
    "CAMI": "Cami",
    "CAMP": "Camp",
    "CAR": "Carrefour",
    "CC": "Chemin",
    "CHE": "Chemin",
    "CHL": "Chemin",
    "CHS": "Chaussée",
    "CHV": "Chemin",
    "CITE": "Cité",
    "COR": "Corniche",
    "COTE": "Côte",
    "CR": "Chemin",
    "CRS": "Cours",
    "DOMAINE": "Domaine",
    "ESC": "Escalier",
    "FG": "Faubourg",
    "GR": "Grande Rue",
    "HAM": "Hameau",
    "IMP": "Impasse",
    "LOT": "Lotissement",
    "MTE": "Montée",
    "PAS": "Passage",
    "PASS": "Passage",
    "PL": "Place",
    "PRV": "Parvis",
    "PTR": "Petite Rue",
    "PTTE": "Placette",
    "QUA": "Quartier",
    "RES": "Résidence",
    "RESIDENCE": "Résidence",
    "ROC": "Rocade",
    "RPE": "Rampe",
    "RTE": "Route",
    "RUET": "Ruette",
    "RULT": "Ruellette",
    "SEN": "Sente",
    "SENT": "Sentier",
    "SQ": "Square",
    "TRA": "Traverse",
    "VALLEE": "Vallée",
    "VCHE": "Vieux Chemin",
    "VEN": "Venelle",
    "VGE": "Village",
    "VLA": "Villa",
    "VTE": "Vieille Route",
    "VOY": "Voyette",
}
PLAIN_WAYS = (
    *("AVENUE", "BOULEVARD", "CHEMIN", "CLOS", "COUR", "CROIX", "ESPACE", "ESPLANADE", "IMPASSE", "JARDIN", "MAIL"),
    *("PARC", "PASSAGE", "PASSERELLE", "PLACE", "PLAN", "PONT", "PORT", "PORTE", "PROMENADE", "QUAI", "REMPART"),
    *("ROUTE", "RUE", "RUELLE", "SENTIER", "SQUARE", "TERRASSE", "TOUR", "VAL", "VIA", "VILLA", "VOIE"),
)
SMALL = {
    **{word: word.lower() for word in ("DE", "DU", "DES", "LA", "LE", "LES", "ET", "AU", "AUX", "EN", "SUR", "SOUS")},
    "A": "à",
    "D": "d‘",
    "L": "l‘",
}
TITLES = {
    "ST": "Saint",
    "STE": "Sainte",
    "ABBE": "Abbé",
    "DOC": "Docteur",
    "DR": "Docteur",
    "GAL": "Général",
    "GEN": "Général",
    "MAL": "Maréchal",
    "COL": "Colonel",
    "CDT": "Commandant",
    "CPT": "Capitaine",
    "PDT": "Président",
    "LT": "Lieutenant",
    "PROF": "Professeur",
    "GD": "Grand",
    "GDE": "Grande",
    "PT": "Petit",
    "PTE": "Petite",
    "MGR": "Monseigneur",
    "SGT": "Sergent",
    "ND": "Notre Dame",
}


def main(corpora: str, output: str) -> None:
    """Writes the three lists."""
    chance, folder = random.Random(7), Path(corpora)
    paris = lines_of(folder / "paris_streets.txt")
    specifics = [line.split("\t") for line in lines_of(folder / "fr_street_specifics.tsv")]
    cased = collections.Counter[str]()
    for name in paris:
        cased[plate(name.replace("-", " ") if chance.random() > HYPHENS_KEPT else name)] += 1
    ways = list(collections.Counter(parse_street_name(name).type_of_way or "Rue" for name in paris).items())
    drawn_ways = ["Rue"] * len(specifics) + chance.choices(*zip(*ways, strict=True), k=len(specifics))
    for name, _ in specifics:
        for _ in range(WAYS_OF_A_NAME):
            cased[plate(f"{chance.choice(drawn_ways)} {name}")] += 1
    spelled = spellings(cased)
    fantoir = [written(line, spelled) for line in lines_of(folder / "fantoir_voies_100k_upper.txt")]
    capitals = collections.Counter(name for name in fantoir if name)
    taught = [(name, number) for name, number in cased.items() if not is_kept_out(name)]
    # Guessed case and accents must not be learned: in capitals the text model takes them for unknown.
    taught += [(name.upper(), number) for name, number in capitals.items() if not is_kept_out(name)]
    files.write_text(Path(output) / "texts.tsv", "".join(f"{name}\t{number}\n" for name, number in taught))
    unseen = sorted(name for name in {*cased, *capitals} if is_kept_out(name) and drawable(name))
    chance.shuffle(unseen)
    for name, part in (("weight.txt", unseen[::2]), ("measured.txt", unseen[1::2])):
        files.write_text(Path(output) / name, "\n".join(part) + "\n")
    print(f"{len(taught)} texts to learn from, {len(unseen)} names kept out")


def lines_of(path: Path) -> list[str]:
    """The lines that are not empty."""
    return [line.strip() for line in files.read_text(path).split("\n") if line.strip()]


def plate(name: str) -> str:
    """A name as plates and FSNS write it."""
    return parse_street_name(name).label


def spellings(cased: collections.Counter[str]) -> dict[str, str]:
    """A word without case and accents -> how it is mostly written."""
    found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for name, number in cased.items():
        for word in re.split(r"[ \-‘]", name):
            if word[:1].isupper():
                found[bare(word)][word] += number
    return {word: spelled.most_common(1)[0][0] for word, spelled in found.items()}


def bare(text: str) -> str:
    """`text` in capitals without accents, as FANTOIR writes it."""
    plain = unicodedata.normalize("NFD", text.upper().replace("Œ", "OE").replace("Æ", "AE"))
    return "".join(character for character in plain if not unicodedata.combining(character))


def written(line: str, spelled: dict[str, str]) -> str:
    """A line of FANTOIR, abbreviations written out, case and accents guessed; empty if it is no street's name."""
    first, _, rest = line.partition(" ")
    way = first.capitalize() if first in PLAIN_WAYS else WAYS.get(first, "")
    words = rest.split()
    if not way or not words or any(character.isdigit() for character in rest) or re.search(r"\b[B-CE-KM-Z]\b", rest):
        return ""
    parts = [TITLES.get(word) or spelled.get(word) or word.capitalize() for word in words]
    for number, word in enumerate(words[:-1]):
        parts[number] = SMALL.get(word, parts[number])
    return plate(f"{way} {' '.join(parts)}".replace("‘ ", "‘"))


def is_kept_out(name: str) -> bool:
    """Whether a name, however it is spelled, is in the tenth that the model does not see."""
    return hashlib.sha256(bare(name).replace("-", " ").encode()).digest()[0] < 256 / 10


def drawable(name: str) -> bool:
    """Whether a sign of FSNS can have this name."""
    return len(name) <= MAX_LENGTH and set(name) <= KNOWN


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
