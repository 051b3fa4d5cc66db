"""Pictures with their texts that an export is compared on: of a split, or drawn."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attention_ocr.config import RenderConfig, SignsConfig, WordsConfig
from attention_ocr.data import pipeline
from attention_ocr.data.dataset_mix import is_readable
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.reading.reader import Reader
from attention_ocr.render.renderers import sign_renderer, word_renderer

BATCH = 8  # pictures of a batch


@dataclass(frozen=True)
class Sample:
    """A batch as backends take it.

    Attributes:
        pixels: uint8 [B, H, V*W, 3].
        sizes: int32 [B, 2], or None.
        texts: the truth of each picture.
    """

    pixels: np.ndarray
    sizes: np.ndarray | None
    texts: Sequence[str]


def samples(reader: Reader, dataset_dir: str, split_name: str, number: int) -> tuple[list[Sample], str]:
    """`number` pictures in batches, and where they come from.

    Args:
        reader: tells the data set and the canvas.
        dataset_dir: records; empty: pictures are drawn.
        split_name: which of them.
        number: the most pictures.

    Raises:
        UserError: the records do not fit the model.
    """
    if dataset_dir:
        return of_split(reader, dataset_dir, split_name, number), f"{split_name} of {dataset_dir}"
    return drawn(reader, number), "drawn"


def of_split(reader: Reader, dataset_dir: str, split_name: str, number: int) -> list[Sample]:
    """Pictures of a split of records."""
    spec, canvas = DatasetSpec.load(dataset_dir), reader.geometry.canvas
    if not is_readable(spec, reader.dataset, bool(canvas)):
        misfits = ", ".join(reader.dataset.misfits(spec))
        raise UserError(f"--dataset_dir={dataset_dir}: does not fit the model (model and data: {misfits})")
    source = pipeline.RecordFiles(spec.split_files(dataset_dir, split_name), spec, canvas)
    batches = pipeline.evaluation_batches(source, BATCH, number).as_numpy_iterator()
    return [
        Sample(batch["images"], batch.get("sizes"), [spec.charset.decode(label) for label in batch["labels"]])
        for batch in batches
    ]


def drawn(reader: Reader, number: int) -> list[Sample]:
    """Drawn signs where the network has several views, else drawn words."""
    spec = reader.dataset
    with tempfile.TemporaryDirectory() as folder:
        charset_file = os.fspath(Path(folder) / "charset.txt")
        spec.charset.to_file(charset_file)
        config = RenderConfig(
            seed=1, max_sequence_length=spec.max_sequence_length, charset_file=charset_file, output="pictures"
        )
        renderer = _renderer(config, spec)
        pictures = [renderer.draw(n) for n in range(number)]
    prepared = [reader.prepare(picture.pixels) for picture in pictures]
    found = []
    for start in range(0, number, BATCH):
        texts = [picture.text for picture in pictures[start : start + BATCH]]
        batch = prepared[start : start + BATCH]
        if reader.geometry.canvas:
            found.append(Sample(*reader.geometry.canvas.batch(batch), texts))
        else:
            found.append(Sample(np.stack(batch), None, texts))
    return found


def _renderer(config: RenderConfig, spec: DatasetSpec):
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    if V > 1:
        return sign_renderer(config, SignsConfig(V, H, W))[0]
    return word_renderer(config, WordsConfig(image_height=H, image_width=0, max_width=max(W, H)))[0]
