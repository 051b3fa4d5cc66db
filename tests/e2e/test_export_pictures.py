"""An export reads the file of a picture as Reader does, whatever its format and however the camera was held."""

import io
import re
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.export import saved_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

H, W = 32, 64
# The turn that makes a picture upright again is the opposite of the one before.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def upright():
    """A picture of the network's size, so that nothing is resized, in black and white, so that every mode holds it."""
    coarse = np.random.default_rng(5).integers(0, 2, [4, 8], np.uint8) * 255
    return Image.fromarray(np.kron(coarse, np.ones([8, 8], np.uint8))).convert("RGB")


def file_of(picture, image_format, **options):
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def held(orientation, image_format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = upright() if orientation == 1 else upright().transpose(STORED[orientation])
    return file_of(picture, image_format, exif=exif, **({"quality": 95} if image_format == "JPEG" else {}))


PICTURES = {
    **{f"{kind} {number}": held(number, kind) for kind in ("JPEG", "PNG") for number in STORED},
    **{f"PNG {mode}": file_of(upright().convert(mode), "PNG") for mode in ("L", "RGBA", "LA", "P", "1")},
    "PNG two colours": file_of(upright().quantize(2), "PNG"),
    "PNG 16 bits": file_of(Image.fromarray(np.asarray(upright().convert("L"), np.uint16) * 257), "PNG"),
    **{f"JPEG {mode}": file_of(upright().convert(mode), "JPEG", quality=95) for mode in ("L", "CMYK")},
    "JPEG progressive": file_of(upright(), "JPEG", progressive=True, quality=95),
    "GIF": file_of(upright(), "GIF"),
    "GIF animation": file_of(upright(), "GIF", save_all=True, append_images=[Image.new("RGB", (W, H))]),
    **{f"BMP {mode}": file_of(upright().convert(mode), "BMP") for mode in ("RGB", "L", "P")},
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    spec = DatasetSpec("tiny", 1, H, W, 6, Charset.from_labels(["abcdef"]), "keep_height")
    network = AttentionOcr(ModelConfig(encoder="crnn", head="ctc", num_encoder_lstm_layers=0), spec)
    random = np.random.default_rng(0)
    for variable in network.decoder.weights:
        variable.assign(random.normal(0, 2, variable.shape))
    return network


@pytest.fixture(scope="module")
def export(network, tmp_path_factory):
    return saved_model.export_saved_model(network, tmp_path_factory.mktemp("export"))[0]


@pytest.fixture(scope="module")
def serve(export):
    loaded = tf.saved_model.load(str(export))
    return lambda files: loaded.signatures["serving_default"](image_bytes=tf.constant(files))


def test_every_picture_reads_alike(network, serve):
    reader = Reader(KerasBackend(network))
    files = list(PICTURES.values())
    (expected,) = reader.read(upright())
    assert len(expected.text) > 1
    served = serve(files)
    for number, (name, reading) in enumerate(zip(PICTURES, reader.read(files), strict=True)):
        assert served["predicted_text"][number].numpy().decode() == reading.text == expected.text, name
        np.testing.assert_allclose(served["scores"][number], reading.scores, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("image_format", ["WEBP", "TIFF", "PPM"])
def test_what_the_graph_cannot_decode_is_one_clear_error(serve, image_format):
    problem = "the picture is not a JPEG, PNG, GIF or BMP file, or ends too soon; convert it to PNG or JPEG"
    with pytest.raises(tf.errors.InvalidArgumentError, match=problem):
        serve([file_of(upright(), image_format)])


def test_a_picture_of_too_many_pixels_is_not_decoded(serve):
    """Some kilobytes can hold more pixels than the memory."""
    bomb = file_of(Image.new("1", (10_000, 5_001)), "PNG")
    assert len(bomb) < 20_000
    with pytest.raises(tf.errors.InvalidArgumentError, match="the picture has more than 50000000 pixels"):
        serve([bomb])


DESCRIPTION = "assets.extra/attention_ocr.json"
DAMAGES = {
    "half a graph": ("saved_model.pb", lambda data: data[: len(data) // 2]),
    "no graph": ("saved_model.pb", lambda data: b""),
    "half the weights": ("variables/variables.data-00000-of-00001", lambda data: data[: len(data) // 2]),
    "other weights": ("variables/variables.data-00000-of-00001", lambda data: bytes(byte ^ 1 for byte in data)),
    "no index": ("variables/variables.index", lambda data: b""),
    "a list": (DESCRIPTION, lambda data: b"[]"),
    "nothing told": (DESCRIPTION, lambda data: b"{}"),
    "no JSON": (DESCRIPTION, lambda data: data[:100]),
    "no step": (DESCRIPTION, lambda data: data.replace(b'"step"', b'"stop"')),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_export_is_told_in_one_line(export, tmp_path, damage):
    name, change = DAMAGES[damage]
    copied = shutil.copytree(export, tmp_path / "1")
    (copied / name).write_bytes(change((copied / name).read_bytes()))
    with pytest.raises(UserError, match=rf"^{re.escape(str(copied))}[^\n]*(damaged export|is not JSON)[^\n]*$"):
        Reader.load(tmp_path)
