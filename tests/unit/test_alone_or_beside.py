"""A picture reads the same alone and beside larger ones, whatever reads it."""

import functools

import keras
import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import preset
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

# A graph for each width takes longer to make than to run.
pytestmark = pytest.mark.usefixtures("eager", "small_networks")
SMALL = {"num_lstm_units": 8, "num_encoder_lstm_units": 8}
QUICK = ["crnn_ctc", "visual_attention", "seq2seq", "base", "ppocr", "ppocr_attention"]
PRESETS = [*QUICK, pytest.param("arbitrary", marks=pytest.mark.slow)]


@functools.cache
def made(name):
    """A network of a preset; nothing changes it."""
    resize = "pad" if name == "arbitrary" else "keep_height"
    spec = DatasetSpec("sized", 1, 64 if resize == "pad" else 32, 160, 6, Charset.from_labels(["abcdefgh"]), resize)
    keras.utils.set_random_seed(0)
    channels = {"encoder_channels": 8} if name == "base" else {}
    model = AttentionOcr(preset(name).replace(**SMALL, **channels).model, spec)
    random = np.random.default_rng(0)
    for variable in model.variables:
        if "moving" in variable.name:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif "bias" in variable.name or "beta" in variable.name:
            variable.assign(random.normal(0, 0.2, variable.shape))
    return model


def pictures(spec):
    """Three, little smaller than a batch of their own: more padding alone would hide what a wider one beside adds."""
    random = np.random.default_rng(1)
    heights = (64, 31, 62) if spec.resize == "pad" else (32, 32, 32)
    return [
        random.integers(0, 256, [height, width, 3], np.uint8)
        for height, width in zip(heights, (62, 95, 160), strict=True)
    ]


def beside_larger(reader):
    """Pictures, and their readings beside larger ones."""
    given = pictures(reader.dataset)
    read = list(zip(given, reader.read_prepared(given), strict=True))
    return read if reader.dataset.resize == "pad" else read[:-1]  # the last is the widest, and all are as high


@pytest.mark.parametrize("name", PRESETS)
def test_logits_texts_and_attention_are_the_same(name):
    reader = Reader(KerasBackend(made(name)))
    assert reader.geometry.canvas
    for picture, beside in beside_larger(reader):
        (alone,) = reader.read_prepared([picture])
        assert alone.text == beside.text
        assert alone.feature_grid == beside.feature_grid == tuple(reader.geometry.feature_grid(*picture.shape[:2]))
        assert alone.confidence == pytest.approx(beside.confidence, rel=1e-4)
        np.testing.assert_allclose(alone.scores, beside.scores, atol=1e-4)
        np.testing.assert_allclose(alone.attention, beside.attention, atol=1e-4)


@pytest.mark.parametrize("name", ["crnn_ctc", "visual_attention"])
def test_beams_are_the_same(name):
    reader = Reader(KerasBackend(made(name), beam_width=3))
    for picture, beside in beside_larger(reader):
        (alone,) = reader.read_prepared([picture])
        assert [other.text for other in alone.alternatives] == [other.text for other in beside.alternatives]
        np.testing.assert_allclose(
            [other.score for other in alone.alternatives], [other.score for other in beside.alternatives], rtol=1e-4
        )
        np.testing.assert_allclose(alone.attention, beside.attention, atol=1e-4)


class Seen:
    """A backend that remembers what it was shown and what it said, picture by picture."""

    def __init__(self, backend):
        self._backend, self.said = backend, {}

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def predict(self, pixels, sizes=None):
        outputs = self._backend.predict(pixels, sizes)
        for picture, size, logits in zip(pixels, sizes, outputs["chars_logit"], strict=True):
            self.said[picture[: size[0], : size[1]].tobytes()] = pixels.shape[2], np.asarray(logits)
        return outputs


def test_a_picture_has_one_canvas_whatever_is_read_with_it():
    """32 pictures of all widths, in their order and each alone."""
    resize = {"image_height": 48, "image_width": 1200, "least_width": 80}
    spec = DatasetSpec(
        "lines", 1, max_sequence_length=6, charset=Charset.from_labels(["abc"]), resize="keep_height", **resize
    )
    keras.utils.set_random_seed(0)
    reader = Reader(Seen(KerasBackend(AttentionOcr(preset("ppocr").replace(lcnet_size="tiny").model, spec))))
    random = np.random.default_rng(1)
    widths = random.permutation(np.geomspace(4, 1200, 32).round().astype(int))
    given = [random.integers(0, 256, [48, width, 3], np.uint8) for width in widths]
    together = reader.read(given)
    said, reader.backend.said = reader.backend.said, {}
    assert {width for width, _ in said.values()} <= set(reader.geometry.canvas.widths)
    for picture, beside in zip(given, together, strict=True):
        (alone,) = reader.read(picture)
        assert alone.text == beside.text
    for pixels, (width, logits) in reader.backend.said.items():
        assert said[pixels][0] == width
        np.testing.assert_allclose(said[pixels][1], logits, atol=1e-5 * np.abs(logits).max())


@pytest.mark.parametrize(("number", "batch_size", "expected"), [(1, 32, 1), (3, 32, 4), (33, 64, 64), (20, 24, 24)])
def test_few_pictures_are_read_as_few(number, batch_size, expected):
    reader = Reader(Seen(KerasBackend(made("base"))))
    shapes = []
    reader.backend.predict = lambda pixels, sizes, ask=reader.backend.predict: (
        shapes.append(len(pixels)) or ask(pixels, sizes)
    )
    assert len(reader.read([np.full([32, 40, 3], shade, np.uint8) for shade in range(number)], batch_size)) == number
    assert shapes == [expected]
