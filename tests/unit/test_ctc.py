"""CTC by hand and against all paths: the loss, greedy reading, prefix beam search, the likeliest path of a text."""

import importlib
import itertools
import re

import keras
import numpy as np
import pytest
from absl import flags

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import ctc, heads
from attention_ocr.model.layouts.crnn import CrnnLayout
from attention_ocr.model.network import AttentionOcr
from attention_ocr.presets import preset
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.reader import Reader

A, B, NULL, BLANK = range(4)
T = 3
SURE = 0.9 / (1 - 0.1 / 3)  # 0.9 where the null has no share


def logits_of(path, probability=0.9):
    """Logits [1, N, 4] whose likeliest class in each column is that of `path`."""
    table = np.full([1, len(path), 4], (1 - probability) / 3)
    table[0, np.arange(len(path)), path] = probability
    return np.log(table).astype("float32")


def read(logits):
    return {name: np.asarray(value)[0] for name, value in ctc.read(None, logits, NULL, T).items()}


def some_logits(num_columns=5, seed=0):
    """Logits that leave the null out, as reading does."""
    logits = np.random.default_rng(seed).normal(0, 1.5, [1, num_columns, 4]).astype("float32")
    logits[..., NULL] = ctc.IMPOSSIBLE
    return logits


def text_of(path):
    return tuple(class_id for class_id, _ in itertools.groupby(path) if class_id != BLANK)


def all_paths(logits):
    """Each path's log-probability."""
    table = logits[0] - np.log(np.exp(logits[0]).sum(-1, keepdims=True))
    return {
        path: sum(table[n, class_id] for n, class_id in enumerate(path))
        for path in itertools.product([A, B, BLANK], repeat=logits.shape[1])
    }


def all_texts(logits):
    """Each text's log-probability, that of all its paths together."""
    found = {}
    for path, value in all_paths(logits).items():
        found[text_of(path)] = np.logaddexp(found.get(text_of(path), -np.inf), value)
    return found


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ([A, A, BLANK, B], [A, B, NULL]),
        ([A, BLANK, A, BLANK], [A, A, NULL]),  # a blank parts two that are the same
        ([A, A, A, A], [A, NULL, NULL]),
        ([BLANK] * 4, [NULL] * 3),
        ([A, B, A, B], [A, B, A]),  # longer than T: what comes after is left out
    ],
)
def test_runs_are_characters_and_blanks_are_nothing(path, ids):
    found = read(logits_of(path))
    assert found["predicted_chars"].tolist() == ids
    assert found["predicted_length"] == sum(class_id != NULL for class_id in ids)


def test_padding_is_never_read():
    logits = logits_of([NULL, A, NULL, NULL])
    logits[0, [0, 2, 3], BLANK] += 1  # the likeliest after the null
    assert read(logits)["predicted_chars"].tolist() == [A, NULL, NULL]


def test_columns_of_a_character_tell_where_it_is():
    found = read(logits_of([BLANK, A, A, BLANK, B]))
    np.testing.assert_allclose(found["attention"], [[0, 0.5, 0.5, 0, 0], [0, 0, 0, 0, 1], [0] * 5], atol=1e-6)
    np.testing.assert_allclose(found["predicted_scores"], [SURE, SURE, 1], rtol=1e-5)
    np.testing.assert_allclose(found["predicted_conf"], 5 * np.log(SURE), rtol=1e-5)


@pytest.mark.parametrize("text", [(A,), (A, B), (B, B), (A, A, B), ()])
def test_loss_is_the_probability_of_all_paths(text):
    logits = some_logits()
    labels = np.array([[*text, *[NULL] * (T - len(text))]], "int32")
    found, floor, characters = ctc.loss(None, logits, labels, NULL)
    assert float(found) == pytest.approx(-all_texts(logits)[text], rel=1e-4)
    assert (float(floor), float(characters)) == (0, len(text))


def test_a_text_needs_a_column_a_character_and_a_blank_between_two_that_are_the_same():
    assert ctc.frames_needed([A, B, A, NULL], NULL) == 3
    assert ctc.frames_needed([A, A, A], NULL) == 5
    assert ctc.frames_needed([NULL, NULL], NULL) == 0


class Logits:
    """A decoder whose logits are given."""

    max_sequence_length = T

    def __init__(self, logits):
        self.logits = logits

    def __call__(self, features, is_picture):
        del features, is_picture
        return {"chars_logit": self.logits}


@pytest.mark.parametrize("seed", range(6))
def test_beam_search_finds_the_likeliest_texts(seed):
    logits = some_logits(4, seed)
    truth = sorted(((value, text) for text, value in all_texts(logits).items() if len(text) <= T), reverse=True)[:3]
    found = {k: np.asarray(v)[0] for k, v in ctc.search_texts(Logits(logits), None, NULL, 40, 0.0).items()}
    texts = [tuple(class_id for class_id in ids if class_id != NULL) for ids in found["beam_chars"][:3]]
    assert texts == [text for _, text in truth]
    np.testing.assert_allclose(found["beam_scores"][:3], [value for value, _ in truth], rtol=1e-4)
    assert found["predicted_conf"] == pytest.approx(truth[0][0], rel=1e-4)


