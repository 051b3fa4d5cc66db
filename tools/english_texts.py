"""usage: python tools/english_texts.py SCOWL OUTPUT: SCOWL's word lists -> the texts of `english`, word<TAB>number.

SCOWL is the folder `usr/share/dict/scowl` of Debian's package `scowl` (`apt-get download scowl; dpkg-deb -x ...`). Its
lists are sorted by how common their words are: `english-words.10` are the commonest.
"""

import sys
from pathlib import Path

from attention_ocr import files

KINDS = ("words", "upper", "proper-names", "contractions")
REGIONS = ("english", "american")
TIMES = {10: 400, 20: 150, 35: 40, 40: 20, 50: 8, 55: 5, 60: 4, 70: 2, 80: 1}  # how often a list's words count
POSSESSIVES = 0.2  # "dog's" is listed for every noun, and seldom stands on a sign


def main(scowl: str, output: str) -> None:
    """Writes the words, each with the number of the commonest list that has it."""
    found: dict[str, float] = {}
    for size, times in TIMES.items():
        for path in (Path(scowl) / f"{region}-{kind}.{size}" for region in REGIONS for kind in KINDS):
            for word in path.read_text("latin-1").split() if path.exists() else ():
                number = times * (POSSESSIVES if word.endswith("'s") else 1)
                found[word] = max(found.get(word, 0), number)
    files.write_text(output, "".join(f"{word}\t{number:g}\n" for word, number in found.items()))
    print(f"{len(found)} words")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
