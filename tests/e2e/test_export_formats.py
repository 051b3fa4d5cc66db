"""A model file exported for other runtimes: what each file reads, and what is refused."""

import string

import numpy as np
import pytest

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.reader import Reader

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def checkpoint(sized_dataset, tmp_path_factory):
    config = ModelConfig(
        encoder="residual", head="ctc", encoder_channels=16, num_encoder_lstm_layers=1, num_encoder_lstm_units=8
    )
    path = tmp_path_factory.mktemp("export") / "tiny.keras"
    AttentionOcr(config, DatasetSpec.load(sized_dataset("keep_height"))).save(path)
    return path


def test_onnx_openvino_and_int8_read_as_the_model_does(checkpoint, sized_dataset, tmp_path, capsys):
    pytest.importorskip("openvino")
    folder = str(sized_dataset("keep_height"))
    flags = [f"--checkpoint={checkpoint}", f"--export_dir={tmp_path}", f"--dataset_dir={folder}"]
    flags += ["--compare_pictures=8", "--calibration_pictures=8", "--max_accuracy_loss=1"]
    assert main(["export", *flags, "--format=onnx,openvino,int8,litert"]) == 0
    told = capsys.readouterr().out
    assert "test of" in told
    rows = {line.split()[0]: line for line in told.splitlines()[2:]}
    assert list(rows) == ["model", "onnx", "openvino", "int8", "litert"]
    assert "8 of 8" in rows["onnx"]
    pictures = [np.random.default_rng(n).integers(0, 256, [32, 40 + 20 * n, 3], np.uint8) for n in range(3)]
    wanted = Reader.load(checkpoint).read(pictures)
    for name in ("tiny.onnx", "tiny.xml", "tiny.tflite"):
        found = Reader.load(tmp_path / name).read(pictures)
        assert [reading.text for reading in found] == [reading.text for reading in wanted]
        for one, other in zip(found, wanted, strict=True):
            assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
    assert Reader.load(tmp_path / "tiny.int8.onnx").backend.fingerprint.endswith("int8")


def test_an_unknown_format_is_told_in_a_line(checkpoint, tmp_path, capsys):
    assert main(["export", f"--checkpoint={checkpoint}", f"--export_dir={tmp_path}", "--format=coreml"]) == 1
    assert capsys.readouterr().err == "error: --format=coreml: not one of saved_model, onnx, openvino, int8, litert\n"


def test_an_export_reads_only_the_characters_asked_for(tmp_path):
    """What is compared is drawn; two cases of a letter are one in the export, too."""
    knobs = {"encoder": "residual", "encoder_channels": 16, "num_encoder_lstm_layers": 1, "num_encoder_lstm_units": 8}
    spec = DatasetSpec("x", 1, 32, 96, 9, Charset.from_labels([string.ascii_letters + string.digits]), "keep_height")
    AttentionOcr(ModelConfig(**knobs, head="ctc"), spec).save(tmp_path / "letters.keras")
    flags = [f"--checkpoint={tmp_path / 'letters.keras'}", f"--export_dir={tmp_path}", "--format=onnx,openvino"]
    assert main(["export", *flags, "--compare_pictures=8", "--characters=a-z", "--ignore_case"]) == 0
    for name in ("letters.onnx", "letters.xml"):
        assert set(Reader.load(tmp_path / name).dataset.charset.symbols) == {*string.ascii_letters, ""}
