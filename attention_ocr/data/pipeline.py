"""Shards -> shuffled, decoded, augmented, batched tf.data; a function of the seed and the step alone."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from attention_ocr.canvas import Canvas
from attention_ocr.config import DataConfig
from attention_ocr.data import augment, sizes
from attention_ocr.data.decoding import decode_pixels
from attention_ocr.data.parsing import parse_example
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records import examples
from attention_ocr.records.framing import read_records, record_spans
from attention_ocr.share import WHOLE, Share

PARALLEL_SHARDS = 8
READ_AHEAD = 2  # batches
stateless_shuffle = tf.random.experimental.stateless_shuffle


@dataclass(frozen=True)
class RecordFiles:
    """The records of a split, and how their pictures are batched.

    Attributes:
        files: the shards.
        spec: their data set.
        canvas: the area for pictures that are read without the records' padding; None: they keep the padding.
    """

    files: Sequence[str]
    spec: DatasetSpec
    canvas: Canvas | None = None

    @property
    def cut(self) -> bool:
        """Whether batches hold pictures without the records' padding."""
        return self.canvas is not None

    def count(self) -> int:
        """The number of records.

        Raises:
            UserError: there is none.
        """
        number = sum(1 for file in self.files for _ in record_spans(file))
        if not number:
            raise UserError(f"{Path(self.files[0]).parent}: the split's {len(self.files)} files hold no record")
        return number


def training_batches(
    source: RecordFiles,
    num_examples: int,
    data: DataConfig,
    seed: int,
    start_step: int = 0,
    clock: "WaitClock | None" = None,
    share: Share = WHOLE,
) -> tf.data.Dataset:
    """Endless batches `{"images": uint8 [B, H, V*W, 3], "labels": int32 [B, T]}`.

    On a canvas, batches hold pictures of like sizes, and have `sizes` int32 [B, 2], the height and width of each.

    Args:
        source: the records.
        num_examples: how many there are, an epoch.
        data: batch size, augmentation, shuffling.
        seed: fixes order and distortions.
        start_step: batches before it are skipped.
        clock: counts the time that the consumer waits.
        share: what is read of each batch, in the order in which the whole of it would have it.
    """
    window = sizes.window(num_examples, data.batch_size)
    first = first_step(source, start_step, window)
    records = endless_records(source, num_examples, data, seed, first * data.batch_size)

    def decode_record(record: tf.Tensor) -> dict[str, tf.Tensor]:
        return decode(record, source.spec, source.cut)

    return prepared_batches(records, decode_record, source, data, seed, start_step, window, clock, share)


def endless_records(source: RecordFiles, num_examples: int, data: DataConfig, seed: int, taken: int) -> tf.data.Dataset:
    """The raw records, shuffled anew in each epoch; the first `taken` of them are skipped."""
    first_epoch, done = divmod(taken, num_examples)
    epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
    return epochs.flat_map(lambda epoch: _shuffled(source.files, data.shuffle_buffer_size, seed, epoch)).skip(done)


def first_step(source: RecordFiles, start_step: int, window: int) -> int:
    """The step whose records must be drawn for those of `start_step`: sorted by size, they come from a whole window."""
    return start_step - start_step % window if source.cut else start_step


