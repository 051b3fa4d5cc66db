"""The characters that a user names: a name such as `digits`, ranges such as `0-9A-F-`, or both, `digits+A-F`."""

import string

from attention_ocr.errors import UserError

ALL = "all"
LETTERS = string.ascii_letters
PUNCTUATION = " " + string.punctuation
NAMED = {
    "digits": string.digits,
    "lowercase": string.ascii_lowercase,
    "uppercase": string.ascii_uppercase,
    "letters": LETTERS,
    "alphanumeric": string.digits + LETTERS,
    "ascii": string.digits + LETTERS + PUNCTUATION,
    "french": LETTERS + "ÀÂÆÇÈÉÊËÎÏÔŒÙÛÜŸàâæçèéêëîïôœùûüÿ" + string.digits + PUNCTUATION + "‘’«»",
    "german": LETTERS + "ÄÖÜẞäöüß" + string.digits + PUNCTUATION + "„“",
    "spanish": LETTERS + "ÁÉÍÑÓÚÜáéíñóúü¡¿" + string.digits + PUNCTUATION,
    # Latin letters of European languages, digits and signs: code points to Latin Extended-A, and a few beyond.
    "latin": "".join(chr(code) for code in range(0x20, 0x180) if chr(code).isprintable()) + "ȘșȚț‘’“”–—…€",
}


def named_characters(text: str) -> str | None:
    """The characters that `text` names, each once, in order; None: all.

    Args:
        text: `all` or empty; one of NAMED; single characters and ranges like `A-Z` (a `-` at either end stands for
            itself); or a name, a `+` and more of these.

    Raises:
        UserError: a range runs backwards.
    """
    if text in ("", ALL):
        return None
    name, plus, rest = text.partition("+")
    if name in NAMED:
        more = named_characters(rest) if plus else ""
        return None if more is None else _once(NAMED[name] + more)
    found: list[str] = []
    place = 0
    while place < len(text):
        first, last = text[place], text[place + 2 : place + 3]
        if last and text[place + 1] == "-":
            if last < first:
                raise UserError(f"--characters={text}: the range {first}-{last} runs backwards; write {last}-{first}")
            found += map(chr, range(ord(first), ord(last) + 1))
            place += 3
        else:
            found.append(first)
            place += 1
    return _once("".join(found))


def as_ranges(characters: str) -> str:
    """What `named_characters` takes for these characters, sorted: runs of three or more as ranges, `-` at the end."""
    found: list[str] = []
    for character in sorted(set(characters) - {"-"}):
        if found and ord(character) == ord(found[-1][-1]) + 1:
            found[-1] += character
        else:
            found.append(character)
    runs = [f"{run[0]}-{run[-1]}" if len(run) > 2 else run for run in found]
    return "".join(runs) + ("-" if "-" in characters else "")


def _once(characters: str) -> str:
    return "".join(dict.fromkeys(characters))
