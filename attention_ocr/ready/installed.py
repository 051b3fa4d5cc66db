"""The reader whose weights come with another package: PP-OCRv6 small, in the wheel of rapidocr."""

import importlib.util

from attention_ocr import files
from attention_ocr.ready.catalog import FOLDER, Card

PACKAGE = "rapidocr"
HOW_TO_GET = "--checkpoint=ppocr reads lines in many scripts; its weights come with: pip install 'attention-ocr[ppocr]'"


def ppocr_card() -> Card | None:
    """Its card; None where its weights are not installed."""
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    return Card(**files.read_json(FOLDER / "ppocr.json"))
