"""Where the photographs and the files of a set of regions are, and the corners of a region."""

import itertools
import math
import os
from pathlib import Path, PureWindowsPath
from typing import Any

from attention_ocr.errors import UserError
from attention_ocr.picture_paths import PICTURE_SUFFIXES

UNREADABLE = "marked as not readable"
# The commonest first, as pictures are looked for in this order.
SUFFIXES = (".jpg", ".png", ".jpeg", *sorted(PICTURE_SUFFIXES - {".jpg", ".png", ".jpeg"}))


def picture_of(folder: str, *stems: str) -> str:
    """The name of the picture of one of the stems; where there is none, the first stem with .jpg."""
    names = [f"{stem}{suffix}" for stem in stems for suffix in (*SUFFIXES, *map(str.upper, SUFFIXES))]
    return next((name for name in names if _is_file(folder, name)), names[0])


def picture_named(folder: str, name: str, *others: str) -> str:
    """The picture that a label file names, where it is.

    It is looked for as it is written, without its folders (another machine's), under the other names, and beside the
    label file's folder.

    Args:
        folder: where relative names start.
        name: as written, maybe with back-slashes.
        others: names to try, such as the label file's own with the suffix of a picture.

    Returns:
        The name that is there, else `name`.
    """
    bare = PureWindowsPath(name).name  # takes both kinds of slashes
    candidates = [name, name.replace("\\", "/"), bare, *others, f"../{bare}", *(f"../{other}" for other in others)]
    return next((found for found in candidates if found and _is_file(folder, found)), name)


def files_in(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder in order of name, hidden ones left out."""
    return sorted(path for path in folder.glob(f"*{suffix}") if not path.name.startswith("."))


def corners_of(points: Any, where: str) -> tuple[float, ...]:
    """A polygon x, y, x, y, ... of points [[x, y], ...] or [x, y, x, y, ...].

    Raises:
        UserError: they are not numbers, or not three points at least.
    """
    values = points if isinstance(points, list) else [points]
    if values and all(isinstance(point, list) and len(point) == 2 for point in values):
        values = list(itertools.chain.from_iterable(values))
    if not _are_numbers(values):
        raise UserError(f"{where}: the points {points!r} are not numbers; write [[x, y], ...] or [x, y, x, y, ...]")
    if len(values) % 2 or len(values) < 6:
        raise UserError(f"{where}: the points {points!r} are {len(values)} numbers; write x and y of 3 points or more")
    return tuple(map(float, values))


def corners_of_box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    """The corners of an upright box."""
    return left, top, right, top, right, bottom, left, bottom


def corners_of_size(box: Any, where: str) -> tuple[float, ...]:
    """The corners of a box [x, y, width, height].

    Raises:
        UserError: it is not four numbers.
    """
    if not isinstance(box, list) or len(box) != 4 or not _are_numbers(box):
        raise UserError(f"{where}: the box {box!r} is not four numbers; write [x, y, width, height]")
    left, top, width, height = map(float, box)
    return corners_of_box(left, top, left + width, top + height)


def _are_numbers(values: list) -> bool:
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    try:
        return are_numbers and all(map(math.isfinite, values))
    except OverflowError:  # a whole number that no float holds
        return False


def _is_file(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118 - a name may be one that no path can have
