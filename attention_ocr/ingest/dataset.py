"""Label files and pictures -> a folder of FSNS records that training reads."""

import contextlib
import dataclasses
import functools
import os
import statistics
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

from attention_ocr import addresses, parallel, ray_engine
from attention_ocr.charset import Charset
from attention_ocr.config import GenerateConfig
from attention_ocr.console import progress_bar
from attention_ocr.dataset_spec import SPEC_FILE, DatasetSpec, Split
from attention_ocr.errors import UserError
from attention_ocr.ingest import pictures
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.catalog import Catalog, line_of
from attention_ocr.ingest.collecting import collect
from attention_ocr.ingest.preparing import Prepared, preparer
from attention_ocr.ingest.remarks import remarks
from attention_ocr.records import shards
from attention_ocr.records.summary import SplitSummary, Summary

MEGABYTE = 10**6
PROGRESS_INTERVAL = 20
SIZE_SAMPLE = 500  # Pictures whose sizes are looked at where no size is asked for.


def write_dataset(
    annotations: Mapping[str, Iterable[Annotation]], output_dir: str | os.PathLike, config: GenerateConfig
) -> Summary:
    """Writes records, charset and `dataset.json` to a new folder: all of them, or nothing.

    Args:
        annotations: split name -> its lines, taken one at a time; `train` lends lines to `validation` and `test`
            unless they are here.
        output_dir: a folder that is new or empty, or its address; what goes there is written here first.
        config: the knobs.

    Raises:
        UserError: the folder holds something; a line or a picture is wrong and not to be skipped; nothing is
            left to train on.
    """
    if addresses.is_address(output_dir):
        with addresses.sending(str(output_dir), SPEC_FILE) as here:
            summary = write_dataset(annotations, here, config)
        return dataclasses.replace(summary, output_dir=str(output_dir))
    output = Path(output_dir)
    report = _asked(annotations, config)
    needed = next(iter(report))
    engine = ray_engine.connected() if config.engine == "ray" else contextlib.nullcontext()
    with engine, shards.staging(output) as folder, Catalog(folder / "lines.sqlite") as catalog:
        charset, labels = collect(annotations, catalog, config, report)
        _require(catalog.count(needed) > 0, needed, report)
        spec = _spec(output.resolve().name, catalog, charset, labels.longest, config)
        for name, split in report.items():
            with shards.ShardWriter(folder, name, config.shard_size * MEGABYTE) as writer:
                _write_split(name, catalog, spec, config, split, writer)
            split.num_shards = writer.num_shards
        _require(report[needed].kept > 0, needed, report)
        written = {name: Split(f"{name}-*", split.kept) for name, split in report.items() if split.kept}
        spec = dataclasses.replace(spec, splits=written)
        spec.save(folder)
    return Summary(output, spec, report, tuple(remarks(labels, report.values(), config)))


def _asked(annotations: Mapping[str, Iterable[Annotation]], config: GenerateConfig) -> dict[str, SplitSummary]:
    """The splits to write, the one that must not be empty first."""
    shares = {"validation": config.validation_fraction, "test": config.test_fraction}
    drawn = ["train", *(name for name, share in shares.items() if share)] if "train" in annotations else []
    return {name: SplitSummary() for name in dict.fromkeys([*drawn, *annotations])}


def _require(is_there: bool, name: str, report: dict[str, SplitSummary]) -> None:
    if is_there:
        return
    dropped = [f"{drop.count} {reason}" for reason, drop in report[name].dropped.items()]
    raise UserError(
        f"no line is left for the split {name} (dropped: {', '.join(dropped) or 'none'}); "
        "mend the lines, add more, or lower --validation_fraction and --test_fraction"
    )


def _spec(name: str, catalog: Catalog, charset: Charset, longest: int, config: GenerateConfig) -> DatasetSpec:
    """The spec without splits; what the knobs leave open comes from the labels and the pictures."""
    height, width = config.image_height, config.image_width
    if not (height and width):
        height, width = _usual_size(catalog.sample(SIZE_SAMPLE), config)
    return DatasetSpec(
        name=name,
        num_views=config.num_views,
        image_height=height,
        image_width=width,
        max_sequence_length=config.max_sequence_length or longest,
        charset=charset,
        resize=config.resize,
        vertical=config.vertical,
        least_width=config.least_width,
        charset_file=f"charset_size={len(charset)}.txt",
    )


