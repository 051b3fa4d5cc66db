"""A run that begins with a reader: its sizes, gentle learning, drawn pictures of what it knew, and how well it did."""

import dataclasses
import logging
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

from attention_ocr import files
from attention_ocr.characters import as_ranges, named_characters
from attention_ocr.config import Config, ModelConfig
from attention_ocr.console import as_text
from attention_ocr.errors import UserError
from attention_ocr.model import model_file, ppocr_files, ppocr_import
from attention_ocr.model.names import PPOCR
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import FINE_TUNING, PRESETS, preset
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.ready import catalog
from attention_ocr.training import blending, finiteness, transfer
from attention_ocr.training.data import TrainingData
from attention_ocr.training.replay import Replay
from attention_ocr.training.run_directory import RunDirectory
from attention_ocr.training.sources import DrawnSource, RecordSource

log = logging.getLogger(__name__)
SIZES = ("encoder_channels", "lcnet_size", "final_endpoint")  # of an encoder; they decide which weights fit
GENTLER = 0.25  # times the learning rate of a preset that begins from nothing
STEPS = 2000  # of a run that begins with a ready-made reader
FILE = "fine_tuning.json"


@dataclass(frozen=True)
class Scores:
    """How much is read: of the validation split, and of drawn pictures that are held back (None: there are none).

    Attributes:
        right: whether each picture of the validation split is read right.
    """

    exact: float
    normalized_edit: float
    drawn: float | None = None
    right: tuple[bool, ...] = dataclasses.field(default=(), repr=False)

    def to_dict(self) -> dict[str, float | None]:
        """The measures for JSON."""
        return {"exact": self.exact, "normalized_edit": self.normalized_edit, "drawn": self.drawn}

    def __str__(self) -> str:
        drawn = "" if self.drawn is None else f", drawn pictures {100 * self.drawn:.1f}% exact"
        return f"validation split {100 * self.exact:.1f}% exact{drawn}"


@dataclass(frozen=True)
class FineTuning:
    """What a run begins with.

    Attributes:
        checkpoint: the model file or the ready-made reader, as the user wrote it.
        network: what it holds.
        blend: `auto`, or the share of the new weights that the best model gets.
        own_characters: those of the records' labels, where the model reads more; else empty.
    """

    checkpoint: str
    network: AttentionOcr
    blend: str
    own_characters: str = ""

    def load_into(self, model: AttentionOcr) -> None:
        """Copies what fits into a new model, and logs it."""
        transfer.start_from(model, self.checkpoint, self.network)
        finiteness.check_loaded(model, f"--checkpoint={self.checkpoint}", "give another one")

    def measure_before(self, model: AttentionOcr, data: TrainingData, run: RunDirectory) -> None:
        """Notes what a model that has learned nothing yet reads, and logs it."""
        if data.has_validation:
            scores = _scores(model, data)
            files.write_json(run.path / FILE, {"checkpoint": self.checkpoint, "before": scores.to_dict()})
            log.info("before: %s", scores)

    def finish(self, data: TrainingData, run: RunDirectory) -> None:
        """Blends the best model with what the run began with, and logs what it read before and reads now."""
        if not data.has_validation or run.best_is_blended():
            return
        model = model_file.load_model(run.best_file)
        before = AttentionOcr(model.config, model.dataset)
        transfer.carry_over(before, self.network, self.checkpoint)
        old, new = blending.weights_of(before), blending.weights_of(model)
        shares = blending.SHARES if self.blend == "auto" else (float(self.blend),)
        found = blending.scores_of(model, old, new, shares, lambda: _scores(model, data))
        share = blending.least_share({share: scores.right for share, scores in found.items()})
        blending.assign_blend(model, old, new, share)
        after, noted = found[share], _noted(run)
        run.replace_best(model, share, [after.exact, after.normalized_edit])
        files.write_json(run.path / FILE, {**noted, "share": share, "after": after.to_dict()})
        before_it = Scores(**noted["before"]) if "before" in noted else None
        log.info(as_text(_table(self.checkpoint, before_it, found, share)))
        if self.own_characters:
            ranges = shlex.quote(as_ranges(self.own_characters))
            log.info("it also reads what %s did; --characters=%s keeps to your labels'", self.checkpoint, ranges)


def begin(
    checkpoint: str, config: Config, preset_name: str, given: Collection[str], source: Any
) -> tuple[Config, Any, FineTuning]:
    """The config and the source of a run that begins with a reader, and that beginning.

    Knobs of the network that the flags leave open come from the checkpoint. With a ready-made reader, those of learning
    are gentler than in a run that begins from nothing, unless a preset asks for another kind of network: that has
    nothing to forget.

    Args:
        checkpoint: a model file or a name.
        config: the flags' and the preset's.
        preset_name: the preset asked for, if any.
        given: the knobs on the command line.
        source: what is learned.

    Raises:
        UserError: the checkpoint is none, or drawn pictures cannot be mixed into such examples.
    """
    network = _opened(checkpoint, source)
    taken = _network_knobs(config.model, network.config, preset_name, given)
    goes_on = not preset_name or _kind(config.model) == _kind(network.config)
    gentle = _gentle_knobs(checkpoint, preset_name, {**config.model.to_dict(), **taken}, given) if goes_on else {}
    changed = config.replace(**taken, **gentle)
    own = ""
    if changed.data.replay and isinstance(source, DrawnSource):
        raise UserError(f"--replay={changed.data.replay}: needs records; --render draws all pictures anyway")
    _tell(checkpoint, config, changed, network, source)
    if changed.data.replay:
        known = Replay(
            network.dataset.charset, network.dataset.max_sequence_length, changed.data.replay, config.train.seed
        )
        own = "".join(c for characters in source.spec.charset.classes for c in characters)
        source = source.with_replay(changed, known)
    elif isinstance(source, RecordSource):
        source = source.with_config(changed)
    return changed, source, FineTuning(checkpoint, network, changed.train.blend, own)


