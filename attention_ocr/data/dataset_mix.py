"""The data sets of a run: their folders, their shares or the steps at which they take turns, and all their classes."""

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from attention_ocr.charset import Charset
from attention_ocr.config import DataConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError

MOST_DRAWS = 1000  # of a period
OWN_FIELDS = ("name", "max_sequence_length", "charset", "splits", "charset_file")  # the others describe the pictures


@dataclass(frozen=True)
class Part:
    """A data set of a mix: its folder, as the user wrote it, and its spec."""

    folder: str
    spec: DatasetSpec

    def files(self, split_name: str) -> list[str]:
        """The split's record files; a UserError if there is none."""
        return self.spec.split_files(self.folder, split_name)


@dataclass(frozen=True)
class Stage:
    """The data sets that pictures are drawn from after a step.

    Attributes:
        start: the steps done before it.
        draws: how many pictures of a period come from each data set.
    """

    start: int
    draws: tuple[int, ...]


@dataclass(frozen=True)
class DatasetMix:
    """What a run learns from.

    Attributes:
        parts: the data sets, each once.
        stages: what pictures are drawn from, and when; the first stage starts at 0, the last never ends.
        spec: the united data set, which the model is built for; the spec of a single data set is its own.
    """

    parts: tuple[Part, ...]
    stages: tuple[Stage, ...]
    spec: DatasetSpec


def load(dataset_dir: str, dataset_name: str, data: DataConfig) -> DatasetMix:
    """The data sets that the flags name.

    Args:
        dataset_dir: a folder of records, or several separated by commas; empty if `data.curriculum` has them.
        dataset_name: as `DatasetSpec.load` takes it: one for all, or one for each, separated by commas.
        data: its `dataset_weights` and `curriculum` are used.

    Raises:
        UserError: a flag's value is wrong, a data set is missing, or the data sets do not fit together.
    """
    if not data.curriculum:
        parts = parts_of(dataset_dir, dataset_name)
        return DatasetMix(parts, (Stage(0, _weighted(data.dataset_weights, parts)),), united(parts))
    for name, value in (("dataset_dir", dataset_dir), ("dataset_weights", data.dataset_weights)):
        if value:
            raise UserError(
                f"--curriculum={data.curriculum} and --{name}={value}: leave one of them out; a curriculum names its "
                "own folders and learns from one at a time"
            )
    folders, starts = _turns(data.curriculum)
    distinct = list(dict.fromkeys(folders))
    try:
        parts = _parts(distinct, dataset_name)
    except UserError as error:
        raise UserError(str(error).replace("--dataset_dir=", "--curriculum: ")) from error
    stages = [
        Stage(start, apportion([Fraction(other == folder) for other in distinct]))
        for folder, start in zip(folders, starts, strict=True)
    ]
    return DatasetMix(parts, tuple(stages), united(parts))


def parts_of(dataset_dir: str, dataset_name: str, split_name: str = "") -> tuple[Part, ...]:
    """The data sets of a folder of records, or of several with commas between.

    Args:
        dataset_dir, dataset_name: as `load` takes them.
        split_name: what each of them must have; empty: anything.

    Raises:
        UserError: one is missing, is named twice, or has no such split.
    """
    parts = _parts(_folders(dataset_dir), dataset_name)
    for part in parts if split_name else ():
        part.files(split_name)
    return parts


def united(parts: Sequence[Part]) -> DatasetSpec:
    """The spec of all `parts` together: the first one's, with the largest T and with the characters of all.

    The first one's classes keep their ids, new characters follow by code point, and a null at the end stays there.

    Raises:
        UserError: their pictures differ in size, views or how they were fitted.
    """
    first = parts[0].spec
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        _check_alike(parts[0], part)
    charset = first.charset.extended(symbol for part in parts[1:] for symbol in part.spec.charset.symbols)
    return dataclasses.replace(
        first,
        name="+".join(part.spec.name for part in parts),
        max_sequence_length=max(part.spec.max_sequence_length for part in parts),
        charset=charset,
        splits={},
        charset_file=f"charset_size={len(charset)}.txt",
    )


def widened(spec: DatasetSpec, charset: Charset, length: int) -> DatasetSpec:
    """The spec with the characters of another charset after its own ones, and at least that T."""
    both = spec.charset.united(charset)
    longest = max(spec.max_sequence_length, length)
    return dataclasses.replace(
        spec, charset=both, max_sequence_length=longest, charset_file=f"charset_size={len(both)}.txt"
    )


