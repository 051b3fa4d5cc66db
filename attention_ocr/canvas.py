"""The canvas: how large a batch is around pictures of several sizes. Weights, batches, exports and readers share it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Training: up to these widths in pixels, batches of like pictures are a multiple of these steps wide.
ENDS = (256, 512, 1024)
STEPS = (32, 64, 128, 256)

# Reading: the widths of batches in pixels. They are few, so that runtimes see few shapes and batches are full.
WIDTHS = (32, 64, 96, 128, 192, 256, 320, *(side * 2**power for power in range(12) for side in (480, 640)))


@dataclass(frozen=True)
class Canvas:
    """Pictures lie at its top left; what is below and to the right of them is no picture.

    Attributes:
        height: of every batch in pixels.
        width: of the widest batch of the data set in pixels.
    """

    height: int
    width: int

    @property
    def widths(self) -> list[int]:
        """The widths in pixels that batches have when they are read, the smallest first."""
        return [*(width for width in WIDTHS if width < self.width), self.width]

    @property
    def doubling(self) -> list[int]:
        """The widths in pixels of batches of drawn pictures: still fewer, as jax compiles a training step for each."""
        return [
            *itertools.takewhile(lambda width: width < self.width, (64 * 2**power for power in range(20))),
            self.width,
        ]

    def around(self, width: int) -> int:
        """The width of the batch that a picture of `width` pixels is read in, whatever other pictures there are."""
        return next(found for found in self.widths if width <= found)

    def alike(self, pictures: Sequence[np.ndarray]) -> list[list[int]]:
        """The numbers of the pictures that are read in batches of one width, the narrowest first.

        Args:
            pictures: [height, width, 3] each, none wider than the canvas.
        """
        groups: dict[int, list[int]] = {}
        for number, picture in enumerate(pictures):
            groups.setdefault(self.around(picture.shape[1]), []).append(number)
        return [groups[width] for width in sorted(groups)]

    def batch(self, pictures: Sequence[np.ndarray] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pictures of several sizes together.

        Args:
            pictures: uint8 [height, width, 3] each, no larger than the canvas.

        Returns:
            uint8 [B, H, W, 3], zeros below and to the right of each picture, and int32 [B, 2], the height and width of
            each.
        """
        sizes = np.array([picture.shape[:2] for picture in pictures], np.int32)
        batch = np.zeros([len(pictures), self.height, self.around(int(sizes[:, 1].max())), 3], np.uint8)
        for place, picture in zip(batch, pictures, strict=True):
            place[: picture.shape[0], : picture.shape[1]] = picture
        return batch, sizes


def batch_width(width: int) -> int:
    """The least width of a training batch that holds pictures of this width, both in pixels."""
    step = next((step for end, step in zip(ENDS, STEPS, strict=False) if width <= end), STEPS[-1])
    return -(-width // step) * step


def canvas_around(height: int, width: int, multiple: int, least: tuple[int, int]) -> Canvas:
    """The canvas of pictures of at most `height` x `width` pixels.

    Args:
        height, width: of the data set's pictures.
        multiple: what the encoder's height must be a multiple of.
        least: the smallest (height, width) that the encoder reads.
    """
    return Canvas(-(-max(height, least[0]) // multiple) * multiple, batch_width(max(width, least[1])))
