"""Pictures of several sizes: without their padding, sorted into batches of like ones, padded as little as needed."""

from typing import Any

import numpy as np
import tensorflow as tf

from attention_ocr.canvas import ENDS, STEPS, Canvas
from attention_ocr.dataset_spec import DatasetSpec

LARGEST_WINDOW = 32  # batches
LEAST_WIDTH = "least_width"  # of a batch of which an example is a part
OPTIONAL = tf.io.FixedLenFeature([], tf.int64, default_value=-1)


def without_padding(pixels: tf.Tensor, example: dict[str, tf.Tensor], spec: DatasetSpec) -> tf.Tensor:
    """The part of `pixels` [H, W, 3] that is not padding: its middle rows and first columns.

    Args:
        pixels: [H, W, 3].
        example: `orig_height` and `orig_width` int64 [], -1 if the record does not say.
        spec: gives H and W.
    """
    height, width = (
        tf.where(told > 0, tf.minimum(tf.cast(told, tf.int32), side), side)
        for told, side in ((example["orig_height"], spec.image_height), (example["orig_width"], spec.image_width))
    )
    top = (spec.image_height - height) // 2
    return pixels[top : top + height, :width]


def filled_up(picture: tf.Tensor, canvas: Canvas) -> tf.Tensor:
    """A picture [height, width, 3] on the whole canvas, [H, W, 3]."""
    missing = tf.constant([canvas.height, canvas.width]) - tf.shape(picture)[:2]
    filled = tf.pad(picture, [[0, missing[0]], [0, missing[1]], [0, 0]])
    return tf.ensure_shape(filled, [canvas.height, canvas.width, 3])


def window(num_examples: int, batch_size: int) -> int:
    """How many batches' records are sorted by size together: an epoch's at most.

    With several epochs together a batch would hold many copies of one picture, and batch norm would see no other.
    """
    return min(max(num_examples // batch_size, 1), LARGEST_WINDOW)


def alike(records: tf.data.Dataset, batch_size: int, seed: int, start_step: int, window: int) -> tf.data.Dataset:
    """The records of `start_step` and later, batch after batch of like widths.

    Windows of records are sorted by the width and height stored in the records, and their batches shuffled; so a batch
    is a function of the seed and the step, and no record is left out.

    Args:
        records: endless serialized examples, or tuples that end with one, those of the step's window first.
        batch_size: B.
        seed: fixes the order of a window's batches.
        start_step: batches before it are skipped.
        window: how many batches are sorted together.
    """

    def arranged(number: tf.Tensor, unsorted: Any) -> Any:
        serialized = tf.nest.flatten(unsorted)[-1]
        told = tf.io.parse_example(serialized, {"image/orig_width": OPTIONAL, "image/orig_height": OPTIONAL})
        by_size = tf.argsort(told["image/orig_width"] * 2**32 + told["image/orig_height"], stable=True)
        batches = tf.reshape(by_size, [window, batch_size])
        batches = tf.random.experimental.stateless_shuffle(batches, tf.stack([np.int64(seed), number]))
        order = tf.reshape(batches, [-1])
        return tf.nest.map_structure(lambda part: tf.gather(part, order), unsorted)

    first, done = divmod(start_step, window)
    numbers = tf.data.Dataset.range(first, np.iinfo(np.int64).max)
    windows = tf.data.Dataset.zip(numbers, records.batch(window * batch_size, drop_remainder=True))
    return windows.map(arranged).unbatch().skip(done * batch_size)


def rows_of_batches(dataset: tf.data.Dataset, batch_size: int, rows: slice, spec: DatasetSpec) -> tf.data.Dataset:
    """The same rows of each batch, each with the width of the batch's widest picture, which may be another row.

    Args:
        dataset: endless pairs of a number and a serialized example, or a tuple that ends with one.
        batch_size: B.
        rows: of a batch.
        spec: gives the largest width.

    Returns:
        Triples of number, example and width, int32 [].
    """

    def chosen(number: tf.Tensor, record: Any) -> Any:
        told = tf.io.parse_example(tf.nest.flatten(record)[-1], {"image/orig_width": OPTIONAL})["image/orig_width"]
        width = tf.cast(tf.reduce_max(tf.where(told > 0, told, spec.image_width)), tf.int32)
        own = tf.nest.map_structure(lambda part: part[rows], record)
        return number[rows], own, tf.repeat(tf.minimum(width, spec.image_width), rows.stop - rows.start)

    return dataset.batch(batch_size, drop_remainder=True).map(chosen).unbatch()


def batched(
    dataset: tf.data.Dataset, batch_size: int, canvas: Canvas | None, drop_remainder: bool = False
) -> tf.data.Dataset:
    """Examples in batches; `images` of several sizes lie on a canvas as wide as the widest of them needs."""
    if canvas is None:
        return dataset.batch(batch_size, drop_remainder=drop_remainder)

    def on_canvas(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        height, seen = tf.unstack(tf.shape(batch["images"])[1:3])
        batch, least = {name: part for name, part in batch.items() if name != LEAST_WIDTH}, batch.get(LEAST_WIDTH)
        width = seen if least is None else tf.maximum(seen, least[0])
        missing = [[0, 0], [0, canvas.height - height], [0, batch_width(width) - seen], [0, 0]]
        images = tf.ensure_shape(tf.pad(batch["images"], missing), [None, canvas.height, None, 3])
        return {**batch, "images": images}

    return dataset.padded_batch(batch_size, drop_remainder=drop_remainder).map(on_canvas)


def batch_width(width: tf.Tensor) -> tf.Tensor:
    """`canvas.batch_width` in TensorFlow, int32 [] of int32 []."""
    step = tf.gather(STEPS, tf.searchsorted(ENDS, [width])[0])
    return -(-width // step) * step
