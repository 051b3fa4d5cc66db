"""What a run learns from, whatever the source; today records, tomorrow rendered pictures."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from attention_ocr.config import Config
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.evaluation import Evaluation, evaluate
from attention_ocr.inference import Reader
from attention_ocr.quiet import quiet_imports

SAMPLE_SIZE = 8


@dataclass(frozen=True)
class TrainingData:
    """The source of a run's examples.

    Attributes:
        batches: step -> endless batches from that step on, as `AttentionOcr` takes them.
        sample: some training examples to show: `originals`, augmented `images`, uint8 `pixels`, `labels`.
        validate: reads a validation split, or None where there is none.
        waited: seconds that training has waited for batches so far.
        explained: a context in which an error about an example names the example.
    """

    batches: Callable[[int], Any]
    sample: dict[str, np.ndarray]
    validate: Callable[[Reader], Evaluation] | None
    waited: Callable[[], float]
    explained: Callable[[], AbstractContextManager]


def from_records(config: Config, dataset: DatasetSpec, dataset_dir: str, split_name: str) -> TrainingData:
    """The records of a split, validated on the data set's `validation` split if it has one.

    Raises:
        UserError: a split is missing or empty, or a record does not fit the data set.
    """
    with quiet_imports():
        from attention_ocr.data import pipeline  # TensorFlow; training from other sources does without

    crop = (config.model.crop_height, config.model.crop_width)
    source = pipeline.Source(dataset.split_files(dataset_dir, split_name), dataset, crop)
    split = dataset.splits[split_name]
    number = split.num_examples or source.count()
    clock = pipeline.WaitClock()
    sample = pipeline.training_sample(source, config.data, config.train.seed, min(SAMPLE_SIZE, number))

    def batches(step: int) -> Any:
        return pipeline.training_batches(source, number, config.data, config.train.seed, step, clock)

    def validate(reader: Reader) -> Evaluation:
        held_out = pipeline.Source(dataset.split_files(dataset_dir, "validation"), dataset)
        found = pipeline.evaluation_batches(held_out, config.data.batch_size, config.train.validation_examples)
        with pipeline.explained(held_out):
            return evaluate(reader, found.as_numpy_iterator(), config.data.batch_size)

    return TrainingData(
        batches,
        sample,
        validate if _validates(config, dataset, dataset_dir) else None,
        waited=lambda: clock.seconds,
        explained=lambda: pipeline.explained(source),
    )


def _validates(config: Config, dataset: DatasetSpec, dataset_dir: str) -> bool:
    if not config.train.validation_examples or "validation" not in dataset.splits:
        return False
    try:
        dataset.split_files(dataset_dir, "validation")
    except UserError:
        return False  # a known data set whose validation shards are not here
    return True
