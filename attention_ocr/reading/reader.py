"""Reader: pictures -> Reading(text, confidence, characters, where it looked), from any kind of model file."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from attention_ocr.config import MAX_PIXELS, BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.model.geometry import geometry_of
from attention_ocr.reading import attention_pictures, calibration, given_pictures
from attention_ocr.reading.backends import choice as backends
from attention_ocr.reading.backends.backend import Backend
from attention_ocr.reading.orientation import Fitted, first_turn, other_turns, sureness, unsure_below
from attention_ocr.reading.readings import Alternative, Character, Origin, Reading, Word, readings_of
from attention_ocr.reading.texts import text_search
from attention_ocr.reading_order import reading_order
from attention_ocr.records.frames import frames_of, whole
from attention_ocr.records.pictures import crop_views, fit, fit_unpadded, fit_views, in_every_view, shows_one_view

__all__ = ["Alternative", "Character", "Fitted", "Reader", "Reading", "Word", "readings_of"]
logger = logging.getLogger(__name__)
WINDOW = 4  # batches' pictures are sorted by width together, so that most batches are full


class Reader:
    """Reads pictures in batches of any size.

    Args:
        backend: what runs the network.
        max_pixels: a picture of more is not decoded.
        texts: what is known of the texts; None: nothing.
        orientation: as in ReadConfig.

    Attributes:
        backend, texts, max_pixels, orientation: the same.
        dataset: what the model was trained on: sizes, views, charset.
        geometry: the sizes of its pictures and features.
        step: training steps behind the weights.
    """

    def __init__(
        self,
        backend: Backend,
        texts: text_search.TextSearch | None = None,
        max_pixels: int = MAX_PIXELS,
        orientation: str = "upright",
    ):
        self.backend = backend
        self.texts = texts
        self.max_pixels = max_pixels
        self.orientation = orientation
        self._told_of_views = self._told_of_shape = False
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
        loaded = backends.load(path, reading, backend)
        return cls(*text_search.prepared(loaded, reading), orientation=reading.orientation)

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

        With --orientation=auto a tall picture of a line comes with its other turns.

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
        self._tell_of_shape(opened, name)
        if shows_one_view(opened.height, opened.width, spec):
            if not self._told_of_views:
                self._told_of_views = True
                logger.warning("%s is shaped like one of %d views: shown in every view", name, spec.num_views)
            opened = in_every_view(opened, spec)
        others = other_turns(opened, source, spec, padded) if self.orientation == "auto" else ()
        return Fitted((fit if padded else fit_unpadded)(opened, spec), frames, source, first_turn(opened, spec), others)

    def _tell_of_shape(self, picture: Image.Image, name: str) -> None:
        """Warns once of a picture that looks like something else than what the model learned."""
        why = given_pictures.far_from_learned(picture.height, picture.width, self.dataset)
        if why and not self._told_of_shape:
            self._told_of_shape = True
            logger.warning("%s %s", name, why)

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
        window = batch_size * WINDOW
        for start in range(0, len(named), window):
            batch = [self.fitted(picture, name) for name, picture in named[start : start + window]]
            readings += self.read_prepared(batch, batch_size)
        return readings

    def read_prepared(self, pictures: Sequence[np.ndarray | Fitted], batch_size: int = 0) -> list[Reading]:
        """Readings of what `fitted` or `prepare` returned, in its order.

        Where the network has a canvas, a picture's width alone says how wide its batch is, so that its text does not
        depend on the pictures that are read with it. Boxes of characters are in pixels of the picture as given; after
        `prepare`, in those of its result.

        Args:
            pictures: any number.
            batch_size: pictures read at a time; 0: all that one batch can hold.
        """
        given = [picture if isinstance(picture, Fitted) else self._as_prepared(picture) for picture in pictures]
        found = self._read_each(given, batch_size)
        if self.orientation != "auto":
            return found
        unsure = unsure_below(self.backend.config)
        rows, asked = [], []
        for row, (picture, reading) in enumerate(zip(given, found, strict=True)):
            is_unsure = not picture.others and reading.sureness < unsure
            others = [picture.upside_down] if is_unsure else list(picture.others)
            rows += [row] * len(others)
            asked += others
        for row, reading in zip(rows, self._read_each(asked, batch_size), strict=True):
            if reading.sureness > found[row].sureness:
                found[row] = reading
        return found

    def _read_each(self, pictures: Sequence[Fitted], batch_size: int) -> list[Reading]:
        """Readings of pictures as they are turned, in their order, those of one width together."""
        arrays = [picture.pixels for picture in pictures]
        canvas = self.geometry.canvas
        found: dict[int, Reading] = {}
        most = batch_size or max(len(pictures), 1)
        for group in canvas.alike(arrays) if canvas else [list(range(len(arrays)))]:
            for start in range(0, len(group), most):
                rows = group[start : start + most]
                chosen = [arrays[row] for row in rows]
                pixels, sizes = canvas.batch(chosen) if canvas else (np.stack(chosen), None)
                found |= zip(rows, self.read_batch(pixels, batch_size, sizes), strict=True)
        return [self._placed(found[row], picture) for row, picture in enumerate(pictures)]

    def _as_prepared(self, pixels: np.ndarray) -> Fitted:
        """What `prepare` returned as it is: boxes are in its pixels."""
        views = self.dataset.num_views
        return Fitted(pixels, whole(pixels.shape[0], pixels.shape[1] // views, views))

    def read_batch(self, pixels: np.ndarray, batch_size: int = 0, sizes: np.ndarray | None = None) -> list[Reading]:
        """Readings of a batch.

        A batch smaller than `batch_size` is filled up to a power of two where the network would be compiled for another
        size.

        Args:
            pixels: uint8 [B, H, V*W, 3].
            batch_size: of a full batch.
            sizes: where the network has a canvas, int [B, 2], height and width of the picture at the top left of each.
        """
        batch_size = 0 if getattr(self.backend, "any_batch", False) else batch_size
        _, height, width, _ = self.cropped(pixels[:1]).shape
        grid = self.geometry.feature_grid(height, width // self.dataset.num_views)
        told, full = None, _full_batch(len(pixels), batch_size)
        if self.geometry.canvas and sizes is not None:
            told = _filled(np.asarray(sizes, np.int32), full)
        outputs = self.backend.predict(_filled(pixels, full), told)
        sure = sureness(outputs, self.dataset.charset.null_id)
        if self.texts:
            outputs = self.texts({name: np.asarray(value)[: len(pixels)] for name, value in outputs.items()})
        outputs = calibration.applied(outputs, getattr(self.backend, "confidence_power", 1.0))
        readings = readings_of(outputs, self.dataset, grid, self._order)[: len(pixels)]
        seen = np.tile(pixels.shape[1:3], [len(pixels), 1]) if told is None else told
        return [
            dataclasses.replace(reading, origin=self._origin(int(high), int(wide)), sureness=float(how_sure))
            for reading, (high, wide), how_sure in zip(readings, seen, sure, strict=False)
        ]

    def _origin(self, height: int, width: int) -> Origin:
        """That of what was read in a prepared picture of that size."""
        views = self.dataset.num_views
        frames = whole(height, width // views, views)
        return Origin(self.dataset.charset, self.geometry, frames, (height, width // views))

    @staticmethod
    def _placed(reading: Reading, picture: Fitted) -> Reading:
        """The reading in pixels of the picture as given."""
        origin = reading.origin and dataclasses.replace(reading.origin, frames=picture.frames)
        return dataclasses.replace(reading, origin=origin, turned=picture.turned)

    def draw(self, picture: np.ndarray | Fitted, reading: Reading) -> Image.Image:
        """A drawing of what was read in a picture, and where each character was, if attention tells.

        Args:
            picture: what `fitted` returned, which is shown in the turn in which it was read; or pixels in that turn.
            reading: of it.
        """
        seen = self.cropped(picture.in_turn(reading.turned).pixels if isinstance(picture, Fitted) else picture)
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
            self.geometry.spacing,
        )


def _full_batch(number: int, batch_size: int) -> int:
    """How many pictures a network reads for `number` of them: a power of two, or `batch_size` where that is less."""
    return min(1 << (number - 1).bit_length(), batch_size)


def _filled(array: np.ndarray, batch_size: int) -> np.ndarray:
    """`array` [B, ...] with its last row repeated up to `batch_size`."""
    missing = max(batch_size - len(array), 0)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array
