"""A TF1 checkpoint of the reference becomes a model file that every job takes."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.model import tf1_import
from attention_ocr.model.model_file import load_model

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden" / "attention_no_autoregression"
VIEWS = ["--num_views=2", "--image_height=96", "--image_width=100"]

pytestmark = [
    pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no folder {GOLDEN}"),
    pytest.mark.usefixtures("eager"),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Golden's pictures, labelled with what the reference read in them; pictures, charset and annotations beside."""
    folder = tmp_path_factory.mktemp("golden")
    golden, charset = np.load(GOLDEN / "golden.npz"), tf1_import.placeholder_charset(60)
    charset.to_file(folder / "charset.txt")
    lines = []
    for number, (pixels, ids) in enumerate(zip(golden["images"], golden["predicted_chars"], strict=True)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines.append(f"{number}.png\t{charset.decode(ids)}\n")
    (folder / "labels.tsv").write_text("".join(lines), encoding="utf-8")
    flags = [f"--annotations={folder}/labels.tsv", f"--test_annotations={folder}/labels.tsv", *VIEWS]
    flags += [f"--output_dir={folder}/records", "--max_sequence_length=12", "--validation_fraction=0"]
    flags += ["--side_by_side", "--on_duplicate=keep"]
    assert main(["generate_tfrecords", *flags, f"--charset_file={folder}/charset.txt"]) == 0
    return folder / "records"


@pytest.fixture(scope="module")
def imported(records, tmp_path_factory):
    """The model file."""
    path = tmp_path_factory.mktemp("imported") / "golden.keras"
    flags = [f"--tf1_checkpoint={GOLDEN}/model.ckpt-1", f"--output={path}", *VIEWS, "--max_sequence_length=12"]
    flags += [f"--charset_file={records.parent}/charset.txt", "--nouse_autoregression"]
    assert main(["import_checkpoint", *flags]) == 0
    return path


def test_the_job_says_what_it_loaded_and_took_for_granted(tmp_path, capsys):
    flags = [f"--tf1_checkpoint={GOLDEN}/model.ckpt-1", f"--output={tmp_path}/m.keras", *VIEWS]
    assert main(["import_checkpoint", *flags]) == 0
    printed = capsys.readouterr().out
    for words in ("tower, up to Mixed_5b", "decoder", "global_step", "placeholders", "--nouse_autoregression", "K=60"):
        assert words in printed
    assert "T=37" in printed
    assert "step 1, " in printed


def test_a_charset_of_another_size_is_refused(tmp_path, capsys):
    (tmp_path / "charset.txt").write_text("0\ta\n1\t<nul>\n")
    flags = [f"--tf1_checkpoint={GOLDEN}/model.ckpt-1", f"--output={tmp_path}/m.keras", *VIEWS]
    assert main(["import_checkpoint", *flags, f"--charset_file={tmp_path}/charset.txt"]) == 1
    message = capsys.readouterr().err
    assert "2 classes" in message
    assert "60" in message
    assert not (tmp_path / "m.keras").exists()


def test_eval_reads_what_the_reference_read(imported, records, tmp_path, capsys):
    flags = [f"--checkpoint={imported}", f"--dataset_dir={records}", f"--eval_log_dir={tmp_path}", "--batch_size=4"]
    assert main(["eval", *flags]) == 0
    scores = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert scores["ExactMatch"] == 1
    assert scores["step"] == 1


def test_demo_reads_what_the_reference_read(imported, records, capsys):
    flags = [f"--checkpoint={imported}", f"--image_path_pattern={records.parent}/*.png", "--batch_size=4"]
    assert main(["demo_inference", *flags]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    labels = (records.parent / "labels.tsv").read_text("utf-8").splitlines()
    assert [f"{Path(path).name}\t{text}" for path, text, _ in lines] == labels
    confidences = np.load(GOLDEN / "golden.npz")["normalized_seq_conf"]
    np.testing.assert_allclose([float(line[2]) for line in lines], confidences, atol=1e-4)


@pytest.mark.slow
def test_it_is_exported(imported, tmp_path, capsys):
    assert main(["export", f"--checkpoint={imported}", f"--export_dir={tmp_path}/export"]) == 0
    assert (tmp_path / "export" / "1").is_dir()


@pytest.mark.usefixtures("eager")
def test_training_goes_on_from_it(imported, records, tmp_path, capsys):
    flags = [f"--checkpoint={imported}", f"--dataset_dir={records}", f"--train_log_dir={tmp_path}/run"]
    network = ["--final_endpoint=Mixed_5b", "--num_lstm_units=96", "--nouse_autoregression"]
    small = ["--max_number_of_steps=1", "--batch_size=2", "--validation_examples=0", "--nouse_augment_input"]
    assert main(["train", *flags, *network, *small, "--shuffle_buffer_size=4"]) == 0
    assert (tmp_path / "run" / "checkpoints" / "checkpoint-00000001.keras").is_file()


@pytest.mark.usefixtures("eager")
def test_a_run_starts_from_inception(records, tmp_path, capsys):
    reader = tf.train.load_checkpoint(str(GOLDEN / "model.ckpt-1"))
    before = "AttentionOcr_v1/conv_tower_fn/INCE/"
    names = [name for name in reader.get_variable_to_shape_map() if name.startswith(before)]
    tensors = [tf.constant(reader.get_tensor(name)) for name in names]
    written = [name.removeprefix(before) for name in names]
    tf.raw_ops.SaveV2(
        prefix=f"{tmp_path}/inception_v3.ckpt",
        tensor_names=[*written, "InceptionV3/AuxLogits/Conv2d_1b_1x1/weights"],
        shape_and_slices=[""] * (len(names) + 1),
        tensors=[*tensors, tf.zeros([1, 1, 768, 128])],
    )
    flags = [f"--checkpoint_inception={tmp_path}/inception_v3.ckpt", f"--dataset_dir={records}"]
    flags += [f"--train_log_dir={tmp_path}/run", "--final_endpoint=Mixed_5b", "--num_lstm_units=8"]
    small = ["--max_number_of_steps=1", "--batch_size=2", "--validation_examples=0", "--learning_rate=1e-9"]
    assert main(["train", *flags, *small, "--shuffle_buffer_size=4", "--nouse_augment_input"]) == 0
    assert "InceptionV3/AuxLogits" in capsys.readouterr().out
    trained = load_model(tmp_path / "run" / "checkpoints" / "checkpoint-00000001.keras")
    name = "Mixed_5b/Branch_1/Conv2d_0b_5x5"
    kernel = trained.encoder.tower.layers_by_name[name].convolution.kernel
    np.testing.assert_allclose(kernel, reader.get_tensor(f"{before}InceptionV3/{name}/weights"), atol=1e-6)


def test_the_two_ways_to_start_exclude_each_other(records, tmp_path, capsys):
    flags = ["--checkpoint_inception=a", "--checkpoint=b", f"--dataset_dir={records}", f"--train_log_dir={tmp_path}"]
    assert main(["train", *flags]) == 1
    assert "either --checkpoint or --checkpoint_inception" in capsys.readouterr().err


def test_a_run_does_not_start_from_the_whole_network_as_inception(records, tmp_path, capsys):
    flags = [f"--checkpoint_inception={GOLDEN}/model.ckpt-1", f"--dataset_dir={records}", f"--train_log_dir={tmp_path}"]
    assert main(["train", *flags, "--final_endpoint=Mixed_5b"]) == 1
    message = capsys.readouterr().err
    assert "no variable InceptionV3/" in message
    assert "import_checkpoint" in message
    assert list(tmp_path.iterdir()) == []
