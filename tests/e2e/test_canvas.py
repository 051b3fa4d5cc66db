"""Pictures of several sizes: one canvas for records, weights, batches, readers and exports, at any height."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.canvas import batch_width
from attention_ocr.config import DataConfig, GenerateConfig
from attention_ocr.data import pipeline
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.export.saved_model import export_saved_model
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.model.geometry import geometry_of
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import preset
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

HEIGHTS = (17, 20, 32, 48, 50, 64, 100)
POLICIES = ("pad", "keep_height")
WIDTH, T, BATCH = 64, 3, 2
SMALL = {"num_lstm_units": 8, "num_encoder_lstm_units": 8, "embedding_size": 4}
LCNET = {"encoder": "lcnet", "lcnet_size": "tiny"}
# Encoders that mask, each with the preset whose head it gets.
ENCODERS = {
    "residual": ("base", {"encoder_channels": 8}),
    "lcnet": ("base", LCNET),
    "lcnet_neck": ("base", {**LCNET, "lcnet_neck": True, "num_encoder_lstm_layers": 0}),
    "crnn": ("crnn_ctc", {}),
    "sliding": ("visual_attention", {}),
    "wide_crnn": ("seq2seq", {}),
    "inception_v4": ("arbitrary", {}),
}
# Their canvases are quick; of the other heights they are slow.
QUICK_HEIGHTS = (17, 32, 50, 100)
# A height that is no multiple of 32; all others are slow: an export takes seconds.
QUICK = (17, "crnn", "pad")
SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]


CELLS = [
    pytest.param(*cell, marks=() if cell == QUICK else SLOW, id="-".join(map(str, cell)))
    for cell in itertools.product(HEIGHTS, ENCODERS, POLICIES)
]


def sizes(height):
    """Height and width of pictures: narrow, wide, wider than the view, higher than it, lower."""
    return [(height, 24), (height, 60), (height, 90), (2 * height, 70), (height // 2 + 1, 30)]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A function from a height and a policy to a folder of records and the pictures they were made from."""
    made = {}

    def make(height, resize):
        if (height, resize) not in made:
            made[height, resize] = _records(tmp_path_factory.mktemp(f"{height}-{resize}"), height, resize)
        return made[height, resize]

    return make


def _records(folder, height, resize):
    lines = []
    for number, size in enumerate(sizes(height)):
        path = folder / f"{number}.png"
        coarse = np.random.default_rng(number).integers(0, 256, [4, 8, 3], np.uint8)
        Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC).save(path)
        lines.append(Annotation((path.name,), "ab"[: 1 + number % 2], f"labels.tsv:{number + 1}", folder))
    views = {"image_height": height, "image_width": WIDTH, "resize": resize, "max_sequence_length": T}
    write_dataset({"train": lines, "validation": [], "test": []}, folder / "records", GenerateConfig(**views))
    return folder / "records", [folder / f"{number}.png" for number in range(len(lines))]


def config_of(encoder):
    name, knobs = ENCODERS[encoder]
    return preset(name).replace(**SMALL, **knobs).model


@pytest.mark.parametrize("resize", POLICIES)
@pytest.mark.parametrize(
    "height", [pytest.param(height, marks=[] if height in QUICK_HEIGHTS else pytest.mark.slow) for height in HEIGHTS]
)
def test_batches_of_records_and_of_readers_have_one_canvas(height, resize, records):
    """For every encoder, without its weights."""
    folder, pictures = records(height, resize)
    spec, canvases = DatasetSpec.load(folder), {}
    for encoder in ENCODERS:
        geometry = geometry_of(config_of(encoder), spec)
        canvases[geometry.canvas] = encoder
        height_seen, width_seen = geometry.canvas.height, geometry.canvas.width
        assert geometry.image_shape == (height_seen, width_seen, 3)
        assert min(geometry.feature_grid(height_seen, width_seen)) > 0
        assert batch_width(width_seen) == width_seen
    for canvas, encoder in canvases.items():
        source = pipeline.RecordFiles(spec.split_files(folder, "train"), spec, canvas)
        reader = Reader(Sizes(config_of(encoder), spec))
        read = [reader.prepare(path) for path in pictures]
        for batch in pipeline.evaluation_batches(source, BATCH).as_numpy_iterator():
            of_records = zip(batch["images"], batch["sizes"], strict=True)
            pixels, told = canvas.batch([next(p for p in read if is_like(p, *one)) for one in of_records])
            np.testing.assert_array_equal(batch["sizes"], told)
            np.testing.assert_array_equal(batch["images"], pixels)
            assert pixels.shape[1] == canvas.height
            assert pixels.shape[2] in canvas.widths


def is_like(picture, on_canvas, size):
    return picture.shape[:2] == tuple(size) and np.array_equal(on_canvas[: size[0], : size[1]], picture)


@dataclasses.dataclass
class Sizes:
    """Stands for a backend: a Reader prepares pictures without running it."""

    config: object
    dataset: DatasetSpec
    step: int = 0


