"""Which split a line of a label file belongs to, and where in its split it is written."""

import hashlib
import re
from collections.abc import Callable, Collection

from attention_ocr.config import GenerateConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation


def place(seed: int, key: str) -> float:
    """A number in [0, 1) that depends on the seed and the key alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def order(seed: int, line: Annotation) -> float:
    """Where a line stands when its split is mixed, so that a sorted list gives mixed shards.

    The regions of a photograph stand together, so that it is opened once.
    """
    return place(seed, ",".join(line.paths))


def splitter(given: Collection[str], config: GenerateConfig) -> Callable[[str, Annotation], str]:
    """The function from the name under which a line was given and the line to its split.

    The lines under `train` lend a share to the splits that were not given. Where a line goes depends on its
    path alone (or on the part of it that `group_by` names), so adding lines moves no other, nor does one
    fraction move the other's lines.

    Args:
        given: the splits that have lines of their own.
        config: fractions, seed, `group_by`.

    Raises:
        UserError: `group_by` is no regular expression; the function: it is not found in a path.
    """
    validation_below = 0.0 if "validation" in given else config.validation_fraction
    test_from = 1.0 - (0.0 if "test" in given else config.test_fraction)
    group_of = _grouping(config.group_by)

    def split_of(name: str, line: Annotation) -> str:
        if name != "train":
            return name
        where = place(config.seed, group_of(line))
        return "validation" if where < validation_below else "test" if where >= test_from else "train"

    return split_of


def _grouping(group_by: str) -> Callable[[Annotation], str]:
    if not group_by:
        return lambda line: ",".join(line.paths)
    try:
        pattern = re.compile(group_by)
    except re.error as error:
        raise UserError(f"--group_by={group_by}: is no regular expression ({error})") from error

    def group_of(line: Annotation) -> str:
        found = pattern.search(",".join(line.paths))
        if not found:
            path = ",".join(line.paths)
            raise UserError(f"{line.source}: --group_by={group_by} does not match {path!r}; it must match every path")
        return found[1] if pattern.groups and found[1] is not None else found[0]

    return group_of
