"""A data set appears whole or not at all, however the process that makes it ends."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.config import AnnotationConfig, GenerateConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest import catalog
from attention_ocr.ingest.annotations import Annotation
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.records import shards
from attention_ocr.records.framing import read_records

JOB = Path(sys.executable).with_name("attention-ocr")
NUM_LINES = 1500
SECONDS = 60  # The most that anything here may take.
SECOND_SHARD = ".writing-*/train-00001"
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="ps and sessions as Linux has them")


@pytest.fixture(scope="module")
def annotations(tmp_path_factory):
    """A label file whose lines keep the job busy for a second: no two pictures alike, all to be made smaller."""
    folder = tmp_path_factory.mktemp("many")
    large = np.random.default_rng(0).integers(0, 256, (150, 300, 3), np.uint8)
    for number in range(40):
        Image.fromarray(large[:, number:]).save(folder / f"{number}.jpg", quality=90)
    lines = "".join(f"{number % 40}.jpg\tword {number}\n" for number in range(NUM_LINES))
    (folder / "labels.tsv").write_text(lines)
    return folder / "labels.tsv"


def command(annotations: Path, output: Path) -> list[str]:
    flags = ["--validation_fraction=0", "--test_fraction=0", "--num_workers=2", "--shard_size=0.05"]
    size = ["--image_height=20", "--image_width=40"]
    return [str(JOB), "generate_tfrecords", f"--annotations={annotations}", f"--output_dir={output}", *flags, *size]


@contextlib.contextmanager
def started(annotations: Path, output: Path, has_begun=lambda session, output: any(output.glob(SECOND_SHARD))):
    """The job, once it has written a shard; its session holds it and its workers, and is gone at the end."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command(annotations, output), start_new_session=True, **quiet)
    try:
        wait_until(lambda: has_begun(process.pid, output) or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(is_true) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def processes_of(session: int) -> list[str]:
    """The processes of a session that still run."""
    found = subprocess.run(
        ["ps", "-ww", "-o", "stat=", "-o", "args=", "-s", str(session)], capture_output=True, text=True, check=False
    )
    return [line for line in found.stdout.splitlines() if not line.startswith("Z")]


@ON_LINUX
def test_a_killed_job_leaves_no_process_and_no_data_set_and_can_be_run_again(annotations, tmp_path):
    output = tmp_path / "signs"
    with started(annotations, output) as process:
        assert len(processes_of(process.pid)) >= 3  # this one and two workers
        process.kill()
        process.wait(SECONDS)
        wait_until(lambda: not processes_of(process.pid))
    assert [path.name for path in output.iterdir()] == [f".writing-{socket.gethostname()}.{process.pid}"]
    with pytest.raises(UserError, match=r"has no dataset\.json"):
        DatasetSpec.load(output)
    assert main(command(annotations, output)[1:]) == 0
    spec = DatasetSpec.load(output)
    shards_found = spec.split_files(output, "train")
    assert len(list(output.iterdir())) == len(shards_found) + 2  # dataset.json and the charset
    records = [record for name in shards_found for record in read_records(name)]
    assert len(records) == spec.splits["train"].num_examples == NUM_LINES
    assert not any(record.fault for record in records)


@ON_LINUX
def test_a_second_job_is_refused_and_ctrl_c_leaves_nothing(annotations, tmp_path, capfd):
    output = tmp_path / "signs"
    with started(annotations, output) as process:
        assert main(command(annotations, output)[1:]) == 1
        assert (
            f"{output}: is being written by process {process.pid} on {socket.gethostname()}" in capfd.readouterr().err
        )
        assert any(output.glob(SECOND_SHARD))
        assert_ctrl_c_ends(process)
    assert not output.exists()


@ON_LINUX
def test_ctrl_c_while_the_workers_begin_leaves_nothing(annotations, tmp_path):
    output = tmp_path / "signs"
    with started(annotations, output, lambda session, _: "spawn_main" in "".join(processes_of(session))) as process:
        assert_ctrl_c_ends(process)
    assert not output.exists()


def assert_ctrl_c_ends(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers too
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert errors.endswith("interrupted\n")
    assert "Traceback" not in errors
    wait_until(lambda: not processes_of(process.pid))


def test_what_a_killed_process_moved_already_is_taken_back(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"out/.writing-{socket.gethostname()}.{ended.pid}"
    left.mkdir(parents=True)
    (tmp_path / "out/train-00000-of-00002").touch()
    (left / "train-00001-of-00002").touch()
    (left / shards.MOVING_FILE).write_text("train-00000-of-00002\ntrain-00001-of-00002\ndataset.json")
    with shards.staging(tmp_path / "out") as folder:
        (folder / "new").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


def test_another_machine_that_writes_is_respected(tmp_path):
    (left := tmp_path / "out/.writing-far.away.17").mkdir(parents=True)
    expected = f"is being written by process 17 on far.away; wait for it, or remove {left} if that process is gone"
    with pytest.raises(UserError, match=re.escape(expected)), shards.staging(tmp_path / "out"):
        pass
    assert left.exists()


def test_a_full_disk_is_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "TABLES", catalog.TABLES + "PRAGMA max_page_count = 3;")
    Image.new("L", (12, 6)).save(tmp_path / "a.png")
    lines = [Annotation(("a.png",), "a" * 500, f"a.tsv:{number}", tmp_path) for number in range(100)]
    with pytest.raises(UserError, match=r"out: cannot be written \(database or disk is full\)") as caught:
        write_dataset({"train": lines}, tmp_path / "out", GenerateConfig())
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert not (tmp_path / "out").exists()


def test_help_lists_every_flag(capsys):
    assert main(["generate_tfrecords", "--help"]) == 0
    printed = capsys.readouterr().out
    own = ["annotations", "validation_annotations", "test_annotations", "dataset_name", "output_dir"]
    knobs = [*AnnotationConfig.__dataclass_fields__, *GenerateConfig.__dataclass_fields__]
    for name in own + knobs:
        assert re.search(rf"^  --(\[no\])?{name}\b", printed, re.MULTILINE), name
    assert "--num_workers=0\n      Processes that prepare or draw pictures; 0: one per core" in printed


@pytest.mark.parametrize(("flag", "status"), [("--num_workers=-1", 1), ("--num_workers=two", 2)])
def test_a_number_of_workers_must_be_one(flag, status, tmp_path, capsys):
    (tmp_path / "a.tsv").write_text("a.png\ta\n")
    flags = [f"--annotations={tmp_path}/a.tsv", f"--output_dir={tmp_path}/out", flag]
    assert main(["generate_tfrecords", *flags]) == status
    assert flag.removeprefix("--").split("=")[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_file_that_makes_it_a_data_set_moves_last(tmp_path, monkeypatch):
    """So that what is killed while files move is no data set with shards missing."""
    moved, rename = [], Path.rename

    def noting(path, target):
        moved.append(path.name)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", noting)
    with shards.staging(tmp_path / "out") as folder:
        for name in ("charset_size=3.txt", "dataset.json", "train-00000-of-00001", "validation-00000-of-00001"):
            (folder / name).touch()
    assert moved[-1] == "dataset.json"
    assert sorted(moved) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(moved) == 4
