"""A SavedModel that needs nothing but itself: decoding, resizing, network and charset are in its graph."""

import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from attention_ocr import __version__, files
from attention_ocr.config import MAX_PIXELS
from attention_ocr.data import pictures_in_graph as fitting
from attention_ocr.data.decoding import decode_file, decode_pixels
from attention_ocr.data.parsing import parse_example
from attention_ocr.data.sizes import without_padding
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.migration import FORMAT_VERSION
from attention_ocr.model.description import CONFIDENCE_POWER
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.backends.saved_model import DESCRIPTION_FILE, ENDPOINTS, SavedModelBackend, versions
from attention_ocr.reading.reader import Reader

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Parity:
    """How far an export is from its model.

    Attributes:
        outputs: the largest difference of any output on the same pixels, of its largest value where that is above 1.
        pixels: the largest difference of a resized picture's pixels, of 255.
    """

    outputs: float
    pixels: int


def export_saved_model(model: AttentionOcr, export_dir: str | os.PathLike) -> tuple[Path, Parity]:
    """Writes the next version folder of `export_dir` and compares it with the model.

    Returns:
        The version's folder and how far it is from the model.

    Raises:
        UserError: the folder cannot be written, or the export does not read as the model does.
    """
    folder = Path(export_dir)
    version = max((int(path.name) for path in versions(folder)), default=0) + 1
    temporary = folder / f".export-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_told(model, temporary)
        parity = compare(model, temporary)
        temporary.rename(folder / str(version))
    except OSError as error:
        raise UserError(f"--export_dir={export_dir}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder / str(version), parity


def _write_told(model: AttentionOcr, folder: Path) -> None:
    """`_write`; what TensorFlow says of a disk that is full or cannot be written is an OSError."""
    try:
        _write(model, folder)
    except tf.errors.OpError as error:
        reason = str(error).splitlines()[0].partition(" [Op:")[0]
        raise OSError(reason.rpartition("; ")[2]) from error


def compare(model: AttentionOcr, folder: Path) -> Parity:
    """Runs an export beside its model on made-up pictures.

    Raises:
        UserError: an output differs by more than `TOLERANCE` of its largest value (of 1 where that is below 1), or a
            text is another.
    """
    reader, exported = Reader(KerasBackend(model)), SavedModelBackend(folder)
    spec = model.dataset
    pixels = made_up_pictures(spec)
    canvas = model.geometry.canvas
    sizes = made_up_sizes(spec) if canvas else None
    batch = canvas.batch(pixels)[0] if canvas else pixels
    ours, theirs = reader.backend.predict(batch, sizes), exported.predict(batch, sizes)
    difference = largest_difference(ours, theirs)
    pictures = [reader.prepare(picture) for picture in pixels]
    texts = [reading.text for reading in reader.read_prepared(pictures)]
    encoded = tf.stack([tf.io.encode_png(picture) for picture in pixels])
    served = exported.signatures["serving_default"](image_bytes=encoded)["predicted_text"].numpy()
    if not difference <= TOLERANCE or texts != [text.decode() for text in served]:
        raise UserError(
            f"the export differs from the model by {difference:.2g} (allowed: {TOLERANCE}) or reads other texts; "
            "nothing was written"
        )
    odd = [np.repeat(np.repeat(picture, 3, axis=0), 2, axis=1)[5:, :-3] for picture in pixels[:2]]
    fitted = [_fitted(tf.constant(picture), model).numpy().astype(int) for picture in odd]
    shifts = [np.max(np.abs(f - reader.prepare(picture))) for f, picture in zip(fitted, odd, strict=True)]
    return Parity(difference, int(max(shifts)))


def largest_difference(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> float:
    """The largest difference of the outputs in `theirs`, as a share of an output's largest value where that is above 1.

    Logits of a network that has hardly learned reach hundreds, whose rounding alone is above 1e-4.

    Returns:
        NaN where any output is not a number.
    """
    pairs = [(np.asarray(ours[name]), theirs[name]) for name in theirs]
    return float(np.max([np.max(np.abs(one - other)) / max(1.0, np.max(np.abs(one))) for one, other in pairs]))


def made_up_sizes(spec: DatasetSpec) -> np.ndarray:
    """int32 [4, 2], sizes of the made-up pictures' parts."""
    H, W, _ = spec.image_shape
    least = H if spec.resize == "keep_height" else (H + 1) // 2
    return np.array([[H, W], [least, W], [H, (W + 1) // 2], [least, (2 * W + 2) // 3]], np.int32)


def _fitted(pixels: tf.Tensor, model: AttentionOcr) -> tf.Tensor:
    canvas = model.geometry.canvas
    if not canvas:
        return fitting.fit(pixels, model.dataset)
    filled, size = fitting.fit_unpadded(pixels, model.dataset, canvas)
    return filled[: size[0], : size[1]]


def made_up_pictures(spec: DatasetSpec) -> np.ndarray:
    """uint8 [4, H, V*W, 3] of smooth shapes and noise, the same each time."""
    random = np.random.default_rng(0)
    H, width, _ = spec.image_shape
    coarse = random.integers(0, 256, [3, H // 8 + 1, width // 8 + 1, 3], dtype=np.uint8)
    smooth = tf.image.resize(coarse, [H, width], "bicubic")
    noise = random.integers(0, 256, [1, H, width, 3])
    return np.concatenate([np.clip(smooth, 0, 255), noise]).astype(np.uint8)


def _write(model: AttentionOcr, folder: Path) -> None:
    spec, canvas = model.dataset, model.geometry.canvas
    symbols = tf.constant(spec.charset.symbols)
    inputs = [tf.TensorSpec([None, *spec.image_shape], tf.uint8, "images")]
    if canvas:
        inputs = [
            tf.TensorSpec([None, canvas.height, None, 3], tf.uint8, "images"),
            tf.TensorSpec([None, 2], tf.int32, "sizes"),
        ]

    @tf.function(input_signature=inputs, autograph=False)  # so that all endpoints share the network
    def read_images(images: tf.Tensor, sizes: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        outputs = model({"images": images} if sizes is None else {"images": images, "sizes": sizes}, training=False)
        found = {theirs: outputs[ours] for theirs, ours in ENDPOINTS.items() if ours in outputs}
        ids = outputs["predicted_chars"]  # in the order of the picture; the text is in that of labels
        ids = model.order.turned(ids, back=True, xp=keras.ops)[0] if model.order else ids
        texts = tf.strings.reduce_join(tf.gather(symbols, ids), axis=-1)
        return {**found, "predicted_text": texts}

    def read_pictures(number: tf.Tensor, picture: Callable[[tf.Tensor], tf.Tensor]) -> dict[str, tf.Tensor]:
        """Reads `number` pictures, each uint8 [height, width, 3] of any size."""
        if not canvas:
            fitted = tf.TensorSpec(spec.image_shape, tf.uint8)
            each = tf.map_fn(lambda n: fitting.fit(picture(n), spec), tf.range(number), fn_output_signature=fitted)
            return read_images(each)
        sized = (tf.TensorSpec([canvas.height, canvas.width, 3], tf.uint8), tf.TensorSpec([2], tf.int32))
        numbers = tf.range(number)
        each = tf.map_fn(lambda n: fitting.fit_unpadded(picture(n), spec, canvas), numbers, fn_output_signature=sized)
        return read_images(*each)

    def read_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        def picture(n: tf.Tensor) -> tf.Tensor:
            return fitting.in_every_view(decode_file(image_bytes[n], MAX_PIXELS), spec)

        return read_pictures(tf.size(image_bytes), picture)

    def read_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        def picture(n: tf.Tensor) -> tf.Tensor:
            example = parse_example(examples[n])
            pixels = decode_pixels(example["encoded"])
            return without_padding(pixels, example, spec) if canvas else pixels

        return read_pictures(tf.size(examples), picture)

    archive = keras.export.ExportArchive()
    archive.track(model)
    # Named `_bytes`, so that TensorFlow Serving's REST interface decodes base64.
    archive.add_endpoint("serving_default", read_bytes, [tf.TensorSpec([None], tf.string, "image_bytes")])
    archive.add_endpoint("images", read_images, inputs)
    archive.add_endpoint("examples", read_examples, [tf.TensorSpec([None], tf.string, "examples")])
    archive.write_out(str(folder), verbose=False)
    description: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "attention_ocr": __version__,
        "step": model.step,
        CONFIDENCE_POWER: model.confidence_power,
        "model": model.config.to_dict(),
        "dataset": spec.to_dict(),
    }
    files.write_json(folder / DESCRIPTION_FILE, description)
