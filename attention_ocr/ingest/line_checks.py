"""What can be wrong with a line of a label file, found before a picture is opened."""

from collections.abc import Callable
from dataclasses import dataclass, field

from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest import stores
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.records.summary import SplitSummary

MOST_CHARACTERS = 20
MOST_OF_A_LABEL = 80


@dataclass
class Wrong:
    """The lines with one thing wrong: the first, how many, the longest label, the characters not known.

    `as_written` is the first label of the file in which all were known before it was cleaned; empty: there is none.
    """

    first: Annotation | None = None
    count: int = 0
    longest: int = 0
    unknown: dict[str, None] = field(default_factory=dict)
    as_written: str = ""


class LineChecks:
    """Checks lines one by one; what is not to be skipped is told when all were seen, with their number.

    Args:
        charset: the classes that labels may use; None: any character may be used.
        config: policies and the longest label.
        report: counts what is skipped, by split.
    """

    def __init__(self, charset: Charset | None, config: GenerateConfig, report: dict[str, SplitSummary]) -> None:
        self._charset, self._config, self._report = charset, config, report
        self._seen = 0
        self._wrong: dict[str, Wrong] = {}
        # Reason -> policy, whether a line is wrong, what is said of the first one. Checked and told in this order.
        self._checks: dict[str, tuple[str, Callable[[Annotation], bool], Callable[[Wrong], str]]] = {
            "empty": (config.on_empty, self._is_empty, self._empty_complaint),
            "tab": ("error", self._has_tab, self._tab_complaint),
            "unknown": (config.on_unknown, self._is_unknown, self._unknown_complaint),
            "long": (config.on_long, self._is_long, self._long_complaint),
            "missing picture": (config.on_bad_image, self._is_missing, self._missing_complaint),
        }

    def passes(self, split: str, line: Annotation, written: str) -> bool:
        """Whether a line can be used; counts it if it cannot.

        Args:
            split: the split it is for.
            line: the line with its label cleaned.
            written: the label as it stands in the file.
        """
        self._seen += 1
        for reason, (policy, is_wrong, _) in self._checks.items():
            if policy != "keep" and is_wrong(line):
                if policy == "skip":
                    self._report[split].drop(reason, f"{line.source}: {_subject(line)}")
                else:
                    self._note(reason, line, written)
                return False
        return True

    def finish(self) -> None:
        """Raises a UserError if a line was wrong and not to be skipped."""
        for reason, (_, _, complaint) in self._checks.items():
            wrong = self._wrong.get(reason)
            if wrong and wrong.first:
                raise UserError(f"{wrong.first.source}: {_subject(wrong.first)} {complaint(wrong)}")

    def _note(self, reason: str, line: Annotation, written: str) -> None:
        wrong = self._wrong.setdefault(reason, Wrong())
        wrong.first = wrong.first or line
        wrong.count += 1
        wrong.longest = max(wrong.longest, len(line.text))
        if self._charset:
            wrong.unknown |= dict.fromkeys(self._charset.unknown(line.text))
            if not wrong.as_written and not self._charset.unknown(written):
                wrong.as_written = written

    def _is_empty(self, line: Annotation) -> bool:
        return not line.text

    def _has_tab(self, line: Annotation) -> bool:
        return "\t" in line.text

    def _is_unknown(self, line: Annotation) -> bool:
        return self._charset is not None and bool(self._charset.unknown(line.text))

    def _is_long(self, line: Annotation) -> bool:
        return 0 < self._config.max_sequence_length < len(line.text)

    def _is_missing(self, line: Annotation) -> bool:
        return not stores.is_there(line)

    def _empty_complaint(self, wrong: Wrong) -> str:
        return (
            f"has no label ({wrong.count} of {_count(self._seen, 'line')}); write one, remove the line, or use "
            "--on_empty=skip, or --on_empty=keep for a picture without text"
        )

    def _tab_complaint(self, wrong: Wrong) -> str:
        return (
            f"has a tab, which no picture shows ({wrong.count} of {_count(self._seen, 'line')}); if another field "
            "follows the label, name all of them in a first line, such as image<TAB>text<TAB>score, otherwise remove "
            "the tab"
        )

    def _unknown_complaint(self, wrong: Wrong) -> str:
        unknown = list(wrong.unknown)
        shown = " ".join(_visible(character) for character in unknown[:MOST_CHARACTERS])
        more = " ..." if len(unknown) > MOST_CHARACTERS else ""
        return (
            f"has {unknown[0]!r} (1 of {_count(len(unknown), 'unknown character')}: {shown}{more}; "
            f"{_count(wrong.count, 'line')}); add them with --charset_file or --extend_charset, or use "
            f"--on_unknown=skip or replace{self._cleaned_away(wrong)}"
        )

    def _cleaned_away(self, wrong: Wrong) -> str:
        """A hint, where the charset has the characters of a label as it was written."""
        if not wrong.as_written:
            return ""
        knobs = ["--normalize=none"] if self._config.normalize != "none" else []
        knobs += ["--nolowercase"] if self._config.lowercase else []
        return f"; all characters of {wrong.as_written!r} are known as it is written: {' '.join(knobs)} keeps them"

    def _long_complaint(self, wrong: Wrong) -> str:
        assert wrong.first
        return (
            f"has {len(wrong.first.text)} characters ({_count(wrong.count, 'line')} above --max_sequence_length="
            f"{self._config.max_sequence_length}, the longest has {wrong.longest}); use "
            f"--max_sequence_length={wrong.longest} or --on_long=skip"
        )

    def _missing_complaint(self, wrong: Wrong) -> str:
        assert wrong.first
        gone = next(path for path in wrong.first.files if not path.is_file())
        return (
            f"there is no picture {gone} ({_count(wrong.count, 'line')} of {self._seen} without picture); "
            "name the folder that paths start at with --image_root or use --on_bad_image=skip"
        )


def _subject(line: Annotation) -> str:
    """How a message calls a line: its label, of a long one the beginning, or its pictures where it has none."""
    told = repr(line.text or ",".join(line.paths))
    return told if len(told) <= MOST_OF_A_LABEL else f"{told[:MOST_OF_A_LABEL]}..."


def _visible(character: str) -> str:
    return character if character.isprintable() and not character.isspace() else repr(character)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
