"""train --render=words learns: the loss falls on a handful of texts."""

import os
import re
import subprocess
import sys

import small_job

# A small network, pictures of one width, and a compiler in a hurry: most of the time goes into imports.
NETWORK = ["--encoder=crnn", "--head=ctc", "--num_encoder_lstm_layers=0", "--optimizer=adam"]
DRAWING = ["--render=words", "--unit=line", "--difficulty=0", "--image_width=64", "--max_sequence_length=5"]
REUSE = ["--render_memory=5", "--render_reuse=8", "--render_workers=1"]
LEARNING = ["--batch_size=8", "--learning_rate=0.01", "--warmup_steps=5", "--validation_examples=0", "--seed=1"]
SAVING = ["--max_number_of_steps=120", "--save_interval_steps=120", "--save_summaries_steps=40"]


def test_the_loss_falls_on_a_handful_of_texts(tmp_path):
    (tmp_path / "texts.txt").write_text("Rue\nParis\nSTOP\nTaxi\n1984\n")
    flags = [f"--text_file={tmp_path / 'texts.txt'}", f"--train_log_dir={tmp_path / 'run'}"]
    command = [sys.executable, small_job.__file__, "train", *NETWORK, *DRAWING, *REUSE, *LEARNING, *SAVING, *flags]
    quick = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    ended = subprocess.run(
        command, env={**os.environ, **quick}, capture_output=True, text=True, timeout=580, check=False
    )
    assert ended.returncode == 0, ended.stderr
    losses = [
        float(loss) for loss in re.findall(r"^step \d+/120  loss above floor ([\d.]+)", ended.stdout, re.MULTILINE)
    ]
    assert len(losses) == 4
    assert losses[-1] < 0.3 * losses[0], losses  # a network that always reads nothing stays above it
