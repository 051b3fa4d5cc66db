"""Only some characters are read, by every head, greedily and by beam search; the two cases of a letter may be one."""

import functools

import keras
import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig, ReadConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.export.onnx_files import write_onnx
from attention_ocr.model.cut_network import restricted
from attention_ocr.model.cutting import joined_cases, with_both_cases
from attention_ocr.model.network import AttentionOcr
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.reading.backends import keras as keras_backend
from attention_ocr.reading.backends import saved_model
from attention_ocr.reading.reader import Reader

pytestmark = pytest.mark.usefixtures("eager")
CHARSET = Charset.from_labels(["abcABC012-é"])
HEADS = ["ctc", "attention", "slice", "stacked_attention", "gru_attention", "area_attention"]


@functools.cache
def made(head):
    """A small network that reads something; nothing changes it."""
    spec = DatasetSpec("words", 1, 32, 64, 5, CHARSET)
    keras.utils.set_random_seed(1)
    knobs = {"encoder": "crnn", "num_encoder_lstm_layers": 1, "num_encoder_lstm_units": 8, "num_lstm_units": 8}
    model = AttentionOcr(ModelConfig(**knobs, head=head), spec)
    for variable in model.decoder.weights:
        if "softmax" in variable.path:
            variable.assign(np.random.default_rng(0).normal(0, 2, variable.shape))
    bias = np.asarray(model.decoder.softmax_b).copy()
    bias[[CHARSET.null_id, *([-1] if head == "ctc" else [])]] = -8  # so that something is read,
    bias[[CHARSET.symbols.index(character) for character in "012-"]] = -4  # and at first no digit
    model.decoder.softmax_b.assign(bias)
    return model


def pictures(number=4):
    return list(np.random.default_rng(2).integers(0, 256, [number, 32, 64, 3], dtype=np.uint8))


@pytest.mark.parametrize(("head", "beam_width"), [*((head, 1) for head in HEADS), ("ctc", 3), ("attention", 3)])
def test_only_these_are_read(head, beam_width):
    model = made(head)
    free = Reader(keras_backend.KerasBackend(model)).read(pictures())
    assert set("".join(reading.text for reading in free)) - set("012-"), "says nothing"
    reader = Reader(keras_backend.KerasBackend(restricted(model, "0-2-"), beam_width))
    found = reader.read(pictures())
    assert "".join(reading.text for reading in found), "says nothing"
    for reading in found:
        assert set(reading.text) <= set("012-")
        assert all(set(other.text) <= set("012-") for other in reading.alternatives)
        assert 0 < reading.confidence <= 1


@pytest.mark.parametrize(
    ("head", "asked", "printed"),
    [("ctc", "a-c0-2", "abc012"), ("ctc", "A-C0-2", "ABC012"), ("attention", "", "ABC012-é")],
)
def test_the_two_cases_of_a_letter_are_one(head, asked, printed):
    model = made(head)
    both = (with_both_cases(asked) and restricted(model, with_both_cases("abcABC012"))) or model
    apart = Reader(keras_backend.KerasBackend(both)).backend.predict(np.stack(pictures()))["chars_logit"]
    joined = Reader(keras_backend.KerasBackend(restricted(made(head), asked, ignore_case=True)))
    logits = joined.backend.predict(np.stack(pictures()))["chars_logit"]
    texts = "".join(reading.text for reading in joined.read(pictures()))
    assert set(texts) <= set(printed)
    assert set(texts) & set("abcABC"), "says nothing"
    if head == "attention":  # its later steps are fed what was read before
        apart, logits = apart[:, :1], logits[:, :1]
    symbols = joined.dataset.charset.symbols
    for letter in "abc":
        kept = symbols.index(letter if letter in printed else letter.upper())
        other = symbols.index(symbols[kept].swapcase())
        np.testing.assert_allclose(logits[..., kept], np.logaddexp(apart[..., kept], apart[..., other]), atol=1e-4)
        assert (logits[..., other] < -1e4).all()
    digit = symbols.index("1")
    np.testing.assert_allclose(logits[..., digit], apart[..., digit], atol=1e-4)


KNOBS = [{"characters": "0-2-"}, {"characters": "a-c0-2", "ignore_case": True}, {"ignore_case": True}]


@pytest.mark.parametrize(
    ("head", "knobs"), [*((head, KNOBS[0]) for head in HEADS), ("ctc", KNOBS[1]), ("slice", KNOBS[2])]
)
def test_a_graph_is_cut_as_the_network_is(head, knobs, tmp_path):
    model = made(head)
    model.save(tmp_path / "model.keras")
    backend = Reader.load(tmp_path / "model.keras", backend="onnxruntime", **knobs).backend
    cut = restricted(model, **knobs)
    assert backend.dataset == cut.dataset
    wanted, found = cut({"images": np.stack(pictures())}), backend.predict(np.stack(pictures()))
    assert (found["predicted_length"] > 0).any(), "says nothing"
    for name, value in wanted.items():
        value = np.asarray(value)
        np.testing.assert_allclose(found[name], value, atol=1e-4 * max(1, np.abs(value[value > -1e4]).max()))


def test_which_case_is_kept():
    charset = Charset.from_labels(["aAbß1"])
    for asked, removed in ((None, "a"), ("aA", "a"), ("a", "A"), ("A1", "a")):
        cases = joined_cases(charset, asked)
        assert [charset.symbols[n] for n in np.flatnonzero(cases.removed)] == list(removed)
    partners = [charset.symbols[n] for n in joined_cases(charset, None).partners]
    expected = {"a": "A", "A": "a", "b": "b", "ß": "ß", "1": "1", "": ""}
    assert dict(zip(charset.symbols, partners, strict=True)) == expected


def test_characters_that_the_model_lacks():
    with pytest.raises(UserError, match="--characters=xyz: none of these is among the 11 characters of the model"):
        restricted(made("ctc"), "x-z")


@pytest.mark.parametrize("knobs", [{"characters": "0-9"}, {"ignore_case": True}, {"beam_width": 2}])
def test_an_export_reads_what_it_was_made_for(tmp_path, knobs):
    made("ctc").save(tmp_path / "model.keras")
    write_onnx(read_keras_file(tmp_path / "model.keras"), tmp_path / "model.onnx")
    for backend in ("onnxruntime", "openvino"):
        with pytest.raises(
            UserError, match=r"is an export, whose graph reads what it was made for|read greedily; read"
        ):
            Reader.load(tmp_path / "model.onnx", backend=backend, **knobs)
    with pytest.raises(UserError, match="is an export, whose graph reads greedily what it was made for; give the"):
        saved_model.load(tmp_path, ReadConfig(**knobs))
