"""What a run learns from, whatever the source; today records, tomorrow rendered pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr.config import Config
from attention_ocr.console import progress_bar
from attention_ocr.data import dataset_mix
from attention_ocr.data.dataset_mix import DatasetMix, Part
from attention_ocr.errors import UserError
from attention_ocr.model import network
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading.evaluation import Evaluation, evaluate
from attention_ocr.reading.reader import Reader

SAMPLE_SIZE = 8


@dataclass(frozen=True)
class TrainingData:
    """The source of a run's examples.

    Attributes:
        batches: step -> endless batches from that step on, as `AttentionOcr` takes them.
        sample: some training examples to show: `originals`, augmented `images`, uint8 `pixels`, `labels`.
        validate: reads a validation split, or None where there is none.
        waited: seconds that training has waited for batches so far.
        recover: takes the error and the step after which batches failed; whether it left out what was bad, so
            that training can go on.
        close: ends what prepares batches; called after training.
        messages: what to say after which step.
        labels: the record, the class ids and the unpadded width of each example; None: they are drawn.
    """

    batches: Callable[[int], Any]
    sample: dict[str, np.ndarray]
    validate: Callable[[Reader], Evaluation] | None
    waited: Callable[[], float]
    recover: Callable[[Exception, int], bool]
    close: Callable[[], None] = lambda: None
    messages: Callable[[], Mapping[int, str]] = dict
    labels: Callable[[], Iterator[tuple[str, Sequence[int], int]]] | None = None


def from_records(config: Config, mix: DatasetMix, split_name: str, run_path: Path) -> TrainingData:
    """The records of a split of all data sets, validated on those `validation` splits that are there.

    Args:
        config: all knobs.
        mix: the data sets.
        split_name: the split to learn from.
        run_path: the run's directory; shards with bad records get a copy without them there.

    Raises:
        UserError: a split is missing or empty, or too many records do not fit their data set.
    """
    records = RecordData(config, mix, split_name, run_path)
    for line in dataset_mix.report(mix, records.mixture.numbers):
        print(line, flush=True)
    return TrainingData(
        records.batches,
        records.sample(),
        records.validate if records.held_out and config.train.validation_examples else None,
        waited=lambda: records.clock.seconds,
        recover=records.recover,
        labels=records.labels,
        messages=records.messages,
    )


class RecordData:
    """Records of one or several data sets without the bad ones that were met.

    Attributes:
        mixture: what is drawn from.
        held_out: the validation splits that are there.
        clock: counts the time that training waits.
    """

    def __init__(self, config: Config, mix: DatasetMix, split_name: str, run_path: Path):
        with quiet_imports():
            from attention_ocr.data import bad_records, mixture, pipeline  # TensorFlow, which other sources do without

        self._data, self._records, self._bad = mixture, pipeline, bad_records
        self._config, self._mix, self._split_name = config, mix, split_name
        self._cut = network.cuts_padding(network.encoder_of(config.model, mix.spec), mix.spec)
        self._mender = bad_records.Mender(run_path, config.data.max_bad_records)
        if self._mender.count:
            print(f"{run_path}: leaves out {self._mender.count} bad records that were found before", flush=True)
        self.clock = pipeline.WaitClock()
        self._open()

    def batches(self, step: int) -> Any:
        """Endless batches from a step on."""
        return self._data.training_batches(self.mixture, self._config.data, self._config.train.seed, step, self.clock)

    def messages(self) -> dict[int, str]:
        """What to say after a step: that a curriculum goes on to another data set."""
        return dataset_mix.changes(self._mix, self.mixture.numbers)

    def sample(self) -> dict[str, np.ndarray]:
        """Some first examples, original and augmented."""
        while True:
            try:
                return self._data.training_sample(self.mixture, self._config.data, self._config.train.seed, SAMPLE_SIZE)
            except self._bad.DATA_ERRORS:
                if not self._mend_first(self.mixture.sources):
                    raise

    def labels(self) -> Iterator[tuple[str, Sequence[int], int]]:
        """Where each record lies (as validation names it), its class ids and its unpadded width."""
        with progress_bar("labels", sum(self.mixture.numbers)) as advance:
            for source in self.mixture.sources:
                for label in self._records.labels(source):
                    yield label
                    advance(1)

    def validate(self, reader: Reader) -> Evaluation:
        """Reads the validation splits."""
        size, most = self._config.data.batch_size, self._config.train.validation_examples
        while True:
            try:
                return evaluate(reader, self._data.evaluation_batches(self.held_out, self._mix.spec, size, most), size)
            except self._bad.DATA_ERRORS:
                if not self._mend_first(self.held_out):
                    raise

    def recover(self, error: Exception, step: int) -> bool:
        """Leaves out the bad records that made the batch after `step` fail; False if none is found."""
        if not isinstance(error, self._bad.DATA_ERRORS):
            return False
        shards = self._bad.suspects(self.mixture, self._config.data, self._config.train.seed, step)
        found = sum(self._mender.mend(name, spec) for name, spec in shards)
        if found:
            self._open()
        return found > 0

    def _mend_first(self, sources: Any) -> bool:
        """Leaves out the bad records of the first shard that has some."""
        for source in sources:
            for name in source.files:
                if self._mender.mend(name, source.spec):
                    self._open()
                    return True
        return False

    def _open(self) -> None:
        """Finds the shards to read, mended ones in place of those with bad records."""
        crop = (self._config.model.crop_height, self._config.model.crop_width)
        sources, numbers = [], []
        for part in self._mix.parts:
            names = part.files(self._split_name)
            source = self._records.Source(self._mender.mended(names), part.spec, crop, self._cut)
            told = part.spec.splits[self._split_name].num_examples
            sources.append(source)
            numbers.append(source.count() if self._mender.removed(names) or not told else told)
        self.mixture = self._data.Mixture(sources, numbers, self._mix.stages, self._mix.spec)
        self.held_out = [
            self._records.Source(self._mender.mended(part.files("validation")), part.spec, cut=self._cut)
            for part in self._mix.parts
            if _validates(part)
        ]


def _validates(part: Part) -> bool:
    if "validation" not in part.spec.splits:
        return False
    try:
        part.files("validation")
    except UserError:
        return False  # a known data set whose validation shards are not here
    return True
