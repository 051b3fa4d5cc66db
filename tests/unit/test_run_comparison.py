"""`attention-ocr compare`: what event files and configs of runs tell, side by side."""

import json

import pytest

from attention_ocr.__main__ import main
from attention_ocr.config import Config
from attention_ocr.training import run_comparison
from attention_ocr.training.event_files import scalars
from attention_ocr.training.tensorboard import Summaries, write_scores

MEASURES = ("SequenceAccuracy", "CharacterAccuracy", "ExactMatch", "ExactMatchIgnoringCase", "NormalizedEditDistance")


def written(folder, losses, scores, resumed_at=0, **knobs):
    """Adds to a run's directory what training writes: step -> loss, step -> (exact match, 1 - N.E.D.)."""
    summaries = Summaries(folder / "train", resumed_at)
    for step, loss in losses.items():
        summaries.scalars({"loss/above_floor": loss, "speed/examples_per_second": 100 + step}, step)
    for step, (exact, similar) in scores.items():
        summaries.scalars({"validation/ExactMatch": exact, "validation/NormalizedEditDistance": similar}, step)
    summaries.close()
    (folder / "config.json").write_text(json.dumps(Config().replace(**knobs).to_dict()))
    return folder


@pytest.fixture
def runs(tmp_path):
    one = written(tmp_path / "one", {10: 4.0, 20: 1.0, 40: 0.01}, {20: (0.5, 0.8), 30: (0.7, 0.9), 40: (0.7, 0.8)})
    two = written(tmp_path / "two", {10: 2.0, 20: 0.5}, {20: (0.25, 0.5)}, learning_rate=0.5, seed=7)
    write_scores(two / "eval_test", {**dict.fromkeys(MEASURES, 0.125), "step": 20})
    return one, two


def test_a_run_tells_its_best_validation_and_where_it_is(runs):
    one, two = (run_comparison.load(str(path)) for path in runs)
    assert one.best == (30, pytest.approx(0.7))
    assert (one.step, two.step) == (40, 20)
    assert two.best == (20, 0.25)
    assert one.last("loss/above_floor") == pytest.approx(0.01)
    assert two.evaluated == {"test": 0.125}


def test_the_knobs_that_differ_are_told(runs):
    found = run_comparison.differing([run_comparison.load(str(path)) for path in runs])
    assert found == {"learning_rate": [Config().train.learning_rate, 0.5], "seed": [Config().train.seed, 7]}


def test_a_resumed_run_hides_what_it_did_again(tmp_path, monkeypatch):
    written(tmp_path, {10: 4.0, 20: 1.0, 30: 9.0}, {})
    (first,) = (tmp_path / "train").iterdir()
    first.rename(first.with_name("events.out.tfevents.0000000001.a.1"))
    written(tmp_path, {30: 0.5}, {}, resumed_at=20)
    assert scalars(tmp_path / "train")[0]["loss/above_floor"] == [(10, 4.0), (20, 1.0), (30, 0.5)]


def test_a_file_that_is_being_written_is_read_as_far_as_it_goes(tmp_path):
    written(tmp_path, {10: 4.0, 20: 1.0}, {})
    (path,) = (tmp_path / "train").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert (10, 4.0) in scalars(tmp_path / "train")[0]["loss/above_floor"]


def test_curves_have_one_scale_and_stand_at_their_steps():
    one, two = run_comparison.sparklines([[(0, 0.0), (23, 7.0)], [(12, 3.5)]], 24)
    assert one == "▁" + " " * 22 + "█"
    assert two == " " * 12 + "▅"
    assert run_comparison.sparklines([[], [(0, 2.0)]], 0) == ["", "▅"]


def test_the_table_shows_every_run(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["compare", *map(str, runs)]) == 0
    shown = capsys.readouterr().out
    assert all(str(path) in shown for path in runs)
    assert all(word in shown for word in ("0.7000", "0.2500", "0.1250", "learning_rate", "█"))


def test_json_holds_the_curves(runs, capsys):
    assert main(["compare", *map(str, runs), "--format=json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runs"][1]["curves"]["loss/above_floor"] == [[10, 2.0], [20, 0.5]]
    assert found["differing"]["seed"] == [Config().train.seed, 7]


def test_a_run_without_validation_is_shown(tmp_path, capsys):
    written(tmp_path / "run", {10: 4.0}, {})
    assert main(["compare", str(tmp_path / "run")]) == 0
    assert run_comparison.load(str(tmp_path / "run")).best is None


@pytest.mark.parametrize("arguments", [[], ["{folder}/none"], ["{folder}"]])
def test_what_is_no_run_is_refused(arguments, tmp_path, capsys):
    (tmp_path / "config.json").write_text("[]")
    assert main(["compare", *(word.format(folder=tmp_path) for word in arguments)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_jobs_without_arguments_refuse_them_still(capsys):
    assert main(["ready", "words"]) == 2
    assert "'words' is not a flag" in capsys.readouterr().err
