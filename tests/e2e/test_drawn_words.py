"""train --render=words: repeatable, resumable, records mixed in; it ends with a sentence and leaves nothing behind."""

import io
import multiprocessing
import os
import re
import signal
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from attention_ocr.__main__ import main
from attention_ocr.training import progress

NETWORK = [
    *("--encoder=crnn", "--head=ctc", "--num_encoder_lstm_layers=0"),
    *("--optimizer=adam", "--batch_size=4", "--validation_examples=0", "--save_summaries_steps=2"),
]
DRAWING = [
    *("--render=words", "--texts=codes", "--max_width=64", "--max_sequence_length=5", "--difficulty=0.5", "--seed=4"),
    *("--render_memory=1", "--render_reuse=2"),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    made = ["--number=12", "--validation_number=4", "--test_number=0", "--image_width=0", "--max_width=64"]
    made += ["--texts=codes", "--max_sequence_length=5", "--output=pictures"]
    assert main(["render_words", f"--output_dir={folder / 'pictures'}", *made]) == 0
    fitted = ["--resize=keep_height", "--image_height=32", "--image_width=64", "--test_fraction=0"]
    lines = f"--annotations={folder / 'pictures/train.tsv'}"
    assert main(["generate_tfrecords", lines, f"--output_dir={folder / 'records'}", *fitted]) == 0
    return folder / "records"


def train(run, steps, *more):
    saving = ["--save_interval_steps=3", f"--max_number_of_steps={steps}"]
    return main(["train", f"--train_log_dir={run}", *saving, *NETWORK, *DRAWING, *more])


def weights(run, step):
    """All arrays of a checkpoint, the optimiser's among them."""
    found = {}
    with zipfile.ZipFile(run / f"checkpoints/checkpoint-{step:08d}.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as stored:
        stored.visititems(lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("eager", "small_networks")
def test_a_seed_gives_the_same_weights_whoever_draws_and_where_it_stops(records, tmp_path):
    mixed = [f"--dataset_dir={records}", "--real_share=0.3"]
    assert train(tmp_path / "whole", 6, "--render_workers=1", *mixed) == 0
    assert train(tmp_path / "parts", 3, "--render_workers=2", *mixed) == 0
    assert train(tmp_path / "parts", 6, "--render_workers=2", *mixed) == 0
    one, other = weights(tmp_path / "whole", 6), weights(tmp_path / "parts", 6)
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], name)


def blocks_here():
    """The shared memory of this process, by name."""
    return set(re.findall(r"/dev/shm/(psm_\w+)", Path("/proc/self/maps").read_text()))


def is_running(pid):
    return Path(f"/proc/{pid}").exists()


@pytest.mark.usefixtures("eager", "small_networks")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
@pytest.mark.parametrize(
    ("end", "status", "told"),
    [
        ("a drawer", 1, r"^error: one of 2 processes that draw pictures died \(exit code -9\); if memory ran out"),
        pytest.param("ctrl-c", 0, r"stopped at step \d+; the same command goes on from there", marks=pytest.mark.slow),
    ],
)
def test_a_run_ends_with_a_sentence_and_leaves_no_process_and_no_memory(
    end, status, told, tmp_path, capfd, monkeypatch
):
    before, drawers, blocks = blocks_here(), [], set()

    def ending(record):
        """A filter of a log that ends the run at step 2."""
        if record.getMessage().startswith("step 2/"):
            drawers.extend(child.pid for child in multiprocessing.active_children())
            blocks.update(blocks_here() - before)
            if end == "a drawer":
                os.kill(drawers[0], signal.SIGKILL)
            else:
                signal.raise_signal(signal.SIGINT)
        return True

    monkeypatch.setattr(progress.log, "filters", [ending])
    assert train(tmp_path / "run", 300, "--save_summaries_steps=1", "--render_workers=2") == status
    output = "".join(capfd.readouterr())
    assert (len(drawers), len(blocks)) == (2, 1)
    assert re.search(told, output, re.MULTILINE), output
    deadline = time.monotonic() + 10
    while any(map(is_running, drawers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, drawers))
    assert not any(Path("/dev/shm", block).exists() for block in blocks)
