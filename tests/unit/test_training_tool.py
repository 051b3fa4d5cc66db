"""tools/train_ready_reader.py: what it hands on where its minutes were few."""

import json

import pytest

from attention_ocr.errors import UserError
from tools.train_ready_reader import trained


@pytest.fixture
def run(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    return tmp_path


def test_the_best_model_of_a_run_is_taken(run):
    (run / "checkpoints/checkpoint-00000008.keras").touch()
    (run / "best.keras").touch()
    (run / "best.json").write_text(json.dumps({"step": 4, "what": "ExactMatch", "score": [0.5]}))
    assert trained(run, 9) == (run / "best.keras", "Best of the run, step 4: ExactMatch [0.5]")


def test_the_last_model_is_taken_where_none_was_looked_at(run):
    for step in (3, 12):
        (run / f"checkpoints/checkpoint-{step:08d}.keras").touch()
    path, told = trained(run, 9)
    assert path == run / "checkpoints/checkpoint-00000012.keras"
    assert told == "Last of the run, step 12, not looked at"


def test_minutes_that_were_too_few_are_told(run):
    with pytest.raises(UserError, match=r"^--minutes=0.1: were over before the first step was made; give more$"):
        trained(run, 0.1)
