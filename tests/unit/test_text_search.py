"""A Reader that knows something of the texts: a list of them, or a text model; every kind of head, any runtime."""

import keras
import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig, ReadConfig, TextModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model.heads import HEADS
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader
from attention_ocr.reading.texts.text_model import ClassProbabilities, TextModel
from attention_ocr.reading.texts.text_search import CtcTexts, prepared
from attention_ocr.reading.texts.trie import Trie, load_texts

pytestmark = pytest.mark.usefixtures("eager")
CTC, STEPWISE = "ctc", [name for name in HEADS if name != "ctc"]
LEXICON = ["a", "abba", "dad", "cab", "b a", "dcba"]


def network_of(head, make_spec):
    """A small network with random weights."""
    knobs = {"encoder": "crnn", "num_encoder_lstm_layers": 0, "num_lstm_units": 8, "label_smoothing": 0.0}
    keras.utils.set_random_seed(1)
    network = AttentionOcr(ModelConfig(head=head, **knobs), make_spec(image_height=32))
    random = np.random.default_rng(3)
    for weight in network.decoder.weights:
        weight.assign(random.normal(scale=0.2, size=weight.shape))
    return network


@pytest.fixture(scope="module", params=[CTC, "attention", "slice", "gru_attention"])
def backend(request, make_spec):
    return KerasBackend(network_of(request.param, make_spec))


@pytest.fixture(scope="module")
def ctc(make_spec):
    return KerasBackend(network_of(CTC, make_spec))


class Export:
    """What an exported graph is: `predict` and what it was trained on, nothing more."""

    def __init__(self, backend):
        self.config, self.dataset, self.step = backend.config, backend.dataset, backend.step
        self.fingerprint, self.confidence_power, self.predict = "", 1.0, backend.predict


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, [5, 32, 80, 3], dtype=np.uint8)


@pytest.fixture
def lexicon(tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(LEXICON))
    return str(tmp_path / "texts.txt")


@pytest.fixture
def text_model(tmp_path):
    texts = [(text, 1.0) for text in ["dad", "dada", "add"] * 5]
    TextModel.of_texts(texts, TextModelConfig(order=3, weight=0.5)).save(tmp_path / "m.npz")
    return str(tmp_path / "m.npz")


def reader_of(backend, **knobs):
    return Reader(*prepared(backend, ReadConfig(**knobs)))


def check(readings, alone):
    """What is true of readings whatever they know."""
    for reading, before in zip(readings, alone, strict=True):
        assert reading.text == reading.alternatives[0].text
        assert reading.confidence == pytest.approx(reading.alternatives[0].confidence)
        assert 0 <= reading.confidence <= 1
        scores = [other.score for other in reading.alternatives]
        assert scores == sorted(scores, reverse=True)
        assert len({other.text for other in reading.alternatives}) == len(scores)
        assert reading.ids.shape == before.ids.shape
        assert ((reading.scores >= 0) & (reading.scores <= 1)).all()
        assert (reading.attention is None) == (before.attention is None)
        if reading.attention is not None:
            assert reading.attention.shape == before.attention.shape


def test_a_lexicon_reads_nothing_else(backend, pixels, lexicon):
    alone = Reader(backend).read_batch(pixels)
    readings = reader_of(backend, lexicon=lexicon).read_batch(pixels, 8)
    check(readings, alone)
    assert {other.text for reading in readings for other in reading.alternatives} <= set(LEXICON)
    assert [len(reading.alternatives) for reading in readings] == [5] * 5
    wide = reader_of(backend, lexicon=lexicon, beam_width=6).read_batch(pixels[:1])[0]
    assert sorted(other.text for other in wide.alternatives) == sorted(LEXICON)


def test_a_text_model_prefers_its_texts(backend, pixels, text_model):
    alone = Reader(backend).read_batch(pixels)
    strong = reader_of(backend, text_model=text_model, text_weight=30.0, search_below=1.0).read_batch(pixels, 8)
    weak = reader_of(backend, text_model=text_model, text_weight=1e-6, search_below=1.0, beam_width=20)
    check(strong, alone)
    check(weak.read_batch(pixels), alone)
    model = TextModel.load(text_model)

    def likely(readings):
        charset = backend.dataset.charset
        ids = np.array([charset.pad(charset.encode(reading.text), 4) for reading in readings])
        return ClassProbabilities(model, charset).of_texts(ids).sum()

    assert likely(strong) > likely(weak.read_batch(pixels))


def test_only_unsure_pictures_are_searched(backend, pixels, text_model):
    alone = Reader(backend).read_batch(pixels)
    below = float(np.median([reading.confidence for reading in alone]))
    readings = reader_of(backend, text_model=text_model, search_below=below).read_batch(pixels)
    for reading, before in zip(readings, alone, strict=True):
        if before.confidence >= below:
            assert (reading.text, reading.confidence) == (before.text, before.confidence)
            assert [other.text for other in reading.alternatives] == [before.text]
            np.testing.assert_array_equal(reading.scores, before.scores)
    assert any(len(reading.alternatives) > 1 for reading in readings)
    check(readings, alone)


def test_one_unsure_character_of_a_long_text_is_enough_for_a_search():
    """A CTC text of eight characters, of which one is read with probability 0.8: a mean hides it."""
    scores = np.ones([2, 8])
    scores[1, 3] = 0.8
    outputs = {
        "predicted_chars": np.tile(np.arange(1, 9), [2, 1]),
        "predicted_scores": scores,
        "normalized_seq_conf": np.array([0.99, 0.98]),
    }
    np.testing.assert_allclose(CtcTexts(null_id=0).sureness(outputs), [0.99, 0.8])
    outputs["predicted_chars"][1, 3:] = 0  # not a character of that text
    np.testing.assert_allclose(CtcTexts(null_id=0).sureness(outputs), [0.99, 0.98])


