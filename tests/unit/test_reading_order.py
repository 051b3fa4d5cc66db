"""Right-to-left texts: as a picture shows them, and back. The orders are those that python-bidi 0.6 gives."""

import numpy as np
import pytest
from keras import ops

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig, ReadConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import ctc
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.reader import Reader, readings_of
from attention_ocr.reading.texts.text_search import prepared
from attention_ocr.reading_order import ReadingOrder, reading_order

PICTURES = {  # label -> what the picture shows, from left to right
    "שלום": "םולש",
    "שלום עולם": "םלוע םולש",
    "שלום!": "!םולש",
    "שלום 123": "123 םולש",
    "123 שלום": "םולש 123",
    "שלום 12 34": "34 12 םולש",
    "מחיר: 50₪": "50₪ :ריחמ",
    "12:30 שלום": "םולש 12:30",
    "א-5": "5-א",
    "שלום abc עולם": "םלוע abc םולש",
    "בקרו www.example.com": "www.example.com ורקב",
    "שלום abc 12": "abc 12 םולש",
    "abc שלום def": "abc םולש def",
    "(שלום)": "(םולש)",
    "שלום (abc)": "(abc) םולש",
    "عدد 50%": "%50 ددع",
    "عدد ٥٠": "٥٠ ددع",
    "كتاب 1,000 عدد": "ددع 1,000 باتك",
    "abc 12": "abc 12",
    "50%": "50%",
    "": "",
}
UNKNOWN = {"abc שלום": "שלום abc", "שלום 12 abc": "שלום abc 12"}  # label -> what its picture is read as
CHARSET = Charset.from_labels([*PICTURES, *UNKNOWN])
HEBREW = Charset.from_labels(["אבגד"])


def ids_of(texts, charset=CHARSET, length=25):
    return np.array([charset.pad(charset.encode(text), length) for text in texts], np.int32)


@pytest.mark.parametrize("label", PICTURES)
def test_a_text_is_turned_into_what_the_picture_shows_and_back(label):
    order, ids = ReadingOrder(CHARSET), ids_of([label])
    turned, _ = order.turned(ids)
    assert CHARSET.decode(turned[0]) == PICTURES[label]
    np.testing.assert_array_equal(order.turned(turned, back=True)[0], ids)


@pytest.mark.parametrize("label", UNKNOWN)
def test_of_two_labels_with_the_same_picture_one_is_read(label):
    order = ReadingOrder(CHARSET)
    picture, _ = order.turned(ids_of([label]))
    read, _ = order.turned(picture, back=True)
    assert CHARSET.decode(read[0]) == UNKNOWN[label]
    np.testing.assert_array_equal(order.turned(read)[0], picture)


def test_texts_of_a_batch_do_not_meet_and_marks_stay_on_their_letters():
    texts = ["שָׁלוֹם", *PICTURES]
    charset = Charset.from_labels(texts)
    order = ReadingOrder(charset)
    turned, places = order.turned(ids_of(texts, charset))
    for row, text in enumerate(texts[1:], start=1):
        assert charset.decode(turned[row]) == PICTURES[text]
    assert charset.decode(order.turned(turned, back=True)[0][0]) == texts[0]
    assert places[0].tolist() == [6, 5, 4, 3, 2, 1, 0, *range(7, 25)]  # nulls stay where they are


@pytest.mark.parametrize("back", [False, True])
def test_a_graph_turns_as_numpy_does(back):
    order, ids = ReadingOrder(CHARSET), ids_of(PICTURES)
    for one, other in zip(order.turned(ids, back), order.turned(ops.convert_to_tensor(ids), back, ops), strict=True):
        np.testing.assert_array_equal(one, np.asarray(other))


@pytest.mark.parametrize(
    ("knobs", "charset", "turns"),
    [
        ({"head": "ctc"}, HEBREW, True),
        ({"head": "slice"}, HEBREW, True),
        ({"head": "attention"}, HEBREW, False),  # it looks wherever it likes
        ({"head": "ctc", "turn_right_to_left": False}, HEBREW, False),
        ({"head": "ctc"}, Charset.from_labels(["abc 12"]), False),
    ],
)
def test_only_heads_that_go_from_left_to_right_turn_right_to_left_texts(knobs, charset, turns):
    assert (reading_order(ModelConfig(**knobs), charset) is not None) == turns


