"""Files of texts to draw, and how often each is to be drawn."""

import os

from attention_ocr import files
from attention_ocr.errors import UserError


def read_texts(path: str | os.PathLike) -> tuple[list[str], list[float]]:
    """The lines of a UTF-8 file, empty ones too; and the number after each, where all that are not empty have one.

    Args:
        path: lines of `text`, or of `text<TAB>number`, such as a list of words with their frequencies.

    Returns:
        The texts and, for each, its number (0: an empty line); no numbers where a line has none.

    Raises:
        UserError: the file cannot be read, or a number is not above 0.
    """
    lines = files.read_text(path).split("\n")
    pairs = [line.rpartition("\t") for line in lines]
    if not all(tab and _is_number(number) for (_, tab, number), line in zip(pairs, lines, strict=True) if line.strip()):
        return lines, []
    texts, numbers = [], []
    for place, (text, tab, number) in enumerate(pairs, start=1):
        texts.append(text if tab else "")
        numbers.append(float(number) if tab else 0.0)
        if tab and not 0 < numbers[-1] < float("inf"):
            raise UserError(f"{path}:{place}: {number.strip()!r} is no frequency; write a number above 0 after the tab")
    return (texts, numbers) if any(numbers) else (lines, [])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
