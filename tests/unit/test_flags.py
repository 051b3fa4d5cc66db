"""Every knob is a flag; a wrong command line ends with one line and status 2."""

import dataclasses
import itertools

import pytest
from absl import flags as absl_flags

from attention_ocr import config, flags
from attention_ocr.__main__ import JOBS, main
from attention_ocr.config import GROUPS, Config
from attention_ocr.errors import UserError
from attention_ocr.presets import PRESETS

KNOBS = [(group, knob) for group in GROUPS.values() for knob in dataclasses.fields(group)]
CONDITIONAL = [knob for _, knob in KNOBS if knob.metadata["works_with"]]


@pytest.fixture
def parse():
    """A function from a command line to flag values of all knobs and --preset."""

    def parsed(*arguments):
        values = absl_flags.FlagValues()
        flags.define_preset(values)
        flags.define_knobs(values, *GROUPS.values())
        flags.define_use_attention(values)
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


@pytest.mark.parametrize("knob", CONDITIONAL, ids=[knob.name for knob in CONDITIONAL])
def test_a_knob_that_has_no_effect_is_refused_with_what_it_works_with(knob, parse):
    conditions = knob.metadata["works_with"]
    for other, condition in conditions.items():
        kept = [_making(name, one, True) for name, one in conditions.items() if name != other]
        values = parse(_written(knob, knob.default), *itertools.chain(*kept), *_making(other, condition, False))
        with pytest.raises(UserError) as error:
            flags.check_effects(values)
        assert str(error.value).startswith(f"{_written(knob, knob.default)}: has no effect with")
        assert str(error.value).endswith(f"; it works {condition.told(other)}")


def _written(knob, value):
    return f"--{knob.name}={value}" if not isinstance(value, bool) else f"--{'' if value else 'no'}{knob.name}"


def _making(other, condition, holds):
    """Flags with which a condition on the knob `other` holds, or does not."""
    (knob,) = (knob for _, knob in KNOBS if knob.name == other)
    if condition.holds(knob.default) == holds:
        return []
    values = [*knob.metadata["choices"], "", True, False, 1, 1.0, 0, 0.0]
    return [next(_written(knob, one) for one in values if type(one) is knob.type and condition.holds(one) == holds)]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--difficulty=0.5"], "--difficulty=0.5: has no effect without --render; it works with --render"),
        (
            ["--shuffle_buffer_size=9", "--render=signs"],
            "--shuffle_buffer_size=9: has no effect with --render=signs; it works without --render",
        ),
        (
            ["--momentum=0.5", "--preset=base"],
            "--momentum=0.5: has no effect with --optimizer=adam; it works with --optimizer=momentum",
        ),
        (
            ["--num_encoder_lstm_units=3"],
            "--num_encoder_lstm_units=3: has no effect with --num_encoder_lstm_layers=0; it works with "
            "--num_encoder_lstm_layers above 0",
        ),
        (
            ["--noignore_nulls", "--stop_at_end"],
            "--noignore_nulls: has no effect with --stop_at_end; it works with --nostop_at_end",
        ),
        (
            ["--augmentation=light", "--nouse_augment_input"],
            "--augmentation=light: has no effect with --nouse_augment_input; it works with --use_augment_input",
        ),
    ],
)
def test_what_a_flag_without_effect_is_told(arguments, problem, parse):
    with pytest.raises(UserError) as error:
        flags.check_effects(parse(*arguments))
    assert str(error.value) == problem


@pytest.mark.parametrize("preset", PRESETS)
def test_what_a_preset_sets_need_not_have_an_effect(preset, parse):
    """Though the same on the command line is refused."""
    values = parse(f"--preset={preset}", "--head=slice", "--optimizer=momentum", "--momentum=0.5")
    assert told(values) == ""
    found = flags.config_from(values)
    assert (found.model.head, found.train.momentum) == ("slice", 0.5)
    assert told(parse(f"--preset={preset}", "--render=signs")) == ""
    assert told(parse(f"--preset={preset}", "--render=signs", "--shuffle_buffer_size=9")).startswith("--shuffle_buffer")


def test_a_job_is_not_asked_for_flags_that_it_has_not():
    """`train` takes --difficulty with --render alone; a job that always draws has no such flag."""
    values = absl_flags.FlagValues()
    flags.define_knobs(values, config.RenderConfig)
    values(["render_signs", "--difficulty=0.5"])
    assert told(values) == ""
    assert values.difficulty == 0.5