@pytest.mark.parametrize("head", ["ctc", "slice"])
def test_the_loss_of_a_hebrew_text_is_that_of_what_the_picture_shows(head):
    spec = DatasetSpec("hebrew", 1, 32, 48, 4, HEBREW)
    residual = {"encoder": "residual", "encoder_channels": 8, "num_encoder_lstm_layers": 1, "num_encoder_lstm_units": 4}
    images = np.random.default_rng(0).integers(0, 256, [2, 32, 48, 3], dtype=np.uint8)

    model = AttentionOcr(ModelConfig(**residual, head=head, num_lstm_units=4), spec)

    def loss(labels):
        inputs = {"images": images, "labels": ids_of(labels, HEBREW, 4)}
        return float(model.compute_loss(inputs, y_pred=model(inputs, teach=True)))

    turned = loss(["אבג", "דא"])
    model.order = None
    assert turned == loss(["גבא", "אד"])
    assert turned != loss(["אבג", "דא"])


def test_what_is_read_is_in_the_order_of_labels_with_scores_attention_and_alternatives():
    shown = ids_of(["גבא", "ד"], HEBREW, 4)
    outputs = {
        "predicted_chars": shown,
        "predicted_scores": np.array([[0.1, 0.2, 0.3, 1], [0.4, 1, 1, 1]], np.float32),
        "normalized_seq_conf": np.array([0.5, 0.5]),
        "attention": np.eye(4, dtype=np.float32)[None, :, :].repeat(2, axis=0),
        "beam_chars": np.stack([shown, ids_of(["בא", "דג"], HEBREW, 4)], axis=1),
        "beam_scores": np.zeros([2, 2]),
        "beam_conf": np.full([2, 2], 0.5),
    }
    spec = DatasetSpec("hebrew", 1, 32, 48, 4, HEBREW)
    first, second = readings_of(outputs, spec, (1, 4), ReadingOrder(HEBREW))
    assert (first.text, second.text) == ("אבג", "ד")
    np.testing.assert_allclose(first.scores, [0.3, 0.2, 0.1, 1])
    assert first.attention.argmax(axis=1).tolist() == [2, 1, 0, 3]
    assert [one.text for one in first.alternatives] == ["אבג", "אב"]
    assert [one.text for one in second.alternatives] == ["ד", "גד"]


class Shown:
    """A backend of a CTC head whose columns show a text surely."""

    step = 0

    def __init__(self, shown):
        encoder = {"encoder": "residual", "num_encoder_lstm_layers": 1}
        self.config = ModelConfig(**encoder, head="ctc")
        self.dataset = DatasetSpec("hebrew", 1, 32, 48, 4, HEBREW)
        ids = [one for letter in shown for one in (HEBREW.encode(letter)[0], len(HEBREW))]
        self.logits = 9 * np.eye(len(HEBREW) + 1, dtype=np.float32)[ids][None]

    def predict(self, pixels, sizes=None):
        read = ctc.read(None, ops.convert_to_tensor(self.logits), HEBREW.null_id, 4)
        return {"chars_logit": self.logits, **{name: np.asarray(value) for name, value in read.items()}}


def test_a_lexicon_holds_texts_in_the_order_of_labels(tmp_path):
    (tmp_path / "known.txt").write_text("אבד\nגא\nגבד\n", encoding="utf-8")
    reader = Reader(*prepared(Shown("גבא"), ReadConfig(lexicon=str(tmp_path / "known.txt"))))
    (reading,) = reader.read_batch(np.zeros([1, 32, 48, 3], np.uint8))
    assert reading.text == "אבד"  # shown as דבא, one letter off
    assert {one.text for one in reading.alternatives} == {"אבד", "גא", "גבד"}


def test_a_text_model_is_refused_where_texts_are_read_the_other_way():
    with pytest.raises(
        UserError, match=r"^--text_model=english: counts texts as they are written, but ctc reads right"
    ):
        prepared(Shown("א"), ReadConfig(text_model="english"))
