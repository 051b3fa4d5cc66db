"""An export beside its model: how far apart they are, how fast each is, how many texts each reads right."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attention_ocr.export.samples import Sample
from attention_ocr.reading.backends.backend import Backend

Outputs = dict[str, np.ndarray]
NUMBERS = ("chars_logit", "predicted_scores", "predicted_conf", "normalized_seq_conf", "attention")
SURE = -1e8  # a logit below it says "impossible", in whatever runtime


@dataclass(frozen=True)
class Compared:
    """A row of the table.

    Attributes:
        name: of the format.
        where: the file or folder.
        difference: the largest of any output, as a share of the output's largest value where that is above 1.
        same: texts that are the model's.
        right: texts that are the truth.
        number: of texts.
        milliseconds: a picture, the median of the batches.
    """

    name: str
    where: str
    difference: float
    same: int
    right: int
    number: int
    milliseconds: float


class Model:
    """The model's own outputs on the samples, to hold exports against.

    Args:
        backend: runs it.
        batches: what to read.
    """

    def __init__(self, backend: Backend, batches: Sequence[Sample]):
        self.config, self.dataset = backend.config, backend.dataset
        self.batches = batches
        self.outputs, milliseconds = run(backend, batches)
        self.row = self._row("model", "", self.outputs, milliseconds)

    def beside(self, name: str, where: str, backend: Backend, stops: bool = False) -> Compared:
        """An export on the same samples; `stops`: its texts end with their first null, whatever the model's do."""
        return self._row(name, where, *run(backend, self.batches), stops)

    def _row(self, name: str, where: str, outputs: list[Outputs], milliseconds: float, stops: bool = False) -> Compared:
        decode = self.dataset.charset.decode
        ours, theirs = (
            [decode(ids) for each in of for ids in each["predicted_chars"]] for of in (self.outputs, outputs)
        )
        truths = [text for batch in self.batches for text in batch.texts]
        ends = stops or self.config.stop_at_end
        null_id = self.dataset.charset.null_id
        apart = [difference(one, other, null_id, ends) for one, other in zip(self.outputs, outputs, strict=True)]
        same = sum(one == other for one, other in zip(ours, theirs, strict=True))
        right = sum(one == other for one, other in zip(truths, theirs, strict=True))
        return Compared(name, where, float(np.max(apart)), same, right, len(truths), milliseconds)


def run(backend: Backend, batches: Sequence[Sample]) -> tuple[list[Outputs], float]:
    """The outputs of each batch, and milliseconds a picture; the first run of each shape is not timed."""
    seen, outputs, times = set(), [], []
    for batch in batches:
        if batch.pixels.shape not in seen:
            seen.add(batch.pixels.shape)
            backend.predict(batch.pixels, batch.sizes)
        start = time.perf_counter()
        found = backend.predict(batch.pixels, batch.sizes)
        times.append((time.perf_counter() - start) / len(batch.pixels) * 1000)
        outputs.append({name: np.asarray(value) for name, value in found.items()})
    return outputs, float(np.median(times))


def difference(ours: Outputs, theirs: Outputs, null_id: int, ends: bool = False) -> float:
    """The largest difference of any output, as a share of the output's largest value where that is above 1.

    Args:
        ours: the model's outputs.
        theirs: those of its export.
        null_id: the class of padding.
        ends: whether texts end with their first null; then only what comes up to it counts, and confidences count
            where the model's text ends there, too.

    Returns:
        NaN where an output is not a number.
    """
    is_null = np.asarray(ours["predicted_chars"]) == null_id  # [B, T]
    counts = np.pad(np.cumsum(is_null, axis=1), [[0, 0], [1, 0]])[:, :-1] == 0  # [B, T], the first null included
    whole = ~np.any(~is_null & ~counts, axis=1)  # [B], nothing comes after the null
    apart = [0.0]
    for name in NUMBERS:
        if name not in theirs:
            continue
        one, other = np.asarray(ours[name], np.float64), np.asarray(theirs[name], np.float64)
        if ends and one.ndim == 1:
            one, other = one[whole], other[whole]
        elif ends and one.shape[1] == counts.shape[1]:  # CTC's logits are of columns
            one, other = one[counts], other[counts]
        possible = one > SURE
        if possible.any():
            apart.append(np.max(np.abs(one - other)[possible]) / max(1.0, np.max(np.abs(one[possible]))))
    return float(np.max(apart))


def table(rows: Sequence[Compared], source: str) -> str:
    """The rows as text; times are relative to the model's, which is the first."""
    lines = [f"compared on {rows[0].number} pictures ({source}):"]
    lines.append(f"  {'':12}{'difference':>12}{'texts equal':>14}{'right':>10}{'ms/picture':>12}{'times':>8}")
    for row in rows:
        apart = "" if row is rows[0] else f"{row.difference:.2g}"
        lines.append(
            f"  {row.name:12}{apart:>12}{f'{row.same} of {row.number}':>14}{row.right / row.number:>10.3f}"
            f"{row.milliseconds:>12.2f}{rows[0].milliseconds / row.milliseconds:>8.2f}"
        )
    return "\n".join(lines)
