"""MLflow and Weights & Biases are told what TensorBoard is, and how a run ends."""

import json
import sys
import types

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attention_ocr.config import Config
from attention_ocr.errors import UserError
from attention_ocr.training import trackers
from attention_ocr.training.tensorboard import Summaries

CONFIG = {**Config().to_dict(), "backend": "tensorflow", "dataset": {"name": "words", "charset": [["a"]]}}


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    library = pytest.importorskip("mlflow", reason="mlflow is not installed: pip install 'attention-ocr[mlflow]'")
    library.set_tracking_uri(f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/runs.db")
    return library


@pytest.fixture
def wandb(tmp_path, monkeypatch):
    library = pytest.importorskip("wandb", reason="wandb is not installed: pip install 'attention-ocr[wandb]'")
    for name, value in (("WANDB_MODE", "offline"), ("WANDB_DIR", str(tmp_path)), ("WANDB_SILENT", "true")):
        monkeypatch.setenv(name, value)
    return library


class Noting:
    """A library like wandb's that notes what it is told."""

    def __init__(self, run_id="r1", fails=()):
        self.told, self.run_id, self.fails = [], run_id, fails

    def __call__(self, method, *arguments, **options):
        self.told.append((method, arguments, options))
        if method in self.fails:
            raise ConnectionError(f"{method} failed\nmore lines")

    def init(self, **options):
        self("init", **options)
        return types.SimpleNamespace(
            id=self.run_id,
            log=lambda values, step: self("log", values, step),
            finish=lambda exit_code: self("finish", exit_code),
        )

    def of(self, method):
        return [arguments for name, arguments, _ in self.told if name == method]


@pytest.fixture
def noting(monkeypatch):
    """A function that puts a Noting in wandb's place."""

    def put(**values):
        library = Noting(**values)
        monkeypatch.setitem(sys.modules, "wandb", library)
        return library

    return put


def test_a_tracker_is_told_what_tensorboard_is(noting, tmp_path):
    library = noting()
    with trackers.tracking("wandb", CONFIG, tmp_path) as tracker:
        summaries = Summaries(tmp_path / "train", tracker=tracker)
        summaries.scalars({"loss/total": 1.5, "accuracy/ExactMatch": 0.25}, 7)
        summaries.close()
    assert library.of("log") == [({"loss/total": 1.5, "accuracy/ExactMatch": 0.25}, 7)]
    found = EventAccumulator(str(tmp_path / "train")).Reload()
    assert [event.value for event in found.Scalars("loss/total")] == [1.5]
    (_, _, options) = library.told[0]
    assert options["name"] == tmp_path.name
    assert options["config"]["learning_rate"] == Config().train.learning_rate
    assert options["config"]["dataset.name"] == "words"
    assert not any(isinstance(value, dict | list) for value in options["config"].values())
    assert library.of("finish") == [(0,)]


@pytest.mark.parametrize("error", [UserError("no"), KeyboardInterrupt(), RuntimeError("x")], ids=repr)
def test_a_failed_run_ends_as_failed(noting, tmp_path, error):
    library = noting()
    with pytest.raises(type(error)), trackers.tracking("wandb", CONFIG, tmp_path):
        raise error
    assert library.of("finish") == [(1,)]


def test_a_later_job_goes_on_with_the_same_run(noting, tmp_path):
    for run_id in ("r1", "r2"):
        library = noting(run_id=run_id)
        with trackers.tracking("wandb", CONFIG, tmp_path):
            pass
    options = library.told[0][2]
    assert (options["id"], options["resume"]) == ("r1", "allow")


def test_a_tracker_that_fails_does_not_end_the_training(noting, tmp_path, capsys):
    library = noting(fails=("log",))
    with trackers.tracking("wandb", CONFIG, tmp_path) as tracker:
        for step in (1, 2):
            tracker.scalars({"loss": 1.0}, step)
    assert len(library.of("log")) == 1
    told = [line for line in "".join(capsys.readouterr()).splitlines() if "tracker" in line]
    assert told == ["warning: --experiment_tracker=wandb: log failed; training goes on without it"]


def test_one_that_cannot_begin_is_one_line(noting, tmp_path):
    noting(fails=("init",))
    with pytest.raises(UserError) as error, trackers.tracking("wandb", CONFIG, tmp_path):
        pass
    assert str(error.value) == "--experiment_tracker=wandb: init failed"


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_library_is_one_line_that_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(UserError) as error:
        trackers.library_of(name)
    wanted = f"needs {name}, which is not installed: pip install 'attention-ocr[{name}]'"
    assert str(error.value) == f"--experiment_tracker={name}: {wanted}"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("error", [None, UserError("no")], ids=["finished", "failed"])
def test_mlflow_has_scalars_knobs_and_the_end(mlflow, tmp_path, error):
    def told(step):
        with trackers.tracking("mlflow", CONFIG, tmp_path) as tracker:
            tracker.scalars({"loss/total": 1.5 / step, "accuracy/ExactMatch": 0.25}, step)
            if error:
                raise error

    for step in (1, 2):  # the second job goes on with the first one's run
        if error:
            with pytest.raises(UserError):
                told(step)
        else:
            told(step)
    run_id = json.loads((tmp_path / trackers.ID_FILE).read_text())["mlflow"]
    run = mlflow.get_run(run_id)
    assert run.info.status == ("FAILED" if error else "FINISHED")
    assert run.data.params["learning_rate"] == str(Config().train.learning_rate)
    history = mlflow.MlflowClient().get_metric_history(run_id, "loss/total")
    assert [(point.step, point.value) for point in history] == [(1, 1.5), (2, 0.75)]


@pytest.mark.filterwarnings("default")
def test_wandb_writes_its_files_offline(wandb, tmp_path):
    with trackers.tracking("wandb", CONFIG, tmp_path) as tracker:
        tracker.scalars({"loss/total": 1.5}, 1)
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
