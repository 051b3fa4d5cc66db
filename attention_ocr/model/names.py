"""The file behind what a user calls a model: a path, the name of a ready-made reader, or `ppocr`. No framework."""

import os
from pathlib import Path

from attention_ocr.model import ppocr_file
from attention_ocr.model.ppocr_network import NAME as PPOCR
from attention_ocr.ready import catalog


def file_of(name: str | os.PathLike) -> Path:
    """The file; what exists under a path of that name is taken before anything else.

    Raises:
        UserError: it is a name that nothing has, the ready-made file is damaged, or rapidocr is not installed.
    """
    if str(name) == PPOCR and not Path(name).exists():
        return ppocr_file.installed_file()
    return catalog.model_file(name)
