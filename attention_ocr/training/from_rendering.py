"""Pictures drawn while a model learns from them: epochs never repeat. No TensorFlow unless it is Keras' backend."""

import functools
import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from attention_ocr import parallel
from attention_ocr.charset import Charset
from attention_ocr.config import Config, RenderConfig, SignsConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.reading.evaluation import Evaluation, evaluate
from attention_ocr.reading.reader import Reader
from attention_ocr.render import renderers
from attention_ocr.render.batches import Batches
from attention_ocr.render.signs.renderer import SignRenderer
from attention_ocr.render.writing import seed_of
from attention_ocr.share import WHOLE, Share
from attention_ocr.training.data import SAMPLE_SIZE


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
        self._batches = Batches(renderer, charset or spec.charset, max_sequence_length, batch_size, difficulty)

    @property
    def num_batches(self) -> None:
        """Endless."""
        return None

    def __getitem__(self, number: int) -> tuple[dict[str, np.ndarray]]:
        """Batch `number` as `Batches.pictures` gives it, in a tuple as Keras takes it."""
        return (self._batches.pictures(number),)


class DrawnData:
    """Drawn pictures to learn from, validated on drawn ones of another seed.

    Args:
        config: all knobs.
        renderer: what draws.
        spec: the data set that the pictures are.
        render: difficulty and workers.
        share: what is drawn of each batch.
    """

    def __init__(
        self, config: Config, renderer: SignRenderer, spec: DatasetSpec, render: RenderConfig, share: Share = WHOLE
    ):
        self._data, self._most = config.data, config.train.validation_examples
        self._batches_of = functools.partial(
            Batches, charset=spec.charset, length=spec.max_sequence_length, difficulty=render.difficulty
        )
        self._drawn = self._batches_of(
            renderer, batch_size=self._data.batch_size, difficulty_steps=self._data.difficulty_steps, share=share
        )
        self._held_out = SignRenderer(**{**vars(renderer), "seed": seed_of(renderer.seed, "validation")})
        least = 1 if render.num_workers == 1 else 2  # beside the training, unless it is to draw by itself
        self._workers = max(least, parallel.number_of_workers(render.num_workers, 10**9))
        self._lock, self._seconds = threading.Lock(), 0.0
        self._under_way: list[Any] = []
        sample = self._batches_of(renderer, batch_size=SAMPLE_SIZE).pictures(0)
        self.sample = {**sample, "originals": sample["images"]}
        self.has_validation = self._most > 0

    def batches(self, step: int) -> Iterator[tuple[dict[str, np.ndarray]]]:
        numbers = itertools.count(step)
        found = parallel.map_in_order(functools.partial(Batches.pictures, self._drawn), numbers, self._workers, 1)
        self._under_way.append(found)
        while True:
            started = time.perf_counter()
            with self._lock:
                pictures = next(found, None)
            self._seconds += time.perf_counter() - started
            if pictures is None:
                return
            yield (pictures,)

    def validate(self, reader: Reader) -> Evaluation:
        size = self._data.batch_size
        checks = self._batches_of(self._held_out, batch_size=size)
        numbers = range(max(1, self._most // size))
        return evaluate(reader, (_named(checks.pictures(number), number) for number in numbers), size)

    def validate_replayed(self, reader: Reader) -> None:
        """Nothing is mixed in."""
        del reader

    def waited(self) -> float:
        return self._seconds

    def recover(self, error: Exception, step: int) -> bool:
        """False: a drawn picture is never bad."""
        del error, step
        return False

    def messages(self) -> dict[int, str]:
        return {}

    def close(self) -> None:
        with self._lock:  # Keras reads ahead in a thread, and a generator that runs cannot be closed
            while self._under_way:
                self._under_way.pop().close()


def _named(pictures: dict[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    size = len(pictures["labels"])
    names = np.array([f"drawn:{number * size + n}".encode() for n in range(size)], object)
    return {"images": pictures["images"], "labels": pictures["labels"], "records": names}
