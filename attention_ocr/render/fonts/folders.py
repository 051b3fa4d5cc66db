"""Where the font files of a machine are."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from attention_ocr.errors import UserError

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")


@functools.cache
def installed_files() -> tuple[str, ...]:
    """The font files of this machine, sorted: those that fontconfig knows, without it those of the usual folders."""
    return tuple(sorted({str(path) for path in _of_fontconfig() or _within(usual_folders())}))


def files_in(folder: str | os.PathLike) -> tuple[str, ...]:
    """The font files in a folder and in those within it, sorted.

    Raises:
        UserError: there is no such folder, or it has none.
    """
    if not str(folder) or not Path(folder).is_dir():
        raise UserError(f"--fonts={folder}: is no folder; give one of font files, or bundled, or installed")
    found = tuple(sorted({str(path) for path in _within([Path(folder)])}))
    if not found:
        raise UserError(f"--fonts={folder}: has no font file ({' '.join(SUFFIXES)})")
    return found


def usual_folders(platform: str = sys.platform) -> list[Path]:
    """Where a system keeps its fonts and a user theirs.

    Args:
        platform: `darwin`, `win32` or another, as `sys.platform` has it.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails for a user who has none
    if platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    if platform == "win32":
        users = Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local")
        return [Path(os.environ.get("WINDIR") or "C:/Windows") / "Fonts", users / "Microsoft/Windows/Fonts"]
    own = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    shared = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return [own / "fonts", home / ".fonts", *(Path(folder) / "fonts" for folder in shared if folder)]


def _of_fontconfig() -> list[str]:
    if not shutil.which("fc-list"):
        return []
    command = ["fc-list", "-f", "%{file}\n"]
    try:
        listing = subprocess.run(command, capture_output=True, timeout=60, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [path for path in os.fsdecode(listing).splitlines() if path.lower().endswith(SUFFIXES)]


def _within(folders: Iterable[Path]) -> list[Path]:
    """The font files of folders that are there; what may not be read is passed over."""
    return [
        Path(place, name)
        for folder in folders
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(SUFFIXES) and not name.startswith(".")
    ]
