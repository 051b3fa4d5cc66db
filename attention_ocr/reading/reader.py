"""Reader: pictures -> Reading(text, confidence, characters, where it looked), from any kind of model file."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr.config import MAX_PIXELS, BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.reading import attention_pictures, calibration, given_pictures
from attention_ocr.reading.backends import choice as backends
from attention_ocr.reading.backends.backend import Backend
from attention_ocr.reading.readings import Alternative, Character, Origin, Reading, Word, readings_of
from attention_ocr.reading.texts import text_search
from attention_ocr.reading_order import reading_order
from attention_ocr.records.frames import Frame, Source, frames_of, whole
from attention_ocr.records.pictures import crop_views, fit, fit_unpadded, fit_views, in_every_view, shows_one_view

__all__ = ["Alternative", "Character", "Fitted", "Reader", "Reading", "Word", "readings_of"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """A picture as a network takes it.

    Attributes:
        pixels: uint8 [H, V*W, 3], what `Reader.prepare` returns.
        frames: where each view's pixels come from.
        source: the picture as it was given; None: there were several, one for each view.
    """

    pixels: np.ndarray
    frames: Sequence[Frame]
    source: Source | None = None


class Reader:
    """Reads pictures in batches of any size.

    Args:
        backend: what runs the network.
        max_pixels: a picture of more is not decoded.
        texts: what is known of the texts; None: nothing.

    Attributes:
        backend, texts, max_pixels: the same.
        dataset: what the model was trained on: sizes, views, charset.
        geometry: the sizes of its pictures and features.
        step: training steps behind the weights.
    """

    def __init__(self, backend: Backend, texts: text_search.TextSearch | None = None, max_pixels: int = MAX_PIXELS):
        self.backend = backend
        self.texts = texts
        self.max_pixels = max_pixels
        self._told_of_views = False
        self.dataset = backend.dataset
        self.geometry = geometry_of(backend.config, backend.dataset)
        self.step = backend.step
        self._order = reading_order(backend.config, backend.dataset.charset)

    @classmethod
    def load(cls, path: str | os.PathLike, **knobs: Any) -> "Reader":
        """The reader of a model file or an export.

        Args:
            path: a `.keras` or `.onnx` file, OpenVINO's `.xml`, a SavedModel's folder (or that of its versions), or the
                name of a ready-made reader.
            knobs: those of ReadConfig and BackendConfig, such as `characters="0-9"` or `backend="onnxruntime"`.

        Raises:
            UserError: there is no model at `path`, a knob or a file it names is wrong, or the backend is not installed
                or cannot do what is asked for.
        """
        names = {field.name for field in dataclasses.fields(BackendConfig)}
        backend = BackendConfig(**{name: value for name, value in knobs.items() if name in names})
        reading = ReadConfig(**{name: value for name, value in knobs.items() if name not in names})
        return cls(*text_search.prepared(backends.load(path, reading, backend), reading))

    def prepare(self, picture: Any, name: str = "") -> np.ndarray:
        """uint8 [H, V*W, 3] of a picture of any size.

        Where the network has a canvas, it is no larger than the picture needs.

        Args:
            picture: a path, the bytes of a file, a PIL.Image, or a uint8 array: [height, width, 3] RGB, [height, width]
                or [height, width, 1] grey, [height, width, 4] RGBA; or a list of these, one for each view. One picture
                for a reader of several views holds them side by side, or is one view, which is shown in all of them.
            name: how messages call it; empty: its path, or `the picture`.

        Raises:
            UserError: it is none of these, it cannot be read, it is empty, or it has more than `max_pixels` pixels.
        """
        return self.fitted(picture, name).pixels

    def fitted(self, picture: Any, name: str = "") -> Fitted:
        """What `prepare` returns, and where its pixels come from, so that boxes can be told in the picture as given.

        Raises:
            UserError: as `prepare`.
        """
        name, spec, padded = name or given_pictures.name_of(picture), self.dataset, self.geometry.canvas is None
        if isinstance(picture, list | tuple):
            views = [given_pictures.opened(view, name, self.max_pixels) for view in picture]
            pixels = fit_views([view for view, _ in views], spec)
            return Fitted(pixels, frames_of([source for _, source in views], spec, is_padded=True))
        opened, source = given_pictures.opened(picture, name, self.max_pixels)
        frames = frames_of(source, spec, padded)
        if shows_one_view(opened.height, opened.width, spec):
            if not self._told_of_views:
                self._told_of_views = True
                logger.warning("%s is shaped like one of %d views: shown in every view", name, spec.num_views)
            opened = in_every_view(opened, spec)
        return Fitted((fit if padded else fit_unpadded)(opened, spec), frames, source)

    def cropped(self, pixels: np.ndarray) -> np.ndarray:
        """What the network sees of prepared pictures [..., H, V*W, 3]."""
        return crop_views(pixels, self.dataset.num_views, *self.geometry.crop)

    def read(self, pictures: Any, batch_size: int = 32) -> list[Reading]:
        """Readings of pictures in their order.

        Args:
            pictures: what `prepare` takes, one or several.
            batch_size: pictures read at a time.

        Raises:
            UserError: a picture cannot be read; it is named by its path, or as `picture 3 of 10`.
        """
        if batch_size < 1:
            raise UserError(f"batch_size={batch_size}: must be at least 1")
        named = given_pictures.named(pictures)
        readings: list[Reading] = []
        for start in range(0, len(named), batch_size):
            batch = [self.fitted(picture, name) for name, picture in named[start : start + batch_size]]
            readings += self.read_prepared(batch, batch_size)
        return readings

    def read_prepared(self, pictures: Sequence[np.ndarray | Fitted], batch_size: int = 0) -> list[Reading]:
        """Readings of what `fitted` or `prepare` returned, all in one batch; `batch_size` as in `read_batch`.

        Boxes of characters are in pixels of the picture as given; after `prepare`, in those of its result.
        """
        arrays = [picture.pixels if isinstance(picture, Fitted) else picture for picture in pictures]
        sizes = None
        if self.geometry.canvas:
            pixels, sizes = self.geometry.canvas.batch(arrays)
        else:
            pixels = np.stack(arrays)
        readings = self.read_batch(pixels, batch_size, sizes)
        frames = [picture.frames if isinstance(picture, Fitted) else None for picture in pictures]
        return [self._framed(reading, known) for reading, known in zip(readings, frames, strict=True)]

    def read_batch(self, pixels: np.ndarray, batch_size: int = 0, sizes: np.ndarray | None = None) -> list[Reading]:
        """Readings of a batch.

        A batch smaller than `batch_size` is filled up for the network, so that it is compiled for one shape.

        Args:
            pixels: uint8 [B, H, V*W, 3].
            batch_size: of a full batch.
            sizes: where the network has a canvas, int [B, 2], height and width of the picture at the top left of each.
        """
        _, height, width, _ = self.cropped(pixels[:1]).shape
        grid = self.geometry.feature_grid(height, width // self.dataset.num_views)
        told = None
        if self.geometry.canvas and sizes is not None:
            told = _filled(np.asarray(sizes, np.int32), batch_size)
        outputs = self.backend.predict(_filled(pixels, batch_size), told)
        if self.texts:
            outputs = self.texts({name: np.asarray(value)[: len(pixels)] for name, value in outputs.items()})
        outputs = calibration.applied(outputs, self.backend.confidence_power)
        readings = readings_of(outputs, self.dataset, grid, self._order)[: len(pixels)]
        seen = np.tile(pixels.shape[1:3], [len(pixels), 1]) if told is None else told
        return [
            dataclasses.replace(reading, origin=self._origin(int(high), int(wide)))
            for reading, (high, wide) in zip(readings, seen, strict=False)
        ]

    def _origin(self, height: int, width: int) -> Origin:
        """That of what was read in a prepared picture of that size."""
        views = self.dataset.num_views
        frames = whole(height, width // views, views)
        return Origin(self.dataset.charset, self.geometry, frames, (height, width // views))

    @staticmethod
    def _framed(reading: Reading, frames: Sequence[Frame] | None) -> Reading:
        if frames is None or reading.origin is None:
            return reading
        return dataclasses.replace(reading, origin=dataclasses.replace(reading.origin, frames=frames))

    def draw(self, pixels: np.ndarray, reading: Reading) -> Image.Image:
        """A drawing of what was read in a prepared picture, and where each character was, if attention tells."""
        seen = self.cropped(pixels)
        if reading.attention is None:
            return attention_pictures.draw_reading(seen, reading.text, reading.confidence)
        steps = np.flatnonzero(reading.ids != self.dataset.charset.null_id)
        return attention_pictures.draw_attention(
            seen,
            [self.dataset.charset.symbols[class_id] for class_id in reading.ids[steps]],
            reading.attention[steps],
            self.dataset.num_views,
            reading.feature_grid,
            reading.scores[steps],
            reading.confidence,
            self.geometry.cells,
        )


def _filled(array: np.ndarray, batch_size: int) -> np.ndarray:
    """`array` [B, ...] with its last row repeated up to `batch_size`."""
    missing = max(batch_size - len(array), 0)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array
