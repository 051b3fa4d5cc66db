"""Runs that are interrupted, killed, resumed, on other backends and of other kinds."""

import json
import signal
import subprocess
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from small_jobs import QUICK, attention_ocr, command, train

from attention_ocr.__main__ import main


def weights_of(run, step):
    reader_model = Path(run) / "checkpoints" / f"checkpoint-{step:08d}.keras"
    from attention_ocr.model.model_file import load_model

    return [np.asarray(variable) for variable in load_model(reader_model).weights]


@pytest.mark.parametrize(
    "averages",
    [
        pytest.param([], marks=pytest.mark.slow, id="weights"),
        pytest.param(["--moving_average_decay=0.99"], id="averages"),
    ],
)
def test_resumed_run_ends_as_an_uninterrupted_one(averages, tiny_dataset, tmp_path):
    """12 steps, and 6 + 6, end with the same weights."""
    flags = ["--save_interval_steps=12", "--save_summaries_steps=6", "--optimizer=adam", "--validation_examples=0"]
    flags += averages
    assert train(tiny_dataset, tmp_path / "whole", 12, *flags, network=QUICK) == 0
    assert train(tiny_dataset, tmp_path / "parts", 6, *flags, network=QUICK) == 0
    assert train(tiny_dataset, tmp_path / "parts", 12, *flags, network=QUICK) == 0
    whole, parts = weights_of(tmp_path / "whole", 12), weights_of(tmp_path / "parts", 12)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def training(dataset, run):
    return ["train", f"--dataset_dir={dataset}", f"--train_log_dir={run}", *QUICK, "--validation_examples=0"]


def test_killed_run_goes_on_from_its_last_checkpoint(tiny_dataset, tmp_path, capsys):
    folder = tmp_path / "run"
    job = [*training(tiny_dataset, folder), "--save_interval_steps=3"]
    process = subprocess.Popen(
        command(*job, "--max_number_of_steps=100000"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 200
    while not list((folder / "checkpoints").glob("checkpoint-*.keras")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    last = max(int(path.stem.split("-")[1]) for path in (folder / "checkpoints").glob("checkpoint-*.keras"))
    assert main([*job, f"--max_number_of_steps={last + 2}"]) == 0
    assert f"resumed at step {last}" in capsys.readouterr().out
    assert (folder / "checkpoints" / f"checkpoint-{last + 2:08d}.keras").exists()


def test_interrupted_run_saves_and_says_how_to_go_on(tiny_dataset, tmp_path):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        command(*training(tiny_dataset, folder), "--max_number_of_steps=100000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("step 4"):
            process.send_signal(signal.SIGINT)
            break
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0
    assert "the same command goes on from there" in output
    assert len(list((folder / "checkpoints").iterdir())) == 1


def test_jax_trains_and_evaluates_the_same_records(tiny_dataset, tmp_path, capsys):
    run = tmp_path / "run"
    flags = [f"--dataset_dir={tiny_dataset}", f"--train_log_dir={run}"]
    steps = [
        "--max_number_of_steps=2",
        "--save_interval_steps=1",
        "--moving_average_decay=0.9",
        "--validation_examples=0",
    ]
    result = attention_ocr("train", *flags, *QUICK, *steps, backend="jax")
    assert result.returncode == 0, result.stderr
    assert "backend jax" in result.stdout
    result = attention_ocr("eval", *flags, backend="jax")
    assert result.returncode == 0, result.stderr
    on_jax = json.loads(result.stdout.splitlines()[-1])
    assert on_jax["step"] == 2
    assert main(["eval", *flags]) == 0
    on_tensorflow = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert on_tensorflow["NormalizedEditDistance"] == pytest.approx(on_jax["NormalizedEditDistance"], abs=1e-6)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "variant",
    [
        "--mixed_precision=bfloat16",
        pytest.param("--nouse_attention", marks=pytest.mark.slow),
        pytest.param("--nouse_autoregression", marks=pytest.mark.slow),
        pytest.param("--mixed_precision=float16", marks=pytest.mark.slow),
    ],
)
def test_variants_train_resume_and_read(tiny_dataset, tmp_path, variant, capsys):
    assert train(tiny_dataset, tmp_path, 2, variant) == 0
    assert train(tiny_dataset, tmp_path, 3, variant) == 0
    assert keras.mixed_precision.dtype_policy().name == "float32", "a run changed what is made after it"
    assert main(["eval", f"--train_log_dir={tmp_path}", f"--dataset_dir={tiny_dataset}"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["num_examples"] == 4


@pytest.mark.slow
def test_learns_a_handful_of_signs_by_heart(tmp_path, capsys):
    """The smallest proof that gradients, batch norm in evaluation and decoding work together."""
    from tools.plates import STREET_NAMES, draw_sign

    random = np.random.default_rng(1)
    for number, text in enumerate(STREET_NAMES[:4]):
        draw_sign(text, random, 60, 60, num_views=2).save(tmp_path / f"{number}.png")
    (tmp_path / "labels.tsv").write_text("".join(f"{n}.png\t{text}\n" for n, text in enumerate(STREET_NAMES[:4])))
    records, run = tmp_path / "records", tmp_path / "run"
    flags = [f"--annotations={tmp_path / 'labels.tsv'}", f"--output_dir={records}", "--num_views=2"]
    assert main(["generate_tfrecords", *flags, "--validation_fraction=0", "--test_fraction=0"]) == 0
    learned = train(records, run, 250, "--num_lstm_units=64", "--save_interval_steps=250", "--save_summaries_steps=50")
    assert learned == 0
    flags = [f"--train_log_dir={run}", f"--dataset_dir={records}", "--split_name=train"]
    assert main(["eval", *flags]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["ExactMatch"] == 1.0
