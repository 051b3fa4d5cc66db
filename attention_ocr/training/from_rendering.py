"""Pictures drawn while a model learns from them: epochs never repeat. No TensorFlow unless it is Keras' backend."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from attention_ocr import parallel
from attention_ocr.charset import Charset
from attention_ocr.config import Config, DataConfig, RenderConfig, SignsConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import geometry_of
from attention_ocr.reading.evaluation import Evaluation, evaluate
from attention_ocr.reading.reader import Reader
from attention_ocr.render import renderers
from attention_ocr.render.arrangement import Arrangement
from attention_ocr.render.batches import Batches, Example, Labelling, Layout, Numbered
from attention_ocr.render.drawers import Drawers
from attention_ocr.render.photographs import Photographs
from attention_ocr.render.ring import LocalDrawing, Ring, RingShape
from attention_ocr.render.writing import Renderer, seed_of
from attention_ocr.share import WHOLE, Share
from attention_ocr.training.data import SAMPLE_SIZE
from attention_ocr.training.read_ahead import ReadAhead

MOST_SORTED = 32  # batches whose pictures are sorted by width together, where each is used once
MOST_AHEAD = 16  # batches drawn ahead of training, where it takes them in order


class RenderedSigns(keras.utils.PyDataset):
    """Endless batches of French street signs for `keras.Model.fit`; no two of them are the same.

    Args:
        seed: another seed, other signs.
        batch_size: B.
        charset: the classes; None: all characters of made-up names.
        max_sequence_length: T.
        sizes: of the signs.
        difficulty: from 0 to 1.
        fonts: `bundled`, `installed` or a folder, as `--fonts` has it.
        options: those of `keras.utils.PyDataset` (`workers`, ...).
    """

    def __init__(
        self,
        seed: int,
        batch_size: int = 32,
        charset: Charset | None = None,
        max_sequence_length: int = 37,
        sizes: SignsConfig | None = None,
        difficulty: float = 1.0,
        fonts: str = "bundled",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        config = RenderConfig(seed=seed, max_sequence_length=max_sequence_length, fonts=fonts)
        renderer, spec = renderers.sign_renderer(config, sizes or SignsConfig())
        labelling = Labelling(charset or spec.charset, max_sequence_length)
        layout = Layout(spec.image_shape[0], spec.image_shape[1])
        self._batches = Batches(renderer, labelling, layout, batch_size, difficulty)

    @property
    def num_batches(self) -> None:
        """Endless."""
        return None

    def __getitem__(self, number: int) -> tuple[dict[str, np.ndarray]]:
        """Batch `number` as `Batches.pictures` gives it, in a tuple as Keras takes it."""
        return (self._batches.pictures(number),)


class DrawnData:
    """Drawn pictures to learn from, validated on drawn ones of another seed, or on photographs.

    What a step sees depends on the seed, the step, and the knobs of drawing and batching (`batch_size`, `render_reuse`,
    `render_memory`), which fix how many pictures are drawn before it: see `Arrangement`. Picture n is a function of the
    seed and n. So two runs see the same, whatever processes draw for them and however fast, and a resumed run sees what
    it would have seen. With a `render_reuse` of 1, pictures of one size come in the order of their numbers.

    Args:
        config: all knobs.
        drawn: what draws pictures to look at.
        spec: the data set that the pictures are.
        renderer: what draws pictures to learn from, unpainted ones and photographs among them; None: `drawn`.
        held_out: photographs to validate on; empty: drawn pictures.
        share: of each batch. A process draws the pictures of its rows alone, of all that are drawn its part. Only where
            batches are of pictures as wide as each other do all processes draw all of them: which pictures these are
            shows when they are drawn.
    """

    def __init__(
        self,
        config: Config,
        drawn: Renderer,
        spec: DatasetSpec,
        renderer: Renderer | None = None,
        held_out: Sequence[Photographs] = (),
        share: Share = WHOLE,
    ):
        self._data = config.data
        self._most = config.train.validation_examples
        self._photographs = held_out
        self._labelling = Labelling(spec.charset, spec.max_sequence_length)
        canvas = geometry_of(config.model, spec).canvas
        self._layout = Layout(spec.image_shape[0], spec.image_shape[1], canvas)
        self._trained = dataclasses.replace(self._layout, tells_unpainted=config.data.render_masks > 0)
        self._widths = np.array(canvas.doubling) if canvas else None
        self._held_out = dataclasses.replace(drawn, seed=seed_of(drawn.seed, "validation"))  # type: ignore[type-var]
        renderer = renderer or drawn
        sample = Batches(drawn, self._labelling, self._layout, SAMPLE_SIZE).pictures(0, whole=True)
        self.sample = {**sample, "originals": sample["images"]}
        self.has_validation = self._most > 0
        views = 0 if drawn.draw(0, 0.0).places is None else spec.num_views
        self._one = RingShape(1, int(np.prod(spec.image_shape)), spec.max_sequence_length, views)
        self._whole = arrangement(self._data, config.train.seed, self._one, canvas is not None)
        self._drawn, self._taken = (WHOLE, share) if canvas else (share, WHOLE)  # of all pictures, of those it draws
        self._arrangement = self._whole.shared(self._drawn)
        difficulty = self._data.difficulty, self._data.difficulty_steps
        self._numbered = Numbered(renderer, self._labelling, self._arrangement, *difficulty, self._drawn)
        least = 1 if self._data.render_workers == 1 else 2  # beside the training, unless it is to draw by itself
        self._workers = max(least, parallel.number_of_workers(self._data.render_workers, 10**9))
        self._open: list[tuple[Drawers | LocalDrawing, ReadAhead]] = []
        self._waited = 0.0

    def batches(self, step: int) -> Any:
        """Endless batches from a step on."""
        drawing = self._drawing(self._arrangement.numbers(self._arrangement.place(step)[0]).start)
        ahead = ReadAhead(self._made(drawing, step))
        self._open.append((drawing, ahead))
        if self._layout.canvas and keras.backend.backend() == "tensorflow":
            from attention_ocr.data import generated

            like = self._own(self._trained.batch([self._numbered(0)] * self._arrangement.batch_size))
            return generated.dataset_of(ahead, like)
        return iter(ahead)

    def _made(self, drawing: Drawers | LocalDrawing, step: int) -> Iterator[tuple[dict[str, np.ndarray]]]:
        """The batches, until the drawing is stopped."""
        arrangement, seen, table = self._arrangement, -1, np.zeros((0, 0), np.int64)
        while True:
            phase, place = arrangement.place(step)
            if phase != seen:
                numbers = arrangement.numbers(phase)
                drawing.leave(numbers.start)
                if not drawing.wait(numbers):
                    return
                table, seen = self._drawn.own(self._whole.batches(phase, self._kinds_in(drawing.ring))), phase
            yield (self._own(self._trained.batch(drawing.ring.examples(table[place].tolist()))),)
            step += 1

    def _own(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What this process has of a batch."""
        rows = self._taken.rows(self._arrangement.batch_size)
        return {name: part[rows] for name, part in batch.items()}

    def _kinds_in(self, ring: Ring) -> Any:
        """Which width of the canvas each picture takes; None: all pictures have one size."""
        widths = self._widths
        return None if widths is None else lambda numbers: np.searchsorted(widths, ring.widths(numbers))

    def _drawing(self, first: int) -> Drawers | LocalDrawing:
        """What draws the pictures from number `first` on."""
        arrangement, size = self._arrangement, self._arrangement.batch_size
        chunks = arrangement.reuse + 1
        if arrangement.in_order:
            chunks = max(chunks, min(MOST_AHEAD, _budget(self._data, self._one) // size))
        shape = dataclasses.replace(self._one, slots=chunks * arrangement.chunk)
        if self._workers == 1:
            return LocalDrawing(Ring(shape, bytearray(shape.num_bytes)), self._numbered)
        return Drawers(shape, self._numbered, first, size, self._workers)

    def validate(self, reader: Reader) -> Evaluation:
        size = self._data.batch_size
        examples = self._validation_photographs() if self._photographs else self._validation_drawn()
        return evaluate(reader, _in_batches(examples, self._layout, size), size)

    def _validation_drawn(self) -> Iterator[tuple[str, Example]]:
        for number in range(self._most):
            picture = self._held_out.draw(number, self._data.difficulty)
            yield f"drawn:{number}", self._labelling.example(picture)

    def _validation_photographs(self) -> Iterator[tuple[str, Example]]:
        most = -(-self._most // len(self._photographs))
        for photographs in self._photographs:
            for number in range(min(most, len(photographs))):
                yield photographs.name(number), self._labelling.example(photographs.picture(number))

    def validate_replayed(self, reader: Reader) -> None:
        """Nothing is mixed in."""
        del reader

    def waited(self) -> float:
        return self._waited + sum(ahead.waited for _, ahead in self._open)

    def recover(self, error: Exception, step: int) -> bool:
        """False: a drawn picture is never bad; raises what ended the drawing, if that is behind the error."""
        del step
        for _, ahead in self._open:
            if ahead.error:
                raise ahead.error from error
        return False

    def messages(self) -> dict[int, str]:
        return {}

    def close(self) -> None:
        while self._open:
            drawing, ahead = self._open.pop()
            drawing.stop()
            ahead.close()
            drawing.close()
            self._waited += ahead.waited


def arrangement(data: DataConfig, seed: int, one: RingShape, by_width: bool) -> Arrangement:
    """How the drawn pictures of a run come to its batches.

    Args:
        data: gives B, how often a picture is used, and the memory for drawn pictures.
        seed: of the order.
        one: the shape of a ring of one picture.
        by_width: pictures have several widths, and batches are of like ones.
    """
    size, reuse = data.batch_size, data.render_reuse
    if reuse == 1 and not by_width:
        return Arrangement(size, size, seed=seed, in_order=True)
    batches = _budget(data, one) // ((reuse + 1) * size)
    if reuse == 1:
        batches = min(batches, MOST_SORTED)
    return Arrangement(size, max(1, batches) * size, reuse, seed)


def _budget(data: DataConfig, one: RingShape) -> int:
    """The pictures that the memory for them holds."""
    return data.render_memory * 10**6 // one.num_bytes


def _in_batches(examples: Iterator[tuple[str, Example]], layout: Layout, size: int) -> Iterator[dict[str, np.ndarray]]:
    """Named examples as `evaluate` takes them."""
    found: list[tuple[str, Example]] = []
    for named in examples:
        found.append(named)
        if len(found) == size:
            yield _named(found, layout)
            found = []
    if found:
        yield _named(found, layout)


def _named(found: list[tuple[str, Example]], layout: Layout) -> dict[str, np.ndarray]:
    batch = layout.batch([example for _, example in found])
    batch.pop("places", None)
    return {**batch, "records": np.array([name.encode() for name, _ in found], object)}
