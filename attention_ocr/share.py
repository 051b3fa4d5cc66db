"""Which part of every batch a process prepares, where several processes train together."""

from dataclasses import dataclass


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


WHOLE = Share()
