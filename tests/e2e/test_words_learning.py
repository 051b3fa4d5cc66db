"""train --render=words learns: the loss falls on a handful of texts."""

import os
import re
import subprocess
import sys

# A base network made small, pictures of one width, and a compiler in a hurry: most of the time goes into imports.
NETWORK = ["--preset=base", "--encoder_channels=32", "--num_encoder_lstm_units=32", "--num_encoder_lstm_layers=1"]
DRAWING = ["--render=words", "--unit=line", "--difficulty=0", "--image_width=64", "--max_sequence_length=5"]
REUSE = ["--render_memory=5", "--render_reuse=8", "--render_workers=1"]
LEARNING = ["--batch_size=8", "--learning_rate=0.005", "--warmup_steps=5", "--validation_examples=0", "--seed=1"]
SAVING = ["--max_number_of_steps=60", "--save_interval_steps=60", "--save_summaries_steps=20"]


def test_the_loss_falls_on_a_handful_of_texts(tmp_path):
    (tmp_path / "texts.txt").write_text("Rue\nParis\nSTOP\nTaxi\n1984\n")
    flags = [f"--text_file={tmp_path / 'texts.txt'}", f"--train_log_dir={tmp_path / 'run'}"]
    command = [sys.executable, "-m", "attention_ocr", "train", *NETWORK, *DRAWING, *REUSE, *LEARNING, *SAVING, *flags]
    quick = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    ended = subprocess.run(
        command, env={**os.environ, **quick}, capture_output=True, text=True, timeout=580, check=False
    )
    assert ended.returncode == 0, ended.stderr
    losses = [
        float(loss) for loss in re.findall(r"^step \d+/60  loss above floor ([\d.]+)", ended.stdout, re.MULTILINE)
    ]
    assert len(losses) == 4
    assert losses[-1] < 0.7 * losses[0], losses
