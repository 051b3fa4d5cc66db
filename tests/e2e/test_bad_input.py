"""A wrong input ends a job with one line that names the thing, the value and the way out; nothing is half-written."""

import json
import shutil
from pathlib import Path

import pytest

from attention_ocr.__main__ import main
from attention_ocr.config import Config, ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training.run_directory import RunDirectory


def assert_fails(arguments, capsys, *words, status=1):
    """Asserts that the job fails with one line holding all `words`."""
    assert main(arguments) == status
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("error: ")
    for word in words:
        assert word in message, message


@pytest.fixture
def dataset(tiny_dataset, tmp_path):
    """A copy of the records to spoil."""
    return Path(shutil.copytree(tiny_dataset, tmp_path / "dataset"))


def train_flags(dataset, run):
    return ["train", f"--dataset_dir={dataset}", f"--train_log_dir={run}", "--final_endpoint=Mixed_5b"]


def test_missing_folder(tmp_path, capsys):
    assert_fails(train_flags(tmp_path / "none", tmp_path / "run"), capsys, "--dataset_dir=", "no such folder")
    assert not (tmp_path / "run").exists()


def test_folder_without_spec(tmp_path, capsys):
    assert_fails(train_flags(tmp_path, tmp_path / "run"), capsys, "dataset.json", "generate_tfrecords")


def test_unknown_split(dataset, tmp_path, capsys):
    flags = [*train_flags(dataset, tmp_path / "run"), "--split_name=nope"]
    assert_fails(flags, capsys, "--split_name=nope", "train, validation, test")


def test_split_without_files(dataset, tmp_path, capsys):
    for shard in dataset.glob("train-*"):
        shard.unlink()
    assert_fails(train_flags(dataset, tmp_path / "run"), capsys, "train-*", "no file")
    assert not (tmp_path / "run").exists()


def test_empty_split(dataset, tmp_path, capsys):
    for shard in dataset.glob("train-*"):
        shard.write_bytes(b"")
    spec = json.loads((dataset / "dataset.json").read_text())
    spec["splits"]["train"]["num_examples"] = None
    (dataset / "dataset.json").write_text(json.dumps(spec))
    assert_fails(train_flags(dataset, tmp_path / "run"), capsys, "hold no record")


def test_spec_with_an_unknown_key(dataset, tmp_path, capsys):
    spec = json.loads((dataset / "dataset.json").read_text())
    (dataset / "dataset.json").write_text(json.dumps({**spec, "image_hight": 3}))
    assert_fails(train_flags(dataset, tmp_path / "run"), capsys, "dataset.json", "image_hight")


def test_charset_with_a_gap(dataset, tmp_path, capsys):
    (charset,) = dataset.glob("charset_size=*.txt")
    lines = charset.read_text().splitlines(keepends=True)
    charset.write_text("".join(lines[:1] + lines[2:]))
    assert_fails(train_flags(dataset, tmp_path / "run"), capsys, charset.name, "gap at 1")


def test_picture_of_another_size(dataset, tmp_path, capsys):
    spec = json.loads((dataset / "dataset.json").read_text())
    (dataset / "dataset.json").write_text(json.dumps({**spec, "image_height": spec["image_height"] + 1}))
    assert_fails(train_flags(dataset, tmp_path / "run"), capsys, "train-00000-of-", ":0:", "40 x 80", "41 x 80")


@pytest.mark.parametrize(
    ("flag", "words", "status"),
    [
        ("--optimizer=sdg", ["optimizer", "sdg", "momentum"], 2),
        ("--batch_size=0", ["--batch_size=0", "at least 1"], 1),
        ("--learning_rate=fast", ["learning_rate", "fast"], 2),
        ("--preset=bse", ["--preset=bse", "fsns, base"], 1),
        ("--batchsize=3", ["batchsize"], 2),
        ("--crop_height=99", ["--crop_height=99", "40 x 80"], 1),
        ("--final_endpoint=Mixed_7c", ["--final_endpoint=Mixed_7c", "too small"], 1),
        ("--learning_rate_schedule=cosine", ["--max_number_of_steps"], 1),
        ("--checkpoint=nowhere.keras", ["nowhere.keras", "no such model file"], 1),
    ],
)
def test_wrong_flag_value(dataset, tmp_path, capsys, flag, words, status):
    assert_fails([*train_flags(dataset, tmp_path / "run"), flag], capsys, *words, status=status)


def other_records(dataset, **values):
    """A copy of the data set with other values in its dataset.json."""
    other = Path(shutil.copytree(dataset, dataset.parent / "other"))
    spec = json.loads((other / "dataset.json").read_text())
    (other / "dataset.json").write_text(json.dumps({**spec, **values}))
    return other


