"""The jobs on two data sets of other alphabets: a run of both, resumed, evaluated on each, and one that takes turns."""

import io
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from drawn_words import draw_word
from eager import eagerly

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.data import dataset_mix
from attention_ocr.dataset_spec import DatasetSpec, Split
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.records.examples import write_example

pytestmark = pytest.mark.usefixtures("eager", "small_networks", "small_inception")
WORDS = {"one": ["ab", "ba", "bab", "a", "aab", "b"], "two": ["xbyx", "y", "xyxyx", "yb"]}
ALPHABETS = {"one": "ab", "two": "bxy"}
TINY = [
    *("--encoder=crnn", "--head=ctc", "--num_encoder_lstm_layers=0"),
    *("--batch_size=4", "--optimizer=adam", "--augmentation=light"),
    *("--save_interval_steps=3", "--save_summaries_steps=3", "--validation_examples=4"),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Records of 40 x 40 of `one` (K = 3, T = 3) and `two` (K = 4, T = 5); a test split of four words each."""
    return [_records(tmp_path_factory.mktemp(name), name) for name in WORDS]


def _records(folder, name):
    charset, T = Charset.from_labels([ALPHABETS[name]]), max(map(len, WORDS[name]))
    splits = {"train": Split("train-*", None), "validation": Split("test-*", 4), "test": Split("test-*", 4)}
    DatasetSpec(name, 1, 40, 40, T, charset, splits=splits, charset_file="charset.txt").save(folder)
    for split, words in (("train", WORDS[name]), ("test", WORDS[name][:4])):
        with tf.io.TFRecordWriter(str(folder / f"{split}-00000")) as writer:
            for word in words:
                file = io.BytesIO()
                draw_word(word, 40, 40).save(file, "PNG")
                ids = charset.encode(word)
                writer.write(write_example(file.getvalue(), "PNG", 40, 40, 40, ids, T, charset.null_id, word))
    return folder


def train(run, steps, *flags):
    return main(["train", f"--train_log_dir={run}", f"--max_number_of_steps={steps}", *TINY, *flags])


def weights_of(run, step):
    model = load_model(run / "checkpoints" / f"checkpoint-{step:08d}.keras")
    return [np.asarray(variable) for variable in model.weights]


def same_weights(run, other, step):
    pairs = zip(weights_of(run, step), weights_of(other, step), strict=True)
    return all(np.allclose(one, two, rtol=1e-5, atol=1e-5) for one, two in pairs)


@pytest.fixture(scope="module")
def mixed_run(folders, tmp_path_factory):
    """6 steps of both data sets, three of four pictures from the first."""
    run = tmp_path_factory.mktemp("mixed")
    one, two = folders
    with eagerly():
        assert train(run, 6, f"--dataset_dir={one},{two}", "--dataset_weights=3,1") == 0
    return run


def test_a_run_of_two_tells_what_it_learns_from_and_resumes(folders, mixed_run, tmp_path, capsys):
    one, two = folders
    run = shutil.copytree(mixed_run, tmp_path / "run")
    (run / "checkpoints" / "checkpoint-00000006.keras").unlink()
    assert train(run, 6, f"--dataset_dir={one},{two}", "--dataset_weights=3,1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  {one}: 6 records, 75% of the pictures, 3 classes" in lines
    assert f"  {two}: 4 records, 25% of the pictures, 2 new classes: 'x' 'y'" in lines
    assert "K=5, T=5" in "".join(lines)
    assert [line.endswith(" of 4") for line in lines if "validation: " in line] == [True]
    assert any(line.endswith("resumed at step 3") for line in lines)
    assert same_weights(mixed_run, run, 6)
    config = json.loads((mixed_run / "config.json").read_text())
    assert config["data"]["dataset_weights"] == "3,1"
    assert (config["dataset"]["name"], config["dataset"]["charset"]) == ("one+two", [["a"], ["b"], ["x"], ["y"], []])


def test_the_order_of_the_folders_is_part_of_a_run(folders, mixed_run, capsys):
    one, two = folders
    assert train(mixed_run, 7, f"--dataset_dir={two},{one}") == 1
    assert "charsets of 5 and 5 classes that are not the same" in capsys.readouterr().err


def test_a_model_of_both_is_evaluated_on_each(folders, mixed_run, capsys):
    for folder, name in zip(folders, WORDS, strict=True):
        flags = [f"--train_log_dir={mixed_run}", f"--dataset_dir={folder}", f"--eval_log_dir={mixed_run / name}"]
        assert main(["eval", *flags]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["num_examples"] == 4
        rows = [line.split("\t") for line in (mixed_run / name / "predictions.tsv").read_text().splitlines()[1:]]
        assert [row[1] for row in rows] == WORDS[name][:4]


def test_a_perfect_reader_of_both_has_all_right_on_each(folders, mixed_run, tmp_path, monkeypatch):
    """Scores compare in the model's classes, whatever the ids in the records."""
    from attention_ocr.reading import evaluation, record_evaluation
    from attention_ocr.reading.reader import Reader, Reading

    charset = load_model(mixed_run / "best.keras").dataset.charset
    for folder, name in zip(folders, WORDS, strict=True):
        ids = [np.array(charset.pad(charset.encode(word), 5)) for word in WORDS[name][:4]]
        readings = [Reading(charset.decode(row), 1.0, row, np.ones(5), None, (1, 1)) for row in ids]
        monkeypatch.setattr(Reader, "read_batch", lambda *_, found=readings: found)
        split = record_evaluation.EvaluationSplit(dataset_mix.parts_of(str(folder), ""), "test", 4)
        found = record_evaluation.evaluate_file(mixed_run / "best.keras", split, tmp_path)
        assert [found[measure] for measure in evaluation.MEASURES] == [1, 1, 1, 1, 1]


def test_a_model_of_one_is_not_evaluated_on_the_other(folders, tmp_path, capsys):
    one, two = folders
    model = AttentionOcr(ModelConfig(final_endpoint="Mixed_5b", num_lstm_units=8), DatasetSpec.load(one))
    model.save(tmp_path / "one.keras")
    assert main(["eval", f"--checkpoint={tmp_path / 'one.keras'}", f"--dataset_dir={two}"]) == 1
    assert "does not fit the data set 'two'" in capsys.readouterr().err


def test_a_curriculum_tells_its_change(folders, tmp_path, capsys):
    one, two = folders
    flags = [f"--curriculum={one}:2,{two}", "--validation_examples=0", "--save_summaries_steps=2"]
    assert train(tmp_path, 3, *flags) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  {two}: 4 records, from step 2 on, 2 new classes: 'x' 'y'" in lines
    change = lines.index(f"step 2  now learning from {two} (4 records)")
    assert lines[change - 1].startswith("step 2/3  loss")
    assert lines[change + 1].startswith("step 3/3  loss")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--dataset_weights=1,2,3"], "--dataset_weights=1,2,3: has 3 weights for 2 data sets"),
        (["--split_name=nope"], "--split_name=nope: data set 'one' has the splits: train, validation, test"),
    ],
)
def test_a_wrong_flag_ends_before_anything_is_written(folders, tmp_path, capsys, flags, told):
    one, two = folders
    assert train(tmp_path / "run", 2, f"--dataset_dir={one},{two}", *flags) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
