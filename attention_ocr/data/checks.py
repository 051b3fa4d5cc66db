"""What can be wrong with the lines of label files, found before a picture is opened."""

from collections.abc import Callable

from attention_ocr.charset import Charset
from attention_ocr.data.annotations import Annotation
from attention_ocr.data.splits import Assigned
from attention_ocr.data.summary import SplitSummary
from attention_ocr.errors import UserError

MOST_CHARACTERS = 20


def without_unknown(assigned: Assigned, charset: Charset, policy: str, report: dict[str, SplitSummary]) -> Assigned:
    """The lines whose labels the charset can write.

    Args:
        assigned: lines with their splits.
        charset: the classes.
        policy: `error` or `skip`.
        report: counts what is skipped.

    Raises:
        UserError: the policy is `error` and some line is wrong; so do the other two.
    """

    def complaint(wrong: list[Annotation]) -> str:
        unknown = list(dict.fromkeys(character for line in wrong for character in charset.unknown(line.text)))
        shown = " ".join(_visible(character) for character in unknown[:MOST_CHARACTERS])
        more = " ..." if len(unknown) > MOST_CHARACTERS else ""
        return (
            f"has {unknown[0]!r} (1 of {_count(unknown, 'unknown character')}: {shown}{more}; {_count(wrong, 'line')});"
            " add them with --charset_file or use --on_unknown=skip"
        )

    return _sifted(assigned, lambda line: bool(charset.unknown(line.text)), complaint, "unknown", policy, report)


def without_long(assigned: Assigned, longest: int, policy: str, report: dict[str, SplitSummary]) -> Assigned:
    """The lines whose labels have at most `longest` characters."""

    def complaint(wrong: list[Annotation]) -> str:
        most = max(len(line.text) for line in wrong)
        return (
            f"has {len(wrong[0].text)} characters ({_count(wrong, 'line')} above --max_sequence_length={longest}, the "
            f"longest has {most}); use --max_sequence_length={most} or --on_long=skip"
        )

    return _sifted(assigned, lambda line: len(line.text) > longest, complaint, "long", policy, report)


def without_missing(assigned: Assigned, policy: str, report: dict[str, SplitSummary]) -> Assigned:
    """The lines whose pictures are there."""

    def complaint(wrong: list[Annotation]) -> str:
        gone = next(path for path in wrong[0].files if not path.is_file())
        return (
            f"there is no picture {gone} ({_count(wrong, 'line')} of {len(assigned)} without picture); "
            "name the folder that paths start at with --image_root or use --on_bad_image=skip"
        )

    def is_missing(line: Annotation) -> bool:
        return not all(path.is_file() for path in line.files)

    return _sifted(assigned, is_missing, complaint, "missing picture", policy, report)


def _sifted(
    assigned: Assigned,
    is_wrong: Callable[[Annotation], bool],
    complaint: Callable[[list[Annotation]], str],
    reason: str,
    policy: str,
    report: dict[str, SplitSummary],
) -> Assigned:
    right: Assigned = []
    wrong: Assigned = []
    for name, line in assigned:
        (wrong if is_wrong(line) else right).append((name, line))
    if wrong and policy == "error":
        line = wrong[0][1]
        raise UserError(f"{line.source}: {line.text!r} {complaint([line for _, line in wrong])}")
    for name, line in wrong:
        report[name].drop(reason, f"{line.source}: {line.text!r}")
    return right


def _visible(character: str) -> str:
    return character if character.isprintable() and not character.isspace() else repr(character)


def _count(things: list, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
