"""Real pictures among the drawn ones: records of a data set, each seen from slightly elsewhere every time."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.records import examples, pictures
from attention_ocr.records.framing import read_record_at, record_spans
from attention_ocr.render.signs.renderer import RenderedPicture
from attention_ocr.render.writing import Renderer

CHOICE = 2  # sets these choices apart from those of other generators with the same seed
NARROWEST = 8  # pixels

# How far a picture's corners move, and its rim, as shares of the height; its turn in degrees; its widening.
CORNERS = (0.1, 0.08)
RIM = (-0.02, 0.08)
TURN, WIDENING = 3.0, 0.08


@dataclass(frozen=True)
class Photographs:
    """The records of a split.

    Attributes:
        files: the shards.
        spec: their data set.
        shards: int32 [N], the shard of each record.
        offsets: int64 [N], where each begins in it.
    """

    files: Sequence[str]
    spec: DatasetSpec
    shards: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of_split(cls, folder: str, spec: DatasetSpec, split_name: str) -> "Photographs":
        """The records of a data set's split.

        Raises:
            UserError: there is no such split, or no record in it.
        """
        files = spec.split_files(folder, split_name)
        spans = [[offset for offset, _ in record_spans(file)] for file in files]
        shards = np.repeat(np.arange(len(files), dtype=np.int32), [len(offsets) for offsets in spans])
        if not shards.size:
            raise UserError(f"{folder}: the {len(files)} files of split {split_name!r} hold no record")
        return cls(files, spec, shards, np.concatenate([np.array(offsets, np.int64) for offsets in spans]))

    def __len__(self) -> int:
        """The number of records."""
        return len(self.shards)

    def name(self, index: int) -> str:
        """`shard:number` of a record, as other jobs name it."""
        shard = self.shards[index]
        return f"{Path(self.files[shard]).name}:{index - int(np.searchsorted(self.shards, shard))}"

    def picture(self, index: int) -> RenderedPicture:
        """A record as it is, without its padding.

        Raises:
            UserError: it is damaged.
        """
        file, offset = self.files[self.shards[index]], int(self.offsets[index])
        try:
            values = examples.values_of(read_record_at(file, offset))
            encoded, ids = values["image/encoded"][0], values["image/class"]
            pixels = np.asarray(pictures.open_image(encoded, "the picture"))
        except (UserError, KeyError, IndexError) as error:
            raise UserError(
                f"{file}: the record at byte {offset}: {error}; validate_dataset finds all of them"
            ) from error
        if pixels.shape != self.spec.image_shape or not set(ids) <= set(range(len(self.spec.charset))):
            raise UserError(
                f"{file}: the record at byte {offset} is not as dataset.json says; validate_dataset tells more"
            )
        return RenderedPicture(self._without_padding(pixels, values), self.spec.charset.decode(ids))

    def seen(self, index: int, random: np.random.Generator, difficulty: float) -> RenderedPicture:
        """A record seen from slightly elsewhere, each view by itself.

        Args:
            index: of the record.
            random: the source of every choice.
            difficulty: 0..1, how far from where it was taken.
        """
        picture = self.picture(index)
        views = np.split(picture.pixels, self.spec.num_views, axis=1)
        widest = self.spec.image_width if self.spec.resize == "keep_height" else 0
        moved = [_moved(view, random, difficulty, widest) for view in views]
        return RenderedPicture(np.concatenate(moved, axis=1), picture.text)

    def _without_padding(self, pixels: np.ndarray, values: dict[str, list]) -> np.ndarray:
        if self.spec.resize != "keep_height":
            return pixels
        width = values.get("image/orig_width", [0])[0]
        return pixels[:, : width if 0 < width <= pixels.shape[1] else pixels.shape[1]]


@dataclass(frozen=True)
class MixedRenderer:
    """Draws, or takes a photograph; which of both is a function of the seed and the picture's number.

    Attributes:
        drawn: what draws the others.
        photographs: real pictures of its sizes, of one data set or several.
        draws: how often each of the data sets is taken.
        share: of the photographs.
    """

    drawn: Renderer
    photographs: Sequence[Photographs]
    draws: Sequence[int]
    share: float

    @property
    def seed(self) -> int:
        """That of what draws."""
        return self.drawn.seed

    def draw(self, number: int, difficulty: float = 1.0) -> RenderedPicture:
        """Picture `number`."""
        random = np.random.default_rng([self.seed, CHOICE, number])
        if random.random() >= self.share:
            return self.drawn.draw(number, difficulty)
        totals = np.cumsum(self.draws)
        chosen = self.photographs[int(np.searchsorted(totals, random.integers(totals[-1]), side="right"))]
        return chosen.seen(int(random.integers(len(chosen))), random, difficulty)


def _moved(view: np.ndarray, random: np.random.Generator, difficulty: float, widest: int) -> np.ndarray:
    """A view [h, w, 3] with its corners moved: [h, w, 3], or another width up to `widest` where that is not 0."""
    height, width = view.shape[:2]
    around = _turn(np.deg2rad(random.normal(0, TURN) * difficulty))
    middle = np.array([width / 2, height / 2])
    moved = (_corners(width, height) - middle) @ around.T + middle
    moved += random.uniform(-1, 1, (4, 2)) * np.multiply(CORNERS, height * difficulty)
    low = moved.min(axis=0) + random.uniform(*RIM, 2) * height * difficulty
    high = moved.max(axis=0) - random.uniform(*RIM, 2) * height * difficulty
    size = np.maximum(high - low, NARROWEST)
    wide = width
    if widest:
        wanted = height * size[0] / size[1] * np.exp(random.normal(0, WIDENING) * difficulty)
        wide = int(np.clip(round(wanted), NARROWEST, widest))
    to = ((moved - low) * (wide / size[0], height / size[1])).astype(np.float32)
    back = cv2.getPerspectiveTransform(_corners(width, height).astype(np.float32), to)
    return cv2.warpPerspective(view, back, (wide, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@functools.cache
def _corners(width: int, height: int) -> np.ndarray:
    """The corners of a view, float64 [4, 2]."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
