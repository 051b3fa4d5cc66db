"""Which drawn pictures make which training batch: a function of the step and the seed, whoever draws them and when.

Pictures are numbered from 0 and come in chunks. In phase p training sees the newest chunks, p - reuse + 1 to p, each
of their pictures once, in an order that is drawn anew. So a picture is used in as many phases as `reuse` says (those of
the last chunks of a run in fewer), never twice in one batch, and before a phase begins its pictures must be there.
Picture n keeps the row n % B of its batches, unless these are of like pictures: who needs some of the rows alone need
not draw the others.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attention_ocr.share import Share

ORDER = 1  # sets the order's numbers apart from those of other generators with the same seed


@dataclass(frozen=True)
class Arrangement:
    """How batches are made of numbered pictures.

    Attributes:
        batch_size: B.
        chunk: pictures that are drawn, and later left, together; a multiple of B.
        reuse: the phases in which a picture is used.
        seed: of the order.
        in_order: keep the pictures' own order; with a reuse of 1 alone.
    """

    batch_size: int
    chunk: int
    reuse: int = 1
    seed: int = 0
    in_order: bool = False

    def place(self, step: int) -> tuple[int, int]:
        """The phase of the batch after `step` steps, and the batch's place in it."""
        batches = step // self._batches_of_a_chunk
        growing = self.reuse * (self.reuse - 1) // 2  # chunks seen in the phases in which they become more
        if batches < growing:
            phase = next(p for p in range(self.reuse) if batches < (p + 1) * (p + 2) // 2)
        else:
            phase = self.reuse - 1 + (batches - growing) // self.reuse
        return phase, step - self.first_step(phase)

    def first_step(self, phase: int) -> int:
        """The steps before a phase."""
        growing = min(phase, self.reuse)
        chunks = growing * (growing + 1) // 2 + (phase - growing) * self.reuse
        return chunks * self._batches_of_a_chunk

    def numbers(self, phase: int) -> range:
        """The pictures of a phase."""
        return range(max(0, phase - self.reuse + 1) * self.chunk, (phase + 1) * self.chunk)

    def step_of(self, number: int) -> int:
        """About the step at which a picture is first used."""
        chunk, place = divmod(number, self.chunk)
        return self.first_step(chunk) + place // self.batch_size

    def batches(self, phase: int, kind_of: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
        """The pictures of each batch of a phase.

        Args:
            phase: from 0.
            kind_of: numbers -> for each the kind of picture, int; batches then hold one kind as far as it goes.

        Returns:
            int64 [batches, B].
        """
        numbers = np.array(self.numbers(phase), np.int64)
        random = np.random.default_rng([self.seed, ORDER, phase])
        if kind_of is None:
            rows = numbers.reshape(-1, self.batch_size)
            return rows if self.in_order else random.permuted(rows, axis=0)
        numbers = random.permutation(numbers)
        numbers = numbers[np.argsort(kind_of(numbers), kind="stable")]
        return random.permutation(numbers.reshape(-1, self.batch_size))

    def shared(self, share: Share) -> "Arrangement":
        """That of the pictures of a share of each batch, counted by themselves."""
        return dataclasses.replace(self, batch_size=self.batch_size // share.count, chunk=self.chunk // share.count)

    @property
    def _batches_of_a_chunk(self) -> int:
        return self.chunk // self.batch_size
