"""A network that learned one alphabet goes on with another: what it could read it reads, before any step."""

from string import ascii_letters, ascii_lowercase

import numpy as np
import pytest
from conftest import draw_word

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.training import transfer

WORDS = ["abba", "cab", "bad", "dad", "ba", "cd"]
TINY = [
    *("--final_endpoint=Mixed_5b", "--num_lstm_units=32", "--batch_size=6", "--optimizer=adam"),
    *("--learning_rate=0.003", "--nouse_augment_input", "--save_summaries_steps=40", "--validation_examples=0"),
]


def records_of(folder, words, letters, T):
    """A folder of records of `words`, in a charset of `letters`."""
    folder.mkdir()
    for word in words:
        draw_word(word).save(folder / f"{word}.png")
    (folder / "labels.tsv").write_text("".join(f"{word}.png\t{word}\n" for word in words))
    Charset.from_labels([letters]).to_file(folder / "charset.txt")
    flags = [f"--annotations={folder / 'labels.tsv'}", f"--output_dir={folder / 'records'}"]
    flags += [f"--charset_file={folder / 'charset.txt'}", f"--max_sequence_length={T}"]
    assert main(["generate_tfrecords", *flags, "--validation_fraction=0", "--test_fraction=0"]) == 0
    return folder / "records"


def train(records, run, steps, *flags):
    where = [f"--dataset_dir={records}", f"--train_log_dir={run}", f"--max_number_of_steps={steps}"]
    return main(["train", *where, *TINY, f"--save_interval_steps={steps}", *flags])


def texts(model, words=WORDS):
    pictures = [np.asarray(draw_word(word)) for word in words]
    return [reading.text for reading in Reader(KerasBackend(model)).read(pictures)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model file that reads WORDS."""
    folder = tmp_path_factory.mktemp("fine_tuning")
    assert train(records_of(folder / "old", WORDS, ascii_lowercase, T=4), folder / "run", 160) == 0
    assert texts(load_model(folder / "run" / "best.keras")) == WORDS
    return folder / "run" / "best.keras"


def moved(trained, records):
    """An untrained network for `records` that begins with the trained one."""
    model = AttentionOcr(load_model(trained).config, DatasetSpec.load(records))
    assert texts(model) != WORDS
    transfer.start_from(model, trained)
    return model


def test_a_larger_alphabet_and_longer_texts_begin_with_what_was_read(trained, tmp_path, capsys):
    records = records_of(tmp_path / "new", ["Ebbe", "cafe", "bad"], f"{ascii_letters} ", T=6)
    # What follows the fourth character was never taught: the longest words had no null after them.
    assert [text[:4] for text in texts(moved(trained, records))] == WORDS
    capsys.readouterr()
    assert train(records, tmp_path / "run", 1, f"--checkpoint={trained}", "--learning_rate=1e-9") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "27 of 54 classes are known, new: ' ' 'A' 'B' 'C' 'D'" in printed
    assert "decoder/softmax_w [32, 54] resized 27 of 27 columns (now 54)" in printed
    assert "a new run" in printed


def test_a_smaller_alphabet_begins_with_what_is_left_of_it(trained, tmp_path):
    records = records_of(tmp_path / "new", ["cab", "abba"], "abc", T=4)
    model = moved(trained, records)  # 4 classes instead of 27, so 4 inputs of the LSTM instead of 27
    assert texts(model, ["abba", "cab", "ba"]) == ["abba", "cab", "ba"]
