"""--early_stop_patience: a run ends when its validation gets no better, and a resumed one knows that it has."""

import pytest

from attention_ocr.config import TrainConfig
from attention_ocr.training import early_stopping
from attention_ocr.training.run_directory import Checkpoint, RunDirectory

VALIDATION = "ExactMatch and NormalizedEditDistance of the validation split"


@pytest.fixture
def scored(tmp_path):
    """A function that notes the score of a checkpoint every 10 steps, and returns the run."""

    def scored(*scores, what=VALIDATION):
        run = RunDirectory(tmp_path)
        for number, score in enumerate(scores, start=1):
            path = tmp_path / f"{number}.keras"
            path.write_bytes(b"")
            run.keep_if_best(Checkpoint(path, 10 * number), [score, 0.5], what)
        return run

    return scored


CONFIG = TrainConfig(save_interval_steps=10, early_stop_patience=3)


@pytest.mark.parametrize(
    ("scores", "step", "waited"),
    [
        ((0.1, 0.2, 0.3), 30, 0),
        ((0.1, 0.3, 0.2), 30, 1),
        ((0.3, 0.2, 0.2, 0.1), 40, 3),
        ((0.3, 0.3, 0.3, 0.3), 40, 3),  # as good is not better
        ((0.3, 0.2, 0.4, 0.1), 40, 1),
        ((0.3, 0.2), 25, 1),  # stopped between two checkpoints
        ((), 0, 0),
    ],
)
def test_checkpoints_without_a_better_score_are_counted(scores, step, waited, scored):
    run = scored(*scores)
    assert early_stopping.waited(run, step, CONFIG) == waited
    assert early_stopping.is_over(run, step, CONFIG) == (waited >= 3)


def test_the_line_tells_how_long_it_waits_and_that_it_stops(scored):
    run = scored(0.3, 0.2, 0.2, 0.1)
    assert early_stopping.told(run, 10, CONFIG) == ""
    assert early_stopping.told(run, 30, CONFIG) == "; nothing better since step 10 (2 of 3 checkpoints)"
    assert early_stopping.told(run, 40, CONFIG) == "; nothing better since step 10: stopping early"


def test_it_is_off_by_default_and_needs_a_validation(scored):
    run = scored(0.3, 0.2, 0.2, 0.1)
    assert not early_stopping.is_over(run, 10**6, TrainConfig(save_interval_steps=10))
    assert early_stopping.told(run, 40, TrainConfig(save_interval_steps=10)) == ""
    other = scored(0.9, 0.1, what="training loss above the floor, negative")
    assert not early_stopping.is_over(other, 10**6, CONFIG)
