"""A model -> a `.tflite` file for LiteRT, by TensorFlow's converter: one picture of one size at a time."""

import contextlib
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.onnx_graph.metadata import Description
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading.backends.litert import DESCRIPTION_FILE, OUTPUTS_FILE


def write_litert(model: AttentionOcr, digest: str, target: Path) -> Path:
    """Writes a network that reads one picture at a time; on a canvas, as wide as the data set's widest.

    Args:
        model: the network, in Keras on TensorFlow.
        digest: of its file.
        target: the `.tflite` file. What it is lies in the file, as LiteRT's metadata do: in a zip archive at its end.

    Raises:
        UserError: TensorFlow cannot convert it, or `target` cannot be written.
    """
    network, outputs = _frozen(model)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([network])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    levels = {name: logging.getLogger(name).level for name in ("tensorflow", "absl")}
    try:
        for name in levels:  # they advise against freezing
            logging.getLogger(name).setLevel(logging.ERROR)
        with quiet_imports():  # the converter writes to standard error what it goes through
            content = converter.convert()
    except Exception as error:  # the converter's own errors share no base but this one
        told = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise UserError(f"--format=litert: TensorFlow cannot convert the network ({told})") from error
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    description = Description(
        *(model.config, model.dataset, model.step, digest, model.config.stop_at_end),
        confidence_power=model.confidence_power,
    )
    (text,) = description.to_strings().values()
    with files.replacing(target) as temporary:
        temporary.write_bytes(content)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(DESCRIPTION_FILE, text)
            archive.writestr(OUTPUTS_FILE, "\n".join(outputs))
    return target


def _frozen(model: AttentionOcr) -> tuple[Any, list[str]]:
    """The network as one function of one picture, its weights constants; and what its outputs are called.

    Weights that are left as variables come out of the converter unset: all logits are no numbers.
    """
    canvas, (H, width, _) = model.geometry.canvas, model.dataset.image_shape
    shape = [1, canvas.height, canvas.width, 3] if canvas else [1, H, width, 3]
    inputs = [tf.TensorSpec(shape, tf.uint8, "images")]
    inputs += [tf.TensorSpec([1, 2], tf.int32, "sizes")] if canvas else []

    names: list[str] = []

    @tf.function(input_signature=inputs, autograph=False)
    def read(images: tf.Tensor, sizes: tf.Tensor | None = None) -> list[tf.Tensor]:
        given = {"images": images} if sizes is None else {"images": images, "sizes": sizes}
        outputs = model(given, training=False)
        names[:] = sorted(outputs)
        return [tf.identity(outputs[name]) for name in names]

    with _plain_argmax():
        traced = read.get_concrete_function()
    return convert_variables_to_constants_v2(traced, lower_control_flow=False), names


@contextlib.contextmanager
def _plain_argmax() -> Iterator[None]:
    """Within it `keras.ops.argmax` is TensorFlow's: Keras's own looks at the bits of -0.0, for which LiteRT has no
    operation."""
    before = keras.ops.argmax
    keras.ops.argmax = lambda x, axis=None: tf.argmax(x, axis, output_type=tf.int32)
    try:
        yield
    finally:
        keras.ops.argmax = before
