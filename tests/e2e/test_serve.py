"""The job serve as a process: it answers, warns, ends well on SIGTERM under load, and survives a log that is closed."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading

import httpx
import keras
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.reader import Reader
from attention_ocr.serve_config import ServeConfig
from attention_ocr.serving.access import Key
from attention_ocr.serving.server import warn_if_open
from tests.serving_factory import KEY, Colours, picture, running, service_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of a small network that has learned nothing, but reads letters."""
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    keras.utils.set_random_seed(1)
    sizes = {"encoder_channels": 8, "num_encoder_lstm_layers": 1, "num_encoder_lstm_units": 8}
    config = ModelConfig(encoder="residual", head="ctc", **sizes)
    network = AttentionOcr(config, DatasetSpec("tiny", 1, 32, 64, 6, Charset.from_labels(["abcdef"]), "keep_height"))
    random = np.random.default_rng(0)
    for variable in network.decoder.weights:
        variable.assign(random.normal(0, 2, variable.shape))
    network.save(path)
    return path


@pytest.fixture
def start():
    """A function from flags to a service's process and a client; what still runs in the end is killed."""
    processes = []

    def start(*flags):
        command = [sys.executable, "-u", "-m", "attention_ocr", "serve", "--port=0", *flags]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "env": os.environ}
        process = subprocess.Popen(command, **options)
        processes.append(process)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                process.said = lines
                client = httpx.Client(base_url=found[0], timeout=60)
                while client.get("/health/ready").status_code != 200:
                    pass
                return process, client
        raise AssertionError("".join(lines))

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_reads_as_the_reader_does_and_stops_under_load(model, start):
    process, client = start(f"--model={model}", "--max_batch=4", "--log_json")
    pictures = [picture(n, 255 - n, 40 + n, 32) for n in range(24)]
    alone = [reading.text for reading in Reader.load(model).read(pictures)]
    answer = client.post("/v1/read", files=[("files", (f"{n}.png", data)) for n, data in enumerate(pictures)])
    assert [reading["text"] for reading in answer.json()["readings"]] == alone
    assert answer.json()["model"] == "tiny"
    results, answered = [], threading.Event()

    def ask(place):
        try:
            while True:
                text = client.post("/v1/read", files=[("files", pictures[place])]).json()["readings"][0]["text"]
                results.append(text == alone[place])
                answered.set()
        except httpx.TransportError as error:
            results.append(type(error) in (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError))

    clients = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for one in clients:
        one.start()
    answered.wait()
    process.send_signal(signal.SIGTERM)
    for one in clients:
        one.join()
    assert process.wait(30) == 0
    assert all(results)
    told = [json.loads(line) for line in process.stdout.read().splitlines()]
    assert told[-1]["message"] == "ended"
    assert all(line["status"] == 200 for line in told if line.get("path") == "/v1/read")


def test_it_lives_on_when_its_log_is_closed(model, start):
    process, client = start(f"--model=a={model}", f"--model=b={model}")
    process.stdout.close()
    for name in ("a", "b"):
        response = client.post(f"/v1/read?model={name}", files=[("files", picture(1, 2))])
        assert response.status_code == 200, response.text
        assert response.json()["model"] == name


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model=none.keras"], "none.keras: no such model file"),
        (
            ["--model=words", "--model=words"],
            "--model=words: another model is called 'words'; write --model=OTHER_NAME=",
        ),
        (["--model=a b=words"], "--model=a b=words: write NAME=FILE, with a name of letters"),
        (["--host=256.1.1.1"], "--host=256.1.1.1 --port=0: cannot be listened at"),
        (["--api_key_file=none"], "--api_key_file=none: cannot be read"),
        (["--max_batch=0"], "--max_batch=0: must be at least 1"),
        (["--port=70000"], "--port=70000: must be at most 65535"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(flags, message, capsys, monkeypatch):
    monkeypatch.setattr("attention_ocr.serving.server.log_lines", lambda as_json: None)
    assert main(["serve", *([] if "--port" in flags[0] else ["--port=0"]), *flags]) == 1
    assert f"error: {message}" in capsys.readouterr().err


def test_an_open_address_without_a_key_is_warned_of(caplog, tmp_path):
    for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"):
        warn_if_open(ServeConfig(host=host), Key())
    warn_if_open(ServeConfig(host="0.0.0.0"), Key(KEY))
    assert caplog.text == ""
    warn_if_open(ServeConfig(host="0.0.0.0"), Key())
    assert "--host=0.0.0.0: whoever reaches this machine can send pictures; set --api_key_file" in caplog.text


@pytest.mark.slow
def test_what_the_description_allows_is_never_a_fault_of_the_service(monkeypatch):
    """Schemathesis asks every address of /openapi.json for what it describes, and for what it does not."""
    # Not the detector of pages: it takes up to a second for each of the pictures that a request may have.
    monkeypatch.setattr(
        "attention_ocr.serving.page_reading.detector", lambda: lambda _: (np.zeros([0, 4, 2]), np.zeros(0))
    )
    tried = set()
    options = {"max_examples": 60, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
    with running(service_of(monkeypatch, {"colours": Colours()})) as (address, _):
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        for mode in GenerationMode:
            for result in schema.get_all_operations():
                operation = result.ok()

                @settings(phases=[Phase.generate], **options)
                @given(case=operation.as_strategy(generation_mode=mode))
                def check(case):
                    tried.add((case.method, case.path))
                    case.call_and_validate(checks=[not_a_server_error])

                with contextlib.suppress(Unsatisfiable):  # an address without parameters cannot be asked wrongly
                    check()
    assert len(tried) >= 7