def _usual_size(lines: list[Annotation], config: GenerateConfig) -> tuple[int, int]:
    """Height and width in pixels of a view: as asked for, else from the pictures that can be read.

    The height is their median. The width is that of the pictures at this height: the median, with keep_height the
    largest. Where only the width is asked for, the height is the median at that width.
    """
    sizes = []
    for line in lines:
        try:
            sizes.append(pictures.view_size(line, config.num_views, config.vertical, config.max_pixels))
        except UserError as error:
            if config.on_bad_image == "error":
                raise _bad_image(line, error) from error
    if not sizes:
        raise UserError("no picture can be read; give --image_height and --image_width, or mend the pictures")
    if config.image_width and not config.image_height and config.resize != "keep_height":
        at_width = [max(1, round(height * config.image_width / width)) for height, width in sizes]
        return statistics.median_low(at_width), config.image_width
    height = config.image_height or statistics.median_low([height for height, _ in sizes])
    at_height = [max(1, round(width * height / its_height)) for its_height, width in sizes]
    width = max(at_height) if config.resize == "keep_height" else statistics.median_low(at_height)
    return height, config.image_width or width


def _write_split(
    name: str,
    catalog: Catalog,
    spec: DatasetSpec,
    config: GenerateConfig,
    split: SplitSummary,
    writer: shards.ShardWriter,
) -> None:
    number, is_mixed = catalog.count(name), name == "train"
    shown, rows = 0, catalog.rows(name, is_mixed)
    found = _prepared(catalog.rows(name, is_mixed), number, spec, config)
    with progress_bar(name, number) as advance, contextlib.closing(found) as prepared:
        for done, (row, made) in enumerate(zip(rows, prepared, strict=True), start=1):
            if isinstance(made, UserError):
                if config.on_bad_image == "error":
                    raise _bad_image(line_of(row), made) from made
                split.drop("bad picture", f"{line_of(row).source}: {made}")
            elif _is_wanted(row, made, name, catalog, config, split):
                writer.write(made.record)
                split.kept += 1
            if done % PROGRESS_INTERVAL == 0 or done == number:
                advance(done - shown)
                shown = done


def _prepared(
    rows: Iterable[str], number: int, spec: DatasetSpec, config: GenerateConfig
) -> Generator[Prepared | UserError, None, None]:
    """What `prepare` makes of each row, in order."""
    if config.engine == "ray":
        begin = functools.partial(preparer, spec, config.max_pixels)
        return ray_engine.map_in_order(begin, rows, config.num_workers)
    workers = parallel.number_of_workers(config.num_workers, number)
    return parallel.map_in_order(preparer(spec, config.max_pixels), rows, workers)


def _is_wanted(
    row: str, made: Prepared, name: str, catalog: Catalog, config: GenerateConfig, split: SplitSummary
) -> bool:
    """False for a picture of another split; notes that, a label that contradicts another, and what is odd about it."""
    earlier = catalog.claim(made.digest, name, row)
    if earlier:
        line, (other_split, other) = line_of(row), earlier
        if other_split != name and config.on_duplicate != "keep":
            message = f"{line.source}: {line.text!r} has the picture of {other.source}, which is in {other_split}"
            if config.on_duplicate == "error":
                raise UserError(f"{message}; remove one of them or use --on_duplicate=skip")
            split.drop("duplicate", message)
            return False
        if other.text != line.text:
            message = f"{line.source}: {line.text!r}, but {other.source} calls the same picture {other.text!r}"
            split.note("two labels", message)
    for what, told in made.notes:
        split.note(what, f"{line_of(row).source}: {told}")
    if made.wanted_width:
        where = line_of(row).source
        split.note("squeezed", f"{where}: {made.wanted_width} pixels wide at this height", made.wanted_width)
    return True


def _bad_image(line: Annotation, error: UserError) -> UserError:
    return UserError(f"{line.source}: {line.text!r}: {error}; mend it or use --on_bad_image=skip")
