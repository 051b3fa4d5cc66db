"""Several data sets -> one stream of batches, drawing the data set of each example from the seed and the step alone.

A period of draws holds each data set exactly as often as its stage says, shuffled by a seed of its own. So how much
of each data set was taken before a step is known without drawing, and a resumed run continues where it stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from attention_ocr.config import DataConfig
from attention_ocr.data import pipeline, sizes
from attention_ocr.data.dataset_mix import Stage, matching_ids
from attention_ocr.data.parsing import parse_example
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.share import WHOLE, Share

ENDLESS = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Mixture:
    """Records of several data sets.

    Attributes:
        sources: the records of each.
        numbers: how many records each has.
        stages: what pictures are drawn from, and when.
        united: the spec of all together; of a single data set its own.
    """

    sources: Sequence[pipeline.RecordFiles]
    numbers: Sequence[int]
    stages: Sequence[Stage]
    united: DatasetSpec


def training_batches(
    mixture: Mixture,
    data: DataConfig,
    seed: int,
    start_step: int = 0,
    clock: pipeline.WaitClock | None = None,
    share: Share = WHOLE,
) -> tf.data.Dataset:
    """Endless batches like `pipeline.training_batches`, with labels in the united classes and the united T."""
    if len(mixture.sources) == 1 and mixture.sources[0].spec == mixture.united:
        source, number = mixture.sources[0], mixture.numbers[0]
        return pipeline.training_batches(source, number, data, seed, start_step, clock, share)
    united = pipeline.RecordFiles((), mixture.united, mixture.sources[0].canvas)
    window = sizes.window(sum(mixture.numbers), data.batch_size)
    records = drawn_records(mixture, data, seed, pipeline.first_step(united, start_step, window))
    decode = decoder([source.spec for source in mixture.sources], mixture.united, united.cut)
    return pipeline.prepared_batches(records, decode, united, data, seed, start_step, window, clock, share)


def drawn_records(mixture: Mixture, data: DataConfig, seed: int, start_step: int) -> tf.data.Dataset:
    """Endless pairs of a data set's number, int32 [], and a raw record of it, string [], beginning with the step's."""
    taken = taken_before(mixture.stages, data.batch_size, seed, start_step)
    streams = []
    for n, (source, number) in enumerate(zip(mixture.sources, mixture.numbers, strict=True)):
        records = pipeline.endless_records(source, number, data, seed, taken[n])
        streams.append(tf.data.Dataset.zip(tf.data.Dataset.from_tensors(np.int32(n)).repeat(), records))
    return tf.data.Dataset.choose_from_datasets(streams, choices(mixture.stages, data.batch_size, seed, start_step))


def choices(stages: Sequence[Stage], batch_size: int, seed: int, start_step: int) -> tf.data.Dataset:
    """The data set, int64 [], of each example from a step on, without end."""
    first = start_step * batch_size
    found = None
    for stage, start, end in _spans(stages, batch_size):
        if end <= first:
            continue
        done = max(first - start, 0)
        period, skipped = divmod(done, sum(stage.draws))
        drawn = _periods(stage, seed, period).unbatch().skip(skipped).take(end - start - done)
        found = drawn if found is None else found.concatenate(drawn)
    return found


def taken_before(stages: Sequence[Stage], batch_size: int, seed: int, step: int) -> list[int]:
    """How many examples of each data set the batches before `step` hold."""
    total = np.zeros(len(stages[0].draws), np.int64)
    for stage, start, end in _spans(stages, batch_size):
        periods, rest = divmod(min(max(step * batch_size - start, 0), end - start), sum(stage.draws))
        total += periods * np.array(stage.draws)
        if rest:
            begun = next(_periods(stage, seed, periods).take(1).as_numpy_iterator())
            total += np.bincount(begun[:rest], minlength=len(total))
    return total.tolist()


def decoder(
    specs: Sequence[DatasetSpec], united: DatasetSpec, cut: bool = False
) -> Callable[[tuple], dict[str, tf.Tensor]]:
    """A function from (the number of a data set, its record) to `pipeline.decode`'s result in the united classes."""
    lengths = np.array([spec.max_sequence_length for spec in specs], np.int32)
    sizes = np.array([len(spec.charset) for spec in specs], np.int32)
    ids = np.full([len(specs), sizes.max()], -1, np.int32)
    for row, spec in zip(ids, specs, strict=True):
        row[: len(spec.charset)] = matching_ids(spec, united)

    def decode(numbered: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        n, record = numbered
        example = parse_example(record)
        labels = pipeline.checked_labels(example["labels"], tf.gather(lengths, n), tf.gather(sizes, n))
        return pipeline.decoded(example, tf.gather(tf.gather(ids, n), labels), united, cut)

    return decode


def in_classes_of(united: DatasetSpec, spec: DatasetSpec, batches: tf.data.Dataset) -> tf.data.Dataset:
    """Batches of `spec` with `labels` in the classes and the T of `united`, and `truths` string [B], the texts.

    A character that `united` lacks has the class after its last one, which is never read.
    """
    if (spec.charset, spec.max_sequence_length) == (united.charset, united.max_sequence_length):
        return batches
    symbols = tf.constant(spec.charset.symbols)
    ids = np.array([len(united.charset) if n < 0 else n for n in matching_ids(spec, united)], np.int32)
    missing = united.max_sequence_length - spec.max_sequence_length

    def renumbered(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        labels = tf.pad(tf.gather(ids, batch["labels"]), [[0, 0], [0, missing]], constant_values=united.charset.null_id)
        truths = tf.strings.reduce_join(tf.gather(symbols, batch["labels"]), axis=-1)
        return {**batch, "labels": labels, "truths": truths}

    return batches.map(renumbered)


def evaluation_batches(
    sources: Sequence[pipeline.RecordFiles], united: DatasetSpec, batch_size: int, most: int
) -> Iterator[dict[str, Any]]:
    """Batches like `pipeline.evaluation_batches`: `most` records, evenly from all sources, in the united classes.

    A source with fewer records gives all of them.
    """
    for n, source in enumerate(sources):
        share = most // len(sources) + (n < most % len(sources))
        if share:
            batches = pipeline.evaluation_batches(source, batch_size, share)
            yield from in_classes_of(united, source.spec, batches).as_numpy_iterator()


def training_sample(mixture: Mixture, data: DataConfig, seed: int, most: int) -> dict[str, np.ndarray]:
    """`pipeline.training_sample` of some records of each data set, at most `most` in all."""
    found = []
    for n, (source, number) in enumerate(zip(mixture.sources, mixture.numbers, strict=True)):
        share = min(most // len(mixture.sources) + (n < most % len(mixture.sources)), number)
        if share:
            sample = tf.data.Dataset.from_tensors(pipeline.training_sample(source, data, seed, share))
            found.append(next(in_classes_of(mixture.united, source.spec, sample).as_numpy_iterator()))
    return {name: np.concatenate([sample[name] for sample in found]) for name in found[0]}


def _spans(stages: Sequence[Stage], batch_size: int) -> Iterator[tuple[Stage, int, int]]:
    """Each stage with the number of its first example and of the next stage's."""
    starts = [stage.start * batch_size for stage in stages]
    yield from zip(stages, starts, [*starts[1:], ENDLESS], strict=True)


def _periods(stage: Stage, seed: int, first: int) -> tf.data.Dataset:
    """Endless: the draws int64 [sum of draws] of each period from `first` on."""
    pattern = np.repeat(np.arange(len(stage.draws)), stage.draws)

    def shuffled(period: tf.Tensor) -> tf.Tensor:
        return pipeline.stateless_shuffle(pattern, tf.stack([np.int64(seed), -1 - period]))  # epochs have seeds from 0

    return tf.data.Dataset.range(first, ENDLESS).map(shuffled)
