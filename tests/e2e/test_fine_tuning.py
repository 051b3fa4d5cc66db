"""A network that learned one alphabet goes on with another: what it could read it reads, before any step."""

import importlib.util
import json
from string import ascii_letters, ascii_lowercase

import numpy as np
import pytest
from drawn_words import draw_word

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model import ppocr_file
from attention_ocr.model.model_file import load_model
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.training import replay, transfer

pytestmark = pytest.mark.usefixtures("small_networks")
WORDS = ["abba", "cab", "bad", "dad", "ba", "cd"]
TINY = [
    *("--encoder=crnn", "--num_lstm_units=32", "--batch_size=6", "--optimizer=adam"),
    *("--learning_rate=0.003", "--nouse_augment_input", "--save_summaries_steps=160", "--validation_examples=0"),
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
def trained(small_networks, tmp_path_factory):
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


@pytest.mark.usefixtures("eager")
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


@pytest.fixture
def few_drawn(monkeypatch):
    """So few drawn words that a test has time for them."""
    monkeypatch.setattr(replay, "WORDS", 12)
    monkeypatch.setattr(replay, "HELD_BACK", 4)


@pytest.mark.usefixtures("eager")
def test_what_was_read_stays_beside_what_is_new(trained, tmp_path, capsys, few_drawn):
    records = records_of(tmp_path / "new", ["CAB", "BAD"], "ABCD", T=3)
    run = tmp_path / "run"
    held_out = ["--validation_examples=4", f"--checkpoint={trained}", "--learning_rate=1e-9", "--blend=auto"]
    split = json.loads((records / "dataset.json").read_text())
    split["splits"]["validation"] = split["splits"]["train"]
    (records / "dataset.json").write_text(json.dumps(split))
    assert train(records, run, 2, *held_out, "--replay=0.5") == 0
    printed = capsys.readouterr().out
    assert "before: validation split 0.0% exact, drawn pictures" in printed
    assert "Exact match in %, begun with" in printed
    assert "before" in printed
    assert "kept as best.keras" in printed
    assert "--characters=A-D keeps to your labels'" in printed
    best = load_model(run / "best.keras")
    assert set(ascii_lowercase) | set("ABCD") <= set(best.dataset.charset.symbols)
    assert best.dataset.max_sequence_length == 4
    assert texts(best) == WORDS
    assert json.loads((run / "best.json").read_text())["share"] == 0.6  # nothing was learned, so all shares are alike
    assert train(records, run, 2, *held_out, "--replay=0.5") == 0
    again = capsys.readouterr().out
    assert "reached already" in again
    assert "kept as" not in again
    drawn = sorted(path.name for path in (run / "replay").iterdir())
    assert "dataset.json" in drawn
    assert train(records, run, 1, f"--checkpoint={trained}", "--reset_train_dir") == 0
    assert not (run / "replay").exists()


@pytest.mark.usefixtures("eager")
def test_the_network_comes_from_the_checkpoint(trained, tmp_path, capsys):
    records = records_of(tmp_path / "new", ["cab"], "abcd", T=3)
    flags = [f"--dataset_dir={records}", f"--train_log_dir={tmp_path / 'run'}", "--max_number_of_steps=1"]
    assert main(["train", *flags, f"--checkpoint={trained}", "--validation_examples=0", "--batch_size=2"]) == 0
    printed = capsys.readouterr().out
    assert f"--checkpoint={trained}: takes " in printed
    assert "--encoder=crnn --num_lstm_units=32" in printed
    config = load_model(tmp_path / "run" / "best.keras").config
    assert (config.num_lstm_units, config.encoder) == (32, "crnn")


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--replay=0.2"], "error: --replay=0.2: has no effect without --checkpoint"),
        (["--blend=auto"], "error: --blend=auto: has no effect without --checkpoint"),
        (["--checkpoint=words", "--blend=0"], "error: --blend=0: is neither auto nor a share"),
        (["--checkpoint=wordz"], "error: wordz: no such model file"),
    ],
)
def test_wrong_flags_of_a_beginning_are_one_line(flags, problem, trained, tmp_path, capsys):
    records = records_of(tmp_path / "new", ["cab"], "abcd", T=3)
    capsys.readouterr()
    assert train(records, tmp_path / "run", 1, *flags) == 1
    assert capsys.readouterr().err.startswith(problem)
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


@pytest.mark.slow  # a minute: 3,000 words are drawn
def test_words_goes_on_with_codes(tmp_path, capsys):
    records = tmp_path / "codes"
    drawn = ["--number=64", "--validation_number=16", "--test_number=0", "--output=pictures", "--image_width=0"]
    assert main(["render_words", f"--output_dir={tmp_path / 'drawn'}", *drawn]) == 0
    given = [f"--annotations={tmp_path / 'drawn/train.tsv'}", "--validation_fraction=0.2", "--test_fraction=0"]
    assert main(["generate_tfrecords", *given, f"--output_dir={records}", "--like=words"]) == 0
    assert DatasetSpec.load(records).resize == "keep_height"
    run = tmp_path / "run"
    flags = [f"--dataset_dir={records}", f"--train_log_dir={run}", "--max_number_of_steps=2", "--batch_size=8"]
    assert main(["train", "--preset=base", "--checkpoint=words", *flags]) == 0
    printed = capsys.readouterr().out
    assert "--encoder_channels=256 --num_encoder_lstm_layers=2 --num_encoder_lstm_units=256" in printed
    assert "learned from other pictures" not in printed
    model = load_model(run / "best.keras")
    assert {"é", "Z", "7"} <= set(model.dataset.charset.symbols)


@pytest.mark.slow  # 20 seconds and more to build a network of four views
@pytest.mark.skipif(
    not importlib.util.find_spec("rapidocr"), reason="rapidocr, whose wheel has the weights, is missing"
)
def test_a_sign_reader_begins_with_weights_that_know_letters(tmp_path, capsys):
    """A network of another kind has nothing to forget: no replay, and texts are as long as its records'."""
    signs, run = tmp_path / "signs", tmp_path / "run"
    drawn = ["--number=4", "--validation_number=2", "--test_number=0"]
    assert main(["render_signs", f"--output_dir={signs}", *drawn]) == 0
    flags = ["--preset=fsns", "--encoder=lcnet", "--checkpoint=ppocr", "--batch_size=1"]
    flags += [f"--dataset_dir={signs}", f"--train_log_dir={run}"]
    for steps in (2, 3):
        assert main(["train", *flags, f"--max_number_of_steps={steps}"]) == 0
    printed, told = capsys.readouterr()
    assert "for texts of T=37 characters" in printed
    assert "ppocr learned from 1 view of 48 x 1536 pixels, these records have 4 views of 150 x 150" in told
    assert "--like" not in printed + told
    assert "--replay" not in printed
    assert "resumed at step 2" in printed
    checkpoint = max((run / "checkpoints").glob("*.keras"))
    model = load_model(checkpoint)
    theirs = ppocr_file.read(ppocr_file.installed_file()).weights["stem/third"][0]
    ours = next(w for w in model.encoder.weights if w.path.endswith("stem/third/kernel"))
    np.testing.assert_allclose(np.asarray(ours), theirs, atol=0.05)
    assert model.step == 3
