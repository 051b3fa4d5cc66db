"""Pass one over label files: every line cleaned, checked, given its split, and kept in a catalog."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig
from attention_ocr.console import progress_bar
from attention_ocr.dataset_spec import charset_path
from attention_ocr.errors import UserError
from attention_ocr.ingest import splits, stores
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.catalog import Catalog
from attention_ocr.ingest.cleaning import label_cleaner, runs_right_to_left
from attention_ocr.ingest.line_checks import LineChecks
from attention_ocr.records.summary import SplitSummary

PROGRESS_INTERVAL = 1000
UNWRITABLE = re.compile("[\r\n\ud800-\udfff]")


# Control characters, line separators, and what is of no width; joiners, which change how letters look, are not here.
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
RIGHT_TO_LEFT = "right to left"


@dataclass
class Labels:
    """What was seen of the labels that are kept.

    Attributes:
        characters: all of them.
        lengths: length -> labels.
        longest: the greatest length.
        longest_at: where the first label of that length stands.
        most_pictures: the most pictures of a line.
    """

    characters: set[str] = field(default_factory=set)
    lengths: Counter[int] = field(default_factory=Counter)
    longest: int = 0
    longest_at: str = ""
    most_pictures: int = 0


def collect(
    annotations: Mapping[str, Iterable[Annotation]],
    catalog: Catalog,
    config: GenerateConfig,
    report: dict[str, SplitSummary],
) -> tuple[Charset, Labels]:
    """Fills the catalog.

    Args:
        annotations: split name -> its lines.
        catalog: takes the lines that can be used.
        config: the knobs.
        report: counts what is dropped or noted, by split.

    Returns:
        The charset, and what was seen of the labels.

    Raises:
        UserError: a line is wrong and not to be skipped, or no label has a character.
    """
    given = Charset.from_file(charset_path(config.charset_file)) if config.charset_file else None
    seen = Labels()
    checks = LineChecks(None if config.extend_charset else given, config, report)
    split_of = splits.splitter(annotations.keys(), config)
    clean = _cleaner(config, given)
    with progress_bar("labels", None) as advance:
        number = 0
        for number, (name, line) in enumerate(_all(annotations), start=1):
            split = split_of(name, line)
            cleaned = _cleaned(line, clean(line.text), report[split])
            if cleaned and checks.passes(split, cleaned, line.text):
                _note(seen, cleaned, report[split])
                catalog.add(split, splits.order(config.seed, cleaned), _with_missing_views(cleaned, config))
            if number % PROGRESS_INTERVAL == 0:
                advance(PROGRESS_INTERVAL)
        advance(number % PROGRESS_INTERVAL)
    checks.finish()
    _require_views(seen, catalog, config)
    if seen.lengths and not seen.longest:
        raise UserError("no line has a label with a character, so there is nothing to learn; write labels")
    if given:
        return given.extended(seen.characters) if config.extend_charset else given, seen
    return Charset.from_labels(seen.characters), seen


def _all(annotations: Mapping[str, Iterable[Annotation]]) -> Iterable[tuple[str, Annotation]]:
    return ((name, line) for name, lines in annotations.items() for line in lines)


def _cleaned(line: Annotation, text: str, split: SplitSummary) -> Annotation | None:
    """The line with its label cleaned; None if its data set says to leave it out."""
    if line.ignored:
        split.drop("ignored", f"{line.source}: {line.ignored}")
        return None
    if unwritable := UNWRITABLE.search(text):
        raise UserError(
            f"{line.source}: the label {text!r} has {unwritable[0]!r}, which no charset holds; a label is one line of "
            "Unicode: correct it or remove the line"
        )
    if line.note:
        split.note(line.note, f"{line.source}: {text!r}")
    if text == line.text:
        return line
    split.note("label changed", f"{line.source}: {line.text!r} -> {text!r}")
    return dataclasses.replace(line, text=text)


def _cleaner(config: GenerateConfig, charset: Charset | None):
    """What makes a label's text: normalisation and, where asked for, the replacement of unknown characters."""
    clean = label_cleaner(config, charset)
    if config.on_unknown != "replace" or charset is None or config.extend_charset:
        return clean
    if len(config.replacement) != 1 or charset.unknown(config.replacement):
        raise UserError(
            f"--replacement={config.replacement}: must be one character of --charset_file={config.charset_file}"
        )

    def clean_and_replace(text: str) -> str:
        cleaned = clean(text)
        unknown = [ord(character) for character in charset.unknown(cleaned) if character != "\t"]  # which is an error
        return cleaned.translate(dict.fromkeys(unknown, config.replacement))

    return clean_and_replace


def _note(seen: Labels, line: Annotation, split: SplitSummary) -> None:
    if len(line.text) > seen.longest:
        seen.longest, seen.longest_at = len(line.text), line.source
    seen.characters.update(line.text)
    seen.lengths[len(line.text)] += 1
    if INVISIBLE.search(line.text):
        split.note("invisible character", f"{line.source}: {line.text!r}")
    if runs_right_to_left(line.text):
        split.note(RIGHT_TO_LEFT, f"{line.source}: {line.text!r}")
    seen.most_pictures = max(seen.most_pictures, len(line.paths) if line.store not in stores.IN_RECORDS else 0)


def _with_missing_views(line: Annotation, config: GenerateConfig) -> Annotation:
    """The line with V paths, empty where a view is missing, unless one picture holds all of them."""
    holds_all = len(line.paths) == 1 and (config.side_by_side or line.store in stores.IN_RECORDS)
    missing = config.num_views - len(line.paths)
    return line if holds_all or not missing else dataclasses.replace(line, paths=(*line.paths, *[""] * missing))


def _require_views(seen: Labels, catalog: Catalog, config: GenerateConfig) -> None:
    """Four copies of one picture teach nothing: one picture for several views must be said to hold them all."""
    if config.num_views == 1 or config.side_by_side or seen.most_pictures != 1:
        return
    line = catalog.sample(1)[0]
    raise UserError(
        f"{line.source}: {line.paths[0]!r} is one picture, and no line has more, but --num_views={config.num_views}; "
        f"if each holds {config.num_views} views side by side add --side_by_side, if there is one picture of each "
        "object use --num_views=1"
    )
