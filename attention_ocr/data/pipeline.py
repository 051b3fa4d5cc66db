"""Shards -> shuffled, decoded, augmented, batched tf.data; a function of the seed and the step alone."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from attention_ocr.config import DataConfig
from attention_ocr.data import augment, examples, images
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError

PARALLEL_SHARDS = 8
stateless_shuffle = tf.random.experimental.stateless_shuffle
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Source:
    """Where records come from and what a picture must look like.

    Attributes:
        files: the shards of a split.
        spec: their data set.
        crop: (height, width) that training cuts from the middle of each view; 0: all of it.
    """

    files: Sequence[str]
    spec: DatasetSpec
    crop: tuple[int, int] = (0, 0)

    def count(self) -> int:
        """The number of records, read once through.

        Raises:
            UserError: there is none, or a shard is damaged.
        """
        with explained(self):
            number = int(tf.data.TFRecordDataset(self.files).reduce(np.int64(0), lambda total, _: total + 1))
        if not number:
            raise UserError(f"{Path(self.files[0]).parent}: the split's {len(self.files)} files hold no record")
        return number


def training_batches(
    source: Source,
    num_examples: int,
    data: DataConfig,
    seed: int,
    start_step: int = 0,
    clock: "WaitClock | None" = None,
) -> tf.data.Dataset:
    """Endless batches `{"images": float32 [B, H, V*W, 3] in [0, 1], "labels": int32 [B, T]}`.

    Args:
        source: the records.
        num_examples: how many they are: an epoch.
        data: batch size, augmentation, shuffling.
        seed: fixes order and distortions.
        start_step: the batches that were taken before are left out.
        clock: counts the time that the consumer waits.
    """
    first_epoch, done = divmod(start_step * data.batch_size, num_examples)
    epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
    records = epochs.flat_map(lambda epoch: _shuffled(source.files, data.shuffle_buffer_size, seed, epoch))
    numbers = tf.data.Dataset.range(start_step * data.batch_size, np.iinfo(np.int64).max)
    numbered = tf.data.Dataset.zip(numbers, records.skip(done))

    def prepare(number: tf.Tensor, record: tf.Tensor) -> dict[str, tf.Tensor]:
        example = decode(record, source.spec)
        image = _input_image(example["images"], source)
        if data.use_augment_input:
            image = _augment(image, source.spec, data, seed, number)
        return {"images": image, "labels": example["labels"]}

    batches = numbered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    batches = batches.batch(data.batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    return clock.watch(batches) if clock else batches


def evaluation_batches(source: Source, batch_size: int, most: int = 0) -> tf.data.Dataset:
    """Each record once and in order; the last batch may be smaller.

    Args:
        source: the records.
        batch_size: B.
        most: stop after this many records; 0: all.

    Returns:
        Batches of `images` uint8 [B, H, V*W, 3], not cropped, `labels` int32 [B, T], and `records` string [B], the
        name `shard:number` of each.
    """

    def named(file: tf.Tensor) -> tf.data.Dataset:
        name = tf.strings.split(file, "/")[-1]
        return tf.data.TFRecordDataset(file).enumerate().map(lambda number, record: (name, number, record))

    def prepare(name: tf.Tensor, number: tf.Tensor, record: tf.Tensor) -> dict[str, tf.Tensor]:
        records = tf.strings.join([name, ":", tf.strings.as_string(number)])
        return {**decode(record, source.spec), "records": records}

    dataset = tf.data.Dataset.from_tensor_slices(list(source.files)).flat_map(named)
    dataset = dataset.take(most) if most else dataset
    return dataset.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size).prefetch(tf.data.AUTOTUNE)


def training_sample(source: Source, data: DataConfig, seed: int, number: int) -> dict[str, np.ndarray]:
    """The first records, to look at: `originals`, the same augmented as `images`, `labels`, and uint8 `pixels`."""

    def prepare(index: tf.Tensor, record: tf.Tensor) -> dict[str, tf.Tensor]:
        example = decode(record, source.spec)
        original = _input_image(example["images"], source)
        image = _augment(original, source.spec, data, seed, index) if data.use_augment_input else original
        return {"originals": original, "images": image, "labels": example["labels"], "pixels": example["images"]}

    records = tf.data.TFRecordDataset(source.files).take(number).enumerate()
    with explained(source):
        return next(iter(records.map(prepare).batch(number).as_numpy_iterator()))


def decode(record: tf.Tensor, spec: DatasetSpec) -> dict[str, tf.Tensor]:
    """`images` uint8 [H, V*W, 3] and `labels` int32 [T] of a serialized example."""
    example = examples.parse_example(record)
    labels = tf.cast(example["labels"], tf.int32)
    tf.debugging.assert_less_equal(tf.size(labels), spec.max_sequence_length)
    tf.debugging.assert_non_negative(labels)
    tf.debugging.assert_less(labels, len(spec.charset))
    missing = spec.max_sequence_length - tf.size(labels)
    labels = tf.pad(labels, [[0, missing]], constant_values=spec.charset.null_id)
    return {
        "images": tf.ensure_shape(decode_pixels(example["encoded"]), spec.image_shape),
        "labels": tf.ensure_shape(labels, [spec.max_sequence_length]),
    }


def decode_pixels(encoded: tf.Tensor) -> tf.Tensor:
    """uint8 [H, W, 3] of JPEG, PNG, GIF or BMP bytes, whatever their name says, as `images.open_image` sees them."""
    return tf.case(
        [
            # Pillow decodes accurately; the default here is a faster transform that differs by some levels.
            (tf.io.is_jpeg(encoded), lambda: tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")),
            (tf.equal(tf.strings.substr(encoded, 0, 8), PNG_SIGNATURE), lambda: _decode_png(encoded)),
        ],
        lambda: tf.io.decode_image(encoded, channels=3, expand_animations=False),
    )


def _decode_png(encoded: tf.Tensor) -> tf.Tensor:
    rgba = tf.io.decode_png(encoded, channels=4)
    opaque = tf.cast(rgba[..., 3:], tf.float32) / 255.0
    on_white = tf.cast(rgba[..., :3], tf.float32) * opaque + 255.0 * (1.0 - opaque)
    return tf.cast(tf.floor(on_white + 0.5), tf.uint8)


def crop_in_graph(pixels: tf.Tensor, num_views: int, crop: tuple[int, int]) -> tf.Tensor:
    """`images.crop_views` in TensorFlow."""
    H, W = pixels.shape[-3], pixels.shape[-2] // num_views
    height, width = crop[0] or H, crop[1] or W
    top, left = (H - height) // 2, (W - width) // 2
    views = tf.split(pixels, num_views, axis=-2)
    return tf.concat([view[..., top : top + height, left : left + width, :] for view in views], axis=-2)


def check_record(name: str, record: bytes, spec: DatasetSpec) -> None:
    """Raises a UserError that names what is wrong with a record."""
    try:
        example = examples.parse_example(tf.constant(record))
        labels = example["labels"].numpy()
    except tf.errors.OpError as error:
        raise UserError(f"{name}: is not an FSNS example ({_first_line(error)})") from error
    picture = images.open_image(example["encoded"].numpy(), name)
    height, width, _ = spec.image_shape
    if (picture.height, picture.width) != (height, width):
        raise UserError(
            f"{name}: its picture is {picture.height} x {picture.width} (height x width), the data set's are "
            f"{height} x {width}; correct dataset.json or make the records anew with generate_tfrecords"
        )
    if len(labels) > spec.max_sequence_length:
        raise UserError(f"{name}: has {len(labels)} class ids, max_sequence_length is {spec.max_sequence_length}")
    outside = [int(label) for label in labels if not 0 <= label < len(spec.charset)]
    if outside:
        raise UserError(f"{name}: class id {outside[0]} is not in 0..{len(spec.charset) - 1} of the charset")
    try:
        decode_pixels(example["encoded"])
    except tf.errors.OpError as error:
        raise UserError(f"{name}: its picture cannot be decoded ({_first_line(error)})") from error


@contextlib.contextmanager
def explained(source: Source) -> Iterator[None]:
    """Turns TensorFlow's error about a record into one that names the record, found by reading all of them."""
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.DataLossError) as error:
        find_bad_record(source)
        raise error


