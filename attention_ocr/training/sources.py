"""Where a run's examples come from: records of one or several data sets, or pictures drawn on the fly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attention_ocr.config import Config, RenderConfig, SignsConfig
from attention_ocr.data import dataset_mix
from attention_ocr.data.dataset_mix import DatasetMix
from attention_ocr.errors import UserError
from attention_ocr.records.framing import record_spans
from attention_ocr.share import WHOLE, Share

if TYPE_CHECKING:  # they load frameworks, and a wrong flag is told before that
    from attention_ocr.training.data import TrainingData
    from attention_ocr.training.replay import Replay


class RecordSource:
    """A split of records that is there and not empty.

    Args:
        config: all knobs.
        mix: the data sets.
        split_name: the split of each.
        replay: drawn pictures to mix in.

    Attributes:
        spec: the data set that a model for them is built for.
    """

    def __init__(self, config: Config, mix: DatasetMix, split_name: str, replay: Replay | None = None):
        self.spec = replay.spec(mix.spec) if replay else mix.spec
        self._replay = replay
        self._config, self._mix, self._split_name = config, mix, split_name
        for part in mix.parts:
            names = part.files(split_name)
            if not any(next(record_spans(name), None) for name in names):
                raise UserError(f"{part.folder}: the {len(names)} files of split {split_name!r} hold no record")

    def labels(self) -> Iterator[tuple[str, Sequence[int], int]]:
        """The record, the class ids and the unpadded width of each example."""
        from attention_ocr.training import from_records

        return from_records.labels(self._config, self._mix, self._split_name, self.spec)

    def open(self, run_path: Path, share: Share = WHOLE) -> TrainingData:
        """Its examples for a run in that directory."""
        from attention_ocr.training import from_records

        mix = self._replay.mixed(self._mix, run_path) if self._replay else self._mix
        is_replayed = self._replay is not None
        return from_records.RecordData(self._config, mix, self._split_name, run_path, is_replayed, share)

    def with_config(self, config: Config) -> RecordSource:
        """The same records for other knobs."""
        return RecordSource(config, self._mix, self._split_name, self._replay)

    def with_replay(self, config: Config, replay: Replay) -> RecordSource:
        """The same records beside drawn pictures."""
        return RecordSource(config, self._mix, self._split_name, replay)


class DrawnSource:
    """Pictures to be drawn.

    Args:
        config: all knobs.
        sizes: of the pictures.

    Attributes:
        spec: the data set that they are.
    """

    def __init__(self, config: Config, sizes: SignsConfig):
        from attention_ocr.render import renderers

        data = config.data
        self._config = config
        self._render = RenderConfig(
            seed=config.train.seed,
            text_file=data.text_file,
            fonts=data.fonts,
            difficulty=data.difficulty,
            num_workers=data.render_workers,
        )
        self._renderer, self.spec = renderers.sign_renderer(self._render, sizes)

    def labels(self) -> None:
        """None: texts are drawn."""

    def open(self, run_path: Path, share: Share = WHOLE) -> TrainingData:
        """Its examples for a run; nothing is written to its directory."""
        from attention_ocr.training import from_rendering

        del run_path
        return from_rendering.DrawnData(self._config, self._renderer, self.spec, self._render, share)


def find(
    config: Config, dataset_dir: str, dataset_name: str, split_name: str, sizes: Mapping[str, Any]
) -> RecordSource | DrawnSource:
    """The source that the flags name.

    Args:
        config: all knobs; `data.render` draws pictures, `data.curriculum` names folders.
        dataset_dir: a folder of records, or several.
        dataset_name: as `dataset_mix.load` takes it.
        split_name: the split of records.
        sizes: knobs of SignsConfig that were asked for.

    Raises:
        UserError: flags contradict each other, or a data set is missing or wrong.
    """
    records = dataset_dir or config.data.curriculum
    if config.data.render and records:
        raise UserError(f"--render={config.data.render} and records ({records}): give one of them")
    if config.data.render:
        return DrawnSource(config, SignsConfig(**sizes))
    return RecordSource(config, dataset_mix.load(dataset_dir, dataset_name, config.data), split_name)
