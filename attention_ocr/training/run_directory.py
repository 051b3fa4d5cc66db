"""A run directory: its config, its checkpoints (the newest ones and the best), found, saved and loaded."""

import contextlib
import json
import re
import shlex
import shutil
import sys
import time
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from attention_ocr import __version__, files
from attention_ocr.config import Config
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.migration import FORMAT_VERSION, current
from attention_ocr.model.model_file import check_is_model_file
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import finiteness, optimizers
from attention_ocr.training.run_lock import LOCK_FILE

CONFIG_FILE = "config.json"
BEST_FILE = "best.keras"
BEST_SCORE_FILE = "best.json"
CHECKPOINT_FOLDER = "checkpoints"
COMPILED_FOLDER = "compiled"  # by jax, which needs not compile again what a run does when it goes on
# What a run writes to its directory, these modules, data.bad_records and tensorboard; and how `files.replacing` calls a
# file while it is written.
OWN_FILES = re.compile(
    r"(config|tracker)\.json|best\.(keras|json)|fine_tuning\.json|bad_records\.json|checkpoints/checkpoint-\d+\.keras"
    r"|(train|learning_rate)/events\.out\.tfevents\..+|mended/[0-9a-f]{8}-.+|(replay|compiled)/.+"
)
TEMPORARY_FILE = re.compile(r"\.(.+)-[0-9a-f]{8}(\.\w+)?")
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, json.JSONDecodeError)


@dataclass(frozen=True)
class Checkpoint:
    """A model file of a run and the step it was saved at."""

    path: Path
    step: int


@dataclass(frozen=True)
class RunDirectory:
    """`config.json`, `checkpoints/checkpoint-00001000.keras`, `best.keras`, TensorBoard's files in `train/`.

    Attributes:
        path: the directory; made when something is written.
    """

    path: Path

    def checkpoints(self) -> list[Checkpoint]:
        """All checkpoints, oldest first."""
        found = []
        for path in (self.path / CHECKPOINT_FOLDER).glob("checkpoint-*.keras"):
            match = re.fullmatch(r"checkpoint-(\d+)\.keras", path.name)
            if match:
                found.append(Checkpoint(path, int(match[1])))
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    def at(self, step: int) -> Checkpoint | None:
        """The checkpoint of a step that another process has found; None where `step` is none.

        Raises:
            UserError: it is not here.
        """
        if step < 0:
            return None
        found = next((checkpoint for checkpoint in self.checkpoints() if checkpoint.step == step), None)
        if found is None:
            raise UserError(
                f"--train_log_dir={self.path}: process 0 goes on from a checkpoint of step {step}, which is not here; "
                "give all processes one directory that they share"
            )
        return found

    def newest(self) -> Checkpoint | None:
        """The checkpoint to go on from."""
        found = self.checkpoints()
        return found[-1] if found else None

    def newest_file(self) -> Path:
        """The newest checkpoint's file.

        Raises:
            UserError: there is none yet.
        """
        newest = self.newest()
        if newest is None:
            raise UserError(f"--train_log_dir={self.path}: has no checkpoint; train writes one there")
        return newest.path

    def save(self, model: AttentionOcr, step: int, keep: int) -> Checkpoint:
        """Saves the model with its optimiser's state, then removes all but the newest `keep` checkpoints."""
        model.step = step
        path = self.path / CHECKPOINT_FOLDER / f"checkpoint-{step:08d}.keras"
        with files.replacing(path) as temporary:
            model.save(temporary)
        for old in self.checkpoints()[:-keep]:
            old.path.unlink(missing_ok=True)
        return Checkpoint(path, step)

    def keep_if_best(self, checkpoint: Checkpoint, score: list[float], what: str) -> bool:
        """Copies the checkpoint to `best.keras` unless an earlier one has a higher score (compared item by item)."""
        score_file, since = self.path / BEST_SCORE_FILE, checkpoint.step
        if score_file.exists():
            best = files.read_json(score_file)
            if best["what"] == what and best["score"] > score:
                return False
            if best["what"] == what and best["score"] == score:
                since = best.get("since", best["step"])
        with files.replacing(self.path / BEST_FILE) as temporary:
            shutil.copyfile(checkpoint.path, temporary)
        reached_before = {"since": since} if since < checkpoint.step else {}
        files.write_json(score_file, {"what": what, "score": score, "step": checkpoint.step, **reached_before})
        return True

    def best_since(self) -> int | None:
        """The first step with the best score of the validation split; None: none was read."""
        score_file = self.path / BEST_SCORE_FILE
        best: dict[str, Any] = files.read_json(score_file) if score_file.exists() else {"what": ""}
        return best.get("since", best["step"]) if "validation" in best["what"] else None

    @property
    def best_file(self) -> Path:
        """The best model so far."""
        return self.path / BEST_FILE

    def replace_best(self, model: AttentionOcr, share: float, score: list[float]) -> None:
        """Writes the best model with only a share of what it learned, and its score, as `keep_if_best` has it."""
        with files.replacing(self.best_file) as temporary:
            model.save(temporary)
        best = files.read_json(self.path / BEST_SCORE_FILE)
        files.write_json(self.path / BEST_SCORE_FILE, {**best, "score": score, "share": share})

    def best_is_blended(self) -> bool:
        """Whether the best model is one that `replace_best` wrote."""
        score_file = self.path / BEST_SCORE_FILE
        return score_file.exists() and "share" in files.read_json(score_file)

    def write_config(self, config: Config, dataset: DatasetSpec) -> dict[str, Any]:
        """Writes `config.json` and returns what it holds."""
        values = {
            "attention_ocr": __version__,
            "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            "backend": keras.backend.backend(),
            "format_version": FORMAT_VERSION,
            **config.to_dict(),
            "dataset": dataset.to_dict(),
        }
        files.write_json(self.path / CONFIG_FILE, values)
        return values

    def check_resumable(self, config: Config, dataset: DatasetSpec) -> None:
        """Raises a UserError if the run was begun with another network, optimiser or data set shape."""
        path = self.path / CONFIG_FILE
        if not self.newest() or not path.exists():
            return
        before = current(files.read_json(path))
        old, new = before["model"], config.model.to_dict()
        changed = [f"{name} {old[name]} and {new[name]}" for name in new if old.get(name, new[name]) != new[name]]
        was, now = before["train"], config.train.to_dict()
        if was["optimizer"] != now["optimizer"]:
            changed.append(f"optimizer {was['optimizer']} and {now['optimizer']}")
        decays = was.get("moving_average_decay", 0.0), now["moving_average_decay"]
        if bool(decays[0]) != bool(decays[1]):
            changed.append(f"moving_average_decay {decays[0]} and {decays[1]}")
        changed += DatasetSpec.from_dict(before["dataset"], str(path)).misfits(dataset)
        if changed:
            raise UserError(
                f"--train_log_dir={self.path}: the run there and the flags disagree "
                f"(then and now: {', '.join(changed)}); give the same flags, another --train_log_dir, "
                "or --reset_train_dir to begin anew"
            )

    def changes(self, config: Config) -> list[str]:
        """Knobs of data and training that the run had otherwise until now: `learning_rate 0.004 -> 0.001`."""
        path = self.path / CONFIG_FILE
        before = files.read_json(path) if path.exists() else {}
        return [
            f"{name} {before[group][name]!r} -> {value!r}"
            for group, values in config.to_dict().items()
            if group in before and group != "model"
            for name, value in values.items()
            if before[group].get(name, value) != value
        ]

    def check_resettable(self) -> None:
        """Raises a UserError if the directory holds something, but is not that of a run."""
        if any(path.name != LOCK_FILE for path in self._entries()) and not self._has_config():
            raise UserError(
                f"--reset_train_dir: {self.path} has no {CONFIG_FILE} of a run, so nothing is removed there; give "
                "another --train_log_dir, or empty it yourself"
            )

    def reset(self) -> None:
        """Removes the files that a run wrote and the folders that are empty then; other files stay."""
        for path in [path for path in self.path.rglob("*") if path.is_file()]:
            if _is_own(path.relative_to(self.path)):
                path.unlink(missing_ok=True)
        names = (CHECKPOINT_FOLDER, COMPILED_FOLDER, "learning_rate", "mended", "replay", "train")
        for folder in [*(self.path / COMPILED_FOLDER).glob("*"), *(self.path / name for name in names)]:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _entries(self) -> list[Path]:
        return list(self.path.iterdir()) if self.path.is_dir() else []

    def _has_config(self) -> bool:
        try:
            values = files.read_json(self.path / CONFIG_FILE)
        except UserError:
            return False
        return isinstance(values, dict) and {"attention_ocr", "model", "train"} <= set(values)


