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
from attention_ocr.config import ModelConfig
from attention_ocr.data import images_in_graph as fitting
from attention_ocr.data import pipeline
from attention_ocr.data.sizes import without_padding
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import network
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.reader import Reader
from attention_ocr.records.examples import parse_example

DESCRIPTION_FILE = Path("assets.extra") / "attention_ocr.json"
TOLERANCE = 1e-4

# The reference's endpoint names <- ours.
ENDPOINTS = {
    "predictions": "predicted_chars",
    "scores": "predicted_scores",
    "chars_logit": "chars_logit",
    "predicted_length": "predicted_length",
    "predicted_conf": "predicted_conf",
    "normalized_seq_conf": "normalized_seq_conf",
    "attention_masks": "attention",
    "feature_sizes": "feature_sizes",
}


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
    version = max((int(path.name) for path in _versions(folder)), default=0) + 1
    temporary = folder / f".export-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(model, temporary)
        parity = compare(model, temporary)
        temporary.rename(folder / str(version))
    except OSError as error:
        raise UserError(f"--export_dir={export_dir}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder / str(version), parity


def load_reader(path: str | os.PathLike) -> Reader:
    """The reader of an exported version, or of the newest one in a folder of versions.

    Raises:
        UserError: there is no export of this project.
    """
    folder = Path(path)
    if not (folder / "saved_model.pb").exists():
        versions = _versions(folder)
        if not versions:
            raise UserError(f"{path}: holds no SavedModel; make one with `attention-ocr export`")
        folder = max(versions, key=lambda version: int(version.name))
    if not (folder / DESCRIPTION_FILE).exists():
        raise UserError(f"{folder}: is not an export of attention-ocr ({DESCRIPTION_FILE} is missing)")
    description = files.read_json(folder / DESCRIPTION_FILE)
    config = ModelConfig.from_dict(description["model"])
    dataset = DatasetSpec.from_dict(description["dataset"], str(folder))
    encoder = network.encoder_of(config, dataset)
    cuts_padding = network.cuts_padding(encoder, dataset)
    loaded = tf.saved_model.load(str(folder))

    def predict(pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        inputs = {"images": tf.constant(pixels)}
        if cuts_padding:
            full = np.tile(pixels.shape[1:3], [len(pixels), 1])
            inputs["sizes"] = tf.constant(full if sizes is None else sizes, tf.int32)
        outputs = loaded.signatures["images"](**inputs)
        return {ours: outputs[theirs].numpy() for theirs, ours in ENDPOINTS.items() if theirs in outputs}

    return Reader(
        predict,
        dataset,
        encoder.feature_grid,
        (config.crop_height, config.crop_width),
        description["step"],
        encoder.cells,
        cuts_padding,
    )


def compare(model: AttentionOcr, folder: Path) -> Parity:
    """Runs an export beside its model on made-up pictures.

    Raises:
        UserError: an output differs by more than `TOLERANCE` of its largest value (of 1 where that is below 1), or a
            text is another.
    """
    reader, exported = Reader.of_model(model), load_reader(folder)
    signatures = tf.saved_model.load(str(folder)).signatures
    spec = model.dataset
    pixels = made_up_pictures(spec)
    sizes = made_up_sizes(spec) if model.cuts_padding else None
    ours, theirs = reader.predict(pixels, sizes), exported.predict(pixels, sizes)
    difference = largest_difference(ours, theirs)
    pictures = [reader.prepare(picture) for picture in pixels]
    texts = [reading.text for reading in reader.read_prepared(pictures)]
    encoded = tf.stack([tf.io.encode_png(picture) for picture in pixels])
    served = signatures["serving_default"](image_bytes=encoded)["predicted_text"].numpy()
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
    if not model.cuts_padding:
        return fitting.fit(pixels, model.dataset)
    canvas, size = fitting.fit_unpadded(pixels, model.dataset)
    return canvas[: size[0], : size[1]]


def made_up_pictures(spec: DatasetSpec) -> np.ndarray:
    """uint8 [4, H, V*W, 3] of smooth shapes and noise, the same each time."""
    random = np.random.default_rng(0)
    H, width, _ = spec.image_shape
    coarse = random.integers(0, 256, [3, H // 8 + 1, width // 8 + 1, 3], dtype=np.uint8)
    smooth = tf.image.resize(coarse, [H, width], "bicubic")
    noise = random.integers(0, 256, [1, H, width, 3])
    return np.concatenate([np.clip(smooth, 0, 255), noise]).astype(np.uint8)


def _write(model: AttentionOcr, folder: Path) -> None:
    spec, crop = model.dataset, (model.config.crop_height, model.config.crop_width)
    symbols = tf.constant(spec.charset.symbols)

    def read_images(images: tf.Tensor, sizes: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        cropped = images if model.cuts_padding else pipeline.crop_in_graph(images, spec.num_views, crop)
        inputs = {"images": tf.cast(cropped, tf.float32) / 255.0}
        outputs = model(inputs if sizes is None else {**inputs, "sizes": sizes}, training=False)
        found = {theirs: outputs[ours] for theirs, ours in ENDPOINTS.items() if ours in outputs}
        texts = tf.strings.reduce_join(tf.gather(symbols, outputs["predicted_chars"]), axis=-1)
        return {**found, "predicted_text": texts}

    def read_pictures(number: tf.Tensor, picture: Callable[[tf.Tensor], tf.Tensor]) -> dict[str, tf.Tensor]:
        """Reads `number` pictures, each uint8 [height, width, 3] of any size."""
        if not model.cuts_padding:
            canvas = tf.TensorSpec(spec.image_shape, tf.uint8)
            return read_images(tf.map_fn(lambda n: fitting.fit(picture(n), spec), tf.range(number), canvas))
        canvas = tf.TensorSpec([*fitting.canvas(spec), 3], tf.uint8)
        sized = (canvas, tf.TensorSpec([2], tf.int32))
        return read_images(*tf.map_fn(lambda n: fitting.fit_unpadded(picture(n), spec), tf.range(number), sized))

    def read_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return read_pictures(tf.size(image_bytes), lambda n: pipeline.decode_pixels(image_bytes[n]))

    def read_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        def picture(n: tf.Tensor) -> tf.Tensor:
            example = parse_example(examples[n])
            pixels = pipeline.decode_pixels(example["encoded"])
            return without_padding(pixels, example, spec) if model.cuts_padding else pixels

        return read_pictures(tf.size(examples), picture)

    inputs = [tf.TensorSpec([None, *spec.image_shape], tf.uint8, "images")]
    if model.cuts_padding:
        height = spec.image_height if spec.resize == "keep_height" else None
        inputs = [
            tf.TensorSpec([None, height, None, 3], tf.uint8, "images"),
            tf.TensorSpec([None, 2], tf.int32, "sizes"),
        ]
    archive = keras.export.ExportArchive()
    archive.track(model)
    # Named `_bytes`, so that TensorFlow Serving's REST interface decodes base64.
    archive.add_endpoint("serving_default", read_bytes, [tf.TensorSpec([None], tf.string, "image_bytes")])
    archive.add_endpoint("images", read_images, inputs)
    archive.add_endpoint("examples", read_examples, [tf.TensorSpec([None], tf.string, "examples")])
    archive.write_out(str(folder), verbose=False)
    description: dict[str, Any] = {
        "attention_ocr": __version__,
        "step": model.step,
        "model": model.config.to_dict(),
        "dataset": spec.to_dict(),
    }
    files.write_json(folder / DESCRIPTION_FILE, description)


def _versions(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.name.isdecimal() and (path / "saved_model.pb").exists()]
