"""A report on a split that was read: every number of it, and the samples to look at."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.reading.evaluation import Prediction
from attention_ocr.reading.reader import Reader, Reading
from attention_ocr.reading.report import comparison, groups, measures, mistakes, page, samples, sureness

SHOWN = 24  # samples of a kind
SEED = 0
JSON_FILE, PAGE_FILE = "report.json", "report.html"


def numbers(predictions: Sequence[Prediction], others: Mapping[str, Prediction] | None, name: str) -> dict[str, Any]:
    """All numbers of a report, for JSON.

    Args:
        predictions: of every record of a split.
        others: another model's, by `comparison.key_of`; None: there is none.
        name: of the other model.
    """
    found = mistakes.find(predictions)
    told = {
        "measures": {key: dataclasses.asdict(value) for key, value in measures.measured(predictions).items()},
        "mistakes": mistakes.told(found),
        "groups": {
            "length": groups.by_length(predictions),
            "width": groups.by_width(predictions),
            "character_class": mistakes.by_class(found),
            "dataset": groups.by_dataset(predictions),
        },
        "confidence": sureness.told(predictions),
    }
    return told if others is None else {**told, "comparison": comparison.compared(predictions, others, name)}


class Album:
    """Gathers the samples of a report while a split is read.

    Args:
        others: another model's readings, by `comparison.key_of`; None: there are none.
    """

    def __init__(self, others: Mapping[str, Prediction] | None = None):
        self._others = others or {}
        self.kinds = {
            "worst": samples.Highest(samples.wrongness, SHOWN),
            "random": samples.Highest(samples.at_random(SEED), SHOWN),
            "fixed": samples.Highest(lambda prediction: self._changed(prediction, is_right=True), SHOWN),
            "broken": samples.Highest(lambda prediction: self._changed(prediction, is_right=False), SHOWN),
        }

    def add(self, prediction: Prediction, picture: np.ndarray, reading: Reading) -> None:
        """Keeps a sample where it is of interest."""
        for kind in self.kinds.values():
            kind.add(prediction, picture, reading)

    def shown(self, reader: Reader) -> dict[str, list[dict[str, Any]]]:
        """What a page shows, by kind."""
        found = {
            name: [samples.shown(sample, reader) for sample in kind.samples()] for name, kind in self.kinds.items()
        }
        for sample in [*found["fixed"], *found["broken"]]:
            other = self._others[f"{sample['dataset']}\t{sample['record']}"]
            sample["other"] = samples.parts(other.truth, other.read, of_read=True)
        return found

    def _changed(self, prediction: Prediction, is_right: bool) -> tuple[float, ...] | None:
        """Ranks by confidence what this model alone reads right, or what the other one alone does."""
        other = self._others.get(comparison.key_of(prediction))
        right = prediction.truth == prediction.read
        if other is None or right != is_right or (other.truth == other.read) == right:
            return None
        return (prediction.confidence,)


def paths_of(target: str) -> tuple[Path, Path]:
    """The page and the JSON file of --report: in a folder, or of a name that ends with .html.

    Raises:
        UserError: it is neither.
    """
    path = Path(target)
    if path.suffix.lower() == ".html" and not path.is_dir():
        return path, path.with_suffix(".json")
    if path.is_file() or path.suffix.lower() in (".htm", ".json", ".tsv", ".txt"):
        raise UserError(f"--report={target}: is neither a folder nor a page; name a folder, or a file such as out.html")
    return path / PAGE_FILE, path / JSON_FILE


def write(
    target: str, about: dict[str, Any], told: dict[str, Any], shown: dict[str, list[dict[str, Any]]]
) -> tuple[Path, Path]:
    """Writes the page and the JSON file of a report.

    Args:
        target: as `paths_of` takes it.
        about: what was read with what: what the job prints.
        told: `numbers`.
        shown: `Album.shown`.

    Returns:
        Both paths.
    """
    page_path, json_path = paths_of(target)
    files.write_json(json_path, {**about, **told})
    files.write_text(page_path, page.rendered("report.html", about=about, report=told, samples=shown))
    return page_path, json_path
