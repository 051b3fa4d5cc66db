"""`--engine=ray` on two nodes of a cluster: the same records and readings as without, whatever dies."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from drawn_words import draw_word
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
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_records_of_two_nodes_are_those_without_ray(cluster, pictures, tmp_path):
    assert generate(pictures / "labels.tsv", tmp_path / "1/words", *SHARDS).returncode == 0
    # A relative path means the job's folder, not that of the nodes.
    done = generate("labels.tsv", tmp_path / "2/words", *SHARDS, "--engine=ray", cwd=pictures)
    assert done.returncode == 0, done.stderr
    assert "600/600" in done.stderr or "train" in done.stderr
    here = contents(tmp_path / "1/words")
    assert len(here) > 5
    assert contents(tmp_path / "2/words") == here


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
    assert "error: RAY_ADDRESS=127.0.0.1:1: Ray cannot be reached" in done.stderr
    assert not (tmp_path / "out").exists()
