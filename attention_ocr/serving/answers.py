"""Readings as JSON."""

from typing import Any

from attention_ocr.charset import Charset
from attention_ocr.reading.reader import Fitted, Reading


def answer_of(name: str, fitted: Fitted, reading: Reading, charset: Charset, alternatives: int) -> dict[str, Any]:
    """What `Reading.to_dict` tells, and the picture's name and size.

    Args:
        name: of the file.
        fitted: the picture.
        reading: what was read in it.
        charset: the model's.
        alternatives: other texts that are told at most.
    """
    told = reading.to_dict(charset)
    source = fitted.source
    size = {"width": source.width, "height": source.height, "orientation": source.orientation} if source else {}
    others = [
        {"text": other["text"], "confidence": other["confidence"]}
        for other in told.pop("alternatives", [])
        if other["text"] != reading.text
    ]
    more = {"alternatives": others[:alternatives]} if alternatives else {}
    return {"name": name, **size, **told, **more}


def prediction_of(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as TensorFlow Serving gives those of an export: its outputs' names, and ours beside them."""
    if "error" in answer:
        return {"predicted_text": "", "normalized_seq_conf": 0.0, "error": answer["error"]}
    return {
        "predicted_text": answer["text"],
        "normalized_seq_conf": answer["confidence"],
        "characters": answer["characters"],
    }
