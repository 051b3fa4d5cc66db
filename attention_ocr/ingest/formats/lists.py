"""Label files of a line a picture: lists of paths and labels, and the word lists of ICDAR and MLT."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from attention_ocr.ingest.annotations import Annotation, LabelSource, annotation
from attention_ocr.ingest.formats.text_lines import first_lines, numbered_lines
from attention_ocr.picture_paths import PICTURE_SUFFIXES

LINES_TO_RECOGNISE = 20
SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted(PICTURE_SUFFIXES))
ENDS_AS_PICTURE = re.compile(rf"(?:{SUFFIXES})$", re.IGNORECASE)
PATH_IN_QUOTES = re.compile(r"""(["'])(.+?)\1(?=\s|$)""")
PATH_BY_SUFFIX = re.compile(rf".*?(?:{SUFFIXES})(?=\s|$)", re.IGNORECASE)
ICDAR_LINE = re.compile(rf'[^,\t]+(?:{SUFFIXES})\s*,\s*".*"\s*', re.IGNORECASE)
SCRIPTS = "Arabic|Latin|Chinese|Japanese|Korean|Bangla|Hindi|Symbols|Mixed|None"  # what MLT calls them
SCRIPT_AND_TEXT = re.compile(rf"(?:{SCRIPTS}),(.*)")
MLT_LINE = re.compile(rf"[^,\t]+(?i:{SUFFIXES})\s*,\s*(?:{SCRIPTS}),.*")


def is_list(path: Path) -> bool:
    """Whether it can be a list, which any text file can."""
    return path.is_file() and path.suffix.lower() not in {*PICTURE_SUFFIXES, ".json", ".xml"}


def read_list(source: LabelSource) -> Iterator[Annotation]:
    """The lines `path<TAB>label` or `path label`; the label is all the rest, as it is.

    A JSON list of paths, as PaddleOCR has it, is several pictures of one label; with several views it is theirs.

    Raises:
        UserError: the file cannot be read, or a line has no path.
    """
    for number, line in numbered_lines(source.path):
        path, label = path_and_rest(line)
        where = f"{source.path}:{number}"
        paths = _listed(path)
        if source.num_views > 1 and len(paths) > 1:
            yield annotation(source, paths, label, where)
            continue
        for each in paths:
            yield annotation(source, each, label, where)


def path_and_rest(line: str) -> tuple[str, str]:
    """A line cut after its path: at the first tab, else at the blank after a quoted path or a picture's suffix.

    Where there is neither it is cut at the first blank.
    """
    path, tab, rest = line.partition("\t")
    if tab:
        return path, rest
    line = line.strip()
    if match := PATH_IN_QUOTES.match(line):
        return match[2], line[match.end() :]
    if match := PATH_BY_SUFFIX.match(line):
        return match[0], line[match.end() :]
    path, *others = line.split(maxsplit=1)
    return path, "".join(others)


def is_icdar_words(path: Path) -> bool:
    """Whether the first lines are `word_1.png, "Text"` or, as in MLT, `word_1.png,Latin,Text`."""
    if not path.is_file():
        return False
    lines = first_lines(path, LINES_TO_RECOGNISE)
    is_table = path.suffix.lower() == ".csv"
    return bool(lines) and any(
        all(pattern.fullmatch(line) for line in lines)
        for pattern in ([MLT_LINE] if is_table else [MLT_LINE, ICDAR_LINE])
    )


def read_icdar_words(source: LabelSource) -> Iterator[Annotation]:
    r"""The lines `word_1.png, "Text"`, in whose text `\"` is a quote and `\\` a backslash, or `word_1.png,Latin,Text`.

    Raises:
        UserError: the file cannot be read, or a line has no path.
    """
    for number, line in numbered_lines(source.path):
        path, _, text = line.partition(",")
        script = SCRIPT_AND_TEXT.fullmatch(text.strip())
        text = script[1] if script else unescaped(text.strip())
        yield annotation(source, (path.strip(),), text, f"{source.path}:{number}")


def unescaped(text: str) -> str:
    r"""`"a \"b\""` -> `a "b"`; what has no quotes around it stays as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def _listed(path: str) -> tuple[str, ...]:
    """The paths of a JSON list of paths; any other path is the only one."""
    if not path.startswith("["):
        return (path,)
    try:
        paths = json.loads(path)
    except (ValueError, RecursionError):
        return (path,)
    is_list_of_paths = isinstance(paths, list) and paths and all(isinstance(each, str) for each in paths)
    return tuple(paths) if is_list_of_paths else (path,)
