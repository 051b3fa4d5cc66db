"""Times training steps and reading on this machine: ours beside what was tried, in turns, medians and ratios.

python tools/benchmark_training.py
"""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags
from keras import ops

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig, TrainConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model import attention
from attention_ocr.model.encoder import MultiViewEncoder, encode_coordinates, join_views, split_views
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.training import optimizers

_BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Pictures a step.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Times each variant runs; the median counts.")
_HEIGHT = flags.DEFINE_integer("image_height", 150, "Height of a view in pixels.")
_WIDTH = flags.DEFINE_integer("image_width", 150, "Width of a view in pixels.")
_NUM_VIEWS = flags.DEFINE_integer("num_views", 4, "Views of a picture.")
_VARIANTS = flags.DEFINE_list("variants", "ours,stock gradient,tower by view,plain", "Which to time; also: xla.")


def plain_weighted_sum(weights, values):
    """What `attention.weighted_sum` is without its gradient."""
    return ops.einsum("bn,bnc->bc", weights, values)


def encode_view_by_view(self, images, sizes=None, training=False):
    """`MultiViewEncoder.call` with one tower call a view, as the reference builds its graph."""
    del sizes
    views = ops.split(split_views((images - 0.5) * 2.5, self.num_views), self.num_views)
    features = ops.concatenate([self.tower(view, training=training) for view in views], axis=0)
    features = encode_coordinates(features) if self.coordinates else features
    return {"features": join_views(features, self.num_views)}


def make_step(variant: str, batch: dict[str, np.ndarray]) -> Callable[[], object]:
    """A compiled training step; tracing happens here, while the variant's functions are in place."""
    ours = attention.weighted_sum, MultiViewEncoder.call
    try:
        if variant in ("stock gradient", "plain"):
            attention.weighted_sum = plain_weighted_sum
        if variant in ("tower by view", "plain"):
            MultiViewEncoder.call = encode_view_by_view  # type: ignore[method-assign,assignment]
        model = make_model(1 if variant in ("tower by view", "plain") else _NUM_VIEWS.value)
        model.compile(optimizers.build(TrainConfig()), jit_compile=variant == "xla")
        model.train_on_batch(batch)
    finally:
        attention.weighted_sum, MultiViewEncoder.call = ours  # type: ignore[method-assign,assignment]
    return lambda: model.train_on_batch(batch)


def make_model(views_a_tower_call: int) -> AttentionOcr:
    """The FSNS network; its batch norm groups as many views as one tower call sees."""
    charset = Charset.from_labels(["".join(map(chr, range(0x4E00, 0x4E00 + 133)))])
    model = AttentionOcr(
        ModelConfig(), DatasetSpec("timed", _NUM_VIEWS.value, _HEIGHT.value, _WIDTH.value, 37, charset)
    )
    for layer in model.encoder.tower.layers_by_name.values():
        layer.num_views = views_a_tower_call
    return model


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main(arguments: list[str]) -> None:
    """Prints a table."""
    del arguments
    random = np.random.default_rng(0)
    shape = [_BATCH_SIZE.value, _HEIGHT.value, _NUM_VIEWS.value * _WIDTH.value, 3]
    pixels = random.integers(0, 256, shape, dtype=np.uint8)
    labels = random.integers(0, 134, [_BATCH_SIZE.value, 37], dtype=np.int32)
    batch: dict[str, np.ndarray] = {"images": pixels, "labels": labels}
    work = {f"train, {name}": make_step(name, batch) for name in _VARIANTS.value}
    reader = Reader(KerasBackend(make_model(_NUM_VIEWS.value)))
    reader.read_batch(pixels)
    work["read"] = lambda: reader.read_batch(pixels)
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(_ROUNDS.value):
        for name, function in work.items():
            times[name].append(seconds(function))
    first = float(np.median(next(iter(times.values()))))
    print(f"{shape} pictures, {keras.backend.backend()} {tf.__version__}, median of {_ROUNDS.value} rounds")
    for name, found in times.items():
        median = float(np.median(found))
        print(f"{name:24}{_BATCH_SIZE.value / median:8.1f} examples/s   {median / first:5.2f} x the first's time")


if __name__ == "__main__":
    app.run(main)
