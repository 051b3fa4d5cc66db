"""How an encoder changes the size of a picture. No framework is imported."""

from typing import Protocol


class Layout(Protocol):
    """Sizes of an encoder's features.

    Attributes:
        masks: whether the encoder can ignore the padding of pictures that are smaller than their batch.
        cells: the pixel at the centre of the feature map's first cell, and the pixels from one cell to the next; None:
            rows and columns are spaced differently.
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
