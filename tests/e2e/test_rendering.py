"""Drawn signs and words: the same bytes for any number of workers, records that are valid, training without records."""

import json
import multiprocessing
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attention_ocr import parallel
from attention_ocr.__main__ import main
from attention_ocr.records import pictures
from attention_ocr.records.framing import read_records
from attention_ocr.render.fonts.bundled import bundled_family

SMALL = ["--num_views=2", "--image_height=48", "--image_width=56"]
NETWORK = ["--final_endpoint=Mixed_5b", "--num_lstm_units=8", "--batch_size=2", "--save_summaries_steps=2"]


def assert_fails(arguments, capsys, *words):
    assert main(arguments) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("error: ")
    for word in words:
        assert word in message, message


def render(job, folder, *flags):
    return main([job, f"--output_dir={folder}", "--number=20", "--validation_number=2", "--test_number=2", *flags])


@pytest.mark.parametrize(
    ("job", "sizes"),
    [pytest.param("render_signs", SMALL, marks=pytest.mark.slow), ("render_words", ["--image_width=96"])],
)
def test_records_are_valid_and_the_same_for_any_number_of_workers(job, sizes, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(parallel, "ITEMS_A_WORKER", 8)  # 20 pictures are enough for two
    for workers in (1, 2):
        assert render(job, tmp_path / str(workers), f"--num_workers={workers}", "--shard_size=0.02", *sizes) == 0
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert sum(name.startswith("train-") for name in names) > 1
    assert names == sorted(path.name for path in (tmp_path / "2").iterdir())
    for name in names:
        if name != "dataset.json":  # which holds the folder's name
            assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    capsys.readouterr()
    assert main(["validate_dataset", f"--dataset_dir={tmp_path / '1'}", "--format=json"]) == 0
    assert json.loads(capsys.readouterr().out)["splits"]["train"]["num_records"] == 20


def test_pictures_come_with_their_labels(tmp_path):
    assert render("render_words", tmp_path / "out", "--output=pictures", "--image_width=0", "--image_format=JPEG") == 0
    lines = (tmp_path / "out/train.tsv").read_text("utf-8").splitlines()
    assert len(lines) == 20
    widths = {pictures.open_image(tmp_path / "out" / line.split("\t")[0]).size for line in lines}
    assert {height for _, height in widths} == {32}
    assert len(widths) > 10
    records = ["generate_tfrecords", f"--annotations={tmp_path / 'out/train.tsv'}", f"--output_dir={tmp_path / 'made'}"]
    assert main([*records, "--resize=keep_height", "--image_height=32", "--image_width=160"]) == 0


def test_a_sheet_mixes_drawn_and_real_pictures(tmp_path, capsys):
    (tmp_path / "real").mkdir()
    Image.new("RGB", (112, 48), (255, 0, 0)).save(tmp_path / "real/a.png")
    flags = [f"--sheet={tmp_path / 'sheet.png'}", "--sheet_number=5", f"--sheet_beside={tmp_path / 'real'}"]
    assert main(["render_signs", *flags, *SMALL]) == 0
    assert "6 pictures, row by row:" in (told := capsys.readouterr().out)
    assert "real: a.png" in told
    sheet = np.array(Image.open(tmp_path / "sheet.png"))
    assert (sheet == (255, 0, 0)).all(axis=-1).sum() == 112 * 48


@pytest.mark.usefixtures("eager", "small_inception")
def test_training_on_drawn_signs_goes_on_where_it_stopped(tmp_path, capsys):
    run = tmp_path / "run"
    flags = ["train", "--render=signs", f"--train_log_dir={run}", *SMALL, *NETWORK, "--validation_examples=4"]
    flags += [
        "--save_interval_steps=2",
        "--difficulty_steps=10",
        "--seed=5",
        "--attention_loss_weight=1",
        "--max_sequence_length=8",  # a fifth of the steps of FSNS's labels, and of the time to build their graph
    ]
    assert main([*flags, "--max_number_of_steps=2"]) == 0
    assert main([*flags, "--max_number_of_steps=4", "--render_workers=1"]) == 0  # it draws them itself
    printed = capsys.readouterr().out
    assert multiprocessing.active_children() == []
    assert "resumed at step 2" in printed
    scalars = EventAccumulator(str(run / "train")).Reload().Tags()["scalars"]
    assert {"loss/attention", "validation/ExactMatch"} <= set(scalars)
    assert re.search(r"step 4  validation: ExactMatch .* of 4", printed)
    assert render("render_signs", tmp_path / "records", "--max_sequence_length=8", "--number=2", *SMALL) == 0
    assert main(["eval", f"--train_log_dir={run}", f"--dataset_dir={tmp_path / 'records'}", "--split_name=test"]) == 0


def test_wrong_input_is_told_in_one_line(tmp_path, capsys):
    (tmp_path / "names.txt").write_text("Rue du \U00012000\n", "utf-8")
    sheet = f"--sheet={tmp_path / 'sheet.png'}"
    flags = [sheet, f"--text_file={tmp_path / 'names.txt'}"]
    assert_fails(["render_signs", *flags, *SMALL], capsys, "none of", "fonts has \U00012000")
    assert_fails(["render_words", *flags], capsys, "none of", "fonts has \U00012000")
    assert_fails(["render_signs"], capsys, "--output_dir is missing")
    assert_fails(["render_words", f"--output_dir={tmp_path / 'out'}", "--image_width=0"], capsys, "--output=pictures")
    (tmp_path / "file").touch()
    assert_fails(["render_words", f"--output_dir={tmp_path / 'file'}"], capsys, "is not an empty folder")
    run = f"--train_log_dir={tmp_path / 'run'}"
    assert_fails(["train", "--render=signs", "--dataset_dir=a", run], capsys, "give one of them", "--real_share")
    assert_fails(
        ["train", "--num_views=2", "--dataset_dir=a", run], capsys, "--num_views=2: has no effect without --render"
    )
    crnn = [
        "--render=signs",
        *SMALL,
        *(flag for flag in NETWORK if "endpoint" not in flag),
        "--encoder=crnn",
        "--attention_loss_weight=1",
        "--validation_examples=0",
    ]
    assert_fails(["train", *crnn, run], capsys, "--attention_loss_weight=1.0: needs --render=signs")
    assert not (tmp_path / "sheet.png").exists()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("job", ["render_signs", "render_words"])
def test_fonts_of_a_folder_are_drawn_with(job, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    (tmp_path / "fonts").mkdir()
    shutil.copy(bundled_family("fontpkg_lobster")[0].path, tmp_path / "fonts")
    (tmp_path / "fonts/broken.ttf").write_bytes(b"no font")
    sizes = SMALL if job == "render_signs" else []
    for name, fonts in (("own", tmp_path / "fonts"), ("bundled", "bundled")):
        sheet = f"--sheet={tmp_path / name}.png"
        assert main([job, sheet, "--sheet_number=4", "--difficulty=0", f"--fonts={fonts}", *sizes]) == 0
    assert "1 of 2 fonts; left out: cannot be drawn (1: broken.ttf)\n" in capsys.readouterr().out
    assert (tmp_path / "own.png").read_bytes() != (tmp_path / "bundled.png").read_bytes()
    names = tmp_path / "names.txt"
    names.write_text("Rue 中\n", "utf-8")
    own = ["--output=pictures", f"--text_file={names}", f"--fonts={tmp_path / 'fonts'}"]
    assert_fails([job, f"--output_dir={tmp_path / 'out'}", *own, *sizes], capsys, "none of 1 fonts has 中", "--fonts=")
    assert not (tmp_path / "out").exists()


def test_fonts_that_are_missing_are_told(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for job in (["render_signs"], ["render_words"], ["train", "--render=signs", "--train_log_dir=run"]):
        sheet = [] if job[0] == "train" else ["--sheet=sheet.png"]
        assert_fails(
            [*job, *sheet, "--fonts=nowhere"], capsys, "--fonts=nowhere: is no folder", "bundled, or installed"
        )
    assert list(tmp_path.iterdir()) == []


def test_rendered_signs_feed_a_keras_model():
    from attention_ocr.config import SignsConfig
    from attention_ocr.training.from_rendering import RenderedSigns

    signs = RenderedSigns(7, batch_size=3, sizes=SignsConfig(num_views=2, image_height=48, image_width=56))
    ((batch,), (other,)) = signs[0], signs[1]
    assert (batch["images"].shape, batch["images"].dtype) == ((3, 48, 112, 3), np.uint8)
    assert (batch["labels"].shape, batch["labels"].dtype) == ((3, 37), np.int32)
    assert (batch["places"].shape, batch["places"].dtype) == ((3, 37, 2, 2), np.float32)
    assert batch["images"].min() < 50 < 200 < batch["images"].max()
    assert not np.array_equal(batch["images"], other["images"])
    np.testing.assert_array_equal(signs[1][0]["images"], other["images"])


def test_records_hold_what_the_sheet_shows(tmp_path):
    assert render("render_signs", tmp_path / "out", *SMALL, "--seed=9") == 0
    spec = json.loads((tmp_path / "out/dataset.json").read_text())
    assert (spec["num_views"], spec["image_height"], spec["image_width"]) == (2, 48, 56)
    assert len(list(read_records(Path(tmp_path / "out/train-00000-of-00001")))) == 20
