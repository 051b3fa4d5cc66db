"""--experiment_tracker: scalars and knobs, told to MLflow or Weights & Biases by their libraries.

Where they go is what their own environment variables say (MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME, WANDB_PROJECT,
WANDB_MODE, ...). A job that goes on with a run goes on with its record there.
"""

import contextlib
import importlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from attention_ocr import extras, files
from attention_ocr.errors import UserError

log = logging.getLogger(__name__)

PROJECT = "attention-ocr"
ID_FILE = "tracker.json"  # in a run's directory: the run's names in the trackers
FINISHED, FAILED, STOPPED = "FINISHED", "FAILED", "KILLED"  # as MLflow has them
MOST_PARAMETERS = 100  # in a request to MLflow
LONGEST_PARAMETER = 500  # characters; older servers of MLflow refuse longer ones


class Tracker(Protocol):
    """A run's record in an experiment tracker.

    Attributes:
        run_id: its name there, by which a later job goes on with it.
    """

    run_id: str

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Notes each value under its name."""
        ...

    def end(self, status: str) -> None:
        """Ends it: finished, failed or stopped."""
        ...


class MlflowTracker:
    """A run of MLflow.

    Args:
        library: the module `mlflow`.
        name: what the run is called.
        knobs: its parameters.
        run_id: of the run to go on with; empty: a new one.
    """

    def __init__(self, library: Any, name: str, knobs: Mapping[str, Any], run_id: str):
        self._library = library
        if "MLFLOW_EXPERIMENT_NAME" not in os.environ and "MLFLOW_EXPERIMENT_ID" not in os.environ:
            library.set_experiment(PROJECT)
        run = library.start_run(**({"run_id": run_id} if run_id else {"run_name": name}))
        self.run_id = run.info.run_id
        known = run.data.params  # they cannot be changed
        told = [(knob, str(value)[:LONGEST_PARAMETER]) for knob, value in knobs.items() if knob not in known]
        for first in range(0, len(told), MOST_PARAMETERS):
            library.log_params(dict(told[first : first + MOST_PARAMETERS]))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._library.log_metrics(dict(values), step=step)

    def end(self, status: str) -> None:
        self._library.end_run(status)


class WandbTracker:
    """A run of Weights & Biases; arguments as for `MlflowTracker`."""

    def __init__(self, library: Any, name: str, knobs: Mapping[str, Any], run_id: str):
        project = os.environ.get("WANDB_PROJECT", PROJECT)
        again = {"id": run_id, "resume": "allow"} if run_id else {}
        self._run = library.init(project=project, name=name, config=dict(knobs), **again)
        self.run_id = self._run.id

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)

    def end(self, status: str) -> None:
        self._run.finish(exit_code=0 if status == FINISHED else 1)


TRACKERS: dict[str, Callable[..., Tracker]] = {"mlflow": MlflowTracker, "wandb": WandbTracker}


class _Tolerant:
    """A tracker whose failures end the tracking and not the training."""

    def __init__(self, name: str, tracker: Tracker):
        self._name, self._tracker = name, tracker
        self._works = True

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._told("scalars", values, step)

    def end(self, status: str) -> None:
        self._told("end", status)

    def _told(self, method: str, *arguments: Any) -> None:
        if not self._works:
            return
        try:
            getattr(self._tracker, method)(*arguments)
        except Exception as error:
            self._works = False
            log.warning("--experiment_tracker=%s: %s; training goes on without it", self._name, _line_of(error))


def library_of(name: str) -> Any:
    """The library of a tracker; None of an empty name.

    Raises:
        UserError: it is not installed.
    """
    if not name:
        return None
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise extras.missing(error, f"--experiment_tracker={name}") or error from error


@contextlib.contextmanager
def tracking(name: str, config: Mapping[str, Any], run_path: Path) -> Iterator[Any]:
    """Within it a run is recorded by a tracker, which is None where no name is given.

    Args:
        name: `mlflow`, `wandb` or nothing.
        config: what the run's config.json holds; the knobs of its groups become parameters.
        run_path: the run's directory.

    Raises:
        UserError: the library is not installed, or cannot begin.
    """
    if not name:
        yield None
        return
    tracker = _Tolerant(name, _begun(name, config, run_path))
    status = FAILED
    try:
        yield tracker
        status = FINISHED
    except KeyboardInterrupt:
        status = STOPPED
        raise
    finally:
        tracker.end(status)


def knobs_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The knobs of a config by name, and what is no group of them as it is, besides the data set's charset."""
    knobs: dict[str, Any] = {}
    for name, value in config.items():
        if name == "dataset":
            knobs |= {f"dataset.{key}": part for key, part in value.items() if not isinstance(part, list | dict)}
        elif isinstance(value, dict):
            knobs |= value
        else:
            knobs[name] = value
    return knobs


def _begun(name: str, config: Mapping[str, Any], run_path: Path) -> Tracker:
    library, path = library_of(name), run_path / ID_FILE
    ids = files.read_json(path) if path.exists() else {}
    knobs = knobs_of(config)
    try:
        try:
            tracker = TRACKERS[name](library, run_path.name, knobs, ids.get(name, ""))
        except Exception as error:
            if name not in ids:
                raise
            log.warning("--experiment_tracker=%s: begins a new run there, since %s", name, _line_of(error))
            tracker = TRACKERS[name](library, run_path.name, knobs, "")
    except Exception as error:
        raise UserError(f"--experiment_tracker={name}: {_line_of(error)}") from error
    files.write_json(path, {**ids, name: tracker.run_id})
    return tracker


def _line_of(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