def prepared_batches(
    records: tf.data.Dataset,
    decode_record: Callable[[Any], dict[str, tf.Tensor]],
    source: RecordFiles,
    data: DataConfig,
    seed: int,
    start_step: int,
    window: int,
    clock: "WaitClock | None",
    share: Share = WHOLE,
) -> tf.data.Dataset:
    """Batches of endless records, as `training_batches` describes them; `source` describes the pictures.

    The records begin with those of `first_step`; where the source cuts, those of `window` batches are sorted by size.
    """
    numbers = tf.data.Dataset.range(start_step * data.batch_size, np.iinfo(np.int64).max)

    def prepare(number: tf.Tensor, record: Any, *width: tf.Tensor) -> dict[str, tf.Tensor]:
        example = decode_record(record)
        image = _augmented(example["images"], source.spec, data, seed, number)
        least = {sizes.LEAST_WIDTH: width[0]} if width and source.cut else {}
        return {**example, "images": image, **least}

    if source.cut:
        records = sizes.alike(records, data.batch_size, seed, start_step, window)
    numbered = tf.data.Dataset.zip(numbers, records)
    rows = share.rows(data.batch_size)
    if share != WHOLE:
        numbered = sizes.rows_of_batches(numbered, data.batch_size, rows, source.spec)
    batches = numbered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    batches = sizes.batched(batches, rows.stop - rows.start, source.canvas, drop_remainder=True).prefetch(READ_AHEAD)
    return untuned(clock.watch(batches) if clock else batches)


def evaluation_batches(source: RecordFiles, batch_size: int, most: int = 0) -> tf.data.Dataset:
    """Each record once and in order; the last batch may be smaller.

    Args:
        source: the records.
        batch_size: B.
        most: stop after this many records; 0: all.

    Returns:
        Batches of `images` uint8 [B, H, V*W, 3], `labels` int32 [B, T], and `records` string [B], the
        name `shard:number` of each; where the source cuts, also of `sizes`.
    """

    def named(file: tf.Tensor) -> tf.data.Dataset:
        name = tf.strings.split(file, "/")[-1]
        return tf.data.TFRecordDataset(file).enumerate().map(lambda number, record: (name, number, record))

    def prepare(name: tf.Tensor, number: tf.Tensor, record: tf.Tensor) -> dict[str, tf.Tensor]:
        records = tf.strings.join([name, ":", tf.strings.as_string(number)])
        return {**decode(record, source.spec, source.cut), "records": records}

    dataset = tf.data.Dataset.from_tensor_slices(list(source.files)).flat_map(named)
    dataset = dataset.take(most) if most else dataset
    dataset = dataset.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    return untuned(sizes.batched(dataset, batch_size, source.canvas).prefetch(READ_AHEAD))


def untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same data set without the thread that tunes it; AUTOTUNE is the number of cores then.

    That thread sleeps for up to a minute, and deleting an iterator, as a job does at its end, waits for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def labels(source: RecordFiles) -> Iterator[tuple[str, list[int], int]]:
    """`shard:number`, class ids and unpadded width of each record that can be read; pictures are not decoded."""
    for file in source.files:
        for record in read_records(file):
            with contextlib.suppress(UserError):  # bad ones are reported and left out elsewhere
                values, width = examples.values_of(record.data), source.spec.image_shape[1]
                told = values.get("image/orig_width", [width])[0] if source.cut else width
                yield f"{Path(file).name}:{record.number}", values.get("image/class", []), told


def training_sample(source: RecordFiles, data: DataConfig, seed: int, number: int) -> dict[str, np.ndarray]:
    """The first records, for display: uint8 `originals`, the same augmented as `images`, and `labels`.

    Pictures have the data set's size; where there is a canvas, they lie on the whole of it, and `sizes` int32 [B, 2]
    gives the height and width of each.
    """

    def prepare(index: tf.Tensor, record: tf.Tensor) -> dict[str, tf.Tensor]:
        example = decode(record, source.spec, source.cut)
        original = example["images"]
        pictures = {"originals": original, "images": _augmented(original, source.spec, data, seed, index)}
        if source.canvas:
            pictures = {name: sizes.filled_up(picture, source.canvas) for name, picture in pictures.items()}
        return {**example, **pictures}

    records = tf.data.TFRecordDataset(source.files).take(number).enumerate()
    return next(iter(records.map(prepare).batch(number).as_numpy_iterator()))


def decode(record: tf.Tensor, spec: DatasetSpec, cut: bool = False) -> dict[str, tf.Tensor]:
    """`images` uint8 [H, V*W, 3] and `labels` int32 [T] of a serialized example; if `cut`, also `sizes` int32 [2]."""
    example = parse_example(record)
    labels = checked_labels(example["labels"], spec.max_sequence_length, len(spec.charset))
    return decoded(example, labels, spec, cut)


