"""Drawn pictures -> records, or files with labels. No TensorFlow."""

import contextlib
import dataclasses
import functools
import hashlib
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from attention_ocr import parallel
from attention_ocr.config import RenderConfig
from attention_ocr.console import progress_bar
from attention_ocr.dataset_spec import DatasetSpec, Split
from attention_ocr.records import shards
from attention_ocr.records.examples import write_example
from attention_ocr.records.framing import framed
from attention_ocr.records.summary import SplitSummary, Summary
from attention_ocr.render.signs.renderer import RenderedPicture

MEGABYTE = 10**6
CHUNK = 8
PICTURES_FOLDER = "images"
# PNG at level 1: a third of the time of level 6 for a tenth more bytes of such noisy pictures.
ENCODINGS = {"PNG": (".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]), "JPEG": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95])}


class Renderer(Protocol):
    """Draws picture number n of a seed."""

    @property
    def seed(self) -> int:
        """Another seed, other pictures."""

    def draw(self, number: int, difficulty: float = 1.0) -> RenderedPicture:
        """Picture `number`."""


def write_rendered(
    renderer: Renderer, spec: DatasetSpec, output_dir: str | os.PathLike, config: RenderConfig
) -> Summary:
    """Writes splits of drawn pictures to a new folder: all of them, or nothing.

    Each split has a seed of its own, so that asking for more pictures of one keeps the others.

    Args:
        renderer: what draws, a frozen dataclass with a `seed`.
        spec: sizes and charset; its splits are those written.
        output_dir: a folder that is new or empty.
        config: numbers, format, workers.

    Raises:
        UserError: the folder holds something or cannot be written.
    """
    output = Path(output_dir)
    numbers = {"train": config.number, "validation": config.validation_number, "test": config.test_number}
    report = {name: SplitSummary(kept=number) for name, number in numbers.items() if number}
    with shards.staging(output) as folder:
        for name, split in report.items():
            drawn = _drawn(renderer, name, split.kept, spec, config)
            if config.output == "records":
                split.num_shards = _write_records(drawn, name, folder, config)
            else:
                _write_pictures(drawn, name, folder, config)
        splits = {name: Split(f"{name}-*", split.kept) for name, split in report.items()}
        spec = dataclasses.replace(spec, name=output.resolve().name, splits=splits)
        if config.output == "records":
            spec.save(folder)
    return Summary(output, spec, report)


def encode(pixels: np.ndarray, image_format: str) -> bytes:
    """A file of RGB pixels uint8 [H, W, 3]."""
    suffix, options = ENCODINGS[image_format]
    return cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)[1].tobytes()


@functools.cache
def use_one_thread() -> None:
    """Keeps OpenCV to one thread in a process that draws beside others, where more only cost."""
    if multiprocessing.parent_process():
        cv2.setNumThreads(1)


def seed_of(seed: int, split: str) -> int:
    """The seed of a split, drawn by a hash: NumPy takes [2**32, 0] and [0, 1] for the same seed, so sums would meet."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{split}".encode()).digest()[:8], "big")


def _drawn(
    renderer: Renderer, name: str, number: int, spec: DatasetSpec, config: RenderConfig
) -> Iterator[tuple[bytes, str]]:
    own = dataclasses.replace(renderer, seed=seed_of(renderer.seed, name))  # type: ignore[type-var]
    draw = functools.partial(_draw, renderer=own, spec=spec, config=config)
    workers = parallel.number_of_workers(config.num_workers, number)
    found = parallel.map_in_order(draw, range(number), workers, CHUNK)
    with progress_bar(name, number) as advance, contextlib.closing(found) as pictures:
        for picture in pictures:
            yield picture
            advance(1)


def _draw(number: int, renderer: Renderer, spec: DatasetSpec, config: RenderConfig) -> tuple[bytes, str]:
    """A framed record, or a picture's file; and the label."""
    use_one_thread()
    picture = renderer.draw(number, config.difficulty)
    encoded = encode(picture.pixels, config.image_format)
    if config.output == "pictures":
        return encoded, picture.text
    height, width, _ = picture.pixels.shape
    ids = spec.charset.encode(picture.text)
    length, null_id = spec.max_sequence_length, spec.charset.null_id
    example = write_example(encoded, config.image_format, height, width, width, ids, length, null_id, picture.text)
    return framed(example), picture.text


def _write_records(drawn: Iterator[tuple[bytes, str]], name: str, folder: Path, config: RenderConfig) -> int:
    with shards.ShardWriter(folder, name, config.shard_size * MEGABYTE) as writer:
        for record, _ in drawn:
            writer.write(record)
    return writer.num_shards


def _write_pictures(drawn: Iterator[tuple[bytes, str]], name: str, folder: Path, config: RenderConfig) -> None:
    """`images/train-000000.png` ... and `train.tsv`."""
    suffix, _ = ENCODINGS[config.image_format]
    (folder / PICTURES_FOLDER).mkdir(exist_ok=True)
    with (folder / f"{name}.tsv").open("w", encoding="utf-8", newline="\n") as labels:
        for number, (encoded, text) in enumerate(drawn):
            path = f"{PICTURES_FOLDER}/{name}-{number:06d}{suffix}"
            (folder / path).write_bytes(encoded)
            labels.write(f"{path}\t{text}\n")
