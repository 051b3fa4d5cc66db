"""PP-OCRv6's ONNX files become networks that say what the files say; other files are told apart."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from PIL import Image, ImageDraw

pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper

from attention_ocr.errors import UserError
from attention_ocr.model import ppocr_file, ppocr_import
from attention_ocr.model.layouts.lcnet import SIZES

from . import ppocr_graph

LARGER = ("small", "medium")
CHARACTERS = "ab1é漢"


def written(folder, *arguments, **named):
    path = folder / "network.onnx"
    path.write_bytes(ppocr_graph.recogniser(*arguments, **named))
    return path


def theirs(path, pictures):
    """What onnxruntime makes of pictures uint8 [B, 48, W, 3], red first: probabilities [B, W / 8, K]."""
    runtime = pytest.importorskip("onnxruntime")
    pixels = (pictures[..., ::-1].astype(np.float32) / 255 - 0.5) / 0.5
    return runtime.InferenceSession(str(path)).run(None, {"x": pixels.transpose(0, 3, 1, 2)})[0]


def ours(model, pictures):
    """The same of our network, in the order of the file's classes: blank, characters, space."""
    found = ops.convert_to_numpy(ops.softmax(model({"images": pictures})["chars_logit"]))
    return np.concatenate([found[..., -1:], found[..., :-2]], axis=-1)


def pictures_of(width, number=2):
    return np.random.default_rng(width).integers(0, 256, [number, 48, width, 3], np.uint8)


@pytest.mark.parametrize(
    ("size", "reduced_first"),
    [("tiny", False), ("small", True), *(pytest.param(size, False, marks=pytest.mark.slow) for size in LARGER)],
)
def test_a_network_says_what_its_file_says(size, reduced_first, tmp_path):
    path = written(tmp_path, size, CHARACTERS, reduced_first=reduced_first)
    model = ppocr_import.open_recogniser(path)
    assert model.config.lcnet_size == size
    assert model.dataset.charset.symbols == [*CHARACTERS, " ", ""]
    for width in (136, 165):
        probabilities = theirs(path, pictures_of(width))
        assert np.ptp(probabilities, axis=1).max() > 0.05  # columns differ, else any network would do
        np.testing.assert_allclose(ours(model, pictures_of(width)), probabilities, atol=1e-5)


def test_a_cut_network_keeps_what_it_says_of_its_characters(tmp_path):
    path = written(tmp_path, "tiny", CHARACTERS)
    whole, cut = ppocr_import.open_recogniser(path), ppocr_import.open_recogniser(path, "1a漢x")
    assert cut.dataset.charset.symbols == ["a", "1", "漢", ""]
    logits = [ops.convert_to_numpy(model({"images": pictures_of(128)})["chars_logit"]) for model in (whole, cut)]
    np.testing.assert_allclose(logits[1], logits[0][..., [0, 2, 4, 6, 7]], atol=1e-5)


def test_a_converted_file_is_a_model_file_like_any_other(tmp_path):
    from attention_ocr.reading.reader import Reader

    model = ppocr_import.convert(tmp_path / "tiny.keras", written(tmp_path, "tiny", CHARACTERS))
    reader = Reader.load(tmp_path / "tiny.keras")
    pictures = [np.full([20, 18, 3], 90, np.uint8), *pictures_of(200)]
    assert [reader.prepare(picture).shape for picture in pictures] == [(48, 80, 3), (48, 200, 3), (48, 200, 3)]
    found = reader.read(pictures)
    expected = np.asarray(model({"images": pictures_of(200)})["predicted_chars"])
    assert [reading.text for reading in found[1:]] == [model.dataset.charset.decode(ids) for ids in expected]


def test_an_onnx_file_is_a_checkpoint(tmp_path):
    from attention_ocr.model.model_file import load_model

    model = load_model(written(tmp_path, "tiny", CHARACTERS))
    assert model.config.lcnet_size == "tiny"
    with pytest.raises(UserError, match=r"none\.onnx: cannot be read"):
        load_model(tmp_path / "none.onnx")


@pytest.mark.parametrize(("ignore_case", "classes"), [(False, 4), (True, 5)])
def test_only_the_classes_that_are_read_are_made(ignore_case, classes, tmp_path, monkeypatch):
    from attention_ocr.model import cut_network, model_file

    made = []

    class Counted(ppocr_import.AttentionOcr):
        def __init__(self, config, dataset):
            made.append(len(dataset.charset))
            super().__init__(config, dataset)

    monkeypatch.setattr(ppocr_import, "AttentionOcr", Counted)
    monkeypatch.setattr(cut_network, "AttentionOcr", Counted)
    path = written(tmp_path, "tiny", "abB1é漢")
    assert len(model_file.load_model(path, "b1漢", ignore_case).dataset.charset) == classes
    assert made == [classes]


