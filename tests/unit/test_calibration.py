"""The power that makes confidences true: found, kept in model files, and used whatever reads them."""

import zipfile

import numpy as np
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model.cut_network import cut
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading import calibration
from attention_ocr.reading.reader import Reader
from attention_ocr.reading.report.sureness import expected_calibration_error

pytestmark = pytest.mark.usefixtures("eager", "small_networks")
NETWORKS = {
    "ctc": {"encoder": "crnn", "head": "ctc", "num_encoder_lstm_layers": 0},
    "attention": {"encoder": "crnn", "num_lstm_units": 8},
}


def sure_and_right(power, number=20000):
    """Readings of a network whose confidences must be raised to `power` to be true."""
    random = np.random.default_rng(0)
    truly = random.random(number)
    return truly ** (1 / power), random.random(number) < truly


@pytest.mark.parametrize("power", [0.2, 1.0, 3.0, 9.0])
def test_the_power_that_makes_confidences_true_is_found(power):
    confidence, right = sure_and_right(power)
    found = calibration.fitted(confidence, right)
    assert found == pytest.approx(power, rel=0.05)
    assert expected_calibration_error(confidence**found, right) < 0.015
    if power != 1:
        assert expected_calibration_error(confidence, right) > 0.1


@pytest.mark.parametrize("confidence", [[1.0, 0.0, 0.5], [1.0, 1.0, 1.0]])
def test_confidences_of_0_and_1_are_no_trouble(confidence):
    assert calibration.LEAST <= calibration.fitted(confidence, [True, False, True]) <= calibration.MOST


@pytest.mark.parametrize(("right", "told"), [([True, True], "all of 2"), ([False, False], "none of 2")])
def test_readings_that_are_all_alike_tell_nothing(right, told):
    with pytest.raises(UserError, match=f"--calibrate: {told} readings are right"):
        calibration.fitted([0.5, 0.9], right)


def test_only_the_confidences_of_texts_change():
    names = ("normalized_seq_conf", "beam_conf", "predicted_scores", "predicted_conf")
    outputs = {name: np.array([0.25, 1.0]) for name in names}
    found = calibration.applied(outputs, 0.5)
    assert {name: list(value) for name, value in found.items()} == {
        "normalized_seq_conf": [0.5, 1.0],
        "beam_conf": [0.5, 1.0],
        "predicted_scores": [0.25, 1.0],
        "predicted_conf": [0.25, 1.0],
    }


@pytest.fixture(scope="module", params=NETWORKS)
def files(request, make_spec, tmp_path_factory):
    """A model file, and a copy of it whose power is 3."""
    folder = tmp_path_factory.mktemp("calibrated")
    model = AttentionOcr(ModelConfig(**NETWORKS[request.param]), make_spec(image_height=32, image_width=48))
    model.save(folder / "before.keras")
    calibration.write(folder / "before.keras", folder / "after.keras", 3.0)
    return folder


@pytest.mark.parametrize(
    "knobs",
    [
        {"backend": "keras"},
        {"backend": "onnxruntime"},
        {"backend": "openvino"},
        {"backend": "keras", "beam_width": 3},
        {"backend": "keras", "characters": "abc"},
    ],
    ids=str,
)
def test_every_backend_uses_it(files, knobs):
    pytest.importorskip(knobs["backend"])
    pictures = list(np.random.default_rng(0).integers(0, 256, [3, 32, 48, 3], np.uint8))
    before = Reader.load(files / "before.keras", **knobs).read(pictures)
    after = Reader.load(files / "after.keras", **knobs).read(pictures)
    for one, other in zip(before, after, strict=True):
        assert one.text == other.text
        assert other.confidence == pytest.approx(one.confidence**3, rel=1e-4)
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)
        for alternative, calibrated in zip(one.alternatives, other.alternatives, strict=True):
            assert calibrated.confidence == pytest.approx(alternative.confidence**3, rel=1e-4)
            assert calibrated.score == pytest.approx(alternative.score)


def test_exported_graphs_carry_it(files, tmp_path):
    pytest.importorskip("onnxruntime")
    from attention_ocr.export.onnx_files import write_onnx
    from attention_ocr.onnx_graph.keras_file import read_keras_file

    picture = np.full([32, 48, 3], 90, np.uint8)
    wanted = Reader.load(files / "after.keras").read([picture])[0].confidence
    exported = write_onnx(read_keras_file(files / "after.keras"), tmp_path / "after.onnx")
    assert Reader.load(exported).read([picture])[0].confidence == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("files", [pytest.param("attention", marks=pytest.mark.slow), "ctc"], indirect=True)
def test_a_saved_model_carries_it(files, tmp_path):
    from attention_ocr.export.saved_model import export_saved_model

    picture = np.full([32, 48, 3], 90, np.uint8)
    folder, _ = export_saved_model(load_model(files / "after.keras"), tmp_path / "export")
    wanted = Reader.load(files / "after.keras").read([picture])[0].confidence
    assert Reader.load(folder).read([picture])[0].confidence == pytest.approx(wanted, rel=1e-4)


def test_nothing_else_of_the_file_changes(files):
    with zipfile.ZipFile(files / "before.keras") as one, zipfile.ZipFile(files / "after.keras") as other:
        assert one.namelist() == other.namelist()
        for name in set(one.namelist()) - {calibration.CONFIG_FILE}:
            assert one.read(name) == other.read(name)
    assert load_model(files / "before.keras").confidence_power == 1
    assert load_model(files / "after.keras").confidence_power == 3


def test_a_model_keeps_it_when_it_is_saved_again_or_cut(files, tmp_path):
    model = load_model(files / "after.keras")
    assert cut(model, "ab").confidence_power == 3
    model.save(tmp_path / "again.keras")
    assert load_model(tmp_path / "again.keras").confidence_power == 3


def test_a_file_may_be_calibrated_in_its_place(files, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes((files / "after.keras").read_bytes())
    calibration.write(path, path, 2.0)
    assert load_model(path).confidence_power == 2


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("before.keras", "out.onnx", "name it FILE.keras"),
        ("none.keras", "out.keras", "is no .keras file"),
        ("ppocr", "out.keras", "is no .keras file"),
    ],
)
def test_what_cannot_be_calibrated_is_told(files, source, target, message):
    with pytest.raises(UserError, match=message):
        calibration.check_names(files / source, files / target)


def test_a_file_of_a_version_without_powers_is_read_as_it_is(files):
    description = load_model(files / "after.keras").get_config()
    del description["confidence_power"]
    assert AttentionOcr.from_config(description).confidence_power == 1
