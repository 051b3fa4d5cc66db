"""Every other preset goes through all jobs: train, resume, eval, export, demo_inference."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.inference import Reader

CRNN_ATTENTION = ["--encoder=crnn", "--num_encoder_lstm_layers=1", "--encode_coordinates", "--optimizer=adam"]
SMALL = ["--batch_size=8", "--num_lstm_units=16", "--num_encoder_lstm_units=16", "--augmentation=light"]


@pytest.mark.parametrize(
    "network", [["--preset=crnn_ctc"], pytest.param(CRNN_ATTENTION, marks=pytest.mark.slow)], ids=["crnn_ctc", "crnn"]
)
def test_jobs_one_after_the_other(network, tiny_dataset, tmp_path, capsys):
    run, flags = tmp_path / "run", [f"--dataset_dir={tiny_dataset}"]
    for steps in (2, 4):
        train = [f"--train_log_dir={run}", f"--max_number_of_steps={steps}", *network, *SMALL]
        assert main(["train", *flags, *train]) == 0
    assert "resumed at step 2" in capsys.readouterr().out
    for options in ([], ["--beam_width=3"]):
        assert main(["eval", *flags, f"--train_log_dir={run}", *options]) == 0
        result = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (result["step"], result["num_examples"]) == (4, 4)
    best, export = run / "best.keras", tmp_path / "export"
    assert main(["export", f"--checkpoint={best}", f"--export_dir={export}"]) == 0
    for number in range(2):
        random = np.random.default_rng(number)
        Image.fromarray(random.integers(0, 256, [40, 80, 3], np.uint8)).save(tmp_path / f"{number}.png")
    pictures = [f"--image_path_pattern={tmp_path}/*.png", f"--visualize={tmp_path / 'drawn'}"]
    capsys.readouterr()
    for model in (best, export):
        assert main(["demo_inference", f"--checkpoint={model}", *pictures]) == 0
        assert len(capsys.readouterr().out.splitlines()) >= 2
        assert len(list(Path(tmp_path / "drawn").iterdir())) == 2
    one, other = (Reader.load(path).read([tmp_path / "0.png"])[0] for path in (best, export))
    assert one.text == other.text
    np.testing.assert_allclose(one.attention, other.attention, atol=1e-4)


def test_a_text_longer_than_the_columns_is_named_before_training(tiny_dataset, tmp_path, capsys):
    flags = ["--preset=crnn_ctc", "--crop_width=16", f"--dataset_dir={tiny_dataset}", f"--train_log_dir={tmp_path}"]
    assert main(["train", *flags, "--max_number_of_steps=1"]) == 1
    error = capsys.readouterr().err
    assert "train-0000" in error
    assert "columns of features with --head=ctc, but there are 3" in error
    assert not list(Path(tmp_path).rglob("*.keras"))
