"""The directory of a run in a user's hands: resets, two trainings at once, full disks, damage, what is no number."""

import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from eager import eagerly

from attention_ocr.__main__ import main
from attention_ocr.data import bad_records
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import loop
from attention_ocr.training.run_lock import locked

LINES = ["--encoder=residual", "--encoder_channels=8", "--num_encoder_lstm_layers=1", "--num_encoder_lstm_units=4"]
CTC = [*LINES, "--head=ctc", "--batch_size=4"]
QUICK = ["--encoder=crnn", "--head=ctc", "--num_encoder_lstm_layers=0", "--batch_size=4"]
ATTENTION = ["--final_endpoint=Mixed_5b", "--num_lstm_units=4", "--batch_size=4"]
pytestmark = pytest.mark.usefixtures("small_networks")


def train(dataset, run, steps, *flags):
    every = ["--save_summaries_steps=1", "--validation_examples=0", "--nouse_augment_input"]
    return main(
        [
            "train",
            f"--dataset_dir={dataset}",
            f"--train_log_dir={run}",
            f"--max_number_of_steps={steps}",
            *every,
            *flags,
        ]
    )


def error_of(capsys):
    """The one line on standard error after progress bars."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def begun(tiny_dataset, tmp_path_factory):
    """A run of 2 steps."""
    run = tmp_path_factory.mktemp("begun") / "run"
    with eagerly():
        assert train(tiny_dataset, run, 2, *ATTENTION, "--save_interval_steps=1") == 0
    return run


@pytest.fixture
def run(begun, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(begun, tmp_path / "run"))


def test_a_folder_that_is_no_run_is_not_reset(tiny_dataset, tmp_path, capsys):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "my_photos.txt").write_text("mine")
    assert train(tiny_dataset, tmp_path, 1, *ATTENTION, "--reset_train_dir") == 1
    assert f"--reset_train_dir: {tmp_path} has no config.json of a run" in error_of(capsys)
    assert files_of(tmp_path) == ["train/my_photos.txt"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--momentum=0.5", "--optimizer=adam"],
        ["--num_lstm_units=0"],
        ["--split_name=nope"],
        ["--head=ctc"],
        ["--crop_height=90"],
        ["--learning_rate_schedule=cosine", "--warmup_steps=9"],
    ],
)
def test_nothing_is_reset_before_the_flags_are_known_to_be_right(tiny_dataset, run, capsys, wrong):
    before = files_of(run)
    flags = [flag for flag in ATTENTION if "--head=ctc" not in wrong or "num_lstm" not in flag]
    assert train(tiny_dataset, run, 1, *flags, "--reset_train_dir", *wrong) == 1
    error_of(capsys)
    assert files_of(run) == before


@pytest.mark.usefixtures("eager")
def test_a_reset_run_begins_anew_and_keeps_what_is_not_its_own(tiny_dataset, run, capsys):
    (run / "notes.txt").write_text("mine")
    (run / "train" / "my_photos.txt").write_text("mine")
    assert train(tiny_dataset, run, 1, *ATTENTION, "--reset_train_dir") == 0
    assert ", a new run" in capsys.readouterr().out
    names = files_of(run)
    assert {"notes.txt", "train/my_photos.txt", "checkpoints/checkpoint-00000001.keras"} <= set(names)
    assert len([name for name in names if "tfevents" in name]) == 1
    assert "checkpoints/checkpoint-00000002.keras" not in names


@pytest.mark.usefixtures("eager")
def test_what_goes_on_and_what_changed_is_told(tiny_dataset, run, capsys):
    flags = [*ATTENTION, "--learning_rate=0.001", f"--checkpoint={run / 'best.keras'}"]
    assert train(tiny_dataset, run, 3, *flags) == 0
    printed = capsys.readouterr().out
    assert f"{run}: building --encoder=inception_v3 --head=attention for texts of T=4 characters" in printed
    assert f"resumed at step 2, not begun anew from {run / 'best.keras'}; from here on " in printed
    assert "max_number_of_steps 2 -> 3" in printed
    assert "learning_rate 0.004 -> 0.001" in printed


def test_two_trainings_do_not_share_a_directory(tiny_dataset, run, capsys):
    before = files_of(run)
    with locked(run):
        assert train(tiny_dataset, run, 3, *ATTENTION) == 1
    assert f"another training (process {os.getpid()}) writes there" in error_of(capsys)
    assert files_of(run) == before


def test_a_directory_that_cannot_be_written_is_told_before_anything_is_built(
    tiny_dataset, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(loop, "compiled_model", lambda *arguments: pytest.fail("the network was built"))
    (tmp_path / "file").write_text("mine")
    assert train(tiny_dataset, tmp_path / "file", 1, *ATTENTION) == 1
    assert error_of(capsys) == f"error: --train_log_dir={tmp_path / 'file'}: cannot be written (Not a directory)"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("kilobytes", [1, pytest.param(8, marks=pytest.mark.slow), 200])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tiny_dataset, tmp_path, capsys, kilobytes):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000 * kilobytes, before[1]))
    try:
        assert train(tiny_dataset, tmp_path / "run", 300, *CTC, "--save_interval_steps=2") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written (File too large)" in error_of(capsys)
    assert [name for name in files_of(tmp_path / "run") if "/." in f"/{name}" or name.endswith(".lock")] == []


@pytest.mark.usefixtures("eager")
def test_a_damaged_checkpoint_is_told_and_the_one_before_goes_on(tiny_dataset, run, capsys):
    newest = run / "checkpoints" / "checkpoint-00000002.keras"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    assert train(tiny_dataset, run, 3, *ATTENTION) == 1
    message = error_of(capsys)
    assert f"{newest}: is " in message
    assert message.endswith("; remove it to go on from the checkpoint before it")
    newest.unlink()
    assert train(tiny_dataset, run, 2, *ATTENTION) == 0
    assert "resumed at step 1" in capsys.readouterr().out


@pytest.mark.slow
def test_float16_goes_on_after_a_step_that_overflowed(tiny_dataset, tmp_path, capsys, monkeypatch):
    compiled = loop.compiled_model

    def overflowing(*arguments):
        model = compiled(*arguments)
        model.optimizer.dynamic_scale.assign(2.0**100)
        return model

    flags = [*ATTENTION, "--mixed_precision=float16"]
    with monkeypatch.context() as patch:
        patch.setattr(loop, "compiled_model", overflowing)
        assert train(tiny_dataset, tmp_path, 2, *flags) == 0
    assert train(tiny_dataset, tmp_path, 3, *flags) == 0
    assert "resumed at step 2" in capsys.readouterr().out


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("optimizer", ["momentum", pytest.param("adam", marks=pytest.mark.slow)])
def test_a_ctc_head_of_no_numbers_is_told_and_never_saved(tiny_dataset, tmp_path, capsys, optimizer):
    flags = [*QUICK, "--learning_rate=1e25", "--clip_gradient_norm=0", f"--optimizer={optimizer}"]
    assert train(tiny_dataset, tmp_path, 20, *flags, "--save_interval_steps=5", "--save_summaries_steps=4") == 1
    message = error_of(capsys)
    assert ": the loss is nan; nothing was saved" in message
    assert [name for name in files_of(tmp_path) if name.endswith(".keras")] == []


@pytest.mark.usefixtures("eager")
def test_weights_of_no_numbers_are_not_saved_though_the_loss_was_one(tiny_dataset, tmp_path, capsys):
    """The loss is of the weights before the step."""
    flags = [*QUICK, "--learning_rate=3.4e38", "--clip_gradient_norm=0", "--optimizer=momentum"]
    assert train(tiny_dataset, tmp_path, 1, *flags) == 1
    assert "step 1: " in (message := error_of(capsys))
    assert "variables hold values that are no numbers" in message
    assert [name for name in files_of(tmp_path) if name.endswith(".keras")] == []


def test_an_error_of_the_network_is_no_bad_record(tiny_dataset, tmp_path, monkeypatch):
    encode = AttentionOcr.encode
    for name in ("damaged", "suspects", "fault_of"):
        monkeypatch.setattr(bad_records, name, lambda *arguments: pytest.fail("records are scanned"))
    calls = []

    def in_graph(self, *arguments, **options):
        calls.append(1)
        tf.debugging.assert_less(tf.timestamp(), tf.constant(1.0, tf.float64), "a fault of the network")
        return encode(self, *arguments, **options)

    monkeypatch.setattr(AttentionOcr, "encode", in_graph)
    with pytest.raises(tf.errors.InvalidArgumentError, match="a fault of the network"):
        train(tiny_dataset, tmp_path, 2, *QUICK)
    assert calls


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("job", [pytest.param("validation", marks=pytest.mark.slow), "eval"])
def test_an_error_of_the_network_is_no_bad_record_where_it_is_measured(
    tiny_dataset, run, tmp_path, monkeypatch, capsys, job
):
    before = AttentionOcr.predict_on_batch
    good = {"validation": 1, "eval": 0}[job]  # batches: training reads some pictures before validation
    calls = itertools.count()

    def fails(self, inputs, **options):
        if next(calls) < good:
            return before(self, inputs, **options)
        raise tf.errors.InvalidArgumentError(None, None, "a fault of the network")

    monkeypatch.setattr(bad_records, "fault_of", lambda *arguments: pytest.fail("records are scanned"))
    monkeypatch.setattr(AttentionOcr, "predict_on_batch", fails)
    arguments = {
        "eval": ["eval", f"--checkpoint={run / 'best.keras'}", f"--eval_log_dir={tmp_path / 'eval'}"],
        "validation": ["train", f"--train_log_dir={tmp_path / 'new'}", "--max_number_of_steps=1", *ATTENTION],
    }[job]
    with pytest.raises(tf.errors.InvalidArgumentError, match="a fault of the network"):
        main([*arguments, f"--dataset_dir={tiny_dataset}"])


@pytest.mark.slow
def test_few_channels_and_odd_batches_train_with_onednn(tiny_dataset, tmp_path):
    """Where processors have AVX-512, a convolution of one pixel with a stride broke memory."""
    flags = [f"--dataset_dir={tiny_dataset}", f"--train_log_dir={tmp_path}", "--max_number_of_steps=2", *CTC]
    done = subprocess.run(
        [sys.executable, "-m", "attention_ocr", "train", *flags, "--batch_size=5", "--encoder_channels=64"],
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "config.json").read_text())["format_version"] == 2
    assert keras.config.dtype_policy().name == "float32"