def find_bad_record(source: Source) -> None:
    """Raises a UserError about the first record that cannot be used; returns if all can."""
    for file in source.files:
        number = -1
        try:
            for number, record in enumerate(tf.data.TFRecordDataset(file).as_numpy_iterator()):
                check_record(f"{file}:{number}", record, source.spec)
        except tf.errors.DataLossError as error:
            raise UserError(f"{file}:{number + 1}: the record is damaged ({_first_line(error)})") from error


class WaitClock:
    """Counts the seconds that the consumer of a data set waits for batches."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def watch(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """The same data set; each pull of it is timed on this clock, in the consumer's thread."""
        beats = tf.data.Dataset.range(np.iinfo(np.int64).max)
        before = beats.map(lambda beat: tf.numpy_function(self._start, [beat], tf.int64))
        after = beats.map(lambda beat: tf.numpy_function(self._stop, [beat], tf.int64))
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        timed = tf.data.Dataset.zip(before, dataset, after).map(lambda before, batch, after: batch)
        return timed.with_options(options)

    def _start(self, beat: np.int64) -> np.int64:
        self._started = time.perf_counter()
        return beat

    def _stop(self, beat: np.int64) -> np.int64:
        self.seconds += time.perf_counter() - self._started
        return beat


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


def _input_image(pixels: tf.Tensor, source: Source) -> tf.Tensor:
    """float32 [H, V*W, 3] in [0, 1] of decoded pixels: what `Reader` does with NumPy."""
    cropped = crop_in_graph(pixels, source.spec.num_views, source.crop)
    return tf.cast(cropped, tf.float32) / 255.0


def _augment(image: tf.Tensor, spec: DatasetSpec, data: DataConfig, seed: int, number: tf.Tensor) -> tf.Tensor:
    example_seed = tf.cast(tf.stack([np.int64(seed), number]), tf.int32)
    return augment.augment(image, spec.num_views, data.augmentation, example_seed)


def _first_line(error: tf.errors.OpError) -> str:
    return str(error.message).strip().splitlines()[0]
