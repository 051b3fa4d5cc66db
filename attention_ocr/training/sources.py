"""Where a run's examples come from: records of one or several data sets, or pictures drawn on the fly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attention_ocr.config import Config, RenderConfig, SignsConfig, WordsConfig
from attention_ocr.data import dataset_mix
from attention_ocr.data.dataset_mix import DatasetMix, Part
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records.framing import record_spans
from attention_ocr.render.photographs import MixedRenderer, Photographs
from attention_ocr.render.writing import Renderer
from attention_ocr.share import WHOLE, Share

if TYPE_CHECKING:  # they load frameworks, and a wrong flag is told before that
    from attention_ocr.training.data import TrainingData
    from attention_ocr.training.replay import Replay

TEXTS = "words:71,codes:12,charset:3,lines:14"
FONTS_AT_ONCE = 48  # whose letters a process that draws keeps
LABELS_TO_CHECK = 200


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
    """Pictures to be drawn, records among them if a data set is given.

    Args:
        config: all knobs.
        drawing: other knobs of drawing that were asked for.
        records: the data sets to mix in; None: none.
        split_name: the split of each.

    Attributes:
        spec: the data set that they are.

    Raises:
        UserError: a knob is wrong, a text cannot be drawn, or records are of other pictures.
    """

    def __init__(
        self,
        config: Config,
        drawing: Mapping[str, Any],
        records: DatasetMix | None = None,
        split_name: str = "train",
    ):
        self._config = config
        self._renderer, self.spec = _renderer(config, drawing)
        self._learned: Renderer = self._renderer
        if config.data.render_masks:
            self._learned = dataclasses.replace(self._renderer, masks=config.data.render_masks)  # type: ignore[type-var]
        self._held_out: list[Photographs] = []
        if records:
            photographs = [Photographs.of_split(part.folder, part.spec, split_name) for part in records.parts]
            self._held_out = [held for part in records.parts if (held := _validation(part))]
            self.spec = _with_records(self.spec, records)
            self._learned = MixedRenderer(self._learned, photographs, records.stages[0].draws, config.data.real_share)

    def labels(self) -> Iterator[tuple[str, Sequence[int], int]]:
        """Those of the first pictures: texts are drawn, without end."""
        for number in range(LABELS_TO_CHECK):
            picture = self._learned.draw(number, self._config.data.difficulty)
            ids = self.spec.charset.encode(picture.text)
            yield f"drawn picture {number}", ids, picture.pixels.shape[1] // self.spec.num_views

    def open(self, run_path: Path, share: Share = WHOLE) -> TrainingData:
        """Its examples for a run; nothing is written to its directory."""
        from attention_ocr.training import from_rendering

        del run_path
        return from_rendering.DrawnData(self._config, self._renderer, self.spec, self._learned, self._held_out, share)


def find(
    config: Config, dataset_dir: str, dataset_name: str, split_name: str, drawing: Mapping[str, Any]
) -> RecordSource | DrawnSource:
    """The source that the flags name.

    Args:
        config: all knobs; `data.render` draws pictures, `data.curriculum` names folders.
        dataset_dir: a folder of records, or several.
        dataset_name: as `dataset_mix.load` takes it.
        split_name: the split of records.
        drawing: knobs of drawing that were asked for and are not in the config.

    Raises:
        UserError: flags contradict each other, or a data set is missing or wrong.
    """
    data = config.data
    if not data.render:
        return RecordSource(config, dataset_mix.load(dataset_dir, dataset_name, data), split_name)
    if data.curriculum or (dataset_dir and not data.real_share):
        raise UserError(
            f"--render={data.render} and records ({dataset_dir or data.curriculum}): give one of them, or "
            "--dataset_dir and --real_share=0.1, which mixes records in"
        )
    for name, value in (("dataset_name", dataset_name), ("split_name", split_name if split_name != "train" else "")):
        if value and not dataset_dir:
            raise UserError(f"--{name}={value}: has no effect with --render={data.render}; it works with --dataset_dir")
    records = dataset_mix.load(dataset_dir, dataset_name, data) if dataset_dir else None
    return DrawnSource(config, drawing, records, split_name)


def _renderer(config: Config, drawing: Mapping[str, Any]) -> tuple[Renderer, DatasetSpec]:
    """What draws, and the data set that its pictures are."""
    from attention_ocr.render import renderers

    data = config.data
    render = RenderConfig(
        seed=config.train.seed,
        text_file=data.text_file,
        fonts=data.fonts,
        output="pictures",
        **_knobs_of(RenderConfig, drawing),
    )
    if data.render == "signs":
        return renderers.sign_renderer(render, SignsConfig(**_knobs_of(SignsConfig, drawing)))
    words = _knobs_of(WordsConfig, drawing)
    texts = {} if "unit" in words else {"texts": TEXTS}
    return renderers.word_renderer(render, WordsConfig(**{"image_width": 0, **texts, **words}), FONTS_AT_ONCE)


def _knobs_of(group: Any, knobs: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(group)}
    return {name: value for name, value in knobs.items() if name in names}


def _with_records(drawn: DatasetSpec, records: DatasetMix) -> DatasetSpec:
    """The spec of drawn pictures and records together.

    Raises:
        UserError: their pictures differ.
    """
    ours, theirs = drawn.picture_knobs(), records.spec.picture_knobs()
    if drawn.resize == "keep_height":  # such pictures may be narrower or wider
        theirs = {**theirs, "image_width": ours["image_width"], "least_width": ours["least_width"]}
    differing = [name for name in ours if ours[name] != theirs[name]]
    if differing:
        told = ", ".join(f"{name} {ours[name]} and {theirs[name]}" for name in differing)
        flags = " ".join(f"--{name}={ours[name]}" for name in differing)
        raise UserError(
            f"drawn pictures and the records of {records.spec.name}: do not fit together ({told}); make the records "
            f"anew with generate_tfrecords {flags}"
        )
    return dataset_mix.widened(drawn, records.spec.charset, records.spec.max_sequence_length)


def _validation(part: Part) -> Photographs | None:
    """The validation split of a data set, if its files are there."""
    try:
        return Photographs.of_split(part.folder, part.spec, "validation")
    except UserError:
        return None
