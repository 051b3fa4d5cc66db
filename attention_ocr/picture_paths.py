"""A pattern -> the pictures it names, in order; and where their drawings go."""

import glob
import itertools
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from attention_ocr import addresses
from attention_ocr.errors import UserError

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
STDIN = "-"  # the path that stands for a picture on standard input
PicturePath = Path | str  # the latter is an address, whose // a Path would make one
COUNTER = re.compile(r"%0?\d*d")
MOST_LOOKED_AT = 1000  # files below a folder, for a hint


def given_paths(arguments: Sequence[str], stdin: TextIO) -> list[PicturePath]:
    """The pictures of a command line in their order, each once.

    Args:
        arguments: what `picture_paths` takes; `-` stands for a picture on standard input.
        stdin: where there are no arguments, it has a path a line.

    Raises:
        UserError: nothing is named, or one of them names no picture.
    """
    if arguments:
        found = [path for one in arguments for path in _named(one)]
    elif stdin.isatty():
        raise UserError(
            "no pictures are named; give files, folders or globs in quotes, - for a picture on standard input, or "
            "paths on standard input, one a line"
        )
    else:
        lines = [line for line in stdin.read().splitlines() if line.strip()]
        found = [line if addresses.is_address(line) else Path(line) for line in lines]
    if not found:
        raise UserError("no pictures are named: standard input has no paths")
    return list(dict.fromkeys(found))


def picture_paths(pattern: str, flag: str = "--image_path_pattern=") -> list[Path]:
    """The files of `signs_%02d.png` (from 0 until one is missing), a glob, a folder (its pictures) or one file.

    Hidden files of a folder are left out: macOS writes a `._a.png`, which is not a picture, beside `a.png` on a shared
    disk.

    Args:
        pattern: what names them.
        flag: what stood before it on the command line, for messages.

    Raises:
        UserError: nothing is there.
    """
    path = Path(pattern)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if _is_picture(file))
    elif COUNTER.search(pattern):
        found = _counted(pattern)
    else:
        found = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not found:
        below = _globs_below(path)
        if below:
            raise UserError(f"{flag}{pattern}: no picture in the folder itself, but in folders below it; give {below}")
        raise UserError(
            f"{flag}{pattern}: no picture; give a file, a folder, a glob in quotes or a counter like "
            "sign_%02d.png, which starts at 0"
        )
    return found


def _globs_below(folder: Path) -> str:
    """Globs of the pictures in folders below one, as a shell takes them; empty: none is seen."""
    if not folder.is_dir():
        return ""
    names = itertools.islice(glob.iglob("*/**/*", root_dir=folder, recursive=True), MOST_LOOKED_AT)  # noqa: PTH207
    suffixes = sorted({Path(name).suffix for name in names if _is_picture(folder / name)})
    return " or ".join(shlex.quote(f"{glob.escape(str(folder))}/**/*{suffix}") for suffix in suffixes)


def drawing_paths(paths: Sequence[PicturePath], folder: str | os.PathLike) -> list[Path]:
    """Where the drawing of each picture goes: a PNG file of its name, in the same folders below `folder`.

    Where two names differ only in their suffix, all keep theirs: `a.jpg.png`.

    Args:
        paths: the pictures, each once.
        folder: gets the folders below the one that all pictures share.

    Raises:
        UserError: a drawing would replace one of the pictures.
    """
    files = [_as_file(path) for path in paths]
    parents = [Path(os.path.abspath(path)).parent for path in files]  # noqa: PTH100 - resolve() follows links
    shared = os.path.commonpath(parents)
    places = [Path(folder) / parent.relative_to(shared) for parent in parents]
    found = [place / f"{path.stem}.png" for place, path in zip(places, files, strict=True)]
    if len({str(path).casefold() for path in found}) < len(found):  # some file systems do not tell a.png from A.png
        found = [place / f"{path.name}.png" for place, path in zip(places, files, strict=True)]
    pictures = {path.resolve() for path in files}
    for path in found:
        if path.resolve() in pictures:
            raise UserError(f"--visualize={folder}: the drawing {path} would replace a picture; name another folder")
    return found


def document_paths(paths: Sequence[PicturePath], folder: str | os.PathLike, suffix: str) -> list[Path]:
    """Where a document of each picture goes; as `drawing_paths`, with another suffix."""
    return [path.with_suffix(suffix) for path in drawing_paths(paths, folder)]


def _named(argument: str) -> Sequence[PicturePath]:
    """The pictures that one argument of a command line names."""
    if argument == STDIN:
        return [Path(STDIN)]
    if not addresses.is_address(argument):
        return picture_paths(argument, "")
    found = addresses.pictures(argument, PICTURE_SUFFIXES)
    if not found:
        raise UserError(
            f"{argument}: no picture; give the address of a file, of a folder, or a glob in quotes, such as "
            f"{shlex.quote(argument.rstrip('/') + '/**/*.jpg')} for those in folders below it"
        )
    return found


def _as_file(path: PicturePath) -> Path:
    """A path whose folders and name are those of an address."""
    return Path("/", *path.split("://")) if isinstance(path, str) else path


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _counted(pattern: str) -> list[Path]:
    found: list[Path] = []
    while (path := Path(COUNTER.sub(lambda match: match[0] % len(found), pattern))).is_file():
        found.append(path)
    return found
