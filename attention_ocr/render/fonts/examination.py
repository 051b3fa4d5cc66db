"""Font files -> the fonts to draw with and those left out. Each file is examined once; what was found is kept."""

import contextlib
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from attention_ocr import files
from attention_ocr.console import progress_bar
from attention_ocr.errors import UserError
from attention_ocr.render.fonts import checks
from attention_ocr.render.fonts.files import FACE, FontFile, read_fonts

EXAMPLES = 3  # Families named in the summary, of each fault.
SHOWN_FROM = 100  # New files from which a bar is shown: about a second.
FIELDS = tuple(field.name for field in dataclasses.fields(FontFile) if field.name != "path")
VERSION = [checks.VERSION, *FIELDS]  # What is kept depends on these beside the file.


@dataclass(frozen=True)
class Examination:
    """What was found in font files.

    Attributes:
        fonts: those to draw with, in the order of the files.
        left_out: fault -> names of the fonts that have it.
    """

    fonts: tuple[FontFile, ...]
    left_out: dict[str, list[str]]

    def summary(self) -> str:
        """How many fonts there are, how many are left out, and why, on one line."""
        parts = []
        for fault, names in self.left_out.items():
            families = list(dict.fromkeys(names))
            more = ", ..." if len(families) > EXAMPLES else ""
            parts.append(f"{fault} ({len(names)}: {', '.join(families[:EXAMPLES])}{more})")
        left_out = f"; left out: {'; '.join(parts)}" if parts else ""
        return f"{len(self.fonts)} of {len(self.fonts) + sum(map(len, self.left_out.values()))} fonts{left_out}"


class _Known(NamedTuple):
    """What is known of a file: its size and time when it was examined, its fonts and their faults."""

    stamp: tuple[int, int]
    fonts: list[tuple[FontFile, str]]


def examine(paths: Sequence[str]) -> Examination:
    """The fonts of files. What is found is kept in the user's cache folder, if that can be written.

    Processes that do so at once lose time, nothing else: the file is replaced whole.
    """
    known = _read_cache()
    stamps = {path: _stamp(path) for path in paths}
    new = [path for path in paths if path not in known or known[path].stamp != stamps[path]]
    if new:
        bar = progress_bar("fonts", len(new)) if len(new) >= SHOWN_FROM else contextlib.nullcontext(lambda done: None)
        with bar as advance:
            for path in new:
                known[path] = _Known(stamps[path], _examined(path))
                advance(1)
        _write_cache(_read_cache() | {path: known[path] for path in new})
    fonts: list[FontFile] = []
    left_out: dict[str, list[str]] = {fault: [] for fault in checks.FAULTS}
    for path in paths:
        for font, fault in known[path].fonts:
            if fault:
                left_out[fault].append(font.family or Path(path).name)
            else:
                fonts.append(font)
    return Examination(tuple(fonts), {fault: names for fault, names in left_out.items() if names})


def cache_file() -> Path:
    """Where what was found is kept."""
    return Path(platformdirs.user_cache_dir("attention-ocr", appauthor=False)) / "fonts.json"


def _examined(path: str) -> list[tuple[FontFile, str]]:
    """A file's fonts and their faults; the instances of a variable font have those of its plainest one."""
    fonts = read_fonts(path)
    if not fonts:
        return [(FontFile(path, 0, "", ""), checks.UNDRAWABLE)]
    faults = {}
    for face in {font.index & FACE for font in fonts}:
        same = [font for font in fonts if font.index & FACE == face]
        faults[face] = checks.fault_of(min(same, key=lambda font: font.style != "Regular"))
    return [(font, faults[font.index & FACE]) for font in fonts]


def _stamp(path: str) -> tuple[int, int]:
    """What tells that a file is another: its size and the time it was written."""
    try:
        status = Path(path).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _read_cache() -> dict[str, _Known]:
    """What is known, by path; nothing where the file is missing, broken, or of other measurements."""
    try:
        content = json.loads(cache_file().read_bytes())
        if content["version"] != VERSION:
            return {}
        return {path: _known(path, entry) for path, entry in content["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _known(path: str, entry: dict[str, Any]) -> _Known:
    size, time = entry["stamp"]
    fonts = [(FontFile(path, **dict(zip(FIELDS, values, strict=True))), fault) for *values, fault in entry["fonts"]]
    if not all(fault in ("", *checks.FAULTS) for _, fault in fonts):
        raise ValueError("unknown fault")
    return _Known((size, time), fonts)


def _write_cache(known: dict[str, _Known]) -> None:
    """Replaces the cache; files that are gone are forgotten."""
    entries = {
        path: {
            "stamp": entry.stamp,
            "fonts": [[*(getattr(font, field) for field in FIELDS), fault] for font, fault in entry.fonts],
        }
        for path, entry in known.items()
        if Path(path).exists()
    }
    with contextlib.suppress(UserError), files.replacing(cache_file()) as temporary:
        temporary.write_text(json.dumps({"version": VERSION, "files": entries}), "utf-8")
