"""Ours beside TensorFlow Addons' BahdanauAttention and BeamSearchDecoder, on the inputs of tools/tfa_oracle.py.

Slow the first time: it makes .venv-tfa, an environment with TensorFlow 2.15. `make test-oracle` runs it.
"""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from attention_ocr.model.attention import additive_attention
from attention_ocr.model.beam_search import search

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-tfa"
CONSTRAINTS = ROOT / "tools" / "tfa_constraints.txt"
SEEDS, BATCH_SIZES, BEAM_WIDTHS, LENGTH_PENALTIES = (0, 1, 2), (1, 2, 5), (1, 3, 5), (0.0, 0.6, 1.0)
BEAM_CASES = list(itertools.product(SEEDS, BATCH_SIZES, BEAM_WIDTHS, LENGTH_PENALTIES))
ATTENTION_CASES = ("small", "odd", "fsns")
T = 9

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """A function from a case's name to its inputs and TensorFlow Addons' outputs, by name."""
    path = tmp_path_factory.mktemp("oracle") / "oracle.npz"
    command = [oracle_python(), str(ROOT / "tools" / "tfa_oracle.py"), str(path)]
    done = run_command(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    assert done.returncode == 0, done.stderr
    with np.load(path) as found:
        arrays = dict(found)

    def case(name):
        return {key.partition("/")[2]: array for key, array in arrays.items() if key.startswith(f"{name}/")}

    return case


def oracle_python():
    """The Python of .venv-tfa, made anew when its constraints changed."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / CONSTRAINTS.name
    if stamp.exists() and stamp.read_text() == CONSTRAINTS.read_text():
        return str(python)
    base = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if not base:
        pytest.skip("TensorFlow Addons needs Python 3.11, and there is no python3.11")
    pip = [python, "-m", "pip", "install", "--quiet"]
    commands = (
        [base, "-m", "venv", "--clear", FOLDER],
        [*pip, "--upgrade", "pip"],
        [*pip, "--constraint", CONSTRAINTS, "--group", f"{ROOT / 'pyproject.toml'}:tfa"],
    )
    for command in commands:
        done = run_command([str(part) for part in command])
        if done.returncode:
            pytest.skip(f"TensorFlow Addons cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    shutil.copyfile(CONSTRAINTS, stamp)
    return str(python)


def run_command(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, **options)


@pytest.mark.parametrize("name", ATTENTION_CASES)
def test_additive_attention(oracle, name):
    case = oracle(f"attention_{name}")
    keys, query = case["values"] @ case["key_kernel"], case["query"] @ case["query_kernel"]
    context, weights = additive_attention(*map(ops.convert_to_tensor, (keys, query, case["values"], case["scale"])))
    np.testing.assert_allclose(np.asarray(weights), case["weights"], atol=1e-5)
    np.testing.assert_allclose(np.asarray(context), case["context"], atol=1e-5)


def beam_search(case, num_steps, width, penalty):
    """What our search finds with the case's cell; ids as TensorFlow Addons has them, [B, steps, W]."""
    U, K = case["output_kernel"].shape

    def step(t, h, fed):
        del t
        character = ops.one_hot(fed, K)  # K: zeros
        h = ops.tanh(ops.matmul(character, case["input_kernel"]) + ops.matmul(h, case["kernel"]))
        return h, ops.matmul(h, case["output_kernel"]) + case["output_bias"], None

    state = ops.convert_to_tensor(np.repeat(case["state"], width, axis=0))  # [B * W, U]
    assert state.shape[-1] == U
    found = {
        name: np.asarray(value) for name, value in search(step, state, num_steps, K, K - 1, width, penalty).items()
    }
    return {**found, "ids": found["ids"].transpose(0, 2, 1)}


@pytest.mark.parametrize(("seed", "batch_size", "width", "penalty"), BEAM_CASES)
def test_beam_search(oracle, seed, batch_size, width, penalty):
    """Step for step: TensorFlow Addons stops as soon as all texts of a batch have ended, and so do we here."""
    case = oracle(f"beam_{seed}_{batch_size}_{width}_{penalty}")
    steps = case["ids"].shape[1]
    found = beam_search(case, steps, width, penalty)
    np.testing.assert_array_equal(found["ids"], case["ids"])
    np.testing.assert_allclose(found["log_probability"], case["log_probability"], atol=1e-4)
    np.testing.assert_allclose(found["scores"], case["scores"], atol=1e-4)
    assert [set(map(tuple, ids.T)) for ids in found["ids"]] == [set(map(tuple, ids.T)) for ids in case["predicted_ids"]]
    if not penalty:  # then the steps after the last end change nothing
        np.testing.assert_array_equal(found["ids"], case["predicted_ids"])
        found = beam_search(case, T, width, penalty)
        np.testing.assert_array_equal(found["ids"][:, :steps], case["ids"])
        np.testing.assert_allclose(found["scores"], case["scores"], atol=1e-4)


def test_the_cases_have_texts_that_end_and_texts_that_do_not(oracle):
    ended = [(case["ids"] == case["output_bias"].size - 1).any(axis=1).mean() for case in map(oracle, beam_names())]
    steps = [case["ids"].shape[1] for case in map(oracle, beam_names())]
    assert 0.2 < np.mean(ended) < 0.8
    assert np.mean(np.array(ended) % 1 > 0) > 0.2, "hardly a case has both"
    assert min(steps) < T == max(steps)


def beam_names():
    return ["_".join(map(str, ("beam", *case))) for case in BEAM_CASES]
