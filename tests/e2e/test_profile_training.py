"""tools/profile_training.py: what a training step on jax costs, and where."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "profile_training.py"
pytestmark = pytest.mark.slow


def profiled(folder, *flags, backend="jax"):
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    command = [sys.executable, str(TOOL), "words", f"--output_dir={folder}", "--steps=1", "--rows=3", *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=580, check=False)


def operations_of(folder, batch_size):
    """Operations of a step as told, divided by its pixels."""
    told = profiled(folder, f"--batch_size={batch_size}")
    assert told.returncode == 0, told.stderr
    width = int(re.search(rf" {batch_size} pictures of 32 x (\d+) pixels, mixed_precision=none", told.stdout)[1])
    assert len(re.findall(r"^│ [\d.]+ +│ \d+% +│ \S+", told.stdout, re.MULTILINE)) == 3, "three kernels"
    assert list((folder / "trace").rglob("*.xplane.pb"))
    billions = float(re.search(r"floor by operations .*: ([\d.,]+) G at", told.stdout)[1].replace(",", ""))
    return 1e9 * billions / (batch_size * 32 * width)


def test_operations_are_in_proportion_to_pixels(tmp_path):
    few, many = operations_of(tmp_path / "few", 8), operations_of(tmp_path / "many", 24)
    assert many == pytest.approx(few, rel=0.3)
    assert few > 100


@pytest.mark.parametrize(
    ("backend", "why"), [("jax", "is not empty; give a new folder"), ("tensorflow", "set KERAS_BACKEND=jax")]
)
def test_what_it_cannot_do_is_one_line(tmp_path, backend, why):
    (tmp_path / "mine.txt").write_text("mine")
    told = profiled(tmp_path, backend=backend)
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("error: ")
    assert told.stderr.endswith(f"{why}\n")