def is_ready_made(checkpoint: str) -> bool:
    """Whether a checkpoint is one of the ready-made readers, which learned from drawn pictures."""
    return checkpoint == PPOCR or catalog.find(checkpoint) is not None


def _opened(checkpoint: str, source: Any) -> AttentionOcr:
    """The checkpoint's network; of PP-OCR's 18,710 classes those of Latin letters and of the records."""
    if checkpoint != PPOCR and not ppocr_files.is_one(checkpoint):
        return model_file.load_model(checkpoint)
    latin = named_characters("latin") or ""
    wanted = latin + "".join(c for characters in source.spec.charset.classes for c in characters)
    path = "" if checkpoint == PPOCR else checkpoint
    return ppocr_import.open_recogniser(path, "".join(dict.fromkeys(wanted)))


def _network_knobs(asked: ModelConfig, theirs: ModelConfig, preset_name: str, given: Collection[str]) -> dict[str, Any]:
    """The knobs of the network that come from the checkpoint.

    All that the flags leave open, where the preset (if there is one) is of the same kind; only the encoder's sizes,
    where the preset asks for another head on it.
    """
    same = _kind(asked) == _kind(theirs)
    values = theirs.to_dict()
    if same or not preset_name:
        return {name: value for name, value in values.items() if name not in given and name != "attention_loss_weight"}
    return {name: values[name] for name in SIZES if name not in given and asked.encoder == theirs.encoder}


def _gentle_knobs(checkpoint: str, preset_name: str, network: dict[str, Any], given: Collection[str]) -> dict[str, Any]:
    """The knobs of data and learning with which a ready-made reader goes on; none for a model of one's own."""
    if not is_ready_made(checkpoint):
        return {}
    name = preset_name or _preset_of(network)
    own = preset(name).to_dict()
    found = {} if preset_name else {**own["data"], **own["train"]}
    found["learning_rate"] = FINE_TUNING.get(name, own["train"]["learning_rate"] * GENTLER)
    found["learning_rate_schedule"] = "auto"
    found |= {"replay": 0.3, "max_number_of_steps": STEPS, "blend": "auto"}
    return {name: value for name, value in found.items() if name not in given}


def _preset_of(network: dict[str, Any]) -> str:
    """The preset for networks of this kind; empty: the reference."""
    kind = network["encoder"], network["head"]
    found = [name for name in PRESETS if name != "chinese" and _kind(preset(name).model) == kind]
    return found[-1] if found else ""


def _kind(network: ModelConfig) -> tuple[str, str]:
    return network.encoder, network.head


def _tell(checkpoint: str, asked: Config, config: Config, network: AttentionOcr, source: Any) -> None:
    """Logs what was taken from the checkpoint and what was not asked for; warns where pictures are of other sizes."""
    before, after = asked.to_dict(), config.to_dict()
    changed = [
        f"--{name}={value}"
        for group, values in after.items()
        for name, value in values.items()
        if before[group][name] != value
    ]
    log.info("--checkpoint=%s: takes %s", checkpoint, " ".join(changed) or "all knobs as the flags have them")
    theirs, ours = network.dataset.picture_knobs(), source.spec.picture_knobs()
    differing = [f"{name} {ours[name]} and {theirs[name]}" for name in ours if ours[name] != theirs[name]]
    if source.spec.num_views != network.dataset.num_views:
        log.warning(
            "--checkpoint=%s learned from %s pixels, these records have %s: its encoder goes on with each view as it "
            "is, and what does not fit begins anew, as is told below",
            *(checkpoint, _views(theirs), _views(ours)),
        )
    elif differing:
        log.warning(
            "--checkpoint=%s learned from other pictures (here and there: %s): what depends on them begins anew; "
            "records made with generate_tfrecords --like=%s keep all it knows",
            *(checkpoint, ", ".join(differing), checkpoint),
        )


def _views(knobs: dict[str, Any]) -> str:
    number = knobs["num_views"]
    return f"{number} view{'s' if number > 1 else ''} of {knobs['image_height']} x {knobs['image_width']}"


def _scores(model: AttentionOcr, data: TrainingData) -> Scores:
    reader = Reader(KerasBackend(model))
    own, drawn = data.validate(reader), data.validate_replayed(reader)
    right = tuple(prediction.truth == prediction.read for prediction in own.predictions)
    return Scores(own.ExactMatch, own.NormalizedEditDistance, drawn.ExactMatch if drawn else None, right)


def _noted(run: RunDirectory) -> dict[str, Any]:
    path = run.path / FILE
    return files.read_json(path) if path.is_file() else {}


def _table(checkpoint: str, before: Scores | None, found: dict[float, Scores], kept: float) -> Table:
    """What was read before, and is read with each share of the new weights."""
    table = Table(title=f"Exact match in %, begun with {checkpoint}", box=box.SIMPLE)
    for heading in ("new weights", "validation split", "drawn pictures", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = {0.0: before} if before else {}
    for share, scores in sorted({**rows, **found}.items()):
        drawn = "" if scores.drawn is None else f"{100 * scores.drawn:.1f}"
        note = "before" if not share else "kept as best.keras" if share == kept else ""
        table.add_row(f"{100 * share:.0f}%", f"{100 * scores.exact:.1f}", drawn, note)
    return table