def with_share(mix: DatasetMix, part: Part, share: float) -> DatasetMix:
    """The mix with a further data set that has a share of the pictures of every stage; the spec stays."""
    stages = []
    for stage in mix.stages:
        rest = (1 - Fraction(str(share))) / sum(stage.draws)
        draws = apportion([*(number * rest for number in stage.draws), Fraction(str(share))])
        stages.append(Stage(stage.start, draws))
    return DatasetMix((*mix.parts, part), tuple(stages), mix.spec)


def matching_ids(spec: DatasetSpec, other: DatasetSpec) -> list[int]:
    """For each class of `spec` the class of `other` that holds the character it prints; -1 where there is none."""
    nulls = spec.charset.null_id, other.charset.null_id
    owners = {c: owner for owner, held in enumerate(other.charset.classes) if owner != nulls[1] for c in held}
    symbols = enumerate(spec.charset.symbols)
    return [nulls[1] if class_id == nulls[0] else owners.get(symbol, -1) for class_id, symbol in symbols]


def is_readable(
    spec: DatasetSpec, model: DatasetSpec, has_canvas: bool = False, may_lack_characters: bool = False
) -> bool:
    """Whether a model built for `model` can be evaluated on `spec`: pictures alike, no larger T, no unknown character.

    With a canvas, pictures may have any width if they are fitted in the same way.
    """
    alike = (spec.num_views, spec.image_shape) == (model.num_views, model.image_shape)
    if has_canvas and spec.num_views == 1 and spec.resize == model.resize:
        alike = spec.image_height == model.image_height
        alike = alike or (spec.resize == "pad" and spec.image_height < model.image_height)
    knows_all = may_lack_characters or -1 not in matching_ids(spec, model)
    return alike and spec.max_sequence_length <= model.max_sequence_length and knows_all