def checked_labels(labels: tf.Tensor, length: int | tf.Tensor, num_classes: int | tf.Tensor) -> tf.Tensor:
    """`labels` as int32; an error in the graph if they are more than `length` or not in 0..`num_classes` - 1."""
    labels = tf.cast(labels, tf.int32)
    tf.debugging.assert_less_equal(tf.size(labels), length)
    tf.debugging.assert_non_negative(labels)
    tf.debugging.assert_less(labels, num_classes)
    return labels


def decoded(
    example: dict[str, tf.Tensor], labels: tf.Tensor, spec: DatasetSpec, cut: bool = False
) -> dict[str, tf.Tensor]:
    """`images` uint8 [H, V*W, 3] of a parsed example and `labels` int32 [T], padded with the null.

    If `cut`, the picture is [height, width, 3], without its padding, and `sizes` int32 [2] is its height and width.
    """
    missing = spec.max_sequence_length - tf.size(labels)
    labels = tf.pad(labels, [[0, missing]], constant_values=spec.charset.null_id)
    pixels = tf.ensure_shape(decode_pixels(example["encoded"]), spec.image_shape)
    found = {"images": pixels, "labels": tf.ensure_shape(labels, [spec.max_sequence_length])}
    if cut:
        found["images"] = sizes.without_padding(pixels, example, spec)
        found["sizes"] = tf.shape(found["images"])[:2]
    return found


class WaitClock:
    """Counts the seconds that the consumer of a data set waits for batches.

    It counts in the graph: a Python callback needs the interpreter's lock, which garbage collection holds while it
    waits for the data set's iterator to end.
    """

    def __init__(self) -> None:
        with tf.device("CPU"):
            self._waited = tf.Variable(0.0, trainable=False, dtype=tf.float64)

    @property
    def seconds(self) -> float:
        """Seconds waited so far."""
        return float(self._waited.numpy())

    def watch(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """The same data set; each pull of it is timed on this clock."""

        def count(before: tf.Tensor, batch: Any, after: tf.Tensor) -> Any:
            self._waited.assign_add(after - before)
            return batch

        times = tf.data.Dataset.range(np.iinfo(np.int64).max).map(lambda _: tf.timestamp())
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return tf.data.Dataset.zip(times, dataset, times).map(count).with_options(options)


def _shuffled(files: Sequence[str], buffer_size: int, seed: int, epoch: tf.Tensor) -> tf.data.Dataset:
    """The raw records of one epoch: shards in random order, several read at a time, shuffled block by block."""
    epoch_seed = tf.stack([np.int64(seed), epoch])
    shards = tf.data.Dataset.from_tensor_slices(stateless_shuffle(tf.constant(list(files)), epoch_seed))
    records = shards.interleave(
        tf.data.TFRecordDataset,
        cycle_length=min(PARALLEL_SHARDS, len(files)),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    # Dataset.shuffle takes no seed that depends on the epoch, which resuming needs.
    blocks = records.batch(buffer_size).enumerate()
    return blocks.map(lambda number, block: stateless_shuffle(block, epoch_seed + (number + 1) * 2**32)).unbatch()


def _augmented(pixels: tf.Tensor, spec: DatasetSpec, data: DataConfig, seed: int, number: tf.Tensor) -> tf.Tensor:
    """uint8 [H, V*W, 3] pixels, distorted if that is asked for and not left to the training step."""
    if not data.use_augment_input or data.augmentation not in augment.AUGMENTATIONS:
        return pixels
    example_seed = tf.cast(tf.stack([np.int64(seed), number]), tf.int32)
    distorted = augment.augment(tf.cast(pixels, tf.float32) / 255.0, spec.num_views, data.augmentation, example_seed)
    return tf.cast(distorted * 255.0 + 0.5, tf.uint8)
