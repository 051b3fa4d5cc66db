"""Training on jax: in two processes of two devices each, and in one; TensorFlow reads what it learned."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest
import small_job
from small_networks import smaller

from attention_ocr.__main__ import main

NETWORK = ["--encoder=crnn", "--head=ctc", "--num_encoder_lstm_layers=0", "--batch_size=8"]
LEARNING = ["--learning_rate=0.01", "--moving_average_decay=0.9", "--augmentation=light", "--validation_examples=0"]
SAVING = ["--save_interval_steps=2", "--save_summaries_steps=2"]
DEVICES_IN_A_PROCESS = 2
# Process 1 is told to stop. All stop, and then it meets a mistake.
STOPPED = """
import json, sys, threading
from pathlib import Path
from attention_ocr.errors import UserError
from attention_ocr.train_config import ClusterConfig
from attention_ocr.training import processes

address, number, folder = sys.argv[1:]
with processes.joined(ClusterConfig(address, 2, int(number)), Path(folder)) as together:
    index, step, agreed = together.share.index, 1, together.agree(f"said by {number}")
    while not together.told_to_stop(step):
        step += 1
        if index and step == 3:
            processes.stop_all()
        threading.Event().wait(0.01)  # a step
    print(json.dumps([agreed, step]), flush=True)
    together.agree()  # so that both have told it
    if index:
        raise UserError("labels.tsv:3: is wrong")
    threading.Event().wait()
"""


# Two runs one after the other, and an evaluation: to import jax and TensorFlow takes longer than the jobs do.
ALONE = """
import sys
from attention_ocr.__main__ import main
from small_networks import smaller

dataset, *flags, one, other = sys.argv[1:]
with smaller():
    failed = any([main(["train", dataset, *flags, f"--train_log_dir={run}"]) for run in (one, other)])
    sys.exit(failed or main(["eval", dataset, f"--train_log_dir={one}"]))