def _is_own(path: Path) -> bool:
    """Whether a run wrote the file, whose path is relative to its directory."""
    temporary = TEMPORARY_FILE.fullmatch(path.name)
    name = f"{temporary[1]}{temporary[2] or ''}" if temporary else path.name
    return OWN_FILES.fullmatch(path.with_name(name).as_posix()) is not None


def restore(model: AttentionOcr, checkpoint: Checkpoint) -> None:
    """Loads weights and optimiser into a compiled model that was built the same, ready to learn on.

    Raises:
        UserError: the file is damaged, does not fit the model, its optimiser is another, or its weights are no numbers.
    """
    path, way_out = checkpoint.path, "remove it to go on from the checkpoint before it"
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    try:
        check_is_model_file(path)
        step = _step_of(path)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.load_weights(path)
    except UserError as error:
        raise UserError(f"{error}; {way_out}") from error
    except DAMAGED as error:
        raise UserError(
            f"{path}: is damaged or cannot be read ({str(error).splitlines()[0][:200]}); {way_out}"
        ) from error
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path}: does not fit the network or the optimiser asked for; resume with the flags in the run's "
            f"{CONFIG_FILE}"
        ) from error
    if any("variable loading for optimizer" in str(warning.message) for warning in told):
        raise UserError(f"{path}: holds no state of the optimiser asked for; resume with the run's own")
    # Not the optimiser's count, which leaves out steps that float16 skips since their gradients overflow.
    if step != checkpoint.step:
        raise UserError(f"{path}: was saved at step {step}; give it the name it had, checkpoint-{step:08d}.keras")
    finiteness.check_loaded(model, str(path), way_out)
    optimizers.swap_averages(model)  # the file has the averages where the weights go


def _step_of(path: Path) -> int:
    """The step that a model file says it was saved at."""
    with zipfile.ZipFile(path) as file:
        if not {"config.json", "model.weights.h5"} <= set(file.namelist()):
            raise zipfile.BadZipFile("a part is missing")
        return json.loads(file.read("config.json"))["config"]["step"]


def watch(run: RunDirectory, interval: float = 0, most: int | None = None) -> Iterator[Path]:
    """The file of a run's newest checkpoint, and then of each newer one.

    Args:
        run: the run's directory.
        interval: seconds between two looks; the directory need not exist yet. 0: look once.
        most: stop after this many checkpoints; None: never.

    Raises:
        UserError: it is looked at once, and has no checkpoint.
    """
    if not interval:
        yield run.newest_file()
        return
    seen, given = -1, 0
    while most is None or given < most:
        newest = run.newest()
        if newest and newest.step > seen:
            seen, given = newest.step, given + 1
            yield newest.path
        else:
            time.sleep(interval)
