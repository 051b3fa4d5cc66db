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
from attention_ocr.training.from_records import SAMPLE_SIZE, TrainingData


class RenderedSigns(keras.utils.PyDataset):
    """Endless batches of French street signs for `keras.Model.fit`; no two of them are the same.

    Args:
        seed: another seed, other signs.
        batch_size: B.
        charset: the classes; None: all characters of made-up names.
        max_sequence_length: T.
        sizes: of the signs.
        difficulty: from 0 to 1.
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
        **options: Any,
    ) -> None:
        super().__init__(**options)
        config = RenderConfig(seed=seed, max_sequence_length=max_sequence_length)
        renderer, spec = renderers.sign_renderer(config, sizes or SignsConfig())
        self._batches = Batches(renderer, charset or spec.charset, max_sequence_length, batch_size, difficulty)

    @property
    def num_batches(self) -> None:
        """Endless."""
        return None

    def __getitem__(self, number: int) -> tuple[dict[str, np.ndarray]]:
        """Batch `number`, in a tuple as Keras takes it: as `Batches.pictures`, with `images` in [0, 1] for `pixels`."""
        return (_batch_of(self._batches.pictures(number)),)


def from_rendering(config: Config, renderer: SignRenderer, spec: DatasetSpec, render: RenderConfig) -> TrainingData:
    """Drawn pictures to learn from, validated on drawn ones of another seed.

    Args:
        config: all knobs.
        renderer: what draws.
        spec: the data set that the pictures are.
        render: difficulty and workers.
    """
    data, train = config.data, config.train
    steps = data.difficulty_steps
    drawn = Batches(renderer, spec.charset, spec.max_sequence_length, data.batch_size, render.difficulty, steps)
    held_out = SignRenderer(**{**vars(renderer), "seed": seed_of(renderer.seed, "validation")})
    waited, lock, under_way = [0.0], threading.Lock(), []

    def batches(step: int) -> Iterator[tuple[dict[str, np.ndarray]]]:
        workers = max(2, parallel.number_of_workers(render.num_workers, 10**9))  # drawn beside the training
        numbers = itertools.count(step)
        found = parallel.map_in_order(functools.partial(Batches.pictures, drawn), numbers, workers, 1)
        under_way.append(found)
        while True:
            started = time.perf_counter()
            with lock:
                pictures = next(found, None)
            waited[0] += time.perf_counter() - started
            if pictures is None:
                return
            yield (_batch_of(pictures),)

    def validate(reader: Reader) -> Evaluation:
        checks = Batches(held_out, spec.charset, spec.max_sequence_length, data.batch_size, render.difficulty)
        number = max(1, train.validation_examples // data.batch_size)
        return evaluate(reader, (_named(checks.pictures(n), n) for n in range(number)), data.batch_size)

    def close() -> None:
        with lock:  # Keras reads ahead in a thread, and a generator that runs cannot be closed
            while under_way:
                under_way.pop().close()

    sample = Batches(renderer, spec.charset, spec.max_sequence_length, SAMPLE_SIZE, render.difficulty).pictures(0)
    images = _batch_of(sample)["images"]
    return TrainingData(
        batches,
        {"originals": images, "images": images, **sample},
        validate if train.validation_examples else None,
        waited=lambda: waited[0],
        recover=lambda error, step: False,
        close=close,
    )


def _batch_of(pictures: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What `AttentionOcr` takes."""
    others = {name: array for name, array in pictures.items() if name != "pixels"}
    return {"images": pictures["pixels"].astype(np.float32) / 255.0, **others}


def _named(pictures: dict[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    size = len(pictures["labels"])
    names = np.array([f"drawn:{number * size + n}".encode() for n in range(size)], object)
    return {"images": pictures["pixels"], "labels": pictures["labels"], "records": names}
