"""PP-OCRv6's recognisers in whatever kind of file they come."""

import os
from pathlib import Path

from attention_ocr.model import ppocr_file, ppocr_safetensors
from attention_ocr.model.ppocr_file import Recogniser

READERS = {".onnx": ppocr_file.read, ".safetensors": ppocr_safetensors.read}


def is_one(path: str | os.PathLike) -> bool:
    """Whether a file of that name may be one."""
    return Path(path).suffix in READERS


def read(path: str | os.PathLike) -> Recogniser:
    """The recogniser of an ONNX or a safetensors file.

    Raises:
        UserError: there is no such file, or it holds another network.
    """
    return READERS[Path(path).suffix](path)