def apportion(weights: Sequence[Fraction]) -> tuple[int, ...]:
    """How many draws of a period belong to each weight.

    The period is as long as exact shares need, or MOST_DRAWS, shared out by largest remainder (Hamilton's method).
    """
    denominator = math.lcm(*(weight.denominator for weight in weights))
    draws = [int(weight * denominator) for weight in weights]
    draws = [number // math.gcd(*draws) for number in draws]
    total = sum(draws)
    if total <= MOST_DRAWS:
        several = max(1, 100 // total)  # a short period costs as much to shuffle as a long one
        return tuple(number * several for number in draws)
    quotas = [Fraction(number * MOST_DRAWS, total) for number in draws]
    rounded = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda n: rounded[n] - quotas[n])
    for n in by_remainder[: MOST_DRAWS - sum(rounded)]:
        rounded[n] += 1
    return tuple(rounded)


def report(mix: DatasetMix, numbers: Sequence[int]) -> list[str]:
    """Lines that describe the data sets, none for a single one; `numbers` are the records of each part."""
    if len(mix.parts) == 1:
        return []
    K, T = len(mix.spec.charset), mix.spec.max_sequence_length
    lines = [f"learning from {len(mix.parts)} data sets, {mix.spec.name}: {K} classes, T = {T}"]
    seen: set[int] = set()
    for n, (part, number) in enumerate(zip(mix.parts, numbers, strict=True)):
        new = sorted(set(matching_ids(part.spec, mix.spec)) - seen)
        seen.update(new)
        known = f"{len(new)} classes" if n == 0 else _new_classes([mix.spec.charset.symbols[c] for c in new])
        lines.append(f"  {part.folder}: {number:,} records, {_when(mix.stages, n)}, {known}")
    return lines


def changes(mix: DatasetMix, numbers: Sequence[int]) -> dict[int, str]:
    """The message for each step at which a curriculum moves to another data set."""
    found = {}
    for stage in mix.stages[1:]:
        n = next(n for n, number in enumerate(stage.draws) if number)
        found[stage.start] = f"step {stage.start}  now learning from {mix.parts[n].folder} ({numbers[n]:,} records)"
    return found


def _when(stages: Sequence[Stage], n: int) -> str:
    if len(stages) == 1:
        return f"{100 * stages[0].draws[n] / sum(stages[0].draws):.4g}% of the pictures"
    ends = [f" to {stage.start}" for stage in stages[1:]] + [" on"]
    turns = [f"{stage.start}{end}" for stage, end in zip(stages, ends, strict=True) if stage.draws[n]]
    return f"from step {' and '.join(turns)}"


def _new_classes(symbols: list[str], most: int = 20) -> str:
    if not symbols:
        return "no new class"
    shown = " ".join(map(repr, symbols[:most])) + (f" and {len(symbols) - most} more" if len(symbols) > most else "")
    return f"{len(symbols)} new class{'es' if len(symbols) > 1 else ''}: {shown}"


def _folders(text: str) -> list[str]:
    """The folders of --dataset_dir; a folder whose name holds commas and exists is one."""
    found = [text] if Path(text).is_dir() else text.split(",")
    for folder in found:
        if not folder:
            raise UserError(f"--dataset_dir={text}: has an empty name; put one comma between two folders")
        if [Path(other) for other in found].count(Path(folder)) > 1:
            raise UserError(
                f"--dataset_dir={text}: names {folder} twice; name it once, with a larger weight in --dataset_weights"
            )
    return found


def _parts(folders: list[str], dataset_name: str) -> tuple[Part, ...]:
    names = dataset_name.split(",")
    if len(names) not in (1, len(folders)):
        raise UserError(
            f"--dataset_name={dataset_name}: has {len(names)} names for {len(folders)} data sets; give one for all, "
            "or one for each"
        )
    names = names * len(folders) if len(names) == 1 else names
    return tuple(Part(folder, DatasetSpec.load(folder, name)) for folder, name in zip(folders, names, strict=True))


def _weighted(text: str, parts: Sequence[Part]) -> tuple[int, ...]:
    if text and len(parts) == 1:
        raise UserError(
            f"--dataset_weights={text}: has no effect on one data set; it works with several, --dataset_dir=a,b"
        )
    words = text.split(",") if text else ["1"] * len(parts)
    if len(words) != len(parts):
        raise UserError(
            f"--dataset_weights={text}: has {len(words)} weights for {len(parts)} data sets; give one for each folder "
            "of --dataset_dir"
        )
    for word in words:
        if not re.fullmatch(r"[0-9]*\.?[0-9]+", word.strip()) or not Fraction(word):
            raise UserError(f"--dataset_weights={text}: {word!r} is not a number above 0; write weights such as 3,1")
    draws = apportion([Fraction(word) for word in words])
    if 0 in draws:
        raise UserError(
            f"--dataset_weights={text}: {parts[draws.index(0)].folder} would get none of {MOST_DRAWS} pictures; "
            "raise its weight or leave the folder out"
        )
    return draws


def _turns(text: str) -> tuple[list[str], list[int]]:
    """The folders of a curriculum and the steps they begin at."""
    folders, starts = [], [0]
    entries = [text] if Path(text).is_dir() else text.split(",")
    for number, entry in enumerate(entries, start=1):
        folder, colon, step = entry.rpartition(":")
        has_step = bool(colon) and step.isdecimal()
        folders.append(folder if has_step else entry)
        _check_turn(text, entry, has_step, is_last=number == len(entries))
        if not folders[-1]:
            raise UserError(f"--curriculum={text}: {entry!r} names no folder; write FOLDER:STEP,FOLDER:STEP,FOLDER")
        if has_step and int(step) <= starts[-1]:
            raise UserError(
                f"--curriculum={text}: step {step} of {entry!r} is not above {starts[-1]}; the steps count from the "
                "run's beginning, so each must be larger than the one before"
            )
        starts += [int(step)] if has_step else []
    return folders, starts


def _check_turn(text: str, entry: str, has_step: bool, is_last: bool) -> None:
    if has_step and is_last:
        raise UserError(
            f"--curriculum={text}: the last entry {entry!r} has a step; remove the step: the last data set is used "
            "until --max_number_of_steps"
        )
    if not has_step and not is_last:
        raise UserError(f"--curriculum={text}: {entry!r} has no step; write {entry}:STEP, the step at which it ends")


def _check_alike(first: Part, other: Part) -> None:
    names = [field.name for field in dataclasses.fields(DatasetSpec) if field.name not in OWN_FIELDS]
    pairs = [(name, getattr(first.spec, name), getattr(other.spec, name)) for name in names]
    differing = [(name, ours, theirs) for name, ours, theirs in pairs if ours != theirs]
    if differing:
        told = ", ".join(f"{name} {ours} and {theirs}" for name, ours, theirs in differing)
        flags = " ".join(f"--{name}={ours}" for name, ours, _ in differing)
        raise UserError(
            f"{first.folder} and {other.folder}: do not fit together ({told}); make the records of {other.folder} anew "
            f"with generate_tfrecords {flags}"
        )
