"""A record that cannot be read does not end a run: it is named, counted, left out, and stays out."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_jobs
from eager import eagerly

from attention_ocr.records.framing import framed, read_records

pytestmark = pytest.mark.usefixtures("small_networks")


def train(dataset, run, steps, *flags):
    return small_jobs.train(dataset, run, steps, *flags, network=small_jobs.QUICK)


def spoil(path, number, data=b"no example"):
    records = [record.data for record in read_records(path)]
    records[number] = data
    Path(path).write_bytes(b"".join(map(framed, records)))


def flip_bit(path, number):
    offset = [record.offset for record in read_records(path)][number]
    content = bytearray(path.read_bytes())
    content[offset + 60] ^= 8
    path.write_bytes(content)


@pytest.fixture
def spoiled(tiny_dataset, tmp_path):
    """The last shard holds an undecodable record, one before it a flipped bit; validation one record of noise."""
    dataset = Path(shutil.copytree(tiny_dataset, tmp_path / "dataset"))
    shards = sorted(dataset.glob("train-*"))
    spoil(shards[-1], 2)
    flip_bit(shards[1], 3)
    spoil(dataset / "validation-00000-of-00001", 1)
    return dataset


@pytest.mark.usefixtures("small_networks")
def test_training_goes_on_without_the_bad_records_and_remembers_them(spoiled, tmp_path, capsys):
    run = tmp_path / "run"
    assert train(spoiled, run, 8, "--save_interval_steps=8") == 0
    printed = capsys.readouterr().out
    left_out = re.findall(r"^leaving out \S+/(\S+?): (.*) \(bad record (\d) of at most 10\)$", printed, re.MULTILINE)
    assert sorted(number for _, _, number in left_out) == ["1", "2", "3"]
    names = {name for name, _, _ in left_out}
    assert names == {"train-00001-of-00003:3", "train-00002-of-00003:2", "validation-00000-of-00001:1"}
    assert re.search(r"^step 8  .*validation: .* of 3$", printed, re.MULTILINE)
    assert len(json.loads((run / "bad_records.json").read_text())) == 3
    with eagerly():  # a second graph shows nothing new
        assert train(spoiled, run, 10, "--save_interval_steps=8") == 0
    printed = capsys.readouterr().out
    assert "leaves out 3 bad records that were found before" in printed
    assert "resumed at step 8" in printed
    assert "leaving out" not in printed


@pytest.mark.usefixtures("eager")
def test_more_bad_records_than_allowed_end_the_run_with_one_line(spoiled, tmp_path, capsys):
    assert train(spoiled, tmp_path / "run", 30, "--max_bad_records=1", "--validation_examples=0") == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("error: ")
    assert "one of more than --max_bad_records=1 bad records" in message
    assert "train-0000" in message


@pytest.mark.slow
def test_jax_goes_on_from_its_newest_checkpoint(spoiled, tmp_path):
    pytest.importorskip("jax")
    arguments = [f"--dataset_dir={spoiled}", f"--train_log_dir={tmp_path / 'run'}", "--max_number_of_steps=8"]
    done = subprocess.run(
        [sys.executable, "-m", "attention_ocr", "train", *arguments, *small_jobs.QUICK, "--save_interval_steps=2"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("leaving out") == 3
    assert "step 8  saved" in done.stdout