def test_data_sets_of_other_sizes(dataset, tmp_path, capsys):
    other = other_records(dataset, image_height=32)
    flags = train_flags(f"{dataset},{other}", tmp_path / "run")
    assert_fails(flags, capsys, f"{dataset} and {other}", "image_height 40 and 32", "anew", "--image_height=40")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--dataset_weights=1", ["--dataset_weights=1", "1 weights for 2 data sets"]),
        ("--dataset_weights=1,0", ["--dataset_weights=1,0", "'0'", "above 0"]),
        ("--dataset_name=a,b,c", ["--dataset_name=a,b,c", "3 names for 2 data sets"]),
        ("--curriculum=a:2,b", ["--curriculum=a:2,b", "--dataset_dir=", "leave one of them out"]),
    ],
)
def test_wrong_flag_for_several_data_sets(dataset, tmp_path, capsys, flag, words):
    flags = train_flags(f"{dataset},{other_records(dataset)}", tmp_path / "run")
    assert_fails([*flags, flag], capsys, *words)


@pytest.mark.parametrize(
    ("curriculum", "words"),
    [
        ("{0}:2,{0}:3", ["the last entry", "remove the step"]),
        ("{0}:2,{0}:2,{0}", ["step 2", "not above 2"]),
        ("{0}:2,none", ["--curriculum: none: no such folder"]),
    ],
)
def test_wrong_curriculum(dataset, tmp_path, capsys, curriculum, words):
    flags = [f"--train_log_dir={tmp_path / 'run'}", f"--curriculum={curriculum.format(dataset)}"]
    assert_fails(["train", *flags], capsys, *words)


@pytest.mark.slow
def test_loss_that_is_no_number_stops_without_saving(dataset, tmp_path, capsys):
    flags = ["--num_lstm_units=8", "--learning_rate=1e30", "--clip_gradient_norm=0", "--save_summaries_steps=1"]
    assert_fails([*train_flags(dataset, tmp_path / "run"), *flags], capsys, "the loss is", "--learning_rate")
    assert not list((tmp_path / "run").rglob("*.keras"))


def test_missing_flag(capsys):
    assert_fails(["train"], capsys, "--dataset_dir is missing")


def test_eval_without_a_checkpoint(dataset, tmp_path, capsys):
    assert_fails(["eval", f"--dataset_dir={dataset}", f"--train_log_dir={tmp_path}"], capsys, "has no checkpoint")
    assert_fails(["eval", f"--dataset_dir={dataset}"], capsys, "--train_log_dir", "--checkpoint")


def test_file_that_is_no_model(tmp_path, capsys):
    path = tmp_path / "model.keras"
    path.write_text("not a model")
    picture = tmp_path / "x.png"
    picture.write_bytes(b"not a picture")
    assert_fails(
        ["export", f"--checkpoint={path}", f"--export_dir={tmp_path / 'out'}"], capsys, "model.keras", "not a .keras"
    )
    assert not (tmp_path / "out").exists()
    flags = [f"--checkpoint={tmp_path / 'none'}", f"--image_path_pattern={picture}"]
    assert_fails(["demo_inference", *flags], capsys, "none", "no such model file")


def test_pattern_without_pictures(tmp_path, capsys):
    flags = ["--checkpoint=x.keras", f"--image_path_pattern={tmp_path}/sign_%02d.png"]
    assert_fails(["demo_inference", *flags], capsys, "sign_%02d.png", "no picture")


def test_folder_that_is_no_export(tmp_path, capsys):
    picture = tmp_path / "x.png"
    picture.write_bytes(b"")
    flags = [f"--checkpoint={tmp_path}", f"--image_path_pattern={picture}"]
    assert_fails(["demo_inference", *flags], capsys, "no SavedModel")


def test_model_and_records_of_other_charsets(dataset, tmp_path, capsys):
    run = tmp_path / "run"
    model = AttentionOcr(ModelConfig(final_endpoint="Mixed_5b"), DatasetSpec.load(dataset))
    RunDirectory(run).write_config(Config().replace(final_endpoint="Mixed_5b"), model.dataset)
    RunDirectory(run).save(model, 1, keep=1)
    (charset,) = dataset.glob("charset_size=*.txt")
    charset.write_text(charset.read_text().replace("\ta\n", "\tz\n"))
    spec = json.loads((dataset / "dataset.json").read_text())
    del spec["charset_sha256"]  # or the edited charset would be found by itself
    (dataset / "dataset.json").write_text(json.dumps(spec))
    assert_fails(
        ["eval", f"--dataset_dir={dataset}", f"--train_log_dir={run}"], capsys, ".keras", "charsets of 6 and 6 classes"
    )
    assert_fails(train_flags(dataset, run), capsys, "charsets of 6 and 6 classes", "--reset_train_dir")