def test_label_smoothing_lowers_what_counts_as_sure(make_spec, pixels, text_model):
    network = network_of("attention", make_spec)
    confidence = Reader(KerasBackend(network)).read_batch(pixels[:1])[0].confidence
    counted = []
    for smoothing in (0.0, 0.5):
        config = ModelConfig.from_dict({**network.config.to_dict(), "label_smoothing": smoothing})
        backend = KerasBackend(network)
        searched = backend.with_features()
        backend.config = searched.config = config
        backend.with_features = lambda searched=searched: searched
        reader = reader_of(backend, text_model=text_model, search_below=min(1.5 * confidence, 1.0))
        counted.append(len(reader.read_batch(pixels[:1])[0].alternatives))
    assert counted[0] > 1
    assert counted[1] == 1


def test_a_changed_text_has_scores_and_attention_of_its_own(backend, pixels, lexicon):
    alone = Reader(backend).read_batch(pixels)
    readings = reader_of(backend, lexicon=lexicon).read_batch(pixels)
    assert [reading.text for reading in readings] != [reading.text for reading in alone]
    for reading in readings:
        steps = np.flatnonzero(reading.ids != backend.dataset.charset.null_id)
        assert len(steps) == len(reading.text)
        if backend.config.head != CTC:
            end = min(len(reading.text) + 1, 4)
            product = np.log(np.maximum(reading.scores[:end], 1e-30)).sum()
            assert product == pytest.approx(reading.alternatives[0].score, rel=1e-3, abs=1e-3)
        if reading.attention is not None:
            np.testing.assert_allclose(reading.attention[steps].sum(axis=1), 1, rtol=1e-3)


def test_an_exported_ctc_head_is_searched_as_the_model_is(ctc, pixels, lexicon, text_model):
    for knobs in ({"lexicon": lexicon}, {"text_model": text_model, "search_below": 1.0}):
        ours, theirs = (reader_of(one, **knobs).read_batch(pixels) for one in (ctc, Export(ctc)))
        assert [reading.text for reading in ours] == [reading.text for reading in theirs]


@pytest.mark.parametrize("head", STEPWISE)
def test_an_export_of_another_head_is_refused(make_spec, lexicon, text_model, head):
    class Backend:
        config, dataset = ModelConfig(head=head), make_spec()

    for knobs, flag in (({"lexicon": lexicon}, "--lexicon="), ({"text_model": text_model}, "--text_model=")):
        with pytest.raises(UserError, match=rf"^{flag}.*: texts of --head={head} .* only --backend=keras"):
            prepared(Backend(), ReadConfig(**knobs))


def test_alone_and_among_others(backend, pixels, lexicon, text_model):
    for knobs in ({"lexicon": lexicon}, {"text_model": text_model, "search_below": 1.0}):
        reader = reader_of(backend, **knobs)
        together = reader.read_batch(pixels, 8)
        for row in range(2):
            alone = reader.read_batch(pixels[row : row + 1], 8)[0]
            assert alone.text == together[row].text
            assert alone.confidence == pytest.approx(together[row].confidence, rel=1e-3)


def test_both_are_too_much():
    with pytest.raises(UserError, match="--lexicon=a and --text_model=b: give one"):
        ReadConfig(lexicon="a", text_model="b")


def test_texts_of_a_right_to_left_script_are_turned_for_ctc(tmp_path, make_spec):
    charset = Charset.from_labels(["אבג"])

    class Backend:
        config, dataset = ModelConfig(head=CTC, encoder="residual"), make_spec(charset=charset)

    (tmp_path / "texts.txt").write_text("אבג\nבא\n", encoding="utf-8")
    _, search = prepared(Backend(), ReadConfig(lexicon=str(tmp_path / "texts.txt")))
    assert [charset.decode(text) for text in search._trie.texts] == ["גבא", "אב"]
    TextModel.of_texts([("אבג", 1.0)], TextModelConfig()).save(tmp_path / "m.npz")
    with pytest.raises(UserError, match="right-to-left"):
        prepared(Backend(), ReadConfig(text_model=str(tmp_path / "m.npz")))


def test_a_trie_holds_each_beginning_once():
    trie = Trie([[1, 2], [1], [1, 2, 0], [0]], 3)
    assert trie.levels == [0, 1, 3, 4, 5]
    assert trie.classes.tolist() == [-1, 0, 1, 2, 0]
    assert trie.parents.tolist() == [0, 0, 0, 2, 3]
    assert trie.ends.tolist() == [3, 2, 4, 1]


def test_texts_of_a_file_are_read_once_and_what_cannot_be_read_is_told(tmp_path, capsys, charset):
    path = tmp_path / "texts.txt"
    path.write_text("abba\n\n dad \nabba\nzebra\ncadabra\n")
    texts = load_texts(path, charset, 4)
    assert [charset.decode(text) for text in texts] == ["abba", "dad"]
    told = capsys.readouterr()
    assert told.out == ""
    assert (
        told.err == f"warning: 2 of 5 texts are left out: {path}:5: 'zebra' has 'z', which the reader does not know\n"
    )
    load_texts(path, Charset.from_labels(["abcdrez"]), 7)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "has no text"), ("\n \n", "has no text"), ("zoo\n", "'zoo' has 'z'"), ("aaaaa\n", "the reader's most are 4")],
)
def test_a_file_without_any_text_to_read_is_told(tmp_path, charset, content, told):
    (tmp_path / "texts.txt").write_text(content)
    with pytest.raises(UserError, match=told):
        load_texts(tmp_path / "texts.txt", charset, 4)
