"""Times the input pipeline beside training on the same records: it must not be what training waits for.

python tools/benchmark_pipeline.py --dataset_dir=DIR [--preset=signs]
"""

import itertools
import time
from collections.abc import Callable, Iterable

import numpy as np
from absl import app, flags

from attention_ocr.data import pipeline
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import preset
from attention_ocr.training import optimizers

_DATASET_DIR = flags.DEFINE_string("dataset_dir", None, "Folder of records.", required=True)
_DATASET_NAME = flags.DEFINE_string("dataset_name", "", "A folder of datasets/ whose dataset.json is used.")
_PRESET = flags.DEFINE_string("preset", "", "The preset whose batch size, augmentation and network are timed.")
_BATCHES = flags.DEFINE_integer("batches", 50, "Batches a round.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Rounds; the median counts.")


def rate(batches: Iterable, number: int, batch_size: int) -> float:
    """Pictures a second of `number` batches after the first; what was fetched ahead while it came is the first's."""
    iterator = iter(batches)
    next(iterator)
    start = time.perf_counter()
    for _ in itertools.islice(iterator, number):
        pass
    return number * batch_size / (time.perf_counter() - start)


def main(arguments: list[str]) -> None:
    """Prints pictures a second of the pipeline, with and without augmentation, and of training."""
    del arguments
    config = preset(_PRESET.value)
    spec = DatasetSpec.load(_DATASET_DIR.value, _DATASET_NAME.value)
    source = pipeline.RecordFiles(spec.split_files(_DATASET_DIR.value, "train"), spec)
    number, size = source.count(), config.data.batch_size
    model = AttentionOcr(config.model, spec)
    model.compile(optimizers.build(config.train), jit_compile=False)
    batch = next(iter(pipeline.training_batches(source, number, config.data, seed=0)))
    model.train_on_batch(batch)

    def stream(augmented: bool) -> Iterable:
        return pipeline.training_batches(source, number, config.replace(use_augment_input=augmented).data, seed=0)

    work: dict[str, Callable[[], float]] = {
        "pipeline, augmented": lambda: rate(stream(True), _BATCHES.value, size),
        "pipeline, as it is": lambda: rate(stream(False), _BATCHES.value, size),
        "training, data at hand": lambda: rate((model.train_on_batch(batch) for _ in range(4)), 3, size),
    }
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(_ROUNDS.value):
        for name, measure in work.items():
            found[name].append(measure())
    training = float(np.median(found["training, data at hand"]))
    print(f"{spec.name}: {spec.image_shape} pixels, batch {size}, median of {_ROUNDS.value} rounds")
    for name, rates in found.items():
        median = float(np.median(rates))
        print(f"{name:26}{median:9.1f} pictures/s   {median / training:6.1f} x training")


if __name__ == "__main__":
    app.run(main)
