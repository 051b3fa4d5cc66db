"""Who trains together, as flags and clusters tell; tests/e2e/test_many_processes.py has several of them train."""

import keras
import pytest

from attention_ocr.errors import UserError
from attention_ocr.train_config import ClusterConfig
from attention_ocr.training import processes

GIVEN = {"coordinator_address": "localhost:4567", "num_processes": 2, "process_id": 0}
SLURM = {"SLURM_STEP_NODELIST": "node[1-2]", "SLURM_PROCID": "1"}
CLUSTERS = {name for pair in processes.CLUSTERS for name in pair if name}


@pytest.fixture
def environment(monkeypatch):
    """Sets variables in an environment that is no cluster's."""
    for name in CLUSTERS:
        monkeypatch.delenv(name, raising=False)

    def set_to(values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.mark.parametrize(
    ("flags", "variables", "several"),
    [
        ({}, {}, False),
        (GIVEN, {}, True),
        ({}, {**SLURM, "SLURM_STEP_NUM_TASKS": "2"}, True),
        ({}, {**SLURM, "SLURM_STEP_NUM_TASKS": "1"}, False),
        ({}, {"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, False),  # `sbatch` without `srun`: there is one process
        ({"num_processes": 1}, {**SLURM, "SLURM_STEP_NUM_TASKS": "2"}, False),
        ({}, {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "8"}, True),
        ({}, {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"}, False),
        ({}, {"JOB_COMPLETION_INDEX": "0"}, True),
        ({"num_processes": 1}, {"JOB_COMPLETION_INDEX": "0"}, False),
    ],
)
def test_flags_go_before_what_the_cluster_says(flags, variables, several, environment):
    environment(variables)
    assert processes._are_several(ClusterConfig(**flags)) is several


def test_a_process_alone_agrees_with_itself(environment, tmp_path):
    environment({})
    with processes.joined(ClusterConfig(), tmp_path / "run") as alone:
        assert (tmp_path / "run" / "train.lock").exists()
        assert alone.agree([3, "x"]) == [3, "x"]
        assert not alone.told_to_stop(1)
        assert processes.is_first(alone)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="jax can")
def test_another_backend_refuses_in_one_line(tmp_path):
    told = pytest.raises(UserError, match="KERAS_BACKEND=tensorflow: trains in one process; set KERAS_BACKEND=jax")
    with told, processes.joined(ClusterConfig(**GIVEN), tmp_path / "run"):
        pass
    assert not (tmp_path / "run").exists()
