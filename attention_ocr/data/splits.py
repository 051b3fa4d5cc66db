"""Which split a line of a label file belongs to, and in which order a split is written."""

import hashlib
from collections.abc import Iterable, Mapping

from attention_ocr.data.annotations import Annotation

Assigned = list[tuple[str, Annotation]]


def place(seed: int, annotation: Annotation) -> float:
    """A number in [0, 1) that depends on the seed and the picture's path alone."""
    key = f"{seed}:{','.join(annotation.paths)}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") / 2**48


def assign(
    annotations: Mapping[str, Iterable[Annotation]], validation_fraction: float, test_fraction: float, seed: int
) -> Assigned:
    """Each annotation with the name of its split, in the order given.

    The lines under `train` lend a share to the splits that have no lines of their own. Where a line goes
    depends on its path alone, so adding lines moves no other, nor does one fraction move the other's lines.

    Args:
        annotations: split name -> its lines.
        validation_fraction: share of the train lines that becomes `validation` if that has none.
        test_fraction: the same for `test`.
        seed: another seed, another draw.
    """
    validation_below = 0.0 if "validation" in annotations else validation_fraction
    test_from = 1.0 - (0.0 if "test" in annotations else test_fraction)

    def split_of(name: str, annotation: Annotation) -> str:
        if name != "train":
            return name
        where = place(seed, annotation)
        return "validation" if where < validation_below else "test" if where >= test_from else "train"

    return [(split_of(name, line), line) for name, lines in annotations.items() for line in lines]


def ordered(assigned: Assigned, split: str, seed: int) -> list[Annotation]:
    """A split's lines as they are written: `train` mixed, so that a sorted list gives mixed shards."""
    lines = [line for name, line in assigned if name == split]
    return sorted(lines, key=lambda line: place(seed, line)) if split == "train" else lines
