"""What is no whole model file of this project gives one clear line, and nothing of it is run."""

import json
import zipfile

import keras
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model import model_file
from attention_ocr.model.network import AttentionOcr


@pytest.fixture(scope="module")
def small_model(make_spec):
    return AttentionOcr(ModelConfig(num_lstm_units=8, final_endpoint="Mixed_5b"), make_spec())


def other_model(path):
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    model.save(path)


def broken_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme", "no model")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "no such model file"),
        (lambda path: path.mkdir(), "no such model file"),
        (lambda path: path.write_text("words"), "is not a .keras model file (or is damaged)"),
        (lambda path: path.touch(), "is not a .keras model file (or is damaged)"),
        (broken_zip, "is not a model of attention-ocr ("),
        (other_model, "holds a Sequential, not a model of attention-ocr"),
    ],
)
def test_what_is_no_model_file_gives_one_clear_line(tmp_path, make, problem):
    path = tmp_path / "model.keras"
    make(path)
    with pytest.raises(UserError) as error:
        model_file.load_model(path)
    assert str(error.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(error.value)


def test_a_truncated_model_file_gives_one_clear_line(small_model, tmp_path):
    path = tmp_path / "model.keras"
    small_model.save(path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"is not a \.keras model file") as error:
        model_file.load_model(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", range(24))
def test_a_damaged_model_file_gives_one_clear_line_or_the_model(small_model, tmp_path, place):
    """Bytes all over the file, some of which (such as a date) do not matter, and three of the weights, which do."""
    path = tmp_path / "model.keras"
    small_model.save(path)
    data = bytearray(path.read_bytes())
    start = place * (len(data) - 1) // 23 if place < 21 else data.index(b"\x89HDF") + 1000 * place
    for position in range(start, min(start + 16, len(data))):
        data[position] ^= 0xFF
    path.write_bytes(data)
    try:
        found, problem = model_file.load_model(path), ""
    except UserError as error:
        found, problem = None, str(error)
    if found and place < 21:
        assert found.config == small_model.config
    else:
        assert problem == f"{path}: is not a .keras model file (or is damaged)"


@keras.saving.register_keras_serializable("test")
class Trap(keras.layers.Layer):
    """A layer that tells when it is made from a file."""

    sprung = False

    @classmethod
    def from_config(cls, config):
        Trap.sprung = True
        return cls(**config)


@pytest.mark.parametrize("make", [lambda: Trap(), lambda: keras.layers.Lambda(lambda x: x)], ids=["trap", "lambda"])
@pytest.mark.parametrize("names_ours", [False, True])
def test_a_file_of_another_kind_is_never_deserialised(tmp_path, make, names_ours, monkeypatch):
    """Also one that claims to be a model of this project."""
    monkeypatch.setattr(Trap, "sprung", False)
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input([2]), make()]).save(path)
    if names_ours:
        with zipfile.ZipFile(path) as old:
            content = {name: old.read(name) for name in old.namelist()}
        values = json.loads(content["config.json"]) | {"registered_name": "attention_ocr>AttentionOcr"}
        with zipfile.ZipFile(path, "w") as new:
            for name, data in {**content, "config.json": json.dumps(values).encode()}.items():
                new.writestr(name, data)
    with pytest.raises(UserError, match=r"^[^\n]*not a model of attention-ocr[^\n]*$"):
        model_file.load_model(path)
    assert not Trap.sprung
