"""Records of one or several data sets to learn from, without the bad ones that are met."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr.config import Config
from attention_ocr.console import progress_bar
from attention_ocr.data import dataset_mix
from attention_ocr.data.dataset_mix import DatasetMix, Part
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading.evaluation import Evaluation, evaluate
from attention_ocr.reading.reader import Reader
from attention_ocr.share import WHOLE, Share
from attention_ocr.training.data import SAMPLE_SIZE

log = logging.getLogger(__name__)


class RecordData:
    """The records of a split of all data sets, validated on those `validation` splits that are there.

    Args:
        config: all knobs.
        mix: the data sets.
        split_name: the split to learn from.
        run_path: the run's directory; shards with bad records get a copy without them there.
        replayed: whether the last data set holds drawn pictures that keep what was known: its split is `train`, and its
            validation split is read by itself.
        share: what is read of each batch.

    Attributes:
        mixture: what is drawn from.
        held_out: the validation splits that are there.
        held_back: that of the drawn pictures.
        clock: counts the time that training waits.
    """

    def __init__(
        self,
        config: Config,
        mix: DatasetMix,
        split_name: str,
        run_path: Path,
        replayed: bool = False,
        share: Share = WHOLE,
    ):
        with quiet_imports():
            from attention_ocr.data import bad_records, mixture, pipeline  # TensorFlow, which other sources do without

        self._data, self._records, self._bad = mixture, pipeline, bad_records
        self._config, self._mix, self._replayed, self._share = config, mix, replayed, share
        self._splits = [split_name] * len(mix.parts)
        if replayed:
            self._splits[-1] = "train"
        self._canvas = geometry_of(config.model, mix.spec).canvas
        self._mender = bad_records.Mender(run_path, config.data.max_bad_records)
        if self._mender.count:
            log.info("%s: leaves out %d bad records that were found before", run_path, self._mender.count)
        self.clock = pipeline.WaitClock()
        self._open()
        self.has_validation = bool(self.held_out) and config.train.validation_examples > 0
        for line in dataset_mix.report(mix, self.mixture.numbers):
            log.info(line)
        self.sample = self._sample()

    def batches(self, step: int) -> Any:
        """Endless batches from a step on."""
        seed = self._config.train.seed
        return self._data.training_batches(self.mixture, self._config.data, seed, step, self.clock, self._share)

    def messages(self) -> dict[int, str]:
        """What to say after a step: that a curriculum goes on to another data set."""
        return dataset_mix.changes(self._mix, self.mixture.numbers)

    def _sample(self) -> dict[str, np.ndarray]:
        """Some first examples, original and augmented."""
        while True:
            try:
                return self._data.training_sample(self.mixture, self._config.data, self._config.train.seed, SAMPLE_SIZE)
            except self._bad.DATA_ERRORS:
                if not self._mend_first(self.mixture.sources):
                    raise

    def validate(self, reader: Reader) -> Evaluation:
        """Reads the validation splits."""
        return self._read(reader, lambda: self.held_out)

    def validate_replayed(self, reader: Reader) -> Evaluation | None:
        """Reads the validation split of the drawn pictures; None where there are none."""
        return self._read(reader, lambda: self.held_back) if self.held_back else None

    def _read(self, reader: Reader, sources: Callable[[], Any]) -> Evaluation:
        """Reads sources, which are others after a bad record was left out."""
        size, most = self._config.data.batch_size, self._config.train.validation_examples
        while True:
            batches = self._data.evaluation_batches(sources(), self._mix.spec, size, most)
            try:
                return evaluate(reader, self._bad.told_apart(batches), size)
            except self._bad.InputError as error:
                if not self._mend_first(sources()):
                    raise error.cause from None

    def waited(self) -> float:
        """Seconds that training has waited for batches so far."""
        return self.clock.seconds

    def close(self) -> None:
        """Nothing is left open."""

    def recover(self, error: Exception, step: int) -> bool:
        """Leaves out the bad records that made the batch after `step` fail; False if none is found.

        An error of the network may be of the same kind. Then the batch can be made, and no record is looked at.
        """
        if not isinstance(error, self._bad.DATA_ERRORS) or self._can_be_made(step):
            return False
        shards = self._bad.suspects(self.mixture, self._config.data, self._config.train.seed, step)
        found = sum(self._mender.mend(name, spec) for name, spec in shards)
        if found:
            self._open()
        return found > 0

    def _can_be_made(self, step: int) -> bool:
        """Whether the batches after `step` can be made."""
        batches = self._data.training_batches(self.mixture, self._config.data, self._config.train.seed, step)
        return not self._bad.fails(batches)

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
        sources, numbers = [], []
        for part, split_name in zip(self._mix.parts, self._splits, strict=True):
            names = part.files(split_name)
            source = self._records.RecordFiles(self._mender.mended(names), part.spec, self._canvas)
            told = part.spec.splits[split_name].num_examples
            sources.append(source)
            numbers.append(source.count() if self._mender.removed(names) or not told else told)
        self.mixture = self._data.Mixture(sources, numbers, self._mix.stages, self._mix.spec)
        own = len(self._mix.parts) - self._replayed
        self.held_out, self.held_back = (
            [
                self._records.RecordFiles(self._mender.mended(part.files("validation")), part.spec, self._canvas)
                for part in parts
                if _validates(part)
            ]
            for parts in (self._mix.parts[:own], self._mix.parts[own:])
        )


def labels(
    config: Config, mix: DatasetMix, split_name: str, spec: DatasetSpec
) -> Iterator[tuple[str, Sequence[int], int]]:
    """Where each record of a split lies (as validation names it), its class ids in `spec` and its unpadded width."""
    with quiet_imports():
        from attention_ocr.data import pipeline

    canvas = geometry_of(config.model, spec).canvas
    sources = [pipeline.RecordFiles(part.files(split_name), part.spec, canvas) for part in mix.parts]
    told = [part.spec.splits[split_name].num_examples for part in mix.parts]
    numbers = [number for number in told if number]
    with progress_bar("labels", sum(numbers) if len(numbers) == len(told) else None) as advance:
        for source in sources:
            ids = dataset_mix.matching_ids(source.spec, spec)
            for record, label, width in pipeline.labels(source):
                yield record, [ids[n] if n in range(len(ids)) else n for n in label], width
                advance(1)


def _validates(part: Part) -> bool:
    if "validation" not in part.spec.splits:
        return False
    try:
        part.files("validation")
    except UserError:
        return False  # a known data set whose validation shards are not here
    return True