def test_length_penalty_prefers_longer_texts():
    logits = some_logits(4, 1)
    for penalty in (0.0, 3.0):
        texts = {text: value / ((5 + len(text)) / 6) ** penalty for text, value in all_texts(logits).items()}
        best = max((text for text in texts if len(text) <= T), key=texts.get)
        found = ctc.search_texts(Logits(logits), None, NULL, 60, penalty)
        assert tuple(i for i in np.asarray(found["predicted_chars"])[0] if i != NULL) == best


@pytest.mark.parametrize("text", [(A,), (A, B), (B, B), (A, A, B), ()])
@pytest.mark.parametrize("seed", range(3))
def test_the_path_of_a_text_is_its_likeliest(text, seed):
    logits = some_logits(5, seed)
    paths = {path: value for path, value in all_paths(logits).items() if text_of(path) == text}
    best = max(paths, key=paths.get)
    padded = np.array([[*text, *[NULL] * (T - len(text))]], "int32")
    ids, places, gains = (np.asarray(v)[0] for v in ctc.align(ctc.log_probabilities(logits, NULL), padded, NULL))
    assert tuple(ids.tolist()) == best
    assert gains.sum() == pytest.approx(paths[best], rel=1e-4)
    assert [k for k, _ in itertools.groupby(p for p in places.tolist() if p >= 0)] == list(range(len(text)))


# ---- the network


LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def crnn_model(width=100, length=8, **knobs):
    config = preset("crnn_ctc").replace(**knobs).model
    return AttentionOcr(config, DatasetSpec("words", 1, 32, width, length, Charset.from_labels([LETTERS])))


def test_layer_shapes_are_those_of_the_papers_table_1():
    model = crnn_model()
    convolutions = [layer.kernel.shape for layer in model.encoder.tower.convolutions]
    assert [tuple(shape) for shape in convolutions] == [
        *((3, 3, 3, 64), (3, 3, 64, 128), (3, 3, 128, 256), (3, 3, 256, 256)),
        *((3, 3, 256, 512), (3, 3, 512, 512), (2, 2, 512, 512)),
    ]
    assert model.feature_grid == (1, 24)  # width / 4 - 1 columns
    assert model.encoder.columns.layers[-1].compute_output_shape((None, 24, 256)) == (None, 24, 512)
    outputs = model({"images": np.zeros([2, 32, 100, 3], "float32")})
    assert outputs["chars_logit"].shape == (2, 24, 38)  # 36 characters, the null, the blank
    assert outputs["attention"].shape == (2, 8, 24)


def test_8_million_parameters_as_in_the_papers_table_2():
    trainable = sum(int(np.prod(variable.shape)) for variable in crnn_model().trainable_variables)
    colours, null = 2 * 9 * 64, 513  # the paper's pictures are grey, and no class of its is padding
    assert trainable - colours - null == 8_326_693  # 8.3 M


def test_a_picture_too_low_for_the_encoder_is_told():
    with pytest.raises(UserError, match=r"16 x 100 pixels .* too small"):
        CrnnLayout("crnn").feature_grid(16, 100)


@pytest.mark.parametrize(
    ("knobs", "views", "what"),
    [
        ({}, 2, "--head=ctc: reads one view, but data set 'x' has 2"),
        ({"encoder": "inception_v3", "num_encoder_lstm_layers": 0}, 1, "reads one row of features.* gives 1[0-9]"),
    ],
)
def test_pairs_that_cannot_work_are_told(knobs, views, what):
    spec = DatasetSpec("x", views, 150, 150, 5, Charset.from_labels([LETTERS]))
    with pytest.raises(UserError, match=what):
        AttentionOcr(preset("crnn_ctc").replace(**knobs).model, spec)


def test_texts_longer_than_the_columns_are_named():
    config, charset = ModelConfig(head="ctc"), Charset.from_labels(["ab"])
    spec = DatasetSpec("words", 1, 32, 20, 5, charset)
    fits, repeats = ("train:0", charset.encode("aba"), 20), ("train:1", charset.encode("aabb"), 20)
    heads.check_labels(config, spec, (1, 4), lambda: [fits])
    heads.check_labels(ModelConfig(), spec, (1, 4), lambda: [repeats])  # attention reads any
    with pytest.raises(UserError, match=r"train:1: the text 'aabb' needs 6 columns .* but there are 4 \(1 .* of 2\);"):
        heads.check_labels(config, spec, (1, 4), lambda: [fits, repeats])
    with pytest.raises(UserError, match=r"\(2 such records of 2\)"):
        heads.check_labels(config, spec, (1, 4), lambda: [repeats, repeats])
    with pytest.raises(UserError, match="4 columns of features cannot hold every text of max_sequence_length=5"):
        heads.check_labels(config, spec, (1, 4), lambda: None)


