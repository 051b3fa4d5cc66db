"""A run directory keeps the newest and the best, never half a file, and refuses what does not fit."""

from pathlib import Path

import keras
import numpy as np
import pytest

from attention_ocr import files
from attention_ocr.config import Config, ModelConfig, TrainConfig
from attention_ocr.errors import UserError
from attention_ocr.model import model_file
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import loop, optimizers, run_directory
from attention_ocr.training.run_directory import RunDirectory

pytestmark = pytest.mark.usefixtures("small_inception")
SMALL = {"num_lstm_units": 8, "final_endpoint": "Mixed_5b"}


class Marked:
    """Stands for a model: its file is its step."""

    step = 0

    def save(self, path):
        Path(path).write_text(str(self.step))


class Interrupted(Marked):
    def save(self, path):
        Path(path).write_text("half")
        raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "run")


def names(run):
    return sorted(str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file())


def compiled(make_spec, optimizer="momentum", **knobs):
    model = AttentionOcr(ModelConfig(**{**SMALL, **knobs}), make_spec())
    model.compile(optimizers.build(TrainConfig(optimizer=optimizer)))
    return model


def test_the_newest_are_kept_and_found_by_their_step(run):
    assert run.newest() is None
    for step in (1, 5, 200_000_000, 20):
        run.save(Marked(), step, keep=3)
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [5, 20, 200_000_000]
    assert run.newest_file() == run.path / "checkpoints" / "checkpoint-200000000.keras"
    assert run.newest_file().read_text() == "200000000"


def test_files_of_others_are_no_checkpoints(run):
    run.save(Marked(), 7, keep=1)
    for name in ("checkpoint-9.keras.tmp", "checkpoint-new.keras", ".checkpoint-00000009-ab.keras", "notes.txt"):
        (run.path / "checkpoints" / name).touch()
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [7]


def test_without_a_checkpoint_the_way_out_is_said(run):
    with pytest.raises(UserError, match=r"--train_log_dir=.*run: has no checkpoint; train writes one there"):
        run.newest_file()


def test_the_best_outlives_the_newest_and_of_equals_the_later_is_best(run):
    scores = {1: [0.2, 0.5], 2: [0.6, 0.7], 3: [0.6, 0.6], 4: [0.1, 0.9], 5: [0.6, 0.7], 6: [0.5, 0.9]}
    kept = [
        step for step, score in scores.items() if run.keep_if_best(run.save(Marked(), step, 1), score, "ExactMatch")
    ]
    assert kept == [1, 2, 5]
    assert (run.path / "best.keras").read_text() == "5"
    assert names(run) == ["best.json", "best.keras", "checkpoints/checkpoint-00000006.keras"]
    assert files.read_json(run.path / "best.json") == {"what": "ExactMatch", "score": [0.6, 0.7], "step": 5, "since": 2}


def test_another_measure_begins_anew(run):
    assert run.keep_if_best(run.save(Marked(), 1, 1), [-0.1], "training loss")
    assert run.keep_if_best(run.save(Marked(), 2, 1), [-5.0], "validation")
    assert (run.path / "best.keras").read_text() == "2"


def test_an_interrupted_save_leaves_what_was_there(run):
    run.save(Marked(), 1, keep=1)
    with pytest.raises(KeyboardInterrupt):
        run.save(Interrupted(), 2, keep=1)
    assert names(run) == ["checkpoints/checkpoint-00000001.keras"]


MINE = (
    *("notes.txt", "train/my_photos.txt", "train/events.txt", "checkpoints/checkpoint-9.keras.bak", "mended/photo.png"),
    *("checkpoints/mine.keras", "eval_test/predictions.tsv", "best.keras.old", "data/config.json", "tfevents"),
)
WRITTEN = (
    *("bad_records.json", "train/events.out.tfevents.1700000000.host.7", "mended/0a1b2c3d-train-00000-of-00003"),
    *("checkpoints/.checkpoint-00000009-0a1b2c3d.keras", ".best-0a1b2c3d.keras", ".config-0a1b2c3d.json"),
    *("compiled/gpu/jit_train_step-0a1b2c3d-cache", "compiled/cpu-host/jit_train_step-0a1b2c3d-atime"),
)


def test_reset_removes_what_a_run_wrote_and_nothing_else(run, make_spec):
    run.keep_if_best(run.save(Marked(), 1, 1), [1.0], "x")
    run.write_config(Config(), make_spec())
    for name in (*MINE, *WRITTEN):
        files.write_text(run.path / name, "")
    run.check_resettable()
    run.reset()
    assert names(run) == sorted(MINE)


def test_reset_leaves_no_empty_folder_of_a_run(run, make_spec):
    run.save(Marked(), 1, 1)
    run.write_config(Config(), make_spec())
    for name in WRITTEN:
        files.write_text(run.path / name, "")
    run.reset()
    assert list(run.path.iterdir()) == []


