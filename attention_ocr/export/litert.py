"""A TensorFlow Lite file, which LiteRT reads on phones and small boards: one batch size and one width."""

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr


def write_litert(model: AttentionOcr, target: Path, batch_size: int, width: int) -> Path:
    """Writes a model for `batch_size` pictures on a canvas, if it has one, of `width` pixels (0: the widest).

    Raises:
        UserError: TensorFlow's converter cannot do it, or the file cannot be written.
    """
    canvas = model.geometry.canvas
    if canvas and width and width not in canvas.widths:
        raise UserError(f"--litert_width={width}: not one of {', '.join(map(str, canvas.widths))}")
    shape = [batch_size, *((canvas.height, width or canvas.width, 3) if canvas else model.dataset.image_shape)]
    inputs = [tf.TensorSpec(shape, tf.uint8, "images")]
    inputs += [tf.TensorSpec([batch_size, 2], tf.int32, "sizes")] if canvas else []

    @tf.function(input_signature=inputs)
    def read(images, sizes=None):
        return model({"images": images} if sizes is None else {"images": images, "sizes": sizes}, training=False)

    with unrolled(model), plain_argmax():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([read.get_concrete_function()], model)
        try:
            content = converter.convert()
        except Exception as error:  # whatever the converter stumbles over
            told = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise UserError(f"--format=litert: TensorFlow cannot convert this network ({told})") from error
    with files.replacing(target) as temporary:
        temporary.write_bytes(content)
    return target


@contextlib.contextmanager
def unrolled(model: AttentionOcr) -> Iterator[None]:
    """Within it the LSTMs over columns are written step by step, and never as cuDNN's, which only a GPU has."""
    layers = model.encoder.columns.layers if model.encoder.columns else []
    both = [layer for layer in layers if isinstance(layer, keras.layers.Bidirectional)]
    lstms = [lstm for layer in both for lstm in (layer.forward_layer, layer.backward_layer)]
    before = [(layer.unroll, layer.use_cudnn) for layer in lstms]
    for layer in lstms:
        layer.unroll, layer.use_cudnn = True, False
    try:
        yield
    finally:
        for layer, (unroll, use_cudnn) in zip(lstms, before, strict=True):
            layer.unroll, layer.use_cudnn = unroll, use_cudnn


@contextlib.contextmanager
def plain_argmax() -> Iterator[None]:
    """Within it the first of equal values is the largest; Keras tells 0 and -0 apart by an operation LiteRT has not."""
    before = keras.ops.argmax
    keras.ops.argmax = lambda x, axis=None: tf.argmax(x, axis, tf.int32)
    try:
        yield
    finally:
        keras.ops.argmax = before


class LiteRtBackend:
    """A TensorFlow Lite file in LiteRT; it takes batches of the one shape it was made for.

    Args:
        path: the file.
        model: what it was made of.
        threads: that it may use.
    """

    def __init__(self, path: Path, model: AttentionOcr, threads: int):
        self.config, self.dataset, self.step = model.config, model.dataset, model.step
        litert = importlib.import_module("ai_edge_litert.interpreter")
        self._interpreter = litert.Interpreter(str(path), num_threads=threads)
        self._read = self._interpreter.get_signature_runner()
        self.fingerprint = f"{files.digest(path)} litert float32"

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        return self._read(images=pixels) if sizes is None else self._read(images=pixels, sizes=sizes)
