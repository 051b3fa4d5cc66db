"""Several runs side by side: how far they are, their best scores, their curves, and the knobs that differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from attention_ocr import config as configs
from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.training.event_files import Curve, scalars

LOSS, SCORE, SIMILARITY = "loss/above_floor", "validation/ExactMatch", "validation/NormalizedEditDistance"
SPEED = "speed/examples_per_second"
EVALUATED = "eval/ExactMatch"
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24  # bars of a curve
LEAST_LOSS = 1e-4  # smaller ones look alike on a logarithmic scale
GROUPS = ("model", "data", "train")  # that every version writes


@dataclass(frozen=True)
class Run:
    """What a run's directory tells.

    Attributes:
        path: the directory.
        knobs: all of its config, by name.
        curves: tag -> (step, value) by step.
        seconds: for how long it trained.
        evaluated: split -> the exact match that `eval` wrote there last.
    """

    path: Path
    knobs: dict[str, Any]
    curves: dict[str, Curve]
    seconds: float
    evaluated: dict[str, float] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """The last step it wrote of."""
        return max((curve[-1][0] for curve in self.curves.values()), default=0)

    @property
    def best(self) -> tuple[int, float] | None:
        """The step of the best validation, and its exact match; of equal ones, that of fewer edits."""
        similarity = dict(self.curves.get(SIMILARITY, []))
        scored = [(value, similarity.get(step, 0.0), -step) for step, value in self.curves.get(SCORE, [])]
        value, _, step = max(scored, default=(0.0, 0.0, 0))
        return (-step, value) if scored else None

    def last(self, tag: str) -> float | None:
        """The newest value of a curve."""
        return self.curves[tag][-1][1] if tag in self.curves else None

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        best = self.best
        return {
            "run": str(self.path),
            "step": self.step,
            "hours": self.seconds / 3600,
            "best": best and {"step": best[0], "ExactMatch": best[1]},
            "loss_above_floor": self.last(LOSS),
            "examples_per_second": self.last(SPEED),
            "evaluated": self.evaluated,
            "curves": {tag: self.curves.get(tag, []) for tag in (LOSS, SCORE, SIMILARITY)},
        }


def load(path: str) -> Run:
    """The run of a directory.

    Raises:
        UserError: it is none.
    """
    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise UserError(f"{path}: is no run's directory (it has no config.json)")
    config = files.read_json(folder / "config.json")
    if not isinstance(config, dict) or not all(isinstance(config.get(group), dict) for group in GROUPS):
        raise UserError(f"{folder / 'config.json'}: is no run's config")
    knobs = {name: value for group in configs.GROUPS for name, value in config.get(group, {}).items()}
    curves, seconds = scalars(folder / "train")
    evaluated = {}
    for log_dir in sorted(folder.glob("eval_*")):
        found, _ = scalars(log_dir)
        if EVALUATED in found:
            evaluated[log_dir.name.removeprefix("eval_")] = found[EVALUATED][-1][1]
    return Run(folder, knobs, curves, seconds, evaluated)


def differing(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The knobs that are not the same in all runs, and their values; None: a run of another version has none."""
    names = dict.fromkeys(name for run in runs for name in run.knobs)
    values = {name: [run.knobs.get(name) for run in runs] for name in names}
    return {name: found for name, found in values.items() if any(value != found[0] for value in found)}


def tables(runs: Sequence[Run]) -> list[Table]:
    """What a terminal shows: the runs, and the knobs that differ if there are several."""
    longest = max((run.step for run in runs), default=0)
    splits = list(dict.fromkeys(split for run in runs for split in run.evaluated))
    table = Table(title_justify="left")
    for name, where in (("run", "left"), ("step", "right"), ("hours", "right"), ("best", "right"), ("at", "right")):
        table.add_column(name, justify=where, overflow="fold")  # type: ignore[arg-type]
    for split in splits:
        table.add_column(split, justify="right")
    table.add_column("loss", justify="right")
    table.add_column("loss, logarithmic", no_wrap=True)
    table.add_column("validation", no_wrap=True)
    table.add_column("pictures/s", justify="right")
    losses = [[(step, math.log(max(value, LEAST_LOSS))) for step, value in run.curves.get(LOSS, [])] for run in runs]
    scores = [run.curves.get(SCORE, []) for run in runs]
    drawn = zip(runs, sparklines(losses, longest), sparklines(scores, longest), strict=True)
    for run, loss, score in drawn:
        best = run.best
        table.add_row(
            *(str(run.path), f"{run.step:,}", f"{run.seconds / 3600:.1f}"),
            *((f"{best[1]:.4f}", f"{best[0]:,}") if best else ("", "")),
            *(_number(run.evaluated.get(split), 4) for split in splits),
            *(_number(run.last(LOSS), 3), loss, score, _number(run.last(SPEED), 1)),
        )
    changed = differing(runs)
    if not changed:
        return [table]
    knobs = Table()
    knobs.add_column("knob")
    for run in runs:
        knobs.add_column(str(run.path), overflow="fold")
    for name, values in changed.items():
        knobs.add_row(name, *("" if value is None else str(value) for value in values))
    return [table, knobs]


def sparklines(curves: Sequence[Curve], longest: int) -> list[str]:
    """Each curve as bars; all of one scale, and of steps from 0 to `longest`."""
    values = [value for curve in curves for _, value in curve]
    low, high = min(values, default=0.0), max(values, default=0.0)
    found = []
    for curve in curves:
        parts: list[list[float]] = [[] for _ in range(WIDTH)]
        for step, value in curve:
            parts[min(step * WIDTH // max(longest, 1), WIDTH - 1)].append(value)
        found.append("".join(_bar(sum(part) / len(part), low, high) if part else " " for part in parts).rstrip())
    return found


def _bar(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low) if high > low else 0.5
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
