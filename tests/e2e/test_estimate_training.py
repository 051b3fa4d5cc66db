"""tools/estimate_training.py: what a training step would take on a GPU that is not there."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import attention_ocr

TOOL = Path(__file__).parents[2] / "tools" / "estimate_training.py"
HAS_PLUGIN = any(importlib.util.find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))
pytestmark = pytest.mark.slow
needs_plugin = pytest.mark.skipif(not HAS_PLUGIN, reason='needs jax\'s CUDA plugin: pip install "jax[cuda13]"')


def estimated(folder, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}  # which the tool need not have
    command = [sys.executable, str(TOOL), f"--output_dir={folder}", "--rows=3", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=580, check=False)


def numbers_of(folder, *arguments):
    """Gigabytes moved, billions of operations, and milliseconds, as told."""
    told = estimated(folder, "words", *arguments)
    assert told.returncode == 0, told.stderr
    assert len(re.findall(r"^│ [\d.]+ +│ \d+% +│ \d+ ", told.stdout, re.MULTILINE)) == 6, "three kernels, twice"
    assert "ENTRY" in (folder / "step.hlo").read_text()
    patterns = r"│ bytes +│ ([\d.,]+) GB", r"│ operations +│ ([\d.,]+) G", r"│ time of a step +│ ([\d.,]+) ms"
    return [float(re.search(pattern, told.stdout)[1].replace(",", "")) for pattern in patterns]


@needs_plugin
def test_more_pictures_on_a_slower_gpu_take_longer(tmp_path):
    few = numbers_of(tmp_path / "few", "--batch_size=64", "--width=64")
    many = numbers_of(tmp_path / "many", "--batch_size=256", "--width=64", "--device=a100")
    assert many[1] == pytest.approx(4 * few[1], rel=0.1), "operations are in proportion to pictures"
    assert few[0] < many[0]
    assert few[2] < many[2]


@needs_plugin
def test_a_width_that_no_batch_has_is_told(tmp_path):
    told = estimated(tmp_path / "wide", "words", "--width=100")
    assert told.stderr.splitlines()[-1].startswith("error: --width=100: batches are 64, 128, ")


@pytest.mark.skipif(HAS_PLUGIN, reason="jax's CUDA plugin is here")
def test_without_the_plugin_it_says_what_to_install(tmp_path):
    told = estimated(tmp_path / "new", "signs", "--device=h100")
    assert told.returncode == 1
    expected = 'error: --device=h100: needs jax and its CUDA plugin; pip install "jax[cuda13]"'
    assert told.stderr.splitlines()[-1] == expected


@pytest.mark.parametrize("tool", ["estimate_training", "profile_training"])
def test_without_jax_it_says_what_to_install(tool, tmp_path):
    (tmp_path / "jax.py").write_text("raise ModuleNotFoundError(\"No module named 'jax'\", name='jax')")
    package = Path(attention_ocr.__file__).parents[1]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": f"{tmp_path}{os.pathsep}{package}"}
    command = [sys.executable, str(TOOL.with_name(f"{tool}.py")), "signs", f"--output_dir={tmp_path / 'new'}"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=580, check=False)
    assert told.returncode == 1
    assert re.match(r"error: .*needs jax.*pip install", told.stderr.splitlines()[-1])


@pytest.mark.parametrize("arguments", [(), ("books",), ("words", "signs")])
def test_what_it_does_not_know_is_one_line(tmp_path, arguments):
    told = estimated(tmp_path / "new", *arguments)
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1] == f"error: {' '.join(arguments) or 'nothing'}: give words or signs"


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    told = estimated(tmp_path, "words")
    assert told.returncode == 1
    assert told.stderr.endswith(f"error: --output_dir={tmp_path}: is not empty; give a new folder\n")
