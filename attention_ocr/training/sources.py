"""Where a run's examples come from: records of one or several data sets, or pictures drawn on the fly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attention_ocr.config import Config, RenderConfig, SignsConfig
from attention_ocr.data import dataset_mix
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError

if TYPE_CHECKING:  # they load frameworks, and a wrong flag is told before that
    from attention_ocr.training.from_records import TrainingData


@dataclass(frozen=True)
class TrainingSource:
    """A source that was found to be there.

    Attributes:
        spec: the data set that a model for it is built for.
        open: the run's directory -> its examples.
    """

    spec: DatasetSpec
    open: Callable[[Path], TrainingData]


def find(
    config: Config, dataset_dir: str, dataset_name: str, split_name: str, sizes: Mapping[str, Any]
) -> TrainingSource:
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
    if config.data.render:
        return _drawn(config, dataset_dir or config.data.curriculum, sizes)
    if sizes:
        raise UserError(f"--{next(iter(sizes))}: is for --render; records have their own sizes and views")
    mix = dataset_mix.load(dataset_dir, dataset_name, config.data)
    for part in mix.parts:
        part.files(split_name)

    def open_records(run_path: Path) -> TrainingData:
        from attention_ocr.training import from_records

        return from_records.from_records(config, mix, split_name, run_path)

    return TrainingSource(mix.spec, open_records)


def _drawn(config: Config, records: str, sizes: Mapping[str, Any]) -> TrainingSource:
    from attention_ocr.render import renderers

    data = config.data
    if records:
        raise UserError(f"--render={data.render} and records ({records}): give one of them")
    render = RenderConfig(
        seed=config.train.seed,
        text_file=data.text_file,
        difficulty=data.difficulty,
        num_workers=data.render_workers,
    )
    renderer, spec = renderers.sign_renderer(render, SignsConfig(**sizes))

    def open_drawn(_: Path) -> TrainingData:
        from attention_ocr.training import from_rendering

        return from_rendering.from_rendering(config, renderer, spec, render)

    return TrainingSource(spec, open_drawn)
