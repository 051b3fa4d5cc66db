"""`eval --report` and `--suspects` as a user runs them, on two data sets and against another model."""

import json
import re
import shutil
from pathlib import Path

import pytest
import recounting
from eager import eagerly

from attention_ocr.__main__ import main
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.network import AttentionOcr
from attention_ocr.records import suspects

pytestmark = pytest.mark.usefixtures("eager")
SIZES = {"encoder": "crnn", "head": "ctc", "num_encoder_lstm_layers": 0}


@pytest.fixture(scope="module")
def folders(sized_dataset, tmp_path_factory):
    """A data set, and a copy of it under another name."""
    folder = tmp_path_factory.mktemp("folders")
    for name in ("one", "two"):
        shutil.copytree(sized_dataset("keep_height"), folder / name)
    return folder


@pytest.fixture(scope="module")
def model_file(folders):
    """A model that was never trained."""
    model = AttentionOcr(ModelConfig(**SIZES), DatasetSpec.load(folders / "one"))
    model.save(folders / "model.keras")
    return folders / "model.keras"


@pytest.fixture(scope="module")
def read(folders, model_file):
    """A function from flags to where `eval` wrote."""

    def read(name, *flags, split="test"):
        log_dir = folders / name
        command = [f"--dataset_dir={folders / 'one'},{folders / 'two'}", f"--checkpoint={model_file}"]
        with eagerly():
            assert main(["eval", *command, f"--split_name={split}", f"--eval_log_dir={log_dir}", *flags]) == 0
        return log_dir

    return read


@pytest.fixture(scope="module")
def log_dir(read, folders):
    """A report on the test splits, against the readings of another model, which are all right but one."""
    first = read("first", f"--report={folders / 'first'}")
    rows = (first / "predictions.tsv").read_text().splitlines()
    others = [rows[0]]
    for number, row in enumerate(rows[1:]):
        record, truth, _, *rest = row.split("\t")
        others.append("\t".join([record, truth, "wrong" if number == 3 else truth, *rest]))
    (folders / "others.tsv").write_text("\n".join(others) + "\n")
    against = f"--report_against={folders / 'others.tsv'}"
    return read("second", f"--report={folders / 'second' / 'page.html'}", against)


def test_every_number_of_the_report_is_what_predictions_say(log_dir):
    told = json.loads((log_dir / "page.json").read_text())
    rows = recounting.rows_of(log_dir / "predictions.tsv")
    recounting.check(told, rows)
    assert told["num_examples"] == len(rows) == 16
    assert len(told["groups"]["dataset"]) == 2
    assert len(told["groups"]["width"]) > 1
    right = [row["truth"] == row["read"] for row in rows]
    versus = told["comparison"]
    assert versus["fixed"] == int(right[3])
    assert versus["broken"] == sum(not one for number, one in enumerate(right) if number != 3)
    assert versus["p"] == pytest.approx(recounting.mcnemar(versus["fixed"], versus["broken"]))
    assert versus["measures"]["ExactMatch"]["value"] == 15 / 16


def test_the_page_shows_pictures_and_where_the_network_looked_and_needs_nothing_else(log_dir):
    html = (log_dir / "page.html").read_text()
    assert not re.search(r"(?:src|href)=\"(?!data:)|https?:|<script", html)
    rows = recounting.rows_of(log_dir / "predictions.tsv")
    assert html.count('alt="where it looked"') >= sum(bool(row["read"]) for row in rows)
    assert all(row["record"] in html for row in rows)


def test_suspects_are_listed_shown_and_warned_of(read, folders, capsys):
    target = folders / "suspects.tsv"
    log_dir = read("third", f"--suspects={target}", "--suspect_confidence=0.1")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    rows = [row.split("\t") for row in (log_dir / "predictions.tsv").read_text().splitlines()[1:]]
    sure = [row for row in rows if row[1] != row[2] and float(row[3]) >= 0.1]
    assert told["num_suspects"] == len(sure) > 0
    found = suspects.read(str(target), str(folders / "one"))
    assert {(s.record, s.truth, s.read) for s in found.values()} == {tuple(row[:3]) for row in sure}
    html = Path(target).with_suffix(".html").read_text()
    assert all(suspect.record in html for suspect in found.values())
    main(["validate_dataset", f"--dataset_dir={folders / 'one'}", f"--suspects={target}", "--format=json"])
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert warnings["suspect_label"]["count"] == len(found)


def test_a_label_that_was_mended_is_no_suspect_any_more(folders, capsys):
    listed = [suspects.Suspect("test-00000-of-00001:0", "not its label", "x", 0.9)]
    suspects.write(folders / "mended.tsv", listed)
    main(["validate_dataset", f"--dataset_dir={folders / 'one'}", f"--suspects={folders / 'mended.tsv'}"])
    assert "suspect_label" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--report=out.json"], "--report=out.json: is neither a folder nor a page"),
        (["--suspects=out.html"], "--suspects=out.html: is a list of tab-separated lines"),
        (["--report_against=words"], "--report_against=words: has no effect without --report"),
        (["--suspect_confidence=0.9"], "--suspect_confidence=0.9: has no effect without --suspects"),
        (["--report=r", "--report_against=none.tsv"], "none.tsv: cannot be read"),
    ],
)
def test_wrong_flags_are_told_before_anything_is_read(flags, message, folders, model_file, capsys, tmp_path):
    command = ["eval", f"--dataset_dir={folders / 'one'}", f"--checkpoint={model_file}", f"--eval_log_dir={tmp_path}"]
    assert main([*command, *flags]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_table_that_is_no_list_of_suspects_is_refused(folders, capsys):
    path = folders / "other.tsv"
    path.write_text("a\tb\n")
    assert main(["validate_dataset", f"--dataset_dir={folders / 'one'}", f"--suspects={path}"]) == 1
    assert f"--suspects={path}: is no list that `attention-ocr eval --suspects` writes" in capsys.readouterr().err
