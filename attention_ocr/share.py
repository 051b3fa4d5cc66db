"""Which part of every batch a process prepares, where several processes train together."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Share:
    """One of `count` equal parts of each batch, in the order of their `index`; by default all of it."""

    index: int = 0
    count: int = 1

    def rows(self, batch_size: int) -> slice:
        """The examples of a batch of `batch_size` that are its own; `batch_size` is a multiple of `count`."""
        size = batch_size // self.count
        return slice(self.index * size, (self.index + 1) * size)

    def number(self, own: int, size: int) -> int:
        """Which example of all batches the `own`-th of those is that it has itself, `size` of each batch."""
        batch, row = divmod(own, size)
        return (batch * self.count + self.index) * size + row

    def own(self, batches: np.ndarray) -> np.ndarray:
        """Of whole batches of examples, int64 [batches, B], those that are its own, counted as `number` counts them.

        Args:
            batches: the numbers of examples; each stands in the row of its batch that `number` says.
        """
        rows = self.rows(batches.shape[1])
        size = rows.stop - rows.start
        batch, row = np.divmod(batches[:, rows], batches.shape[1])
        return batch * size + row - rows.start


WHOLE = Share()
