"""What is done to a label before it is written: normalisation, case, width."""

import unicodedata
from collections.abc import Callable

from attention_ocr.config import GenerateConfig

FULL_WIDTH = {0xFF01 + number: 0x21 + number for number in range(94)} | {0x3000: 0x20}


def label_cleaner(config: GenerateConfig) -> Callable[[str], str]:
    """The function from a label as written in a label file to the label of the record."""

    def clean(text: str) -> str:
        if config.full_to_half_width:
            text = text.translate(FULL_WIDTH)
        text = normalized(text)
        if config.lowercase:  # again after it, for lower case may take a character apart (İ)
            text = normalized(text.lower())
        return text.strip()

    def normalized(text: str) -> str:
        return text if config.normalize == "none" else unicodedata.normalize(config.normalize, text)  # type: ignore[arg-type]

    return clean
