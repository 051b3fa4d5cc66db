"""What is done to a label before it is written: normalisation, case, the charset's way to write a character."""

import re
import unicodedata
from collections.abc import Callable

from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig

RIGHT_TO_LEFT = ("R", "AL")
MAY_RUN_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def label_cleaner(config: GenerateConfig, charset: Charset | None = None) -> Callable[[str], str]:
    """The function from a label as written in a label file to the label of the record.

    Args:
        config: how to normalise, whether in lower case.
        charset: characters that the labels are to be written in where it has them; None: as normalisation has them.
    """
    as_charset_writes = _as_charset_writes(charset, config) if charset and config.normalize != "none" else str

    def clean(text: str) -> str:
        text = normalized(text)
        if config.lowercase:  # again after it, for lower case may take a character apart (İ)
            text = normalized(text.lower())
        return as_charset_writes(text).strip()

    def normalized(text: str) -> str:
        return text if config.normalize == "none" else unicodedata.normalize(config.normalize, text)  # type: ignore[arg-type]

    return clean


def runs_right_to_left(text: str) -> bool:
    """Whether the first letter of `text` is of a script that runs to the left, as Hebrew and Arabic do."""
    if not MAY_RUN_RIGHT_TO_LEFT.search(text):  # a hundred times as fast as the look at each character
        return False
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((way in RIGHT_TO_LEFT for way in directions if way in (*RIGHT_TO_LEFT, "L")), False)


def _as_charset_writes(charset: Charset, config: GenerateConfig) -> Callable[[str], str]:
    """The function from a normalised text to the same with the charset's characters.

    Normalisation takes some letters apart for good (Bengali U+09DC, Hebrew U+FB2A) and joins others; a charset may have
    the one form or the other. Forms of another width or style (NFKC) are other characters.
    """
    whole = {}
    for character in (character for characters in charset.classes for character in characters):
        if unicodedata.normalize("NFC", character) != character:
            written = unicodedata.normalize(config.normalize, character)  # type: ignore[arg-type]
            if len(written) > 1 or charset.unknown(written):
                whole[written] = character
    in_parts = re.compile("|".join(map(re.escape, sorted(whole, key=len, reverse=True))))

    def write(text: str) -> str:
        if whole:
            text = in_parts.sub(lambda match: whole[match[0]], text)
        if config.extend_charset:  # a letter that is not there will be
            return text
        for character in charset.unknown(text):
            parts = unicodedata.normalize("NFD", character)
            if not charset.unknown(parts):
                text = text.replace(character, parts)
        return text

    return write
