"""The jobs of a small network, in this process and in another."""

import os
import subprocess
import sys

from attention_ocr.__main__ import main

TINY = [
    "--final_endpoint=Mixed_5b",
    "--num_lstm_units=16",
    "--batch_size=8",
    "--optimizer=adam",
    "--learning_rate=0.002",
    "--augmentation=light",
    "--save_summaries_steps=2",
]
# The network whose graph is made soonest, for what is the same with any network.
QUICK = [
    *("--encoder=crnn", "--head=ctc", "--num_encoder_lstm_layers=0", "--batch_size=4", "--save_summaries_steps=2"),
    *("--learning_rate=0.002", "--augmentation=light"),
]


def train(dataset, run, steps, *flags, network=TINY):
    where = [f"--dataset_dir={dataset}", f"--train_log_dir={run}", f"--max_number_of_steps={steps}"]
    return main(["train", *where, *network, *flags])


def command(*arguments):
    """A job's command line for another process."""
    return [sys.executable, "-m", "attention_ocr", *arguments]


def attention_ocr(*arguments, backend="tensorflow", **options):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    return subprocess.run(
        command(*arguments), env=environment, capture_output=True, text=True, timeout=280, check=False, **options
    )
