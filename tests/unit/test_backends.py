"""Backends: which one reads a file, what each is refused, and that all read alike."""

import shutil

import keras
import numpy as np
import pytest
from eager import eagerly

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.export.litert import write_litert
from attention_ocr.export.onnx_files import write_onnx
from attention_ocr.export.openvino_files import write_openvino
from attention_ocr.model.network import AttentionOcr
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.reading.backends import openvino, openvino_runs, parts
from attention_ocr.reading.backends.choice import choose
from attention_ocr.reading.reader import Reader

CHARSET = Charset.from_labels(["abcdefg"])
FILES = ("model.keras", "model.onnx", "model.xml", "model.tflite")
GRAPHS = [("model.keras", "onnxruntime"), ("model.keras", "openvino"), ("model.xml", "auto"), ("model.tflite", "auto")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network with recurrent columns on a canvas, as each kind of file."""
    folder = tmp_path_factory.mktemp("models")
    knobs = {"encoder": "residual", "encoder_channels": 16, "num_encoder_lstm_layers": 2, "num_encoder_lstm_units": 6}
    keras.utils.set_random_seed(0)
    model = AttentionOcr(ModelConfig(**knobs, head="ctc"), DatasetSpec("x", 1, 32, 96, 9, CHARSET, "keep_height"))
    for variable in model.decoder.weights:
        variable.assign(np.random.default_rng(0).normal(0, 3, variable.shape))
    model.confidence_power = 1.5
    model.save(folder / "model.keras")
    file = read_keras_file(folder / "model.keras")
    write_onnx(file, folder / "model.onnx")
    write_openvino(file, folder / "model.xml")
    write_litert(model, file.digest, folder / "model.tflite")
    return folder


def batch(width=96):
    """Pictures of several widths, noise beyond them too."""
    pixels = np.random.default_rng(1).integers(0, 256, [3, 32, width, 3], np.uint8)
    return pixels, np.array([[32, width], [32, 41], [32, 64]], np.int32)


@pytest.fixture(scope="module")
def wanted(folder):
    """What Keras reads in batches of each width."""
    backend = Reader.load(folder / "model.keras", backend="keras").backend
    with eagerly():
        return {width: backend.predict(*batch(width)) for width in (96, 64)}


@pytest.mark.parametrize(("name", "backend"), GRAPHS)
def test_all_read_pictures_of_several_sizes_alike(folder, name, backend, wanted):
    """OpenVINO ignores the lengths that an ONNX LSTM is given: what lies beyond a picture must close its gates."""
    reader = Reader.load(folder / name, backend=backend)
    assert reader.backend.confidence_power == 1.5
    for width, outputs in wanted.items():
        found = reader.backend.predict(*batch(width))
        assert (outputs["predicted_length"] > 0).all()
        assert set(found) == set(outputs)
        for output, value in outputs.items():
            scale = max(1, np.abs(value[value > -1e8]).max())
            np.testing.assert_allclose(found[output], value, atol=1e-4 * scale, err_msg=f"{output} at {width}")


@pytest.mark.parametrize(("name", "backend"), GRAPHS)
def test_a_picture_alone_is_read_as_beside_others(folder, name, backend, wanted):
    backend = Reader.load(folder / name, backend=backend).backend
    for width, outputs in wanted.items():
        pixels, sizes = batch(width)
        for row in range(len(pixels)):
            found = backend.predict(pixels[row : row + 1], sizes[row : row + 1])
            for output in ("chars_logit", "attention", "predicted_chars", "normalized_seq_conf"):
                np.testing.assert_allclose(found[output][0], outputs[output][row], atol=1e-4, rtol=1e-4)


def test_openvino_prepares_a_network_for_each_width_of_which_pictures_are_often_read_alone(folder, monkeypatch):
    made, runs = [], openvino.Runs
    monkeypatch.setattr(openvino, "Runs", lambda stages, **knobs: made.append(stages[0][0]) or runs(stages, **knobs))
    monkeypatch.setattr(openvino, "OFTEN", 2)
    backend = Reader.load(folder / "model.keras", backend="openvino").backend
    for width in (96, 64, 96, 64, 96, 128):
        pixels, sizes = batch(width)
        backend.predict(pixels[:1], sizes[:1])
    of_any, *of_widths = [model.input("images") for model in made]
    assert of_any.partial_shape.is_dynamic
    assert [list(images.shape) for images in of_widths] == [[1, 32, 96, 3], [1, 32, 64, 3]]


def test_openvino_reads_on_after_a_failure(folder, monkeypatch, wanted):
    backend = Reader.load(folder / "model.keras", backend="openvino").backend
    pixels, sizes = batch(96)
    with monkeypatch.context() as patch:
        patch.setattr(openvino_runs.Slot, "outputs", lambda slot: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            backend.predict(pixels, sizes)
    for _ in range(3):
        found = backend.predict(pixels, sizes)
        np.testing.assert_allclose(found["chars_logit"], wanted[96]["chars_logit"], atol=1e-4, rtol=1e-4)


def test_openvino_keeps_few_networks(folder, monkeypatch, wanted):
    made, runs = [], openvino.Runs
    monkeypatch.setattr(openvino, "Runs", lambda stages, **knobs: made.append(stages[0][0]) or runs(stages, **knobs))
    monkeypatch.setattr(openvino, "MOST_SIZES", 1)
    monkeypatch.setattr(openvino, "OFTEN", 1)
    backend = Reader.load(folder / "model.keras", backend="openvino").backend
    for width in (96, 64, 64, 96):
        pixels, sizes = batch(width)
        found = backend.predict(pixels[:1], sizes[:1])
        np.testing.assert_allclose(found["chars_logit"][0], wanted[width]["chars_logit"][0], atol=1e-4, rtol=1e-4)
    assert [model.input("images").partial_shape.is_static for model in made] == [True, False]


@pytest.mark.parametrize(("name", "backend"), GRAPHS)
def test_pictures_may_lie_anywhere_in_memory(folder, name, backend, wanted):
    """Read only, and every second pixel of a larger picture."""
    backend = Reader.load(folder / name, backend=backend).backend
    pixels, sizes = batch(96)
    larger = np.repeat(pixels, 2, axis=2)
    larger.setflags(write=False)
    found = backend.predict(larger[:, :, ::2], sizes)
    np.testing.assert_array_equal(found["predicted_chars"], wanted[96]["predicted_chars"])


@pytest.mark.parametrize(("backend", "seen"), [("keras", 4), ("onnxruntime", 3), ("openvino", 3)])
def test_a_batch_is_filled_only_where_the_network_is_compiled_for_one_size(folder, backend, seen, monkeypatch):
    reader, numbers = Reader.load(folder / "model.keras", backend=backend), []
    predict = reader.backend.predict

    def counted(pixels, sizes):
        numbers.append(len(pixels))
        return predict(pixels, sizes)

    monkeypatch.setattr(reader.backend, "predict", counted)
    assert len(reader.read(list(batch()[0]), batch_size=8)) == 3
    assert numbers == [seen]


@pytest.mark.parametrize(
    ("name", "asked", "chosen"),
    [
        ("model.keras", "auto", "keras"),
        ("model.onnx", "auto", "onnxruntime"),
        ("model.xml", "auto", "openvino"),
        ("model.tflite", "auto", "litert"),
        (".", "auto", "saved_model"),
        (".", "saved_model", "saved_model"),
        ("model.onnx", "openvino", "openvino"),
    ],
)
def test_which_backend_reads_a_file(folder, name, asked, chosen):
    assert choose(folder / name, asked) == chosen


def test_onnxruntime_reads_where_keras_is_not_installed(folder, monkeypatch):
    monkeypatch.setattr("attention_ocr.reading.backends.choice.has_keras", lambda: False)
    assert choose(folder / "model.keras", "auto") == "onnxruntime"


@pytest.mark.parametrize(
    ("name", "knobs", "message"),
    [
        ("model.onnx", {"backend": "keras"}, r"--backend=keras: reads \.keras, \.safetensors, not .*model\.onnx"),
        ("model.keras", {"backend": "saved_model"}, "--backend=saved_model: reads a SavedModel's folder, not"),
        (".", {"backend": "onnxruntime"}, r"--backend=onnxruntime: reads \.keras, \.onnx, \.safetensors, not"),
        ("model.keras", {"precision": "bfloat16"}, "--precision=bfloat16: keras reads in float32; use --backend=openv"),
        ("model.keras", {"stop_early": True}, "--stop_early: keras has none; use --backend=onnxruntime or openvino"),
        ("model.onnx", {"precision": "bfloat16"}, "--precision=bfloat16: onnxruntime has none on processors"),
        ("model.onnx", {"precision": "int8"}, r"--precision=int8: .*model\.onnx is float32; make an int8 file with"),
        ("model.xml", {"stop_early": True}, r"--stop_early: .*model\.xml was exported without; export it with"),
        ("model.tflite", {"precision": "bfloat16"}, "--precision=bfloat16: litert reads in float32"),
        ("model.onnx", {"beam_width": 3}, "--beam_width=3: onnxruntime and openvino read greedily; read the .keras"),
        ("model.onnx", {"characters": "a-c"}, r"--characters=a-c: .* is an export, whose graph reads what it was made"),
    ],
)
def test_what_a_backend_cannot_do_is_told_in_a_line(folder, name, knobs, message):
    with pytest.raises(UserError, match=message) as caught:
        Reader.load(folder / name, **knobs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [".onnx", ".xml", ".tflite"])
def test_a_damaged_or_foreign_or_missing_file_is_told_in_a_line(folder, tmp_path, kind):
    path = tmp_path / f"other{kind}"
    with pytest.raises(UserError, match="no such model file"):
        Reader.load(path)
    for content in (b"hello", (folder / f"model{kind}").read_bytes()[:500]):
        path.write_bytes(content)
        shutil.copy(folder / "model.bin", path.with_suffix(".bin"))
        with pytest.raises(UserError, match=rf"other\{kind}: (is not|was not exported)") as caught:
            Reader.load(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("allowed", "number"), [("", 4), ("1", 1), ("3", 3), ("9", 4), ("0", 4), ("1,2", 4)])
def test_a_reader_uses_the_cores_that_it_may(monkeypatch, allowed, number):
    """Ray sets OMP_NUM_THREADS, so that readers side by side do not each use all cores."""
    monkeypatch.setattr(parts, "available_cores", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", allowed)
    assert parts.reading_cores() == number


@pytest.mark.usefixtures("eager", "small_networks")
@pytest.mark.parametrize("head", ["attention", "gru_attention", "area_attention"])
def test_openvino_reads_a_network_of_large_features_one_picture_at_a_time(head, tmp_path, monkeypatch):
    """What an encoder hands to its decoder is computed in both halves' own precision: it must be all that is needed."""
    keras.utils.set_random_seed(0)
    config = ModelConfig(encoder="crnn", head=head, encoder_channels=16, num_lstm_units=8, embedding_size=5)
    model = AttentionOcr(config, DatasetSpec("x", 1, 32, 96, 4, CHARSET, "stretch"))
    model.save(tmp_path / "model.keras")
    pixels, _ = batch(96)
    wanted = Reader.load(tmp_path / "model.keras", backend="keras").backend.predict(pixels)
    monkeypatch.setattr(parts, "POSITIONS", 1)
    backend = Reader.load(tmp_path / "model.keras", backend="openvino").backend
    backend._stages = [(stage, "f32") for stage in openvino.parted(backend._stages[0][0])]
    assert all(port.get_partial_shape()[0] == 1 for stage, _ in backend._stages for port in stage.inputs)
    assert any("keys" in port.get_names() for port in backend._stages[1][0].inputs), "the decoder computes keys"
    for name, value in backend.predict(pixels).items():
        np.testing.assert_allclose(value, wanted[name], atol=1e-4 * max(1, np.abs(value).max()), err_msg=name)
