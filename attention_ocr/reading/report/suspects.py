"""Records whose labels are probably wrong: what is read is sure, and it differs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.reading.evaluation import Prediction
from attention_ocr.reading.reader import Reader
from attention_ocr.reading.report import page, samples
from attention_ocr.records import suspects as lists

MOST_SHOWN = 200


class SuspectAlbum(samples.Highest):
    """Gathers the samples for the page while a split is read.

    Args:
        least: how sure a reading must be.
    """

    def __init__(self, least: float):
        super().__init__(
            lambda prediction: (prediction.confidence,) if _is_suspect(prediction, least) else None, MOST_SHOWN
        )


def find(predictions: Sequence[Prediction], least: float) -> list[lists.Suspect]:
    """Those of which at least `least` is read surely; the surest first."""
    found = [
        lists.Suspect(p.record, p.truth, p.read, p.confidence, p.dataset) for p in predictions if _is_suspect(p, least)
    ]
    return sorted(found, key=lambda suspect: -suspect.confidence)


def page_of(target: str) -> Path:
    """Where the page of a list lies.

    Raises:
        UserError: the list is not called `.tsv`.
    """
    if Path(target).suffix.lower() != ".tsv":
        raise UserError(f"--suspects={target}: is a list of tab-separated lines; name a file such as suspects.tsv")
    return Path(target).with_suffix(".html")


def write(
    target: str, about: dict[str, Any], suspects: Sequence[lists.Suspect], album: SuspectAlbum, reader: Reader
) -> None:
    """Writes the list, and the page to look through.

    Args:
        target: the list; the page lies beside it.
        about: what was read with what: what the job prints.
        suspects: all of them.
        album: the pictures of the first.
        reader: read them.
    """
    path = page_of(target)
    lists.write(Path(target), suspects)
    shown = [samples.shown(sample, reader) for sample in album.samples()]
    values = {"about": about, "number": len(suspects), "samples": shown, "list": Path(target).name}
    files.write_text(path, page.rendered("suspects.html", **values))


def _is_suspect(prediction: Prediction, least: float) -> bool:
    return prediction.truth != prediction.read and prediction.confidence >= least