def told(values):
    """What is said against flags without effect; empty: nothing."""
    try:
        flags.check_effects(values)
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["eval", "--number_of_steps=1"], "--number_of_steps=1: has no effect with --eval_interval_secs=0.0"),
        (["eval", "--eval_interval_secs=1"], "--eval_interval_secs=1.0: has no effect without --train_log_dir"),
        (
            ["eval", "--length_penalty=1"],
            "--length_penalty=1.0: has no effect with --beam_width=1; it works",
        ),
        (["validate_dataset", "--augmentation=light"], "--augmentation=light: has no effect without --sample"),
        (["render_words", "--sheet_number=3"], "--sheet_number=3: has no effect without --sheet"),
        (["render_words", "--sheet=a.png", "--number=3"], "--number=3: has no effect without --output_dir"),
        (["render_words", "--output_dir=a", "--unit=word"], "--unit=word: has no effect without --text_file"),
        (["render_words", "--output_dir=a", "--max_width=90"], "--max_width=90: has no effect with --image_width=128"),
        (
            ["render_signs", "--output_dir=a", "--output=pictures", "--shard_size=9"],
            "--shard_size=9.0: has no effect with --output=pictures; it works with --output=records",
        ),
        (["generate_tfrecords", "--side_by_side"], "--side_by_side: has no effect with --num_views=1; it works with"),
        (["generate_tfrecords", "--replacement=x"], "--replacement=x: has no effect with --on_unknown=error"),
        (
            ["generate_tfrecords", "--validation_annotations=b", "--validation_fraction=0.2"],
            "--validation_fraction=0.2: has no effect with --validation_annotations=b; it works without",
        ),
        (
            ["generate_tfrecords", "--annotation_format=list", "--label_column=text"],
            "--label_column=text: has no effect with --annotation_format=list; it works with --annotation_format=auto",
        ),
        (["train", "--num_views=2"], "--num_views=2: has no effect without --render"),
        (
            ["train", "--render=signs", "--split_name=test", "--train_log_dir=r"],
            "--split_name=test: has no effect with --render=signs; it works with --dataset_dir",
        ),
        (["train", "--render=signs", "--texts=codes"], "--texts=codes: has no effect with --render=signs"),
        (["train", "--render=words", "--num_views=2"], "--num_views=2: has no effect with --render=words"),
        (["train", "--dataset_dir=d", "--real_share=0.1"], "--real_share=0.1: has no effect without --render"),
        (["train", "--render=words", "--real_share=0.1"], "--real_share=0.1: has no effect without --dataset_dir"),
        (["train", "--encoder=crnn", "--checkpoint_inception=x"], "--checkpoint_inception=x: has no effect with --enc"),
    ],
)
def test_every_job_refuses_flags_without_effect(arguments, problem, capsys):
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(f"error: {problem}")


def test_help_says_what_a_flag_works_with(capsys):
    assert main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert (
        "Share of the previous update kept in the next. [at least 0, at most 0.9999] (works with --optimizer=momentum)"
        in shown
    )
    assert "Records in the shuffle buffer. [at least 1] (works without --render)" in " ".join(shown.split())


def test_names_of_several_groups_are_declared_once():
    groups = [getattr(config, name) for name in dir(config) if name.endswith("Config") and name != "Config"]
    declared = {}
    for group in groups:
        for knob in dataclasses.fields(group):
            declared.setdefault(knob.name, []).append(knob)
    several = {name: knobs for name, knobs in declared.items() if len(knobs) > 1}
    assert len(several) >= 10
    for knobs in several.values():
        assert len({knob.type for knob in knobs}) == 1
        assert len({knob.metadata["help"].split(";")[0].rstrip(".") for knob in knobs}) == 1


@pytest.mark.parametrize(
    ("arguments", "head"),
    [
        (["--nouse_attention"], "slice"),
        (["--use_attention", "--preset=base"], "attention"),
        (["--nouse_attention", "--head=slice"], "slice"),
    ],
)
def test_the_references_name_of_a_head_is_no_knob(arguments, head, parse):
    found = flags.config_from(parse(*arguments))
    assert found.model.head == head
    assert "use_attention" not in found.to_dict()["model"]
    with pytest.raises(UserError, match="--nouse_attention and --head=ctc: --nouse_attention is --head=slice; give"):
        flags.config_from(parse("--nouse_attention", "--head=ctc"))


def test_no_flag_gives_the_reference(parse):
    assert flags.config_from(parse()) == Config()


def test_flags_become_knobs_of_their_type(parse):
    config = flags.config_from(
        parse("--num_lstm_units=64", "--nouse_attention", "--learning_rate=1", "--optimizer=adam", "--batch_size", "8")
    )
    assert config == Config().replace(
        num_lstm_units=64, head="slice", learning_rate=1.0, optimizer="adam", batch_size=8
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
            "error: --export_dir is missing: Folder for the exports; a SavedModel gets a version folder 1, 2, ... in "
            "it.\n",
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
