"""demo_inference on folders as they are found: odd names, odd files, other encodings."""

import io
import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.reader import Reader

pytestmark = pytest.mark.usefixtures("eager")
LETTERS = "שלום"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of a small network that has learned nothing, but reads letters."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    keras.utils.set_random_seed(1)
    config = ModelConfig(encoder="crnn", head="ctc", num_encoder_lstm_layers=0)
    network = AttentionOcr(config, DatasetSpec("tiny", 1, 32, 64, 6, Charset.from_labels([LETTERS]), "keep_height"))
    random = np.random.default_rng(0)
    for variable in network.decoder.weights:
        variable.assign(random.normal(0, 2, variable.shape))
    network.save(path)
    return path


@pytest.fixture
def pictures(tmp_path):
    """a/x.png, b/x.png, b/x.jpg."""
    for number, name in enumerate(("a/x.png", "b/x.png", "b/x.jpg")):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, [32, 48, 3], np.uint8)
        Image.fromarray(noise).save(path)
    return tmp_path / "pictures"


def demo(model, pattern, *flags):
    return main(["demo_inference", f"--checkpoint={model}", f"--image_path_pattern={pattern}", *flags])


def test_unsure_pictures_are_asked_upside_down_if_told_so(model, pictures, capsys):
    """The network has learned nothing: it is never sure."""
    told = {}
    for orientation in ("upright", "auto"):
        assert demo(model, f"{pictures}/*/*", "--format=json", f"--orientation={orientation}") == 0
        told[orientation] = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert {one["turned"] for one in told["upright"]} == {0}
    assert {one["turned"] for one in told["auto"]} <= {0, 180}
    for upright, either in zip(told["upright"], told["auto"], strict=True):
        scores = [np.mean([character["score"] for character in one["characters"]]) for one in (upright, either)]
        assert scores[1] > scores[0] if either["turned"] else either == upright
    turned = [one["path"] for one in told["auto"] if one["turned"]]
    for path in turned:  # and each is what is read in the turned picture
        with Image.open(path) as picture:
            (reading,) = Reader.load(model).read(picture.rotate(180))
        assert reading.text == next(one["text"] for one in told["auto"] if one["path"] == path)
    assert turned


def test_drawings_keep_their_folders_and_none_replaces_another(model, pictures, tmp_path, capsys):
    assert demo(model, f"{pictures}/*/*", f"--visualize={tmp_path / 'drawn'}") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    drawn = [path for path in (tmp_path / "drawn").rglob("*") if path.is_file()]
    assert sorted(path.relative_to(tmp_path / "drawn").as_posix() for path in drawn) == [
        "a/x.png.png",
        "b/x.jpg.png",
        "b/x.png.png",
    ]
    assert len({path.read_bytes() for path in drawn}) == 3


def test_drawings_never_replace_the_pictures(model, pictures, capsys):
    before = (pictures / "a" / "x.png").read_bytes()
    assert demo(model, pictures / "a", f"--visualize={pictures / 'a'}") == 1
    assert "would replace a picture; name another folder" in capsys.readouterr().err
    assert (pictures / "a" / "x.png").read_bytes() == before


@pytest.mark.parametrize(("output", "batch_size"), [("text", 1), ("json", 2)])
def test_bad_pictures_are_skipped_and_told(model, pictures, capsys, output, batch_size, tmp_path):
    (pictures / "a" / "bad.png").write_bytes(b"no picture")
    (pictures / "b" / "empty.png").touch()
    flags = [f"--format={output}", f"--batch_size={batch_size}", f"--visualize={tmp_path / 'drawn'}"]
    assert demo(model, f"{pictures}/*/*", *flags, "--on_bad_image=skip") == 1
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    order = [str(pictures / name) for name in ("a/bad.png", "a/x.png", "b/empty.png", "b/x.jpg", "b/x.png")]
    if output == "json":
        found = [json.loads(line) for line in lines]
        assert [one["path"] for one in found] == order
        assert [one["text"] == "" for one in found] == ["error" in one for one in found]
        assert "cannot be read as an image" in found[0]["error"]
    else:
        assert [line.split("\t")[0] for line in lines] == order
        assert [line.split("\t")[1:] == ["", "0.0000"] for line in lines] == [True, False, True, False, False]
    told = [line for line in printed.err.splitlines() if line.startswith("skipped ")]
    assert [line.split(": ")[0] for line in told] == [f"skipped {order[0]}", f"skipped {order[2]}"]
    assert len(list((tmp_path / "drawn").rglob("*.png"))) == 3


