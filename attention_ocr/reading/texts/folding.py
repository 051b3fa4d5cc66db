"""Characters without case and accents, one for one."""

import unicodedata

_ALIKE = {**dict.fromkeys("’‘`´ʼ", "'"), **dict.fromkeys("‐‑–—", "-"), **dict.fromkeys("“”„«»", '"'), "\xa0": " "}


def folded(text: str) -> str:
    """`text` in lower case, without accents, with one apostrophe, dash and quotation mark; as long as before."""
    return "".join(_folded(character) for character in text)


def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFD", _ALIKE.get(character, character))[0]
    return plain.lower()[0]
