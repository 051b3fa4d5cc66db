"""A SavedModel that needs nothing but itself: decoding, resizing, network and charset are in its graph."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from attention_ocr import __version__, files
from attention_ocr.config import ModelConfig
from attention_ocr.data import images, pipeline
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.inference import Reader
from attention_ocr.model.network import AttentionOcr

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
}


@dataclass(frozen=True)
class Parity:
    """How far an export is from its model.

    Attributes:
        outputs: the largest absolute difference of any output, on the same pixels.
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
    loaded = tf.saved_model.load(str(folder))

    def predict(pixels: np.ndarray) -> dict[str, np.ndarray]:
        outputs = loaded.signatures["images"](images=tf.constant(pixels))
        return {ours: outputs[theirs].numpy() for theirs, ours in ENDPOINTS.items() if theirs in outputs}

    return Reader(
        predict,
        DatasetSpec.from_dict(description["dataset"], str(folder)),
        tuple(description["feature_grid"]),
        (config.crop_height, config.crop_width),
        description["step"],
        tuple(description["cells"]) if description["cells"] else None,
    )


def fit_in_graph(pixels: tf.Tensor, spec: DatasetSpec) -> tf.Tensor:
    """`images.fit` in TensorFlow: uint8 [height, width, 3] of any size -> uint8 [H, V*W, 3]."""
    H, V, W = spec.image_height, spec.num_views, spec.image_width
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]

    def fit_views() -> tf.Tensor:
        each = width // V
        views = tf.reshape(pixels[:, : V * each], [height, V, each, 3])
        views = _fit_view(tf.transpose(views, [1, 0, 2, 3]), spec)  # [V, H, W, 3]
        return tf.reshape(tf.transpose(views, [1, 0, 2, 3]), [H, V * W, 3])

    def fit_too_narrow() -> tf.Tensor:
        return _resize(pixels[None], H, V * W)[0]

    exact = tf.reduce_all(tf.equal(tf.shape(pixels)[:2], [H, V * W])) & (not images.is_turned(H, W, spec))
    cases = [(exact, lambda: pixels), (width < V, fit_too_narrow)]
    return tf.ensure_shape(tf.case(cases, fit_views), spec.image_shape)


def compare(model: AttentionOcr, folder: Path) -> Parity:
    """Runs an export beside its model on made-up pictures.

    Raises:
        UserError: an output differs by more than `TOLERANCE`, or a text is another.
    """
    reader, exported = Reader.of_model(model), load_reader(folder)
    signatures = tf.saved_model.load(str(folder)).signatures
    spec = model.dataset
    pixels = made_up_pictures(spec)
    ours, theirs = reader.predict(pixels), exported.predict(pixels)
    difference = max(float(np.max(np.abs(np.asarray(ours[name]) - theirs[name]))) for name in theirs)
    texts = [reading.text for reading in reader.read_batch(pixels)]
    encoded = tf.stack([tf.io.encode_png(picture) for picture in pixels])
    served = signatures["serving_default"](image_bytes=encoded)["predicted_text"].numpy()
    if difference > TOLERANCE or texts != [text.decode() for text in served]:
        raise UserError(
            f"the export differs from the model by {difference:.2g} (allowed: {TOLERANCE}) or reads other texts; "
            "nothing was written"
        )
    odd = [np.repeat(np.repeat(picture, 3, axis=0), 2, axis=1)[5:, :-3] for picture in pixels[:2]]
    fitted = [fit_in_graph(tf.constant(picture), spec).numpy().astype(int) for picture in odd]
    shifts = [np.max(np.abs(f - reader.prepare(picture))) for f, picture in zip(fitted, odd, strict=True)]
    return Parity(difference, int(max(shifts)))


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

    def read_images(images: tf.Tensor) -> dict[str, tf.Tensor]:
        cropped = pipeline.crop_in_graph(images, spec.num_views, crop)
        outputs = model({"images": tf.cast(cropped, tf.float32) / 255.0}, training=False)
        found = {theirs: outputs[ours] for theirs, ours in ENDPOINTS.items() if ours in outputs}
        texts = tf.strings.reduce_join(tf.gather(symbols, outputs["predicted_chars"]), axis=-1)
        return {**found, "predicted_text": texts}

    def read_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.map_fn(
            lambda picture: fit_in_graph(pipeline.decode_pixels(picture), spec),
            image_bytes,
            fn_output_signature=tf.TensorSpec(spec.image_shape, tf.uint8),
        )
        return read_images(pixels)

    def read_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
        return read_bytes(tf.io.parse_example(examples, feature)["image/encoded"])

    archive = keras.export.ExportArchive()
    archive.track(model)
    # Named `_bytes`, so that TensorFlow Serving's REST interface decodes base64.
    archive.add_endpoint("serving_default", read_bytes, [tf.TensorSpec([None], tf.string, "image_bytes")])
    archive.add_endpoint("images", read_images, [tf.TensorSpec([None, *spec.image_shape], tf.uint8, "images")])
    archive.add_endpoint("examples", read_examples, [tf.TensorSpec([None], tf.string, "examples")])
    archive.write_out(str(folder), verbose=False)
    description: dict[str, Any] = {
        "attention_ocr": __version__,
        "step": model.step,
        "model": model.config.to_dict(),
        "dataset": spec.to_dict(),
        "feature_grid": list(model.feature_grid),
        "cells": list(model.cells) if model.cells else None,
    }
    files.write_json(folder / DESCRIPTION_FILE, description)


def _fit_view(views: tf.Tensor, spec: DatasetSpec) -> tf.Tensor:
    """[V, H, W, 3] of views [V, height, width, 3] by the spec's policies."""
    H, W = spec.image_height, spec.image_width
    if spec.vertical == "rotate":
        is_tall = tf.cast(tf.shape(views)[1], tf.float64) > images.TALL * tf.cast(tf.shape(views)[2], tf.float64)
        views = tf.cond(is_tall, lambda: tf.image.rot90(views), lambda: views)
    if spec.resize == "stretch":
        return _resize(views, H, W)
    height, width = tf.cast(tf.shape(views)[1], tf.float64), tf.cast(tf.shape(views)[2], tf.float64)
    scale = H / height if spec.resize == "keep_height" else tf.minimum(H / height, W / width)
    new_height = tf.clip_by_value(tf.cast(height * scale + 0.5, tf.int32), 1, H)
    new_width = tf.clip_by_value(tf.cast(width * scale + 0.5, tf.int32), 1, W)
    top = (H - new_height) // 2
    margins = [[0, 0], [top, H - new_height - top], [0, W - new_width], [0, 0]]
    return tf.pad(_resize(views, new_height, new_width), margins, constant_values=images.PAD_GREY)


def _resize(pictures: tf.Tensor, height: int, width: int) -> tf.Tensor:
    resized = tf.image.resize(pictures, tf.stack([height, width]), antialias=True)
    return tf.cast(tf.clip_by_value(tf.floor(resized + 0.5), 0, 255), tf.uint8)


def _versions(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.name.isdecimal() and (path / "saved_model.pb").exists()]