@pytest.mark.parametrize(
    "config", [None, "no json", "[]", '{"model_type": "bert"}', '{"attention_ocr": "1", "model": {}}']
)
def test_a_folder_that_is_no_run_is_not_reset(run, config):
    run.check_resettable()  # it is not there
    run.path.mkdir()
    run.check_resettable()  # it is empty
    files.write_text(run.path / "train" / "my_photos.txt", "mine")
    if config is not None:
        files.write_text(run.path / "config.json", config)
    with pytest.raises(UserError) as error:
        run.check_resettable()
    assert str(error.value) == (
        f"--reset_train_dir: {run.path} has no config.json of a run, so nothing is removed there; give another "
        "--train_log_dir, or empty it yourself"
    )


def test_the_config_of_a_run_is_written_in_full(run, make_spec):
    run.write_config(Config().replace(num_lstm_units=64), make_spec())
    found = files.read_json(run.path / "config.json")
    assert found["model"]["num_lstm_units"] == 64
    assert found["backend"] == keras.backend.backend()
    assert Config.from_dict({name: found[name] for name in ("model", "data", "train")}).model.num_lstm_units == 64


def test_what_changes_when_a_run_goes_on_is_told(run, make_spec):
    run.write_config(Config().replace(dataset_weights="1,1"), make_spec())
    changed = run.changes(Config().replace(dataset_weights="3,1", learning_rate=0.5))
    assert changed == ["dataset_weights '1,1' -> '3,1'", "learning_rate 0.004 -> 0.5"]


def test_a_run_of_format_1_is_compared_as_it_would_be_written_now(run, make_spec):
    config = Config().replace(head="slice")
    written = run.write_config(config, make_spec())
    del written["format_version"], written["model"]["turn_right_to_left"]
    written["model"] |= {"head": "attention", "use_attention": False}
    written["train"] |= {"learning_rate_decay_rate": 0.8}
    files.write_json(run.path / "config.json", written)
    run.save(Marked(), 1, 1)
    run.check_resumable(config, make_spec())
    assert run.changes(config) == []
    with pytest.raises(UserError, match="head slice and attention"):
        run.check_resumable(Config(), make_spec())


def test_resuming_another_network_or_data_set_is_refused_by_name(run, make_spec):
    config, spec = Config().replace(**SMALL), make_spec()
    run.check_resumable(config, spec)
    run.write_config(config, spec)
    run.check_resumable(config.replace(num_lstm_units=9), spec)  # no checkpoint yet: nothing to resume
    run.save(Marked(), 1, 1)
    run.check_resumable(config.replace(learning_rate=1.0, batch_size=2), spec)
    with pytest.raises(UserError) as error:
        run.check_resumable(config.replace(num_lstm_units=9, head="slice"), make_spec(image_height=50))
    assert (
        f"--train_log_dir={run.path}: the run there and the flags disagree (then and now: "
        "head attention and slice, num_lstm_units 8 and 9, image_height 40 and 50); give the same flags"
    ) in str(error.value)


def test_weights_and_optimizer_come_back(run, make_spec):
    model = compiled(make_spec)
    variables = model.trainable_variables
    model.optimizer.build(variables)
    model.optimizer.apply([keras.ops.ones(variable.shape) for variable in variables], variables)
    checkpoint = run.save(model, 1, keep=1)
    again = compiled(make_spec)
    run_directory.restore(again, checkpoint)
    assert int(again.optimizer.iterations) == 1
    for ours, theirs in zip(
        again.weights + again.optimizer.variables, model.weights + model.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), err_msg=ours.path)


def test_a_run_goes_on_after_steps_that_float16_skipped(run, make_spec):
    """Its optimiser counts fewer steps than were done."""
    if keras.backend.backend() == "jax":
        pytest.skip("on jax Keras scales the loss in a traced step only")

    def half():
        with loop.precision("float16"):
            model = AttentionOcr(ModelConfig(**SMALL), make_spec())
            model.compile(optimizers.build(TrainConfig()))
        model.optimizer.build(model.trainable_variables)
        return model

    model = half()
    variables = model.trainable_variables
    for gradient in (np.inf, 1.0, np.nan):
        model.optimizer.apply([keras.ops.full(variable.shape, gradient) for variable in variables], variables)
    assert int(model.optimizer.iterations) == 1
    again = half()
    run_directory.restore(again, run.save(model, 3, keep=1))
    assert int(again.optimizer.iterations) == 1
    assert float(again.optimizer.dynamic_scale) == float(model.optimizer.dynamic_scale)


def test_a_checkpoint_under_another_name_is_not_gone_on_from(run, make_spec):
    checkpoint = saved(run, make_spec)
    renamed = checkpoint.path.rename(checkpoint.path.with_name("checkpoint-00000004.keras"))
    with pytest.raises(
        UserError, match=r"checkpoint-00000004\.keras: was saved at step 3; give it the name it had, ch"
    ):
        run_directory.restore(compiled(make_spec), run_directory.Checkpoint(renamed, 4))


