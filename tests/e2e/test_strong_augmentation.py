"""Runs that learn with --augmentation=strong, and what a page and TensorBoard show of it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from small_jobs import QUICK
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attention_ocr.__main__ import main
from attention_ocr.model.model_file import load_model

STRONG = [*QUICK, "--augmentation=strong", "--augment_share=1", "--save_interval_steps=2", "--validation_examples=0"]


@pytest.fixture(scope="module")
def flags(sized_dataset):
    """A function from a run's directory and flags to those of `train`."""
    folder = sized_dataset("keep_height")
    return lambda run, *more: ["train", f"--dataset_dir={folder}", f"--train_log_dir={run}", *STRONG, *more]


def weights_of(run, step):
    return load_model(run / "checkpoints" / f"checkpoint-{step:08d}.keras").get_weights()


@pytest.mark.slow
def test_a_resumed_run_draws_what_it_would_have_drawn(flags, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for run, steps in ((whole, 4), (parts, 2), (parts, 4)):
        assert main(flags(run, f"--max_number_of_steps={steps}")) == 0
    for ours, expected in zip(weights_of(parts, 4), weights_of(whole, 4), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
    images = EventAccumulator(str(whole / "train"), {"images": 1}).Reload()
    shown = [np.asarray(Image.open(io.BytesIO(images.Images(name)[0].encoded_image_string))) for name in _NAMES]
    assert shown[0].shape == shown[1].shape
    assert np.abs(shown[0].astype(float) - shown[1]).mean() > 3


_NAMES = ("input/1_before_augmentation", "input/2_augmented")


@pytest.mark.parametrize(
    ("flag", "least", "most"),
    [("--augment_blur=1.5", 5, 100), pytest.param("--augment_share=0", 0, 3, marks=pytest.mark.slow)],
)
def test_the_page_shows_pictures_without_their_padding_as_the_knobs_say(
    sized_dataset, capsys, tmp_path, flag, least, most
):
    folder, page = sized_dataset("keep_height"), tmp_path / "page.html"
    main(["validate_dataset", f"--dataset_dir={folder}", f"--sample={page}", "--augmentation=strong", flag])
    capsys.readouterr()
    found = re.findall(r'src="data:image/(png|jpeg);base64,([^"]+)"', page.read_text())
    widths, changes = set(), []
    for kind, encoded in found:
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded)))).astype(float)
        if kind == "png":
            record = picture
        else:
            widths.add(picture.shape[1])
            changes.append(np.abs(picture - record[:, : picture.shape[1]]).mean())
    assert widths == {18, 36, 54, 72, 90}
    assert least <= np.median(changes) <= most


def test_strengths_without_it_have_no_effect(capsys):
    assert main(["train", "--augment_blur=2", "--dataset_dir=x", "--train_log_dir=y"]) == 1
    wanted = "--augment_blur=2.0: has no effect with --augmentation=fsns; it works with --augmentation=strong"
    assert wanted in capsys.readouterr().err
