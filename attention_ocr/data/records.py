"""Label files and pictures -> a folder of FSNS records that training reads."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig
from attention_ocr.console import progress_bar
from attention_ocr.data import checks, images, shards, splits
from attention_ocr.data.annotations import Annotation
from attention_ocr.data.examples import write_example
from attention_ocr.data.pictures import load_picture
from attention_ocr.data.summary import SplitSummary, Summary
from attention_ocr.dataset_spec import DatasetSpec, Split
from attention_ocr.errors import UserError

MEGABYTE = 10**6


def write_dataset(
    annotations: Mapping[str, list[Annotation]], output_dir: str | os.PathLike, config: GenerateConfig
) -> Summary:
    """Writes records, charset and `dataset.json` to a new folder: all of them, or nothing.

    Args:
        annotations: split name -> its lines; `train` lends lines to `validation` and `test` unless they are here.
        output_dir: a folder that is new or empty.
        config: the knobs.

    Raises:
        UserError: the folder holds something; a line or a picture is wrong and not to be skipped; nothing is
            left to train on.
    """
    output = Path(output_dir)
    report = _asked(annotations, config)
    with shards.staging(output) as folder:
        assigned = splits.assign(annotations, config.validation_fraction, config.test_fraction, config.seed)
        charset = _charset(assigned, config)
        assigned = _checked(assigned, charset, config, report)
        _require_train(any(name == "train" for name, _ in assigned), report)
        spec = _spec(output.resolve().name, assigned, charset, config)
        for name, split in report.items():
            lines = splits.ordered(assigned, name, config.seed)
            with (
                progress_bar(name, len(lines)) as advance,
                shards.ShardWriter(folder, name, config.shard_size * MEGABYTE) as writer,
            ):
                _write_split(lines, spec, config.on_bad_image, split, writer, advance)
            split.num_shards = writer.num_shards
        _require_train(report["train"].kept > 0, report)
        written = {name: Split(f"{name}-*", split.kept) for name, split in report.items() if split.kept}
        spec = dataclasses.replace(spec, splits=written)
        spec.save(folder)
    return Summary(output, spec, report)


def _asked(annotations: Mapping[str, list[Annotation]], config: GenerateConfig) -> dict[str, SplitSummary]:
    shares = {"train": 1.0, "validation": config.validation_fraction, "test": config.test_fraction}
    drawn = [name for name, share in shares.items() if share or name in annotations]
    return {name: SplitSummary() for name in (*drawn, *annotations)}


def _charset(assigned: splits.Assigned, config: GenerateConfig) -> Charset:
    if config.charset_file:
        return Charset.from_file(config.charset_file)
    return Charset.from_labels(line.text for _, line in assigned)


def _checked(
    assigned: splits.Assigned, charset: Charset, config: GenerateConfig, report: dict[str, SplitSummary]
) -> splits.Assigned:
    assigned = checks.without_unknown(assigned, charset, config.on_unknown, report)
    if config.max_sequence_length:
        assigned = checks.without_long(assigned, config.max_sequence_length, config.on_long, report)
    return checks.without_missing(assigned, config.on_bad_image, report)


def _require_train(is_there: bool, report: dict[str, SplitSummary]) -> None:
    if is_there:
        return
    dropped = [f"{drop.count} {reason}" for reason, drop in report["train"].dropped.items()]
    raise UserError(
        f"no line is left for the split train (dropped: {', '.join(dropped) or 'none'}); "
        "mend the lines, add more, or lower --validation_fraction and --test_fraction"
    )


def _spec(name: str, assigned: splits.Assigned, charset: Charset, config: GenerateConfig) -> DatasetSpec:
    """The spec without splits; what the knobs leave open comes from the labels and the first picture."""
    height, width = config.image_height, config.image_width
    if not (height and width):
        first_height, first_width = _first_view_size(assigned, config)
        height, width = height or first_height, width or first_width
    return DatasetSpec(
        name=name,
        num_views=config.num_views,
        image_height=height,
        image_width=width,
        max_sequence_length=config.max_sequence_length or max(len(line.text) for _, line in assigned),
        charset=charset,
        resize=config.resize,
        charset_file=f"charset_size={len(charset)}.txt",
    )


def _first_view_size(assigned: splits.Assigned, config: GenerateConfig) -> tuple[int, int]:
    """Height and width in pixels of a view of the first picture that can be read."""
    for _, line in assigned:
        try:
            image = images.open_image(line.files[0])
        except UserError as error:
            if config.on_bad_image == "error":
                raise _bad_image(line, error) from error
            continue
        side_by_side = config.num_views if len(line.files) == 1 else 1
        return image.height, max(1, image.width // side_by_side)
    raise UserError("no picture can be read; give --image_height and --image_width, or mend the pictures")


def _write_split(
    lines: list[Annotation],
    spec: DatasetSpec,
    on_bad_image: str,
    split: SplitSummary,
    writer: shards.ShardWriter,
    advance: Callable[[int], None],
) -> None:
    def encode(line: Annotation) -> bytes | UserError:
        try:
            return _record(line, spec)
        except UserError as error:
            return error

    with contextlib.closing(shards.map_in_order(encode, lines)) as records:
        for line, record in zip(lines, records, strict=True):
            if isinstance(record, UserError):
                if on_bad_image == "error":
                    raise _bad_image(line, record) from record
                split.drop("bad picture", f"{line.source}: {record}")
            else:
                writer.write(record)
                split.kept += 1
            advance(1)


def _record(line: Annotation, spec: DatasetSpec) -> bytes:
    picture = load_picture(line, spec)
    height, width, _ = spec.image_shape
    return write_example(
        picture.encoded,
        picture.image_format,
        height,
        width,
        picture.orig_width,
        spec.charset.encode(line.text),
        spec.max_sequence_length,
        spec.charset.null_id,
        line.text,
    )


def _bad_image(line: Annotation, error: UserError) -> UserError:
    return UserError(f"{line.source}: {line.text!r}: {error}; mend it or use --on_bad_image=skip")
