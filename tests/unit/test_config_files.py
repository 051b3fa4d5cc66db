"""--config: knobs from a file, with flags on top; --print_config: what they come to."""

import json

import pytest

from attention_ocr.__main__ import main
from attention_ocr.config import Config
from attention_ocr.presets import preset


@pytest.fixture
def printed(tmp_path, capsys):
    """A function from a file's name, its text and flags to the config that training would have."""

    def printed(name, text, *flags):
        (tmp_path / name).write_text(text)
        assert main(["train", f"--config={tmp_path / name}", "--print_config", *flags]) == 0
        return Config.from_dict(json.loads(capsys.readouterr().out))

    return printed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("knobs.json", '{"learning_rate": 0.5, "head": "ctc", "batch_size": 3}'),
        ("groups.json", '{"train": {"learning_rate": 0.5}, "model": {"head": "ctc"}, "data": {"batch_size": 3}}'),
        ("both.json", '{"train": {"learning_rate": 0.5}, "head": "ctc", "batch_size": 3}'),
        ("knobs.yaml", "learning_rate: 5e-1\nhead: ctc  # columns\nbatch_size: 3\n"),
        ("groups.yml", "train: {learning_rate: 0.5}\nmodel:\n  head: ctc\ndata: {batch_size: 3}\n"),
    ],
)
def test_knobs_come_from_a_file(name, text, printed):
    assert printed(name, text) == Config().replace(learning_rate=0.5, head="ctc", batch_size=3)


def test_flags_stand_above_the_file_and_the_file_above_the_preset(printed):
    found = printed(
        "knobs.json", '{"learning_rate": 0.5, "head": "attention"}', "--preset=base", "--learning_rate=0.25"
    )
    assert found == preset("base").replace(learning_rate=0.25, head="attention")


def test_what_is_printed_is_a_config(printed, capsys, tmp_path):
    assert main(["train", "--preset=seq2seq", "--seed=5", "--print_config"]) == 0
    assert printed("again.json", capsys.readouterr().out) == preset("seq2seq").replace(seed=5)


def test_the_config_of_a_run_is_one_even_of_a_former_version(printed):
    model = {**Config().model.to_dict(), "use_attention": False}
    dataset = {"charset": [["a"], []], "null_code": 1}
    run = {"attention_ocr": "0.0.1", "command": "x", "backend": "jax", "model": model, "dataset": dataset}
    assert printed("config.json", json.dumps({**run, "train": {"seed": 9}})).model.head == "slice"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"learning_rat": 1}', "learning_rat is no knob of training; learning_rate is one"),
        ("a.json", '{"train": {"momentun": 0.5}}', "momentun is no knob of training; momentum is one"),
        ("a.json", '{"learning_rate": "high"}', "--learning_rate=high: must be a float"),
        ("a.json", '{"batch_size": 2.5}', "--batch_size=2.5: must be a int"),
        ("a.json", '{"optimizer": "sgd"}', "--optimizer=sgd: not one of"),
        ("a.json", '{"model": 3}', "model is a group of knobs, not 3"),
        ("a.json", "[1]", "holds no knobs"),
        ("a.json", "{", "a.json:1: is not JSON"),
        ("a.yaml", "seed: [", "is not YAML"),
        ("a.yaml", "just words", "holds no knobs"),
        ("a.ini", "seed=1", "is neither .json nor .yaml"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(name, text, message, tmp_path, capsys):
    (tmp_path / name).write_text(text)
    assert main(["train", f"--config={tmp_path / name}", "--print_config"]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_file_that_is_missing_is_told(capsys):
    assert main(["train", "--config=none.json", "--print_config"]) == 1
    assert "none.json: cannot be read" in capsys.readouterr().err
