"""What a run learns from, whatever the source of its examples."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.reading.evaluation import Evaluation
from attention_ocr.reading.reader import Reader
from attention_ocr.share import WHOLE, Share

SAMPLE_SIZE = 8


class TrainingData(Protocol):
    """The examples of a run.

    Attributes:
        sample: some of them to show: uint8 `originals`, the same augmented as `images`, `labels`; `sizes` where the
            network has a canvas, `places` where characters' places are known.
        has_validation: whether there is a split to validate on.
    """

    sample: dict[str, np.ndarray]
    has_validation: bool

    def batches(self, step: int) -> Any:
        """Endless batches from a step on, as `AttentionOcr` takes them."""
        ...

    def validate(self, reader: Reader) -> Evaluation:
        """What the validation split reads; only where `has_validation`."""
        ...

    def validate_replayed(self, reader: Reader) -> Evaluation | None:
        """What is read of drawn pictures that are mixed in and held back; None where there are none."""
        ...

    def waited(self) -> float:
        """Seconds that training has waited for batches so far."""
        ...

    def recover(self, error: Exception, step: int) -> bool:
        """Whether what made the batch after `step` fail was found and left out, so that training can go on."""
        ...

    def messages(self) -> Mapping[int, str]:
        """What to say after which step."""
        ...

    def close(self) -> None:
        """Ends what prepares batches; called after training."""
        ...


class Source(Protocol):
    """Where a run's examples come from.

    Attributes:
        spec: the data set that a model for them is built for.
    """

    spec: DatasetSpec

    def labels(self) -> Iterator[tuple[str, Sequence[int], int]] | None:
        """The record, the class ids and the unpadded width of each example; None: they are drawn."""
        ...

    def open(self, run_path: Path, share: Share = WHOLE) -> TrainingData:
        """The examples for a run in that directory; `batches` gives a process's share of each batch."""
        ...
