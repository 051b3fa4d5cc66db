"""Batches of drawn pictures. No framework: the processes that draw beside the training must not load one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attention_ocr.canvas import Canvas
from attention_ocr.charset import Charset
from attention_ocr.records.pictures import PAD_GREY
from attention_ocr.render.arrangement import Arrangement
from attention_ocr.render.signs.renderer import RenderedPicture
from attention_ocr.render.writing import Renderer, use_one_thread
from attention_ocr.share import WHOLE, Share


@dataclass(frozen=True, slots=True)
class Example:
    """A picture as training takes it.

    Attributes:
        pixels: uint8 [h, w, 3].
        ids: int32 [T], the class ids of its label and nulls after them.
        places: float32 [T, V, 2], as `RenderedPicture.places`, NaN where there is none; None: not known of any picture.
        is_unpainted: as RenderedPicture has it.
    """

    pixels: np.ndarray
    ids: np.ndarray
    places: np.ndarray | None = None
    is_unpainted: bool = False


@dataclass(frozen=True)
class Labelling:
    """What a label becomes: its classes and its length T."""

    charset: Charset
    length: int

    def example(self, picture: RenderedPicture) -> Example:
        """The picture with its class ids."""
        ids = np.array(self.charset.pad(self.charset.encode(picture.text), self.length), np.int32)
        if picture.places is None:
            return Example(picture.pixels, ids, is_unpainted=picture.is_unpainted)
        places = np.full((self.length, *picture.places.shape[1:]), np.nan, np.float32)
        places[: len(picture.places)] = picture.places
        return Example(picture.pixels, ids, places)


@dataclass(frozen=True)
class Layout:
    """How pictures lie in a batch.

    Attributes:
        height, width: of a picture with all its views in pixels; narrower ones are filled up with grey.
        canvas: the area for networks that see each picture's own size; None: they see all of `height` x `width`.
        tells_unpainted: whether batches tell which pictures are masks.
    """

    height: int
    width: int
    canvas: Canvas | None = None
    tells_unpainted: bool = False

    def batch(self, examples: Sequence[Example], whole: bool = False) -> dict[str, np.ndarray]:
        """`images` uint8 [B, H, W, 3], `labels` int32 [B, T]; on a canvas `sizes` int32 [B, 2].

        `places` float32 [B, T, V, 2] are there if those of a picture are known, `unpainted` bool [B] if that is told.

        Args:
            examples: B of them.
            whole: take all of the canvas, not only as much as the widest picture needs.
        """
        batch = {"labels": np.stack([example.ids for example in examples])}
        pictures = [example.pixels for example in examples]
        if self.canvas:
            needed = self.canvas.width if whole else max(picture.shape[1] for picture in pictures)
            wide = next(width for width in self.canvas.doubling if needed <= width)
            batch["images"] = np.zeros((len(pictures), self.canvas.height, wide, 3), np.uint8)
            batch["sizes"] = np.array([picture.shape[:2] for picture in pictures], np.int32)
        else:
            batch["images"] = np.full((len(pictures), self.height, self.width, 3), PAD_GREY, np.uint8)
        for place, picture in zip(batch["images"], pictures, strict=True):
            place[: picture.shape[0], : picture.shape[1]] = picture
        if self.tells_unpainted:
            batch["unpainted"] = np.array([example.is_unpainted for example in examples])
        known = next((example.places for example in examples if example.places is not None), None)
        if known is not None:
            unknown = np.full_like(known, np.nan)
            batch["places"] = np.stack([unknown if e.places is None else e.places for e in examples])
        return batch


@dataclass(frozen=True)
class Numbered:
    """Picture n of a run, a function of n alone.

    Attributes:
        renderer: what draws.
        labelling: what labels become.
        arrangement: when it is first used.
        difficulty: of the last pictures.
        difficulty_steps: steps in which it rises from 0.
        share: of each batch; n then counts the pictures of that share, which alone are arranged.
    """

    renderer: Renderer
    labelling: Labelling
    arrangement: Arrangement
    difficulty: float = 1.0
    difficulty_steps: int = 0
    share: Share = WHOLE

    def __call__(self, number: int) -> Example:
        """Picture `number`."""
        step, steps = self.arrangement.step_of(number), self.difficulty_steps
        risen = min(1.0, step / steps) if steps else 1.0
        number = self.share.number(number, self.arrangement.batch_size)
        return self.labelling.example(self.renderer.draw(number, self.difficulty * risen))


@dataclass(frozen=True)
class Batches:
    """Batch n of a renderer, in the order of its pictures, a function of its seed and n alone.

    Attributes:
        renderer: what draws.
        labelling: what labels become.
        layout: how pictures lie in a batch.
        batch_size: B.
        difficulty: of the pictures.
    """

    renderer: Renderer
    labelling: Labelling
    layout: Layout
    batch_size: int
    difficulty: float = 1.0

    def examples(self, number: int) -> list[Example]:
        """The pictures of a batch."""
        use_one_thread()
        first = number * self.batch_size
        numbers = range(first, first + self.batch_size)
        return [self.labelling.example(self.renderer.draw(n, self.difficulty)) for n in numbers]

    def pictures(self, number: int, whole: bool = False) -> dict[str, np.ndarray]:
        """A batch as `Layout.batch` gives it."""
        return self.layout.batch(self.examples(number), whole)