def test_pictures_that_are_narrow_themselves_are_to_be_stretched():
    spec = DatasetSpec("words", 1, 32, 400, 5, Charset.from_labels(["ab"]))
    squashed = ("train:0", spec.charset.encode("aabb"), 16)
    with pytest.raises(UserError, match=r"are 4 \(1 .*\); make records .* with --resize=stretch and an --image_width"):
        heads.check_labels(ModelConfig(head="ctc"), spec, (1, 100), lambda: [squashed], lambda width: width // 4)


@pytest.mark.parametrize(("is_drawn", "job"), [(False, "generate_tfrecords"), (True, "train")])
def test_the_flags_that_help_are_those_of_the_job_that_makes_the_pictures(is_drawn, job):
    spec = DatasetSpec("words", 1, 32, 20, 5, Charset.from_labels(["ab"]))
    repeats = ("drawn picture 0", spec.charset.encode("aabb"), 20)
    with pytest.raises(UserError) as error:
        heads.check_labels(ModelConfig(head="ctc"), spec, (1, 4), lambda: [repeats], None, is_drawn)
    told = str(error.value).partition("; ")[2]
    assert ("record" in str(error.value)) == (not is_drawn)
    values = flags.FlagValues()
    importlib.import_module(f"attention_ocr.jobs.{job}").define_flags(values)
    named = re.findall(r"--(\w+)", told)
    assert len(named) == 3
    assert set(named) <= set(values)


def test_a_few_texts_that_are_too_long_are_counted(capsys):
    spec = DatasetSpec("words", 1, 32, 20, 5, Charset.from_labels(["ab"]))
    fits, repeats = ("train:0", spec.charset.encode("aba"), 20), ("train:1", spec.charset.encode("aabb"), 20)
    heads.check_labels(ModelConfig(head="ctc"), spec, (1, 4), lambda: [fits] * 99 + [repeats])
    assert capsys.readouterr().out.startswith(
        "nothing is learned from 1 of 100 records: train:1: the text 'aabb' needs"
    )


def test_nothing_is_learned_from_a_text_that_is_too_long():
    """Neither from one longer than the batch has columns, nor from one longer than its own picture."""
    logits = np.concatenate([some_logits(3, seed) for seed in range(3)])
    logits[2, 2:, :BLANK], logits[2, 2:, BLANK] = ctc.IMPOSSIBLE, 0
    labels = np.array([[A, B, NULL], [A, A, A], [A, B, A]], "int32")
    expected = float(ctc.loss(None, logits[:1], labels[:1], NULL)[0]) / 3
    assert float(ctc.loss(None, logits, labels, NULL)[0]) == pytest.approx(expected, rel=1e-5)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        weights = tf.Variable(np.ones([4], "float32"))
        with tf.GradientTape() as tape:
            loss, _, _ = ctc.loss(None, logits * weights, labels, NULL)
        assert np.isfinite(np.asarray(tape.gradient(loss, weights))).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_loss_of_logits_that_are_no_numbers_is_none(value):
    logits = np.concatenate([some_logits(3, seed) for seed in range(2)])
    labels = np.array([[A, B, NULL], [NULL, NULL, NULL]], "int32")
    assert np.isfinite(float(ctc.loss(None, logits, labels, NULL)[0]))
    logits[1, 0, A] = value
    assert np.isnan(float(ctc.loss(None, logits, labels, NULL)[0]))


def test_a_very_long_text_is_not_told_in_full():
    spec = DatasetSpec("words", 1, 32, 20, 500, Charset.from_labels(["ab"]))
    long = ("train:0", spec.charset.encode("ab" * 250), 20)
    with pytest.raises(UserError, match=r"train:0: the text '(ab){20}\.\.\.' needs 500 columns"):
        heads.check_labels(ModelConfig(head="ctc"), spec, (1, 4), lambda: [long])


def test_beam_search_through_the_reader():
    model = crnn_model(40, 6)
    pictures = [np.random.default_rng(n).integers(0, 256, [32, 40, 3], np.uint8) for n in range(2)]
    greedy, found = (Reader(KerasBackend(model, width)).read(pictures) for width in (1, 5))
    for one, other in zip(greedy, found, strict=True):
        assert len(other.alternatives) > 1
        assert other.alternatives[0].text == other.text
        assert other.attention.shape == one.attention.shape == (6, 9)


def test_columns_are_mostly_blank_before_anything_is_learned():
    decoder = ctc.CtcDecoder(None, 19, T)
    logits = np.asarray(decoder(np.zeros([1, 1, 8], "float32"))["chars_logit"])[0, 0]
    probability = np.exp(logits) / np.exp(logits).sum()
    assert probability[-1] == pytest.approx(0.8, abs=1e-6)
    np.testing.assert_allclose(probability[:-1], 0.2 / 19, rtol=1e-5)
