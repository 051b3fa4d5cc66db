"""`--engine=ray` on two nodes of a cluster: the same records and readings as without, whatever dies."""

import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from drawn_words import draw_word
from ray_jobs import worker_of
from small_jobs import attention_ocr

pytest.importorskip("ray", reason="the extra ray is not installed")

STORE = 200 * 10**6  # bytes of shared memory of a node
SHARDS = ["--shard_size=0.02", "--image_height=16", "--resize=keep_height"]


@pytest.fixture(scope="module")
def cluster():
    """RAY_ADDRESS names a cluster of two nodes with a core each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=STORE, include_dashboard=False)
    os.environ["RAY_ADDRESS"] = cluster.address
    yield cluster
    del os.environ["RAY_ADDRESS"]
    cluster.shutdown()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with a few hundred words and labels.tsv."""
    folder = tmp_path_factory.mktemp("words")
    random = np.random.default_rng(0)
    labels = []
    for number in range(600):
        text = "".join(random.choice(list("abcd"), random.integers(1, 6)))
        draw_word(text, height=16, width=8 * len(text)).save(folder / f"{number}.png")
        labels.append(f"{number}.png\t{text}\n")
    (folder / "labels.tsv").write_text("".join(labels))
    return folder


def generate(labels, output, *flags, **options):
    return attention_ocr("generate_tfrecords", f"--annotations={labels}", f"--output_dir={output}", *flags, **options)


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def killing_a_worker(labels, output, *flags, after=0, **options):
    """Makes records on Ray, killing a busy worker once more than `after` bytes of train are written.

    Returns:
        The exit status, what was told, and the process that was killed.
    """
    command = [sys.executable, "-m", "attention_ocr", "generate_tfrecords", f"--annotations={labels}", "--engine=ray"]
    command += [f"--output_dir={output}", *flags]
    killed = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as job:
        while not killed and job.poll() is None:
            time.sleep(0.01)
            written = sum(file.stat().st_size for file in output.glob(".writing-*/train-*"))
            # A node's processes are this process's children where it runs the cluster, otherwise the job's.
            if written >= after and (killed := worker_of(os.getpid())):
                os.kill(killed, signal.SIGKILL)
        told = job.communicate(timeout=1800)[1]
    return job.returncode, told, killed


@pytest.mark.slow
def test_a_killed_worker_costs_no_record(cluster, pictures, tmp_path):
    assert generate(pictures / "labels.tsv", tmp_path / "1/words", *SHARDS).returncode == 0
    # A relative path means the job's folder, not that of the nodes.
    status, told, killed = killing_a_worker("labels.tsv", tmp_path / "2/words", *SHARDS, cwd=pictures)
    assert status == 0, told
    assert killed
    here = contents(tmp_path / "1/words")
    assert len(here) > 5
    assert contents(tmp_path / "2/words") == here


@pytest.mark.slow
def test_twenty_thousand_pictures_with_a_worker_killed_in_the_middle(cluster, tmp_path):
    (tmp_path / "words").mkdir()
    random = np.random.default_rng(0)
    with (tmp_path / "words/labels.tsv").open("w") as labels:
        for number in range(20_000):
            text = "".join(random.choice(list("abcd"), random.integers(1, 6)))
            draw_word(text, height=16, width=8 * len(text) + number % 7).save(tmp_path / f"words/{number}.png")
            labels.write(f"{number}.png\t{text}\n")
    flags = ["--image_height=16", "--resize=keep_height", "--on_duplicate=keep", "--shard_size=1"]
    begun = time.monotonic()
    assert generate(tmp_path / "words/labels.tsv", tmp_path / "1/words", *flags).returncode == 0
    here = time.monotonic()
    half = sum(file.stat().st_size for file in (tmp_path / "1/words").glob("train-*")) // 2
    status, told, killed = killing_a_worker(tmp_path / "words/labels.tsv", tmp_path / "2/words", *flags, after=half)
    print(f"20,000 pictures: {here - begun:.0f} s without Ray, {time.monotonic() - here:.0f} s with, one worker killed")
    assert status == 0, told
    assert killed
    assert contents(tmp_path / "2/words") == contents(tmp_path / "1/words")


@pytest.mark.slow
def test_pictures_at_which_every_process_dies_end_the_job():
    """Ray Data alone would try for ever."""
    code = """if True:
        import os
        from attention_ocr import ray_engine
        from attention_ocr.errors import UserError

        def begin():
            return lambda number: os._exit(1) if number == 70 else number

        try:
            list(ray_engine.map_in_order(begin, range(200), 1, 32))
        except UserError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=500, check=True)
    assert done.stdout.startswith("Ray: 4 processes died at items 65 to 96; "), done.stderr


@pytest.mark.slow
def test_a_bad_picture_is_told_in_the_line_that_it_is_without_ray(cluster, pictures, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "labels.tsv").write_text(f"{tmp_path}/bad.png\ta\n{pictures}/1.png\ta\n{pictures}/2.png\tb\n")
    flags = [*SHARDS, "--validation_fraction=0", "--test_fraction=0"]
    told = [
        generate(tmp_path / "labels.tsv", tmp_path / "out", *flags, f"--engine={engine}") for engine in ("local", "ray")
    ]
    assert [done.returncode for done in told] == [1, 1]
    errors = [[line for line in done.stderr.splitlines() if line.startswith("error:")] for done in told]
    assert errors[0] == errors[1]
    assert "labels.tsv:1: 'a': " in errors[0][0]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_many_pictures_are_read_as_without_ray(cluster, pictures):
    flags = ["--model=words", "--backend=onnxruntime", "--batch_size=16", "--on_bad_image=skip"]
    given = [f"{number}.png" for number in range(150)] + ["labels.tsv"]
    here = attention_ocr("read", *flags, *given, cwd=pictures)
    there = attention_ocr("read", *flags, "--engine=ray", *given, cwd=pictures)
    assert there.stdout == here.stdout
    assert len(here.stdout.splitlines()) == 151
    assert (here.returncode, there.returncode) == (1, 1), there.stderr
    assert "skipped labels.tsv: cannot be read as an image" in there.stderr


def test_a_cluster_that_is_not_there_is_one_line(pictures, tmp_path):
    environment = {**os.environ, "RAY_ADDRESS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "attention_ocr", "generate_tfrecords", f"--annotations={pictures}/labels.tsv"]
    command += [f"--output_dir={tmp_path}/out", "--engine=ray"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 1
    assert "error: RAY_ADDRESS=127.0.0.1:1: Ray cannot be reached (Connection refused)" in done.stderr
    assert not (tmp_path / "out").exists()
