"""What a user should know about the labels of a data set before training."""

from collections import Counter
from collections.abc import Iterable

from attention_ocr.config import GenerateConfig
from attention_ocr.ingest.collecting import RIGHT_TO_LEFT, Labels
from attention_ocr.records.summary import SplitSummary

FAR_LONGER = 2  # times the others,
FEW_CHARACTERS = 16  # and by more than these
FEW = 0.01  # share of the labels that may be longer than the others; one always may


def remarks(labels: Labels, splits: Iterable[SplitSummary], config: GenerateConfig) -> list[str]:
    """The remarks, a line each."""
    found = []
    if not config.max_sequence_length:
        found += _on_outliers(labels)
    leftwards = sum(split.noted[RIGHT_TO_LEFT].count for split in splits if RIGHT_TO_LEFT in split.noted)
    if leftwards:
        found.append(
            f"{leftwards} of {labels.lengths.total()} labels run right to left: each must begin with the letter that "
            "is read first, not with the one that stands on the left"
        )
    return found


def _on_outliers(labels: Labels) -> list[str]:
    longest, usual = labels.longest, _longest_usual(labels.lengths)
    if longest < FAR_LONGER * usual or longest <= usual + FEW_CHARACTERS:
        return []
    number = sum(count for length, count in labels.lengths.items() if length > usual)
    return [
        f"WARNING: the longest label has {longest} characters ({labels.longest_at}), all but {number} have at most "
        f"{usual}; a model computes {longest} steps for every picture: --max_sequence_length={usual} --on_long=skip "
        f"leaves out {'that one' if number == 1 else f'those {number}'}"
    ]


def _longest_usual(lengths: Counter[int]) -> int:
    """The length that all but a few labels do not exceed; the longest one's if there is a single label."""
    number = lengths.total()
    few = max(1, int(FEW * number))
    for length in sorted(lengths, reverse=True):
        few -= lengths[length]
        if few < 0:
            return length
    return max(lengths, default=0)
