"""Runs that are interrupted, killed, resumed, on other backends and of other kinds."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import small_job
from small_jobs import QUICK, train

from attention_ocr.__main__ import main
from attention_ocr.training import progress


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
def test_resumed_run_ends_as_an_uninterrupted_one(averages, tiny_dataset, tmp_path, capsys):
    """8 steps, and the last 4 of them once more, end with the same weights; 6 are an epoch."""
    flags = ["--save_interval_steps=4", "--save_summaries_steps=4", "--optimizer=adam", "--validation_examples=0"]
    flags += averages
    run, eighth = tmp_path / "run", tmp_path / "run" / "checkpoints" / "checkpoint-00000008.keras"
    assert train(tiny_dataset, run, 8, *flags, network=QUICK) == 0
    whole = weights_of(run, 8)
    eighth.unlink()
    assert train(tiny_dataset, run, 8, *flags, network=QUICK) == 0
    assert "resumed at step 4" in capsys.readouterr().out
    parts = weights_of(run, 8)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def training(dataset, run):
    return ["train", f"--dataset_dir={dataset}", f"--train_log_dir={run}", *QUICK, "--validation_examples=0"]


@pytest.mark.usefixtures("eager", "small_networks")
def test_killed_run_goes_on_and_an_interrupted_one_saves(tiny_dataset, tmp_path, capsys, monkeypatch):
    """SIGKILL after a checkpoint; then the run goes on in this process, and Ctrl-C comes long before its next one."""
    folder = tmp_path / "run"
    job = [*training(tiny_dataset, folder), "--max_number_of_steps=100000"]
    often = [sys.executable, small_job.__file__, *job, "--save_interval_steps=3"]
    process = subprocess.Popen(often, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not list((folder / "checkpoints").glob("checkpoint-*.keras")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    last = newest_step(folder)
    monkeypatch.setattr(progress.log, "filters", [interrupting])
    assert main(job) == 0
    output = capsys.readouterr().out
    assert f"resumed at step {last}" in output
    stopped = re.search(r"stopped at step (\d+); the same command goes on from there", output)
    assert newest_step(folder) == int(stopped[1]) > last


def interrupting(record):
    """A filter of a log that presses Ctrl-C at a step's line."""
    if re.match(r"step \d+/\d+  loss", record.getMessage()):
        signal.raise_signal(signal.SIGINT)
    return True


def newest_step(run):
    return max(int(path.stem.split("-")[1]) for path in (run / "checkpoints").glob("checkpoint-*.keras"))


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
