"""How an encoder changes the size of a picture. No framework is imported."""

from typing import Protocol

Axis = tuple[float, float]


class Layout(Protocol):
    """Sizes of an encoder's features.

    Attributes:
        masks: whether the encoder can ignore the padding of pictures that are smaller than their batch.
        cells: the pixel at the centre of the feature map's first cell, and the pixels from one cell to the next; None:
            rows and columns are spaced differently.
        spacing: of rows, and of columns, where the first one's centre lies in pixels (0.5: the first pixel's), and the
            pixels from one to the next.
        multiple: (down, across); where the encoder masks, batches must be a multiple of this high and wide, so that a
            picture's cells lie on the same pixels alone and beside a larger one.
        least: the smallest (height, width) in pixels.
    """

    masks: bool
    multiple: tuple[int, int] = (1, 1)
    least: tuple[int, int] = (1, 1)

    @property
    def spacing(self) -> tuple[Axis, Axis]: ...

    @property
    def cells(self) -> tuple[int, int] | None: ...

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        """(h, w), rows and columns of the features of a view of `height` x `width` pixels.

        Raises:
            UserError: the view is too small.
        """
        ...
