"""TensorBoard files: what is written can be read back, and a full disk is one line."""

import resource

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from attention_ocr.errors import UserError
from attention_ocr.training.tensorboard import Summaries


@pytest.fixture
def small_disk():
    """Files cannot become larger than 2,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_tensorboard_shows_what_was_written(tmp_path):
    summaries = Summaries(tmp_path)
    summaries.scalars({"loss/total": 1.5, "speed": 2.0}, 3)
    summaries.run({"model": {"head": "ctc"}}, 3)
    pictures = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)
    summaries.input_pictures({"originals": pictures}, 3)
    found = EventAccumulator(str(tmp_path)).Reload()  # while the file is still open
    assert [(event.step, event.value) for event in found.Scalars("loss/total")] == [(3, 1.5)]
    (picture,) = found.Images("input/1_before_augmentation")
    assert (picture.height, picture.width) == (8, 6)
    assert b'"head": "ctc"' in found.Tensors("run/text_summary")[0].tensor_proto.string_val[0]
    summaries.close()


def test_what_a_former_run_wrote_later_is_hidden(tmp_path):
    first = Summaries(tmp_path)
    for step in (1, 2, 3):
        first.scalars({"loss": float(step)}, step)
    first.close()
    again = Summaries(tmp_path, step=2)
    again.scalars({"loss": 30.0}, 3)
    again.close()
    assert len(list(tmp_path.iterdir())) <= 2
    values = {event.step: event.value for event in EventAccumulator(str(tmp_path)).Reload().Scalars("loss")}
    assert values[3] == 30.0


def test_a_full_disk_is_one_line_and_leaves_whole_records(tmp_path, small_disk):
    summaries, written = Summaries(tmp_path), []

    def write_on():
        for step in range(1000):
            summaries.scalars({"loss": 1.0}, step)
            written.append(step)

    with pytest.raises(UserError) as error:
        write_on()
    summaries.close()
    (path,) = tmp_path.iterdir()
    assert str(error.value) == f"{path}: cannot be written (File too large)"
    steps = [event.step for event in EventFileLoader(str(path)).Load()]
    assert steps[-1] == written[-1]


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "train").touch()
    with pytest.raises(UserError, match=r"train/events\.out\.tfevents\.\S+: cannot be written \("):
        Summaries(tmp_path / "train")
