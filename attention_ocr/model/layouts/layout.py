"""What an encoder does to the size of a picture. No framework is needed to know it."""

from typing import Protocol


class Layout(Protocol):
    """Sizes of an encoder's features.

    Attributes:
        masks: whether the encoder can leave out what lies beyond pictures that are smaller than their batch.
        cells: the pixel that the first cell of the feature map is centred at, and pixels from one cell to the next;
            None: rows and columns lie differently far apart.
        multiple: (down, across); where the encoder masks, batches must be a multiple of this high and wide, so that a
            picture's cells lie on the same pixels alone and beside a larger one.
        least: the smallest (height, width) in pixels.
    """

    masks: bool
    multiple: tuple[int, int] = (1, 1)
    least: tuple[int, int] = (1, 1)

    @property
    def cells(self) -> tuple[int, int] | None: ...

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        """(h, w), rows and columns of the features of a view of `height` x `width` pixels.

        Raises:
            UserError: the view is too small.
        """
        ...
