"""PP-OCRv6 small as the package rapidocr has it, on real words: our network says what onnxruntime says."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from PIL import Image

from attention_ocr.model import ppocr_file, ppocr_import
from attention_ocr.reading.reader import Reader

if not importlib.util.find_spec("rapidocr"):
    pytest.skip("rapidocr, whose wheel has the weights, is not installed", allow_module_level=True)
pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

SLOW = pytest.mark.slow
WORDS = Path(__file__).parents[3] / "shared" / "data" / "svt_train"
pytestmark = pytest.mark.skipif(not WORDS.exists(), reason=f"no real words in {WORDS}")


@pytest.fixture(scope="module")
def model():
    return ppocr_import.open_recogniser()


@pytest.fixture(scope="module")
def session():
    options = runtime.SessionOptions()
    # Fused as it comes, a probability of 0.1991 in float64 is 0.1990, and a tolerance of 1e-4 is too little for noise.
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return runtime.InferenceSession(str(ppocr_file.installed_file()), options)


def words(number, width):
    paths = sorted((WORDS / "images").glob("*.jpg"))[:number]
    return np.stack([np.array(Image.open(path).convert("RGB").resize((width, 48))) for path in paths])


def theirs(session, pictures):
    pixels = (pictures[..., ::-1].astype(np.float32) / 255 - 0.5) / 0.5
    return session.run(None, {"x": pixels.transpose(0, 3, 1, 2)})[0]


def test_the_file_is_known(model):
    assert ppocr_file.read(ppocr_file.installed_file()).is_known
    assert model.dataset.name == "PP-OCRv6 small"
    assert len(model.dataset.charset) == 18_710
    assert model.dataset.charset.symbols[:3] == ["!", '"', "#"]
    assert model.dataset.charset.symbols[-2:] == [" ", ""]


@pytest.mark.parametrize(
    ("number", "width"), [(16, 128), (16, 200), *(pytest.param(64, width, marks=SLOW) for width in (128, 200, 323))]
)
def test_probabilities_of_real_words(model, session, number, width):
    pictures = words(number, width)
    found = ops.convert_to_numpy(ops.softmax(model({"images": pictures})["chars_logit"]))
    found = np.concatenate([found[..., -1:], found[..., :-2]], axis=-1)
    np.testing.assert_allclose(found, theirs(session, pictures), atol=1e-4)


@pytest.mark.slow
def test_texts_of_all_words(model, session):
    characters = ["", *ppocr_file.read(ppocr_file.installed_file()).characters]
    for path in sorted((WORDS / "images").glob("*.jpg")):
        picture = Image.open(path).convert("RGB")
        width = max(128, round(picture.width * 48 / picture.height))
        pixels = np.array(picture.resize((width, 48)))[None]
        ids = theirs(session, pixels)[0].argmax(axis=-1)
        text = "".join(characters[i] for i, before in zip(ids, [0, *ids[:-1]], strict=True) if i != before)
        assert model.dataset.charset.decode(np.asarray(model({"images": pixels})["predicted_chars"])[0]) == text, path


def test_a_reader_of_that_name_reads_with_each_backend():
    pictures = sorted((WORDS / "images").glob("*.jpg"))[:12]
    texts = {
        backend: [reading.text for reading in Reader.load("ppocr", backend=backend, characters="latin").read(pictures)]
        for backend in ("keras", "onnxruntime", "openvino")
    }
    assert len(set("".join(texts["keras"]))) > 10
    assert texts["onnxruntime"] == texts["keras"]
    assert texts["openvino"] == texts["keras"]