# A graph for each size takes longer to make than to run; the export is one.
@pytest.mark.usefixtures("eager", "small_networks")
@pytest.mark.parametrize(("height", "encoder", "resize"), CELLS)
def test_every_height_is_learned_read_and_exported(height, encoder, resize, records, tmp_path):
    folder, pictures = records(height, resize)
    model = trained(encoder, folder)
    reader = Reader(KerasBackend(model))
    together = reader.read(pictures, batch_size=len(pictures))
    told = {(reading.text, reading.scores.tobytes()) for reading in together}  # a score of 1 is that of any sure text
    assert len(told) > 1, "nothing to tell pictures apart by"
    for picture, beside in zip(pictures, together, strict=True):
        assert_alike(reader.read(picture, batch_size=1)[0], beside)
    exported, _ = export_saved_model(model, tmp_path)
    from_export = Reader.load(exported)
    for one, other in zip(together, from_export.read(pictures, batch_size=2), strict=True):
        assert_alike(other, one)
    encoded = tf.constant([path.read_bytes() for path in pictures])
    served = from_export.backend.signatures["serving_default"](image_bytes=encoded)
    for number, (picture_height, picture_width) in enumerate(sizes(height)):
        alike, allowed = [together[number]], 1e-4
        if picture_height != height or picture_width > WIDTH:  # it is resized
            alike += with_noise(reader, pictures[number])
            allowed = max(0.02, *(2 * np.abs(other.scores - alike[0].scores).max() for other in alike))
        text = served["predicted_text"][number].numpy().decode()
        like = next((reading for reading in alike if reading.text == text), alike[0])
        assert text == like.text
        np.testing.assert_allclose(served["scores"][number], like.scores, atol=allowed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("height", "widths", "flags"),
    [
        (48, (60, 100, 180), ["--resize=keep_height"]),
        (20, (100,), ["--resize=pad", "--image_height=64", "--image_width=96"]),
    ],
)
def test_the_jobs_take_any_height(height, widths, flags, tmp_path, capsys):
    """As a user types them: records, two steps of --preset=base, an export, and pictures read with both."""
    lines = []
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 256, [height, widths[number % len(widths)], 3], np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png\t{'abcd'[number % 3 :]}\n")
    (tmp_path / "labels.tsv").write_text("".join(lines))
    records, run, export = tmp_path / "records", tmp_path / "run", tmp_path / "export"
    fractions = ["--validation_fraction=0.2", "--test_fraction=0"]
    assert (
        main(
            [
                "generate_tfrecords",
                f"--annotations={tmp_path / 'labels.tsv'}",
                f"--output_dir={records}",
                *flags,
                *fractions,
            ]
        )
        == 0
    )
    steps = ["--max_number_of_steps=2", "--batch_size=4", "--encoder_channels=16", "--num_encoder_lstm_units=16"]
    assert main(["train", "--preset=base", f"--dataset_dir={records}", f"--train_log_dir={run}", *steps]) == 0
    assert main(["export", f"--checkpoint={run / 'best.keras'}", f"--export_dir={export}"]) == 0
    printed = []
    for model in (run / "best.keras", export):
        capsys.readouterr()
        assert main(["demo_inference", f"--checkpoint={model}", f"--image_path_pattern={tmp_path}/*.png"]) == 0
        printed.append(capsys.readouterr().out)
    assert len(printed[0].splitlines()) == 12
    assert printed[0] == printed[1]


def trained(encoder, folder):
    """A network after two steps on records, whose decoder was then given weights with which it reads something."""
    keras.utils.set_random_seed(1)
    spec = DatasetSpec.load(folder)
    model = AttentionOcr(config_of(encoder), spec)
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    source = pipeline.RecordFiles(spec.split_files(folder, "train"), spec, model.geometry.canvas)
    batches = pipeline.training_batches(source, 5, DataConfig(batch_size=BATCH), seed=0)
    losses = model.fit(batches, steps_per_epoch=2, shuffle=False, verbose=0).history
    assert all(np.isfinite(values).all() for values in losses.values())
    random = np.random.default_rng(2)
    for weight in model.decoder.trainable_weights:
        values = random.normal(0, 2, weight.shape) * (len(weight.shape) > 1)
        values[..., -1] = 0 if len(weight.shape) > 1 else -5  # the blank or the null, which would be read everywhere
        weight.assign(values)
    # After two steps the averages of deep towers' batch norms are far off: features, and so logits, would be huge.
    seen = next(pipeline.evaluation_batches(source, BATCH).as_numpy_iterator())
    logits = np.asarray(model({name: seen[name] for name in ("images", "sizes")}, training=False)["chars_logit"])
    largest = np.abs(logits[np.abs(logits) < 1e8]).max()
    for weight in model.decoder.trainable_weights:
        if len(weight.shape) > 1 and weight.shape[-1] == logits.shape[-1]:
            weight.assign(weight * min(1, 20 / largest))
    return model


def with_noise(reader, picture):
    """What is read with a level of noise, eight times.

    TensorFlow's resizing is up to a level from Pillow's, and after two steps two characters may be equally likely.
    """
    prepared = reader.prepare(picture).astype(int)
    noise = np.random.default_rng(0).integers(-1, 2, [8, *prepared.shape])
    return reader.read_prepared(list(np.clip(prepared + noise, 0, 255).astype(np.uint8)))


def assert_alike(one, other):
    assert one.text == other.text
    assert one.feature_grid == other.feature_grid
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
    np.testing.assert_allclose(one.attention, other.attention, atol=1e-4)
    np.testing.assert_allclose(one.confidence, other.confidence, atol=1e-4)
