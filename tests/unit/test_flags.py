"""Every knob is a flag; a wrong command line ends with one line and status 2."""

import dataclasses

import pytest
from absl import flags as absl_flags

from attention_ocr import flags
from attention_ocr.__main__ import JOBS, main
from attention_ocr.config import GROUPS, Config
from attention_ocr.presets import PRESETS

KNOBS = [(group, knob) for group in GROUPS.values() for knob in dataclasses.fields(group)]


@pytest.fixture
def parse():
    """A function from a command line to flag values of all knobs and --preset."""

    def parsed(*arguments):
        values = absl_flags.FlagValues()
        flags.define_preset(values)
        flags.define_knobs(values, *GROUPS.values())
        values(["train", *arguments])
        return values

    return parsed


@pytest.mark.parametrize(("group", "knob"), KNOBS, ids=[knob.name for _, knob in KNOBS])
def test_a_knob_is_a_flag_with_its_default_and_help(group, knob, parse):
    flag = parse()[knob.name]
    assert flag.value == knob.default
    assert type(flag.value) is type(knob.default)
    assert knob.metadata["help"] in flag.help
    assert "|".join(knob.metadata["choices"]) in flag.help
    for word, key in (("at least", "minimum"), ("at most", "maximum"), ("above", "above")):
        assert knob.metadata[key] is None or f"{word} {knob.metadata[key]}" in flag.help


def test_no_flag_gives_the_reference(parse):
    assert flags.config_from(parse()) == Config()


def test_flags_become_knobs_of_their_type(parse):
    config = flags.config_from(
        parse("--num_lstm_units=64", "--nouse_attention", "--learning_rate=1", "--optimizer=adam", "--batch_size", "8")
    )
    assert config == Config().replace(
        num_lstm_units=64, use_attention=False, learning_rate=1.0, optimizer="adam", batch_size=8
    )
    assert type(config.train.learning_rate) is float


def test_a_flag_wins_over_the_preset_even_with_the_default_value(parse):
    preset = PRESETS["base"]
    assert preset["optimizer"] == "adam"
    config = flags.config_from(parse("--optimizer=momentum", "--preset=base"))
    assert config.train.optimizer == "momentum"
    assert config.train.learning_rate == preset["learning_rate"]
    assert flags.config_from(parse("--preset=fsns", "--noencode_coordinates")).model.encode_coordinates is False


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["trian"], "no job is called 'trian'; there are generate_tfrecords, render_signs, render_words, validate"),
        (["train", "--num_lstm_unit=3"], "Unknown command line flag 'num_lstm_unit'. Did you mean: num_lstm_units ?"),
        (["train", "--num_lstm_units=many"], "--num_lstm_units=many"),
        (["train", "--optimizer=sgd"], "momentum|adam"),
        (["train", "--batch_size"], "Missing value for flag"),
        (["train", "records"], "'records' is not a flag; write --name=value"),
        (["eval", "--batch_size=0"], "--batch_size=0"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(arguments, problem, capsys):
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert problem in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["train", "--train_log_dir=/tmp/run"], "error: --dataset_dir is missing: Folder of records.\n"),
        (["train", "--dataset_dir=/nope", "--train_log_dir=/nope"], "error: --dataset_dir=/nope: no such folder\n"),
        (
            ["train", "--dataset_dir=d", "--train_log_dir=r", "--preset=x"],
            f"error: --preset=x: not one of {', '.join(PRESETS)}\n",
        ),
        (
            ["train", "--dataset_dir=d", "--train_log_dir=r", "--num_lstm_units=0"],
            "error: --num_lstm_units=0: must be at least 1\n",
        ),
        (
            ["export", "--checkpoint=a.keras"],
            "error: --export_dir is missing: Folder that gets a version folder 1, 2, ...\n",
        ),
        (
            ["eval", "--dataset_dir=d", "--checkpoint=a", "--train_log_dir=b"],
            "error: give either --train_log_dir=DIR, a run's directory, or --checkpoint=FILE.keras\n",
        ),
    ],
)
def test_a_wrong_value_is_one_line_and_status_1(arguments, problem, capsys):
    assert main(arguments) == 1
    assert capsys.readouterr().err == problem


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_job_all_jobs_are_listed(arguments, capsys):
    assert main(arguments) == (0 if arguments else 2)
    shown = capsys.readouterr().out
    assert all(f"  {job} " in shown for job in JOBS)


@pytest.mark.parametrize("job", JOBS)
def test_help_lists_every_flag_of_a_job(job, capsys):
    import importlib

    values = absl_flags.FlagValues()
    importlib.import_module(f"attention_ocr.jobs.{job}").define_flags(values)
    assert main([job, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"attention-ocr {job}: {JOBS[job]}"
    for name in values:
        shown = f"  --[no]{name}" if values[name].boolean else f"  --{name}={values[name].default}"
        assert lines.count(shown) == 1
        assert values[name].help.split()[0] in lines[lines.index(shown) + 1]
