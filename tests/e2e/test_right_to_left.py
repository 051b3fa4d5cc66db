"""A script that runs from right to left, with a head that reads columns from left to right."""

import numpy as np
import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.reading.reader import Reader
from tests.fixtures.format_1.drawing import LETTERS, word_picture

HEBREW = str.maketrans(LETTERS, "אבגד")
FLAGS = [
    *("--preset=base", "--encoder_channels=16", "--num_encoder_lstm_units=16", "--batch_size=16"),
    *("--learning_rate=0.02", "--moving_average_decay=0.9", "--nouse_augment_input", "--max_number_of_steps=120"),
    *("--save_interval_steps=120", "--save_summaries_steps=120"),
]


def drawn(number, seed):
    """Pictures whose letters stand from right to left, and their texts."""
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(list(LETTERS), random.integers(1, 5))) for _ in range(number)]
    pictures = [word_picture(text[::-1], 32, 16 * len(text) + 8, seed + n) for n, text in enumerate(texts)]
    return pictures, [text.translate(HEBREW) for text in texts]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file trained on such pictures."""
    folder = tmp_path_factory.mktemp("hebrew")
    lines = ""
    for number, (picture, text) in enumerate(zip(*drawn(80, 1000), strict=True)):
        Image.fromarray(picture).save(folder / f"{number}.png")
        lines += f"{number}.png\t{text}\n"
    (folder / "labels.tsv").write_text(lines, encoding="utf-8")
    records = ["--resize=keep_height", "--image_height=32", "--validation_fraction=0", "--test_fraction=0"]
    flags = [f"--annotations={folder / 'labels.tsv'}", f"--output_dir={folder / 'records'}"]
    assert main(["generate_tfrecords", *flags, *records]) == 0
    assert main(["train", f"--dataset_dir={folder / 'records'}", f"--train_log_dir={folder / 'run'}", *FLAGS]) == 0
    return folder / "run" / "best.keras"


@pytest.mark.slow
def test_it_learns_and_reads_pictures_that_it_never_saw(model):
    pictures, texts = drawn(40, 5000)
    read = [reading.text for reading in Reader.load(model).read(pictures)]
    assert np.mean([one == other for one, other in zip(read, texts, strict=True)]) > 0.8


@pytest.mark.slow
def test_an_export_and_beams_read_the_same(model, tmp_path):
    tf = pytest.importorskip("tensorflow")
    pictures, _ = drawn(6, 7000)
    read = [reading.text for reading in Reader.load(model).read(pictures)]
    assert main(["export", f"--checkpoint={model}", f"--export_dir={tmp_path}"]) == 0
    assert [reading.text for reading in Reader.load(tmp_path).read(pictures)] == read
    served = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    found = served(image_bytes=tf.stack([tf.io.encode_png(picture) for picture in pictures]))["predicted_text"]
    assert [text.decode() for text in found.numpy()] == read
    beams = Reader.load(model, beam_width=3).read(pictures)
    assert [reading.alternatives[0].text for reading in beams] == [reading.text for reading in beams]
    assert np.mean([reading.text == text for reading, text in zip(beams, read, strict=True)]) > 0.6
