"""One training at a time in a run's directory."""

import os
import signal
import subprocess
import sys

import pytest

from attention_ocr.errors import UserError
from attention_ocr.training.run_lock import locked

HOLDER = """
import sys
from pathlib import Path
from attention_ocr.training.run_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of tmp_path/run."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_training_is_refused_with_the_first_ones_process(tmp_path, other):
    with pytest.raises(UserError) as error, locked(tmp_path / "run"):
        pass
    assert str(error.value).startswith(
        f"--train_log_dir={tmp_path / 'run'}: another training (process {other.pid}) writes there; stop it, wait"
    )
    assert (tmp_path / "run" / "train.lock").read_text() == f"{other.pid}\n"


@pytest.mark.parametrize("end", [lambda other: other.send_signal(signal.SIGKILL), lambda other: other.stdin.close()])
def test_the_lock_of_a_process_that_ended_is_taken_over(tmp_path, other, end):
    end(other)
    other.wait()
    with locked(tmp_path / "run"):
        assert (tmp_path / "run" / "train.lock").read_text() == f"{os.getpid()}\n"


def test_the_number_of_a_living_process_in_a_file_left_behind_locks_nothing(tmp_path):
    (tmp_path / "train.lock").write_text("1\n")
    with locked(tmp_path):
        assert (tmp_path / "train.lock").read_text() == f"{os.getpid()}\n"


def test_nothing_is_left_where_nothing_was_written(tmp_path):
    with pytest.raises(KeyboardInterrupt), locked(tmp_path / "new" / "run"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path / "new" / "run"):
        (tmp_path / "new" / "run" / "config.json").touch()
    assert [path.name for path in (tmp_path / "new" / "run").iterdir()] == ["config.json"]


def test_a_directory_that_was_empty_before_stays(tmp_path):
    with locked(tmp_path):
        pass
    assert tmp_path.is_dir()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("file", "Not a directory"), ("file/run", "Not a directory"), ("locked/run", "Permission denied")],
)
def test_a_directory_that_cannot_be_written_is_one_line(tmp_path, name, reason):
    if reason == "Permission denied" and os.getuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "file").touch()
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(UserError) as error, locked(tmp_path / name):
        pass
    assert str(error.value) == f"--train_log_dir={tmp_path / name}: cannot be written ({reason})"
