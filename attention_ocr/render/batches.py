"""Batches of drawn pictures. No framework: the processes that draw beside the training must not load one."""

from dataclasses import dataclass

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.render.writing import Renderer, use_one_thread
from attention_ocr.share import WHOLE, Share


@dataclass(frozen=True)
class Batches:
    """Batch n of a renderer, a function of its seed and n alone.

    Attributes:
        renderer: what draws.
        charset: the classes of the labels.
        length: T.
        batch_size: B.
        difficulty: of the last batches.
        difficulty_steps: batches in which it rises from 0.
        share: the pictures of each batch that are drawn.
    """

    renderer: Renderer
    charset: Charset
    length: int
    batch_size: int
    difficulty: float = 1.0
    difficulty_steps: int = 0
    share: Share = WHOLE

    def pictures(self, number: int) -> dict[str, np.ndarray]:
        """`images` uint8 [B, H, V*W, 3], `labels` int32 [B, T]; `places` float32 [B, T, V, 2] if they are known."""
        use_one_thread()
        share = min(1.0, number / self.difficulty_steps) if self.difficulty_steps else 1.0
        first = number * self.batch_size
        numbers = range(first, first + self.batch_size)[self.share.rows(self.batch_size)]
        drawn = [self.renderer.draw(n, self.difficulty * share) for n in numbers]
        labels = [self.charset.pad(self.charset.encode(picture.text), self.length) for picture in drawn]
        batch = {"images": np.stack([picture.pixels for picture in drawn]), "labels": np.array(labels, np.int32)}
        known = [picture.places for picture in drawn if picture.places is not None]
        if len(known) == len(drawn):
            batch["places"] = np.full((len(drawn), self.length, *known[0].shape[1:]), np.nan, np.float32)
            for row, places in zip(batch["places"], known, strict=True):
                row[: len(places)] = places
        return batch
