"""A text model is built, and read with; a lexicon is read with: through the jobs."""

import json

import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.config import ModelConfig
from attention_ocr.model.network import AttentionOcr


@pytest.fixture(scope="module")
def checkpoint(make_spec, tmp_path_factory):
    """A model file that learned nothing."""
    folder = tmp_path_factory.mktemp("model")
    config = ModelConfig(encoder="residual", encoder_channels=16, head="ctc", num_encoder_lstm_layers=1)
    AttentionOcr(config, make_spec(image_height=32)).save(folder / "m.keras")
    Image.new("L", (90, 44), 90).save(folder / "word.png")
    return [f"--checkpoint={folder / 'm.keras'}", f"--image_path_pattern={folder / 'word.png'}"]


def test_a_text_model_is_built_and_read_with(checkpoint, tmp_path, capsys):
    (tmp_path / "a.txt").write_text("abba\t3\ncab\n")
    (tmp_path / "b.txt").write_text("dad\n")
    path = tmp_path / "m.npz"
    flags = [f"--texts={tmp_path / 'a.txt'},{tmp_path / 'b.txt'}", f"--output={path}", "--order=3"]
    assert main(["build_text_model", *flags]) == 0
    told = capsys.readouterr().out
    assert f"{path}: 3 texts, 4 characters" in told
    assert f"read with --text_model={path}" in told
    flags = [f"--text_model={path}", "--text_weight=9", "--search_below=1", "--beam_width=4", "--format=json"]
    assert main(["demo_inference", *checkpoint, *flags]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert len({other["text"] for other in reading["alternatives"]}) == 4


def test_a_lexicon_is_read_with(checkpoint, tmp_path, capsys):
    (tmp_path / "texts.txt").write_text("abba\ncab\n")
    assert main(["demo_inference", *checkpoint, f"--lexicon={tmp_path / 'texts.txt'}"]) == 0
    _, text, confidence = capsys.readouterr().out.strip().split("\t")
    assert text in ("abba", "cab")
    assert 0 <= float(confidence) <= 1


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--output=m.npz"], "--texts is missing"),
        (["--texts=none.txt", "--output=m.npz"], "none.txt: cannot be read"),
        (["--texts=a.txt", "--output=m.txt"], "--output=m.txt: must end in .npz"),
        (["--texts=a.txt", "--output=m.npz", "--order=0"], "--order=0: must be at least 1"),
        (["--texts=a.txt", "--output=m.npz", "--order=40"], "allow --order="),
        (["--texts=empty.txt", "--output=m.npz"], "there is no text to learn from"),
    ],
)
def test_what_cannot_be_built_is_told(tmp_path, monkeypatch, capsys, flags, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("abba\n")
    (tmp_path / "empty.txt").write_text("\n")
    assert main(["build_text_model", *flags]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "m.npz").exists()


def test_wrong_text_models_and_lexicons_are_told(checkpoint, tmp_path, capsys):
    assert main(["demo_inference", *checkpoint, "--text_model=klingon"]) == 1
    assert "klingon: no such text model, and no ready-made text model" in capsys.readouterr().err
    assert main(["demo_inference", *checkpoint, f"--lexicon={tmp_path / 'none'}"]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_ready_lists_text_models(capsys):
    assert main(["ready"]) == 0
    told = capsys.readouterr().out
    assert "--text_model=english (version 1)" in told
    assert "--checkpoint=words (version 1)" in told
