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


def train(dataset, run, steps, *flags):
    return main(
        ["train", f"--dataset_dir={dataset}", f"--train_log_dir={run}", f"--max_number_of_steps={steps}", *TINY, *flags]
    )


def attention_ocr(*arguments, backend="tensorflow", **options):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-m", "attention_ocr", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False, **options)
