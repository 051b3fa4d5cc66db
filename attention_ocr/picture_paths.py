"""A pattern -> the pictures it names, in order."""

import glob
import re
from pathlib import Path

from attention_ocr.errors import UserError

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
COUNTER = re.compile(r"%0?\d*d")


def picture_paths(pattern: str) -> list[Path]:
    """The files of `signs_%02d.png` (from 0 until one is missing), a glob, a folder (its pictures) or one file.

    Raises:
        UserError: nothing is there.
    """
    path = Path(pattern)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
    elif COUNTER.search(pattern):
        found = _counted(pattern)
    else:
        found = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not found:
        raise UserError(
            f"--image_path_pattern={pattern}: no picture; give a file, a folder, a glob in quotes or a counter like "
            "sign_%02d.png, which starts at 0"
        )
    return found


def _counted(pattern: str) -> list[Path]:
    found: list[Path] = []
    while (path := Path(COUNTER.sub(lambda match: match[0] % len(found), pattern))).is_file():
        found.append(path)
    return found
