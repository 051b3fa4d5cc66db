"""Runs that are interrupted, killed, resumed, on other backends and of other kinds."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import small_networks
from small_jobs import QUICK, command, train

from attention_ocr.__main__ import main


def weights_of(run, step):
    reader_model = Path(run) / "checkpoints" / f"checkpoint-{step:08d}.keras"
    from attention_ocr.model.model_file import load_model

    return [np.asarray(variable) for variable in load_model(reader_model).weights]


@pytest.mark.usefixtures("small_networks")
@pytest.mark.parametrize(
    "averages",
    [
        pytest.param([], marks=pytest.mark.slow, id="weights"),
        pytest.param(["--moving_average_decay=0.99"], id="averages"),
    ],
)
def test_resumed_run_ends_as_an_uninterrupted_one(averages, tiny_dataset, tmp_path):
    """8 steps, and 4 + 4, end with the same weights; 6 are an epoch."""
    flags = ["--save_interval_steps=8", "--save_summaries_steps=4", "--optimizer=adam", "--validation_examples=0"]
    flags += averages
    assert train(tiny_dataset, tmp_path / "whole", 8, *flags, network=QUICK) == 0
    assert train(tiny_dataset, tmp_path / "parts", 4, *flags, network=QUICK) == 0
    assert train(tiny_dataset, tmp_path / "parts", 8, *flags, network=QUICK) == 0
    whole, parts = weights_of(tmp_path / "whole", 8), weights_of(tmp_path / "parts", 8)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def training(dataset, run):
    return ["train", f"--dataset_dir={dataset}", f"--train_log_dir={run}", *QUICK, "--validation_examples=0"]


def test_killed_run_goes_on_and_an_interrupted_one_saves(tiny_dataset, tmp_path):
    """SIGKILL after a checkpoint; then the run goes on, and Ctrl-C comes long before its next one."""
    folder = tmp_path / "run"
    job = command(*training(tiny_dataset, folder), "--max_number_of_steps=100000")
    often = [*job, "--save_interval_steps=3"]
    process = subprocess.Popen(often, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not list((folder / "checkpoints").glob("checkpoint-*.keras")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    last = newest_step(folder)
    process = subprocess.Popen(job, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    told = ""
    for line in process.stdout:
        told += line
        if re.match(r"step \d+/\d+  loss", line):
            process.send_signal(signal.SIGINT)
            break
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0
    assert f"resumed at step {last}" in told
    stopped = re.search(r"stopped at step (\d+); the same command goes on from there", output)
    assert newest_step(folder) == int(stopped[1]) > last


def newest_step(run):
    return max(int(path.stem.split("-")[1]) for path in (run / "checkpoints").glob("checkpoint-*.keras"))


# Both jobs in one process: to import jax and TensorFlow takes longer than the jobs do.
TRAIN_AND_EVALUATE = f"""
import sys
from attention_ocr.__main__ import main

sys.path.append({str(Path(small_networks.__file__).parent)!r})
from small_networks import smaller

where, training = sys.argv[1:3], sys.argv[3:]
with smaller():
    sys.exit(main(["train", *where, *training]) or main(["eval", *where]))
"""


@pytest.mark.usefixtures("small_networks")
def test_jax_trains_and_evaluates_the_same_records(tiny_dataset, tmp_path, capsys):
    where = [f"--dataset_dir={tiny_dataset}", f"--train_log_dir={tmp_path / 'run'}"]
    steps = ["--max_number_of_steps=2", "--save_interval_steps=1"]
    steps += ["--moving_average_decay=0.9", "--validation_examples=0"]
    jax = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    told = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    result = subprocess.run(
        [sys.executable, "-c", TRAIN_AND_EVALUATE, *where, *QUICK, *steps],
        env={**told, **jax},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "backend jax" in result.stdout
    assert "oneDNN" not in result.stderr, "what TensorFlow notes when it is imported"
    on_jax = json.loads(result.stdout.splitlines()[-1])
    assert on_jax["step"] == 2
    assert main(["eval", *where]) == 0
    on_tensorflow = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert on_tensorflow["NormalizedEditDistance"] == pytest.approx(on_jax["NormalizedEditDistance"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "variant",
    ["--mixed_precision=bfloat16", "--mixed_precision=float16", "--nouse_attention", "--nouse_autoregression"],
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
