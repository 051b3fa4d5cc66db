"""Every other preset goes through all jobs: train, resume, eval, export, demo_inference."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.reading.reader import Reader

SMALL = ["--batch_size=8", "--augmentation=light"]
# What is trained, and how its records' pictures are fitted.
NETWORKS = [
    pytest.param(["--preset=fsns", "--final_endpoint=Mixed_5b"], "stretch", id="fsns"),
    pytest.param(["--preset=signs", "--final_endpoint=Mixed_5b"], "stretch", id="signs"),
    pytest.param(["--preset=base"], "keep_height", id="base"),
    pytest.param(["--preset=chinese", "--final_endpoint=Mixed_5b"], "stretch", id="chinese"),
    pytest.param(["--preset=crnn_ctc"], "keep_height", id="crnn_ctc"),
    pytest.param(["--preset=crnn_ctc"], "stretch", id="crnn_ctc-fixed"),
    pytest.param(["--preset=visual_attention"], "keep_height", id="visual_attention"),
    pytest.param(["--preset=seq2seq"], "keep_height", id="seq2seq"),
    pytest.param(["--preset=arbitrary"], "pad", id="arbitrary"),
    pytest.param(["--preset=ppocr"], "keep_height", id="ppocr"),
    pytest.param(["--preset=ppocr_attention"], "keep_height", id="ppocr_attention"),
    pytest.param(["--preset=fsns", "--encoder=lcnet"], "stretch", id="fsns-lcnet"),
    pytest.param(["--encoder=residual", "--head=attention", "--optimizer=adam"], "pad", id="residual-attention"),
]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("network", "resize"), NETWORKS)
def test_jobs_one_after_the_other(network, resize, tiny_dataset, sized_dataset, tmp_path, capsys):
    records = tiny_dataset if resize == "stretch" else sized_dataset(resize)
    run, flags = tmp_path / "run", [f"--dataset_dir={records}"]
    for steps in (2, 4):
        train = [f"--train_log_dir={run}", f"--max_number_of_steps={steps}", "--warmup_steps=0", *network, *SMALL]
        assert main(["train", *flags, *train]) == 0
    printed = capsys.readouterr().out
    assert "resumed at step 2" in printed
    assert "memory" in printed
    for options in ([], ["--beam_width=3"]):
        assert main(["eval", *flags, f"--train_log_dir={run}", *options]) == 0
        result = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (result["step"], result["num_examples"]) == (4, 4 if resize == "stretch" else 8)
    best, export = run / "best.keras", tmp_path / "export"
    assert main(["export", f"--checkpoint={best}", f"--export_dir={export}"]) == 0
    for number, width in enumerate((80, 40)):
        random = np.random.default_rng(number)
        Image.fromarray(random.integers(0, 256, [40, width, 3], np.uint8)).save(tmp_path / f"{number}.png")
    pictures = [f"--image_path_pattern={tmp_path}/*.png", f"--visualize={tmp_path / 'drawn'}"]
    capsys.readouterr()
    for model in (best, export):
        assert main(["demo_inference", f"--checkpoint={model}", *pictures]) == 0
        assert len(capsys.readouterr().out.splitlines()) >= 2
        assert len(list(Path(tmp_path / "drawn").iterdir())) == 2
    paths = [tmp_path / "0.png", tmp_path / "1.png"]
    readings = zip(*(Reader.load(path).read(paths) for path in (best, export)), strict=True)
    for one, other in readings:
        assert one.text == other.text
        assert one.feature_grid == other.feature_grid
        np.testing.assert_allclose(one.attention, other.attention, atol=1e-4)


def test_a_text_longer_than_the_columns_is_named_before_training(tiny_dataset, tmp_path, capsys):
    flags = ["--preset=crnn_ctc", "--crop_width=16", f"--dataset_dir={tiny_dataset}", f"--train_log_dir={tmp_path}"]
    assert main(["train", *flags, "--max_number_of_steps=1"]) == 1
    error = capsys.readouterr().err
    assert "train-0000" in error
    assert "columns of features with --head=ctc, but there are 3" in error
    assert not list(Path(tmp_path).rglob("*.keras"))
