"""Dockerfile, compose file and systemd unit say what the service has: no engine runs here."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.unit.test_documents import flags_of

ROOT = Path(__file__).parents[2]
SERVE = flags_of("serve")


def steps():
    """(instruction, arguments) of the Dockerfile's lines."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def of_kind(kind):
    return [arguments for instruction, arguments in steps() if instruction == kind]


def test_the_linter_finds_nothing():
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists() and not shutil.which("hadolint"):
        pytest.skip("hadolint is not installed")
    done = subprocess.run([shutil.which("hadolint") or linter, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_is_copied_is_there_and_let_through():
    let_through = (ROOT / ".dockerignore").read_text().split()
    for arguments in of_kind("COPY"):
        for name in arguments.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name}" in let_through


def test_what_is_installed_is_an_extra_of_the_package():
    (install,) = of_kind("RUN")
    command = shlex.split(install)
    assert command[:4] == ["python", "-m", "pip", "install"]
    extra = re.fullmatch(r"\.\[(\w+)\]", command[-1])[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extra in project["optional-dependencies"]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    assert set(project["optional-dependencies"][extra]) <= pinned
    image = of_kind("FROM")[0]
    assert re.search(r"python:3\.(\d+)", image)[1] == re.search(r"3\.(\d+)", project["requires-python"])[1]


def test_the_service_is_started_with_flags_that_it_has():
    (entry,), (command,) = of_kind("ENTRYPOINT"), of_kind("CMD")
    told = " ".join([*json.loads(entry), *json.loads(command)])
    assert "exec attention-ocr serve" in told  # the service itself gets SIGTERM
    assert set(re.findall(r"--(\w+)", told)) <= set(SERVE)
    assert of_kind("USER") == ["10001:10001"]


def test_the_shell_passes_model_and_flags(tmp_path):
    """The entry point runs, with a program that prints its arguments in place of ours."""
    (tmp_path / "attention-ocr").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "attention-ocr").chmod(0o755)
    arguments = [*json.loads(of_kind("ENTRYPOINT")[0]), "--log_json", "--max_batch=8"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "MODEL": "a b=/models/x y.keras"}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=True)
    expected = [
        "serve",
        "--model=a b=/models/x y.keras",
        "--host=0.0.0.0",
        "--port=5000",
        "--log_json",
        "--max_batch=8",
    ]
    assert done.stdout.splitlines() == expected


def test_compose_file_and_dockerfile_agree():
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"].values()
    told = next(arguments for instruction, arguments in steps() if instruction == "HEALTHCHECK")
    check = json.loads(told[told.index("[") :])
    assert service["healthcheck"]["test"] == ["CMD", *check]
    compile(check[-1], "health check", "exec")
    assert "/health/ready" in check[-1]
    assert service["ports"] == ["127.0.0.1:5000:5000"]
    assert of_kind("EXPOSE") == ["5000"]
    grace = int(service["stop_grace_period"].removesuffix("s"))
    assert grace > SERVE["stop_timeout_s"].default


def test_the_unit_of_systemd_starts_the_service_with_flags_that_it_has():
    unit = (ROOT / "docs" / "serving.md").read_text()
    (start,) = re.findall(r"ExecStart=(.*)", unit)
    assert set(re.findall(r"--(\w+)", start)) <= set(SERVE)
    assert int(re.search(r"TimeoutStopSec=(\d+)", unit)[1]) > SERVE["stop_timeout_s"].default


@pytest.mark.slow
def test_the_steps_run_in_a_fresh_environment(tmp_path):
    """The RUN steps of the Dockerfile on the files it copies; needs the network."""
    for arguments in of_kind("COPY"):
        for name in arguments.split()[:-1]:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tmp_path / name)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    environment = {"PATH": f"{tmp_path / 'venv' / 'bin'}:/usr/bin:/bin", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    (install,) = of_kind("RUN")
    subprocess.run(install, shell=True, cwd=tmp_path, env=environment, check=True)
    help_text = subprocess.run(["attention-ocr", "serve", "--help"], env=environment, check=True, capture_output=True)
    assert b"--max_batch" in help_text.stdout
