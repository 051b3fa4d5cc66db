"""Some of the pictures that were read, to look at."""

import base64
import heapq
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein

from attention_ocr.reading.evaluation import Prediction
from attention_ocr.reading.reader import Reader, Reading
from attention_ocr.reading.report import looks

WIDEST = 720  # pixels of a picture on a page
QUALITY = 88


@dataclass(frozen=True)
class Sample:
    """A picture that was read.

    Attributes:
        prediction: its label and what was read.
        picture: uint8 [H, V*W, 3].
        reading: the same with where the network looked.
    """

    prediction: Prediction
    picture: np.ndarray
    reading: Reading


Rank = Callable[[Prediction], tuple[float, ...] | None]


class Highest:
    """Keeps the samples that rank highest; those of equal rank that come first.

    Args:
        rank: what samples are ordered by; None: a sample is of no interest.
        most: how many are kept.
    """

    def __init__(self, rank: Rank, most: int):
        self._rank, self._most = rank, most
        self._numbers = itertools.count()
        self._heap: list[tuple[tuple[float, ...], int, Sample]] = []

    def add(self, prediction: Prediction, picture: np.ndarray, reading: Reading) -> None:
        """Keeps a sample, if it is one of the highest so far."""
        rank = self._rank(prediction)
        if rank is None:
            return
        entry = (rank, -next(self._numbers))
        if len(self._heap) == self._most and entry < self._heap[0][:2]:
            return
        push = heapq.heappush if len(self._heap) < self._most else heapq.heapreplace
        push(self._heap, (*entry, Sample(prediction, picture.copy(), reading)))

    def samples(self) -> list[Sample]:
        """Those kept, the highest first."""
        return [sample for *_, sample in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


def wrongness(prediction: Prediction) -> tuple[float, ...] | None:
    """Ranks what is furthest from its label highest, and of that what is surest; None: it is read right."""
    if prediction.truth == prediction.read:
        return None
    return Levenshtein.normalized_distance(prediction.truth, prediction.read), prediction.confidence


def at_random(seed: int) -> Rank:
    """Ranks in which the highest are a random sample."""
    random = np.random.default_rng(seed)
    return lambda prediction: (random.random(),)


def shown(sample: Sample, reader: Reader) -> dict[str, Any]:
    """What a page shows of a sample: pictures as data URIs, texts in parts that are alike or not."""
    told, prediction = sample.reading, sample.prediction
    steps = np.flatnonzero(told.ids != reader.dataset.charset.null_id)
    symbols = [reader.dataset.charset.symbols[class_id] for class_id in told.ids[steps]]
    characters = [
        {"character": symbol, "score": round(float(score), 4), "colour": looks.css(colour)}
        for symbol, score, colour in zip(symbols, told.scores[steps], looks.colours(len(steps)), strict=True)
    ]
    looked = ""
    if told.attention is not None and len(steps):
        seen = reader.cropped(sample.picture)
        views, grid = reader.dataset.num_views, told.feature_grid
        looked = data_uri(looks.overlay(seen, told.attention[steps], views, grid, reader.geometry.spacing))
    return {
        "record": prediction.record,
        "dataset": prediction.dataset,
        "truth": prediction.truth,
        "read": prediction.read,
        "confidence": prediction.confidence,
        "right": prediction.truth == prediction.read,
        "truth_parts": parts(prediction.truth, prediction.read, of_read=False),
        "read_parts": parts(prediction.truth, prediction.read, of_read=True),
        "picture": data_uri(sample.picture),
        "size": [int(side) for side in sample.picture.shape[1::-1]],
        "looked": looked,
        "characters": characters if looked else [],
    }


def parts(truth: str, read: str, of_read: bool) -> list[dict[str, str]]:
    """One of two texts in parts, each with its `kind`: equal, replace, and insert (of the reading) or delete."""
    found = []
    for code in Levenshtein.opcodes(truth, read):
        text = read[code.dest_start : code.dest_end] if of_read else truth[code.src_start : code.src_end]
        found.append({"kind": code.tag, "text": text})
    return [part for part in found if part["text"]]


def data_uri(picture: np.ndarray) -> str:
    """A picture uint8 [H, W, 3] as the address that holds it, JPEG, made smaller where it is wider than a page."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    if image.width > WIDEST:
        image = image.resize((WIDEST, max(1, round(image.height * WIDEST / image.width))), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