"""


def training(dataset, steps):
    return [f"--dataset_dir={dataset}", *NETWORK, *LEARNING, *SAVING, f"--max_number_of_steps={steps}"]


def command(dataset, run, steps):
    return [sys.executable, small_job.__file__, "train", *training(dataset, steps), f"--train_log_dir={run}"]


def environment(devices, compiled):
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_PLATFORMS": "cpu", "KERAS_BACKEND": "jax"}
    quick["JAX_COMPILATION_CACHE_DIR"] = str(compiled)  # the run that goes on has the programs of the one alone
    quick["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # tests' own modules
    told = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return {**told, **quick, "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def begin(arguments, compiled, devices=1):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(arguments, env=environment(devices, compiled), **pipes)


def begin_two(arguments, compiled):
    where = [f"--coordinator_address=127.0.0.1:{free_port()}", "--num_processes=2"]
    return [begin([*arguments, *where, f"--process_id={n}"], compiled, DEVICES_IN_A_PROCESS) for n in range(2)]


def values_of(run, step):
    """All weights, and what the optimiser remembers, by name."""
    found = {}
    with zipfile.ZipFile(run / "checkpoints" / f"checkpoint-{step:08d}.keras") as file:
        weights = h5py.File(io.BytesIO(file.read("model.weights.h5")))
        weights.visititems(
            lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    return found


def differing(run, other, step):
    """The names of what two runs do not both have at a step, or not alike."""
    one, two = values_of(run, step), values_of(other, step)
    both = one.keys() & two.keys()
    assert both
    unlike = {name for name in both if not np.allclose(one[name], two[name], rtol=1e-5, atol=1e-5)}
    return (one.keys() ^ two.keys()) | unlike


@pytest.fixture(scope="module")
def runs(tiny_dataset, tmp_path_factory):
    """`together`, begun in two processes, of which one is killed after step 2, and then ended in one; `alone`, its 4
    steps in one, evaluated there; and what the other of the two said when it died."""
    folder = tmp_path_factory.mktemp("runs")
    first, second = begin_two(command(tiny_dataset, folder / "together", 1000), folder / "compiled_for_two")
    said = []
    for line in first.stdout:
        said.append(line)
        if "saved" in line:
            break
    else:
        pytest.fail(f"nothing was saved: {''.join(said)} {first.communicate()[1]} {second.communicate()[1]}")
    second.send_signal(signal.SIGKILL)
    said_by_second, _ = second.communicate()
    rest, errors = first.communicate(timeout=580)
    for path in (folder / "together" / "checkpoints").glob("*.keras"):
        if path.stem != "checkpoint-00000002":
            path.unlink()
    both = [*training(tiny_dataset, 4), str(folder / "alone"), str(folder / "together")]
    alone = subprocess.run(
        [sys.executable, "-c", ALONE, *both],
        env=environment(1, folder / "compiled"),
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    return {
        "folder": folder,
        "first": (first.returncode, "".join(said) + rest, errors),
        "second": said_by_second,
        "alone": alone,
    }


def test_two_processes_learn_what_one_does(runs):
    assert not differing(runs["folder"] / "alone", runs["folder"] / "together", 2)


def test_a_step_is_compiled_once(runs):
    programs = {
        path.name.removesuffix("-cache")
        for path in (runs["folder"] / "compiled_for_two").glob("jit_train_step-*-cache")
    }
    assert len(programs) == 1


def test_another_number_of_processes_goes_on(runs):
    assert "resumed at step 2" in runs["alone"].stdout
    assert not differing(runs["folder"] / "alone", runs["folder"] / "together", 4)


def test_jax_and_tensorflow_evaluate_alike(runs, tiny_dataset, capsys):
    """TensorFlow in this process."""
    alone = runs["alone"]
    assert "backend jax" in alone.stdout
    assert "oneDNN" not in alone.stderr, "what TensorFlow notes when it is imported"
    on_jax = json.loads(alone.stdout.splitlines()[-1])
    assert on_jax["step"] == 4
    predictions = runs["folder"] / "alone" / "eval_test" / "predictions.tsv"
    confidences = [float(line.split("\t")[-1]) for line in predictions.read_text().splitlines()[1:]]
    with smaller():
        assert main(["eval", f"--dataset_dir={tiny_dataset}", f"--train_log_dir={runs['folder'] / 'alone'}"]) == 0
    on_tensorflow = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert on_tensorflow["NormalizedEditDistance"] == pytest.approx(on_jax["NormalizedEditDistance"], abs=1e-6)
    again = [float(line.split("\t")[-1]) for line in predictions.read_text().splitlines()[1:]]
    assert again == pytest.approx(confidences, abs=1e-5)


def test_a_killed_process_ends_the_other_with_a_sentence(runs):
    status, _, errors = runs["first"]
    assert status == 1
    last = errors.splitlines()[-1]
    assert last == (
        "error: process 1 of 2 has died; all processes of the run end; the same commands go on from its last checkpoint"
    )


def test_only_the_first_process_tells(runs):
    assert "devices: 4, each with 2 pictures of a batch" in runs["first"][1]
    assert "step 2" in runs["first"][1]
    assert "step" not in runs["second"]


def test_all_stop_after_one_step_and_a_mistake_of_one_ends_all(tmp_path):
    where = f"127.0.0.1:{free_port()}"
    first, second = (
        begin([sys.executable, "-c", STOPPED, where, str(number), str(tmp_path / "run")], tmp_path) for number in (0, 1)
    )
    (one, errors), (other, mistake) = first.communicate(timeout=580), second.communicate(timeout=580)
    assert one == other
    agreed, step = json.loads(one)
    assert agreed == "said by 0"
    assert step > 3
    assert mistake.splitlines()[-1] == "error: labels.tsv:3: is wrong"
    assert errors.splitlines()[-1].startswith("error: process 1 has failed: labels.tsv:3: is wrong; all processes of")
    assert (first.returncode, second.returncode) == (1, 1)


def test_a_batch_that_cannot_be_split_is_an_error_of_one_line(tiny_dataset, tmp_path):
    process = begin([*command(tiny_dataset, tmp_path / "run", 2), "--batch_size=9"], tmp_path, devices=2)
    _, errors = process.communicate(timeout=580)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == (
        "error: --batch_size=9: cannot be split evenly among 2 devices; give a multiple of them"
    )


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--num_processes=2"], "give all three, with at least 2 processes, or none of them"),
        (["--coordinator_address=a:1", "--num_processes=2", "--process_id=2"], "the processes of 2 are 0 to 1"),
        (["--coordinator_address=a", "--num_processes=2", "--process_id=1"], "is not HOST:PORT"),
    ],
)
def test_flags_that_name_no_cluster_are_an_error_of_one_line(flags, why, tiny_dataset, tmp_path, capsys):
    assert main(["train", f"--dataset_dir={tiny_dataset}", f"--train_log_dir={tmp_path / 'run'}", *flags]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
    assert not (tmp_path / "run").exists()
