"""The jobs as a user runs them, one after the other, on generated records."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from eager import eagerly
from PIL import Image
from small_jobs import train
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attention_ocr.__main__ import main
from attention_ocr.reading import evaluation
from attention_ocr.reading.reader import Reader

pytestmark = pytest.mark.usefixtures("eager", "small_inception")


@pytest.fixture(scope="module")
def run(small_inception, tiny_dataset, tmp_path_factory):
    """A run of 6 steps."""
    folder = tmp_path_factory.mktemp("run")
    with eagerly():
        assert train(tiny_dataset, folder, 6, "--save_interval_steps=2") == 0
    return folder


@pytest.fixture(scope="module")
def export_dir(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    assert main(["export", f"--checkpoint={run / 'best.keras'}", f"--export_dir={folder}"]) == 0
    return folder


def test_run_keeps_checkpoints_config_and_the_best(run):
    names = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert names == [f"checkpoint-{step:08d}.keras" for step in (2, 4, 6)]
    config = json.loads((run / "config.json").read_text())
    assert config["model"]["final_endpoint"] == "Mixed_5b"
    assert (run / "best.keras").exists()
    assert not list(run.rglob(".*")), "temporary files were left"


def test_tensorboard_has_scalars_pictures_texts_and_histograms(run):
    found = EventAccumulator(str(run / "train")).Reload().Tags()
    wanted = {"loss/above_floor", "optimizer/learning_rate", "optimizer/gradient_norm", "speed/share_waiting_for_data"}
    assert wanted <= set(found["scalars"])
    assert {"input/1_before_augmentation", "input/2_augmented", "attention/0"} <= set(found["images"])
    assert found["histograms"]
    assert {"readings/text_summary", "run/text_summary"} <= set(found["tensors"])


def test_a_run_that_is_done_says_so_and_does_nothing(run, tiny_dataset, capsys):
    assert train(tiny_dataset, run, 6) == 0
    assert "step 6 is reached already" in capsys.readouterr().out


def test_another_network_in_the_same_directory_is_refused(run, tiny_dataset, capsys):
    assert train(tiny_dataset, run, 8, "--num_lstm_units=17") == 1
    message = capsys.readouterr().err
    assert "num_lstm_units 16 and 17" in message
    assert "--reset_train_dir" in message


def test_eval_prints_one_json_line_and_writes_every_prediction(run, tiny_dataset, capsys):
    assert main(["eval", f"--train_log_dir={run}", f"--dataset_dir={tiny_dataset}", "--batch_size=3"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["step"] == 6
    assert result["num_examples"] == 4
    assert list(result) == ["checkpoint", "step", "split", "num_examples", *evaluation.MEASURES, "read_by"]
    assert all(0 <= result[name] <= 1 for name in evaluation.MEASURES)
    lines = (run / "eval_test" / "predictions.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["record", "truth", "read", "confidence"]
    assert len(lines) == 5


def test_continuous_eval_reads_each_new_checkpoint_once(run, tiny_dataset, capsys):
    flags = ["--eval_interval_secs=0.1", "--number_of_steps=1", "--num_batches=1", "--batch_size=2"]
    assert main(["eval", f"--train_log_dir={run}", f"--dataset_dir={tiny_dataset}", *flags]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["num_examples"] == 2


def test_export_reads_bytes_pixels_and_examples_alike(export_dir, tiny_dataset):
    loaded = tf.saved_model.load(str(export_dir / "1"))
    shard = next(Path(tiny_dataset).glob("test-*"))
    record = next(tf.data.TFRecordDataset(str(shard)).as_numpy_iterator())
    encoded = tf.train.Example.FromString(record).features.feature["image/encoded"].bytes_list.value[0]
    from_bytes = loaded.signatures["serving_default"](image_bytes=tf.constant([encoded]))
    pixels = tf.io.decode_image(encoded, channels=3)[None]
    from_pixels = loaded.signatures["images"](images=pixels)
    from_examples = loaded.signatures["examples"](examples=tf.constant([record]))
    names = {
        *("predictions", "scores", "chars_logit", "predicted_length", "predicted_text", "predicted_conf"),
        *("normalized_seq_conf", "attention_masks"),
    }
    assert set(from_bytes) == names
    for other in (from_pixels, from_examples):
        np.testing.assert_allclose(from_bytes["chars_logit"], other["chars_logit"], atol=1e-5)
        assert from_bytes["predicted_text"].numpy() == other["predicted_text"].numpy()


def test_export_and_model_file_read_alike_in_batches_of_any_size(run, export_dir, tmp_path):
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, [height, 50, 3], dtype=np.uint8) for height in (30, 40, 61)]
    from_model = Reader.load(run / "best.keras").read(pictures, batch_size=2)
    from_export = Reader.load(export_dir).read(pictures, batch_size=3)
    for one, other in zip(from_model, from_export, strict=True):
        assert one.text == other.text
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


@pytest.mark.slow
def test_second_export_is_the_next_version(run, export_dir):
    assert main(["export", f"--checkpoint={run / 'best.keras'}", f"--export_dir={export_dir}"]) == 0
    assert sorted(path.name for path in export_dir.iterdir()) == ["1", "2"]


def test_demo_prints_a_line_for_each_picture_and_draws_it(run, tmp_path, capsys):
    for number in range(3):
        Image.new("L", (90, 44), 40 * number).save(tmp_path / f"word_{number:02d}.png")
    pattern = tmp_path / "word_%02d.png"
    flags = [
        f"--checkpoint={run / 'best.keras'}",
        f"--image_path_pattern={pattern}",
        f"--visualize={tmp_path / 'drawn'}",
    ]
    assert main(["demo_inference", *flags, "--batch_size=2"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [Path(path).name for path, _, _ in lines] == ["word_00.png", "word_01.png", "word_02.png"]
    assert all(0 <= float(confidence) <= 1 for _, _, confidence in lines)
    assert len(list((tmp_path / "drawn").glob("*.png"))) == 3
    assert main(["demo_inference", *flags, "--format=json"]) == 0
    assert {"path", "text", "confidence", "turned", "characters", "words"} == set(
        json.loads(capsys.readouterr().out.splitlines()[0])
    )


def test_beam_search_shows_alternatives_and_evaluates(run, export_dir, tiny_dataset, tmp_path, capsys):
    Image.new("L", (90, 44), 90).save(tmp_path / "word.png")
    model, pattern = f"--checkpoint={run / 'best.keras'}", f"--image_path_pattern={tmp_path / 'word.png'}"
    flags = ["--beam_width=3", "--length_penalty=0.5"]
    assert main(["demo_inference", model, pattern, "--format=json", *flags]) == 0
    reading = json.loads(capsys.readouterr().out)
    scores = [alternative["score"] for alternative in reading["alternatives"]]
    assert len({alternative["text"] for alternative in reading["alternatives"]}) == 3
    assert scores == sorted(scores, reverse=True)
    assert reading["text"] == reading["alternatives"][0]["text"]
    flags += [f"--dataset_dir={tiny_dataset}", f"--eval_log_dir={tmp_path / 'eval'}"]
    assert main(["eval", model, *flags]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["num_examples"], result["beam_width"], result["length_penalty"]) == (4, 3, 0.5)
    assert main(["demo_inference", f"--checkpoint={export_dir}", pattern, "--beam_width=3"]) == 1
    assert "whose graph reads greedily what it was made for; give the .keras file" in capsys.readouterr().err


@pytest.mark.slow
def test_four_views_read_alike_after_export(four_view_run, capsys):
    """Views, crop and padding all the way: records, training, export, and a picture of another size."""
    run, signs = four_view_run
    assert main(["export", f"--checkpoint={run / 'best.keras'}", f"--export_dir={run / 'export'}"]) == 0
    capsys.readouterr()
    texts = []
    for model in (run / "best.keras", run / "export"):
        assert main(["demo_inference", f"--checkpoint={model}", f"--image_path_pattern={signs}"]) == 0
        texts.append([line.split("\t")[1] for line in capsys.readouterr().out.splitlines()])
    assert texts[0] == texts[1]


@pytest.fixture(scope="module")
def four_view_run(tmp_path_factory):
    from tools.plates import draw_sign

    folder = tmp_path_factory.mktemp("signs")
    random = np.random.default_rng(0)
    names = ["Rue A", "Quai", "Rue", "Pont"]  # short: the graph of an export grows with T
    for number, text in enumerate(names):
        draw_sign(text, random, 60, 70).save(folder / f"{number}.png")
    (folder / "labels.tsv").write_text("".join(f"{n}.png\t{text}\n" for n, text in enumerate(names)))
    records = folder / "records"
    sizes = ["--num_views=4", "--side_by_side", "--image_height=50", "--image_width=56", "--resize=pad"]
    more = ["--validation_fraction=0", "--test_fraction=0", "--max_sequence_length=6"]
    flags = [f"--annotations={folder / 'labels.tsv'}", f"--output_dir={records}", *sizes, *more]
    assert main(["generate_tfrecords", *flags]) == 0
    run = folder / "run"
    network = ["--crop_height=44", "--crop_width=52", "--encode_coordinates", "--augmentation=fsns"]
    with eagerly():
        assert train(records, run, 2, *network) == 0
    return run, folder