def test_a_checkpoint_without_an_optimizer_is_not_gone_on_from(run, make_spec):
    checkpoint = run.save(AttentionOcr(ModelConfig(**SMALL), make_spec()), 3, keep=1)
    with pytest.raises(UserError, match=r"checkpoint-00000003\.keras: holds no state of the optimiser asked for"):
        run_directory.restore(compiled(make_spec), checkpoint)


def test_a_checkpoint_of_no_numbers_is_not_gone_on_from(run, make_spec):
    model = compiled(make_spec)
    model.optimizer.build(model.trainable_variables)
    model.decoder.weights[0].assign(model.decoder.weights[0] * np.nan)
    with pytest.raises(UserError) as error:
        run_directory.restore(compiled(make_spec), run.save(model, 3, keep=1))
    assert "checkpoint-00000003.keras: 1 of " in str(error.value)
    assert "variables hold values that are no numbers, first decoder/" in str(error.value)
    assert str(error.value).endswith("; remove it to go on from the checkpoint before it")


def saved(run, make_spec):
    model = compiled(make_spec)
    model.optimizer.build(model.trainable_variables)
    return run.save(model, 3, keep=1)


def test_a_damaged_checkpoint_is_one_line_wherever_the_damage_is(run, make_spec):
    checkpoint, again = saved(run, make_spec), compiled(make_spec)
    whole, told = checkpoint.path.read_bytes(), []
    random = np.random.default_rng(0)
    places = [*range(0, 60, 9), *random.integers(60, len(whole) - 300, 4), *range(len(whole) - 300, len(whole), 40)]
    for place in places:
        content = bytearray(whole)
        content[place] ^= 0x21
        checkpoint.path.write_bytes(content)
        try:
            run_directory.restore(again, checkpoint)
        except UserError as error:
            told.append(str(error))
    assert len(told) > 0.4 * len(places)  # the rest hit what nobody reads: dates, attributes
    way_out = "; remove it to go on from the checkpoint before it"
    assert [one for one in told if not one.startswith(f"{checkpoint.path}: ") or not one.endswith(way_out)] == []
    assert not any("\n" in one for one in told)


@pytest.mark.parametrize("precision", ["none", "float16"])
def test_files_have_the_averages_and_learning_goes_on_from_the_weights(run, make_spec, precision):
    if precision == "float16" and keras.backend.backend() == "jax":
        pytest.skip("on jax Keras scales the loss in a traced step only")

    def averaging():
        with loop.precision(precision):
            model = AttentionOcr(ModelConfig(**SMALL), make_spec())
            model.compile(optimizers.build(TrainConfig(moving_average_decay=0.9)))
        return model

    model = averaging()
    variables = model.trainable_variables
    model.optimizer.build(variables)
    for _ in range(2):
        model.optimizer.apply([keras.ops.full(variable.shape, 1e6) for variable in variables], variables)
    weights = [np.asarray(variable).copy() for variable in variables]
    with optimizers.averaged(model):
        averages = [np.asarray(variable).copy() for variable in variables]
        checkpoint = run.save(model, 2, keep=1)
    assert all((one != other).any() for one, other in zip(weights, averages, strict=True))
    again = averaging()
    run_directory.restore(again, checkpoint)
    for found, expected in (
        (variables, weights),
        (model_file.load_model(checkpoint.path).trainable_variables, averages),
        (again.trainable_variables, weights),
    ):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(one), other)


def test_a_run_with_averages_is_not_resumed_without(run, make_spec):
    run.write_config(Config().replace(moving_average_decay=0.99), make_spec())
    run.save(Marked(), 1, 1)
    run.check_resumable(Config().replace(moving_average_decay=0.9), make_spec())
    with pytest.raises(UserError, match=r"disagree \(then and now: moving_average_decay 0\.99 and 0\.0\)"):
        run.check_resumable(Config(), make_spec())


def test_restoring_what_does_not_fit_is_refused(run, make_spec):
    model = compiled(make_spec)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(3)
    checkpoint = run.save(model, 3, keep=1)
    with pytest.raises(UserError, match=r"checkpoint-00000003\.keras: does not fit the network or the optimiser"):
        run_directory.restore(compiled(make_spec, num_lstm_units=9), checkpoint)


def test_a_damaged_checkpoint_is_told_with_the_way_out(run, make_spec):
    model = compiled(make_spec)
    model.optimizer.build(model.trainable_variables)
    checkpoint = run.save(model, 3, keep=1)
    data = bytearray(checkpoint.path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    checkpoint.path.write_bytes(data)
    with pytest.raises(
        UserError, match=r"checkpoint-00000003\.keras: is not a \.keras .*; remove it to go on from the"
    ):
        run_directory.restore(model, checkpoint)


@pytest.mark.parametrize(("saved", "asked"), [("momentum", "adam"), ("adam", "momentum"), ("adadelta", "momentum")])
def test_resuming_with_another_optimizer_is_refused(run, make_spec, saved, asked):
    model = compiled(make_spec, saved)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(3)
    with pytest.raises(UserError, match=r"checkpoint-00000003\.keras: ") as error:
        run_directory.restore(compiled(make_spec, asked), run.save(model, 3, keep=1))
    assert "\n" not in str(error.value)