def test_the_installed_recogniser_is_read_with_by_its_name():
    from attention_ocr.reading.reader import Reader

    pytest.importorskip("rapidocr")
    reader = Reader.load("ppocr", characters="latin")
    assert 300 < len(reader.dataset.charset) < 400
    drawn = Image.new("RGB", (120, 40), "white")
    ImageDraw.Draw(drawn).text((6, 4), "Route 66", fill="black", font_size=26)
    assert [reading.text for reading in reader.read(drawn)] == ["Route 66"]


@pytest.mark.slow
def test_sizes_are_those_that_are_published():
    from attention_ocr.model.lcnet import LcNet

    for size, millions in {"tiny": 0.54, "small": 3.00, "medium": 15.50}.items():
        tower = LcNet(size, True, 0.0, name="LcNet")
        tower(np.zeros([1, 48, 128, 3], "float32"))
        assert round(tower.count_params() / 1e6, 2) == millions
    assert set(SIZES) == {"tiny", "small", "medium"}


def other_network():
    value = helper.make_tensor_value_info
    kernel = numpy_helper.from_array(np.ones([4, 3, 3, 3], np.float32), "kernel")
    node = helper.make_node("Conv", ["x", "kernel"], ["y"])
    inputs = [value("x", TensorProto.FLOAT, ["B", 3, 48, "W"])]
    outputs = [value("y", TensorProto.FLOAT, ["B", 4, 46, "V"])]
    return helper.make_model(helper.make_graph([node], "other", inputs, outputs, [kernel])).SerializeToString()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda: b"no protobuf", "is not an ONNX file"),
        (lambda: b"", "no layers with weights"),
        (other_network, "is not a recogniser of PP-OCRv6 \\(1 layers.* tiny, small, medium are supported, no others"),
        (lambda: ppocr_graph.earlier(CHARACTERS), "earlier PP-OCR .LCNetV3.* PP-OCRv6 tiny, small, medium are support"),
        (lambda: ppocr_graph.recogniser("tiny", CHARACTERS, metadata=False), "has no characters"),
        (lambda: ppocr_graph.recogniser("tiny", ["a", "bc"]), "'bc' is not one character"),
        (lambda: ppocr_graph.recogniser("tiny", ["a", "b", "a"]), "has 'a' twice"),
        (lambda: ppocr_graph.recogniser("tiny", ["a", " "]), "has ' ' twice"),
    ],
)
def test_other_files_are_told_apart(content, told, tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(content())
    with pytest.raises(UserError, match=f"network.onnx.*{told}"):
        ppocr_file.read(path)


@pytest.mark.slow  # the wheel is downloaded by hand
def test_the_recogniser_of_ppocr_v4_is_told_apart():
    found = importlib.util.find_spec("rapidocr_onnxruntime")
    if not found:
        pytest.skip("rapidocr_onnxruntime, whose wheel has PP-OCRv4's weights, is not installed")
    path = Path(found.submodule_search_locations[0]) / "models" / "ch_PP-OCRv4_rec_infer.onnx"
    with pytest.raises(UserError, match=r"earlier PP-OCR \(LCNetV3.* PP-OCRv6 tiny, small, medium are supported"):
        ppocr_file.read(path)


def test_a_head_of_other_classes_than_the_characters_is_told(tmp_path):
    import onnx

    model = onnx.load_model_from_string(ppocr_graph.recogniser("tiny", CHARACTERS))
    model.metadata_props[0].value = "a\nb"
    onnx.save(model, str(tmp_path / "network.onnx"))
    with pytest.raises(UserError, match="head has 7 classes, but its metadata 2 characters"):
        ppocr_file.read(tmp_path / "network.onnx")


def test_a_missing_file_or_package_is_one_line(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"none\.onnx: cannot be read"):
        ppocr_file.read(tmp_path / "none.onnx")
    monkeypatch.setattr(ppocr_file.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"ppocr: needs rapidocr, .* pip install 'attention-ocr\[ppocr\]'"):
        ppocr_import.open_recogniser()


@pytest.mark.parametrize(("size", "knobs"), [("tiny", {}), ("small", {"characters": "1a漢"})])
def test_a_graph_is_made_of_the_file_itself(size, knobs, tmp_path):
    """Without Keras, and cut where only some characters are to be read."""
    from attention_ocr.reading.reader import Reader

    path = written(tmp_path, size, CHARACTERS)
    model = ppocr_import.open_recogniser(path, knobs.get("characters"))
    backend = Reader.load(path, backend="onnxruntime", **knobs).backend
    assert backend.dataset == model.dataset
    assert backend.config == model.config
    sizes = np.array([[48, 165], [48, 83]], np.int32)
    given = {"images": pictures_of(192), "sizes": sizes}
    found = backend.predict(*given.values())
    for name, value in model(given).items():
        np.testing.assert_allclose(found[name], np.asarray(value), atol=1e-4, err_msg=name)