def test_a_folder_of_bad_pictures_only(model, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert demo(model, tmp_path, "--on_bad_image=skip") == 1
    assert capsys.readouterr().out == f"{tmp_path / 'bad.png'}\t\t0.0000\n"


def test_a_bad_picture_ends_the_job_unless_told_otherwise(model, pictures, capsys):
    (pictures / "a" / "bad.png").write_bytes(b"no picture")
    assert demo(model, pictures / "a") == 1
    assert f"error: {pictures / 'a' / 'bad.png'}: cannot be read as an image" in capsys.readouterr().err


def test_too_many_pixels_are_not_decoded(model, pictures, capsys):
    assert demo(model, pictures / "a", "--max_pixels=1000") == 1
    assert "x.png: has 48 x 32 = 1,536 pixels, more than --max_pixels=1000" in capsys.readouterr().err
    assert demo(model, pictures / "a", "--max_pixels=1536") == 0


def test_hidden_files_and_folders_are_left_out(model, pictures, capsys):
    (pictures / "a" / "._x.png").write_bytes(b"what macOS writes")
    (pictures / "a" / "old.png").mkdir()
    assert demo(model, pictures / "a") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_several_pages_are_told(model, tmp_path, caplog, capsys):
    pages = [Image.new("L", (40, 32), grey) for grey in (10, 100, 200)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    assert demo(model, tmp_path / "scan.tif") == 0
    assert f"{tmp_path / 'scan.tif'} has 3 pages, the first is read" in caplog.messages
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(("encoding", "output"), [("cp1252", "text"), ("ascii", "json")])
def test_a_text_that_the_output_cannot_hold_is_printed_all_the_same(model, pictures, encoding, output, monkeypatch):
    redirected = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", redirected)
    assert demo(model, f"{pictures}/*/*", f"--format={output}") == 0
    redirected.flush()
    lines = redirected.buffer.getvalue().decode(encoding).splitlines()
    assert len(lines) == 3
    assert "\\u05" in "".join(lines)
    if output == "json":
        assert set("".join(json.loads(line)["text"] for line in lines)) <= set(LETTERS)


def test_reader_reads_one_picture_or_many_and_names_the_bad_one(model, pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    reader = Reader.load(model)
    pixels = np.asarray(Image.open("a/x.png"))
    (expected,) = reader.read(["a/x.png"])
    assert expected.text
    with Image.open("a/x.png") as opened:
        many = ["a/x.png", Path("a/x.png"), Path("a/x.png").read_bytes(), pixels, opened.copy()]
    for one in many:
        assert [reading.text for reading in reader.read(one)] == [expected.text]
    assert [reading.text for reading in reader.read(many, batch_size=2)] == [expected.text] * 5
    assert [reading.text for reading in reader.read(np.stack([pixels] * 2))] == [expected.text] * 2
    assert reader.read([]) == []
    for bad, name in ((pixels[:0], "picture 2 of 3"), (Path("none.png"), "none.png"), (pixels / 255, "picture 2 of 3")):
        with pytest.raises(UserError, match=rf"^{name}: "):
            reader.read([pixels, bad, pixels])
    with pytest.raises(UserError, match="batch_size=0: must be at least 1"):
        reader.read(pixels, batch_size=0)


def test_impossible_alternatives_are_left_out(model):
    """A picture of one column has room for one character: far fewer texts than beams."""
    reader = Reader.load(model, beam_width=12)
    (reading,) = reader.read(np.zeros([32, 4, 3], np.uint8))
    assert 1 <= len(reading.alternatives) <= 1 + len(set(LETTERS))
    assert reading.alternatives[0].text == reading.text
    assert all(other.confidence > 0 and other.score > -1e6 for other in reading.alternatives)
    assert len({other.text for other in reading.alternatives}) == len(reading.alternatives)
