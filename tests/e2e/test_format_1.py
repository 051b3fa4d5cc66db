"""What attention-ocr 0.1.0 wrote: its model files read the same, and its runs go on. See tests/fixtures/format_1."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attention_ocr.__main__ import main
from attention_ocr.reading.reader import Reader
from tests.fixtures.format_1 import drawing

FOLDER = Path(drawing.__file__).parent
PICTURES = {"lines": drawing.line_pictures, "signs": drawing.sign_pictures}


def told(name):
    return json.loads((FOLDER / name / "expected.json").read_text())


def checkpoint(name):
    (path,) = (FOLDER / name / "run" / "checkpoints").iterdir()
    return path


@pytest.mark.parametrize("name", PICTURES)
def test_a_model_file_reads_the_same_texts_and_logits(name):
    reader, pictures = Reader.load(checkpoint(name)), PICTURES[name]()
    assert reader.step == told(name)["step"]
    readings = reader.read(pictures)
    assert [reading.text for reading in readings] == told(name)["texts"]
    assert [reading.confidence for reading in readings] == pytest.approx(told(name)["confidences"], abs=1e-5)
    prepared = [reader.prepare(picture) for picture in pictures]
    pixels, sizes = reader.geometry.canvas.batch(prepared) if reader.geometry.canvas else (np.stack(prepared), None)
    outputs = reader.backend.predict(pixels, sizes)
    expected = np.load(FOLDER / name / "logits.npz")["logits"]
    for row, logits in enumerate(expected):
        columns = int(outputs["feature_sizes"][row, 1]) if sizes is not None else len(logits)
        np.testing.assert_allclose(np.asarray(outputs["chars_logit"])[row, :columns], logits[:columns], atol=1e-5)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", PICTURES)
def test_a_run_goes_on_with_the_losses_it_would_have_had(name, tmp_path, capsys):
    expected, run = told(name), tmp_path / "run"
    shutil.copytree(FOLDER / name / "run", run)
    steps = len(expected["scalars"]["loss/sequence"])
    flags = [f"--dataset_dir={FOLDER / name / 'records'}", f"--train_log_dir={run}", "--validation_examples=0"]
    assert main(["train", *flags, f"--max_number_of_steps={expected['step'] + steps}", *expected["flags"]]) == 0
    assert f"resumed at step {expected['step']}" in capsys.readouterr().out
    found = EventAccumulator(str(run / "train")).Reload()
    for tag, values in expected["scalars"].items():
        assert [event.step for event in found.Scalars(tag)] == [expected["step"] + 1, expected["step"] + 2]
        assert [event.value for event in found.Scalars(tag)] == pytest.approx(values, rel=1e-4, abs=1e-5)
