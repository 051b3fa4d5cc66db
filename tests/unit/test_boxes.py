"""Each character's box in pixels of the picture as given, as far as the model tells it."""

import dataclasses
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig, ReadConfig
from attention_ocr.model.geometry import geometry_of
from attention_ocr.model.network import AttentionOcr
from attention_ocr.reading.backends.keras import KerasBackend
from attention_ocr.reading.places import places_of
from attention_ocr.reading.reader import Character, Reader, Word
from attention_ocr.reading.texts import text_search

NULL = 5  # of " abcd" and the null


class Looks:
    """A backend that reads `text` and looked at `cells` (view, row, column) of the feature maps, one a character."""

    def __init__(self, dataset, text, cells, **config):
        self.config, self.dataset, self.step, self.fingerprint = ModelConfig(**config), dataset, 0, ""
        self.geometry, self.text, self.cells = geometry_of(self.config, dataset), text, cells

    def predict(self, pixels, sizes=None):
        B, T, charset = len(pixels), self.dataset.max_sequence_length, self.dataset.charset
        height, width = pixels.shape[1], pixels.shape[2] // self.dataset.num_views
        crop = self.geometry.crop
        grid = self.geometry.feature_grid(crop[0] or height, crop[1] or width)
        attention = np.zeros([B, T, self.dataset.num_views, *grid], np.float32)
        for step, cells in enumerate(self.cells):
            for cell in cells:
                attention[(slice(None), step, *cell)] = 1 / len(cells)
        ids = np.tile(np.array(charset.pad(charset.encode(self.text), T), np.int32), [B, 1])
        outputs = {
            "predicted_chars": ids,
            "predicted_scores": np.tile(np.linspace(0.9, 0.6, T, dtype=np.float32), [B, 1]),
            "predicted_length": (ids != NULL).sum(1),
            "predicted_conf": np.log(np.full(B, 0.5)),
            "normalized_seq_conf": np.full(B, 0.5, np.float32),
            "attention": attention.reshape(B, T, -1),
        }
        if self.config.head == "slice":
            del outputs["attention"]
        if sizes is not None and self.geometry.canvas:
            outputs["feature_sizes"] = np.array([self.geometry.feature_grid(*size) for size in sizes])
        return outputs


def boxes(reading):
    return [character.box and tuple(round(side, 3) for side in character.box) for character in reading.characters]


def picture(width, height):
    return np.zeros([height, width, 3], np.uint8)


GRID = {"encoder": "inception_v4", "head": "attention"}  # cells of 8 x 8 pixels, the first centred at 7.5
LINE = {"encoder": "residual", "head": "ctc", "num_encoder_lstm_layers": 1}  # one row of columns 4 pixels wide


@pytest.mark.parametrize("head", ["attention", "stacked_attention", "gru_attention", "area_attention"])
@pytest.mark.parametrize(
    ("resize", "size", "expected"),
    [
        # A cell is 8 x 8 pixels around 7.5 + 8 n. The view is 40 x 80.
        ("stretch", (80, 40), [(3.5, 3.5, 11.5, 11.5), (19.5, 11.5, 35.5, 19.5)]),
        ("stretch", (160, 20), [(7, 1.75, 23, 5.75), (39, 5.75, 71, 9.75)]),
        ("pad", (160, 80), [(7, 7, 23, 23), (39, 23, 71, 39)]),
        ("pad", (40, 80), [(7, 7, 23, 23), (39, 23, 40, 39)]),  # 20 pixels wide in the view
        ("keep_height", (40, 20), [(1.75, 1.75, 5.75, 5.75), (9.75, 5.75, 17.75, 9.75)]),
    ],
)
def test_boxes_of_attention_are_the_cells_looked_at(make_spec, head, resize, size, expected):
    # One picture stands alone, on a canvas where the network has one.
    spec = make_spec(resize=resize)
    looks = Looks(spec, "ab", [[(0, 0, 0)], [(0, 1, 2), (0, 1, 3)]], encoder="inception_v4", head=head)
    (reading,) = Reader(looks).read(picture(*size))
    assert boxes(reading) == expected


def test_a_crop_and_views(make_spec):
    spec = make_spec(num_views=2)
    looks = Looks(spec, "ab", [[(0, 0, 0)], [(1, 1, 2)]], crop_height=32, crop_width=64, **GRID)
    # 4 rows and 8 columns are cut off on each side; views are 80 wide in the picture of the right size.
    (reading,) = Reader(looks).read(picture(160, 40))
    assert boxes(reading) == [(11.5, 7.5, 19.5, 15.5), (80 + 27.5, 15.5, 80 + 35.5, 23.5)]
    assert [character.view for character in reading.characters] == [0, 1]
    (reading,) = Reader(looks).read(picture(321, 40))  # 160 columns each, the last one is cut off
    assert boxes(reading) == [(23, 7.5, 39, 15.5), (160 + 55, 15.5, 160 + 71, 23.5)]
    (reading,) = Reader(looks).read(picture(80, 40))  # shown in both views
    assert boxes(reading) == [(11.5, 7.5, 19.5, 15.5), (27.5, 15.5, 35.5, 23.5)]
    assert [entry["view"] for entry in reading.to_dict(spec.charset)["characters"]] == [0, 1]
    (reading,) = Reader(looks).read([[picture(80, 40), picture(160, 80)]])  # a picture for each view
    assert boxes(reading) == [(11.5, 7.5, 19.5, 15.5), (55, 31, 71, 47)]


@pytest.mark.parametrize("orientation", [1, 6])
def test_boxes_are_those_of_the_file_before_it_is_turned(make_spec, orientation):
    upright, file = Image.fromarray(picture(80, 40)), io.BytesIO()
    exif = Image.Exif()
    exif[274] = orientation
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose.ROTATE_90)
    stored.save(file, "PNG", exif=exif)
    (reading,) = Reader(Looks(make_spec(), "a", [[(0, 0, 2)]], **GRID)).read(file.getvalue())
    assert boxes(reading) == [(19.5, 3.5, 27.5, 11.5) if orientation == 1 else (3.5, 80 - 27.5, 11.5, 80 - 19.5)]


def test_characters_of_a_line_reach_half_way_to_their_neighbours(make_spec):
    spec = make_spec(resize="keep_height", image_height=32, image_width=128, max_sequence_length=6)
    columns = [[(0, 0, 2)], [(0, 0, 5), (0, 0, 6)], [(0, 0, 9)], [(0, 0, 20)]]  # centres at 11.5, 25.5, 39.5 and 83.5
    (reading,) = Reader(Looks(spec, "ab d", columns, **LINE)).read(picture(128, 32))
    # The usual distance is 14, so none reaches farther than 10.5 from its centre.
    assert boxes(reading) == [(4.5, 0, 18.5, 32), (18.5, 0, 32.5, 32), (32.5, 0, 50, 32), (73, 0, 94, 32)]
    assert [word.text for word in reading.words] == ["ab", "d"]
    assert [word.box for word in reading.words] == [(4.5, 0, 32.5, 32), (73, 0, 94, 32)]
    np.testing.assert_allclose(reading.words[0].confidence, np.sqrt(0.9 * 0.84), rtol=1e-6)


def test_pictures_of_several_sizes_in_a_batch(make_spec):
    spec = make_spec(resize="keep_height", image_height=32, image_width=128)
    reader = Reader(Looks(spec, "ab", [[(0, 0, 1)], [(0, 0, 3)]], **LINE))  # centres at 7.5 and 15.5
    narrow, wide = reader.read([picture(80, 64), picture(128, 32)])
    assert boxes(narrow) == [(7, 0, 23, 64), (23, 0, 39, 64)]  # twice as large as the network sees it
    assert boxes(wide) == [(3.5, 0, 11.5, 32), (11.5, 0, 19.5, 32)]


def test_ppocr_sees_a_narrow_picture_beside_grey(make_spec):
    spec = make_spec(resize="keep_height", image_height=48, image_width=320)
    looks = Looks(spec, "ab", [[(0, 0, 1)], [(0, 0, 3)]], encoder="lcnet", lcnet_neck=True, head="ctc")
    (reading,) = Reader(looks).read(picture(40, 48))  # columns are 8 pixels wide, whatever the picture's width
    assert boxes(reading) == [(4, 0, 20, 48), (20, 0, 36, 48)]


@pytest.mark.parametrize(("encoder", "centre"), [("crnn", 12), ("sliding", 12), ("wide_crnn", 8)])
def test_columns_of_convolutions(make_spec, encoder, centre):
    spec = make_spec(resize="keep_height", image_height=32, image_width=128)
    looks = Looks(spec, "a", [[(0, 0, 2)]], encoder=encoder, head="attention")
    (reading,) = Reader(looks).read(picture(64, 32))
    assert boxes(reading) == [(centre - 8, 0, centre + 8, 32)]  # alone, it is as wide as half the height


def test_vertical_text(make_spec):
    spec = make_spec(resize="keep_height", image_height=32, image_width=128, vertical="rotate")
    reader = Reader(Looks(spec, "ab", [[(0, 0, 1)], [(0, 0, 3)]], **LINE))
    (reading,) = reader.read(picture(32, 128))  # turned to the left: its right side is at the top
    assert boxes(reading) == [(0, 3.5, 32, 11.5), (0, 11.5, 32, 19.5)]


def test_right_to_left_texts_have_the_boxes_of_their_letters(make_spec):
    spec = make_spec(resize="keep_height", image_height=32, image_width=128, charset=Charset.from_labels(["אבגד "]))
    shown = [[(0, 0, 1)], [(0, 0, 3)], [(0, 0, 5)]]  # from left to right
    looks = Looks(spec, "אבג", shown, turn_right_to_left=True, **LINE)
    (reading,) = Reader(looks).read(picture(128, 32))
    assert reading.text == "גבא"  # the label begins at the right
    assert boxes(reading) == [(19.5, 0, 27.5, 32), (11.5, 0, 19.5, 32), (3.5, 0, 11.5, 32)]


def test_a_head_without_attention_tells_no_box(make_spec):
    spec = make_spec()
    (reading,) = Reader(Looks(spec, "ab", [[(0, 0, 0)]] * 2, encoder="inception_v4", head="slice")).read(
        picture(80, 40)
    )
    assert reading.characters == [Character("a", pytest.approx(0.9), None), Character("b", pytest.approx(0.8), None)]
    assert reading.words == [Word("ab", pytest.approx(np.sqrt(0.9 * 0.8)), None)]
    assert set(reading.to_dict(spec.charset)) == {"text", "confidence", "turned", "characters"}
    assert set(reading.to_dict(spec.charset)["characters"][0]) == {"character", "score"}


@pytest.mark.parametrize("weights", [np.zeros(8), np.full(8, np.nan)])
def test_a_character_that_was_looked_at_nowhere_has_no_box(weights):
    looked = np.stack([weights, np.eye(8)[2]])
    places = places_of(looked, 1, (1, 8), (None, (2, 4)), 32)
    assert places[0] is None
    assert places[1].box == (2, 0, 18, 32)


def test_a_little_weight_far_away_does_not_count():
    looked = np.array([[0.8, 0.05, 0, 0, 0, 0, 0, 0.15]])
    (place,) = places_of(looked, 1, (2, 4), ((8, 16), (2, 4)), 32)
    assert np.allclose(place.box, (0, 0, 4, 16))


def test_characters_at_one_place_keep_their_width():
    looked = np.eye(8)[[3, 3, 3]]
    places = places_of(looked, 1, (1, 8), (None, (2, 4)), 32)
    assert [place.box for place in places] == [(12, 0, 16, 32)] * 3


def test_json_has_boxes_and_words(make_spec):
    spec = make_spec(resize="keep_height", image_height=32, image_width=128)
    (reading,) = Reader(Looks(spec, "a d", [[(0, 0, n)] for n in (1, 3, 5)], **LINE)).read(picture(128, 32))
    told = json.loads(json.dumps(reading.to_dict(spec.charset)))
    assert [entry["box"] for entry in told["characters"]] == [
        [3.5, 0, 11.5, 32],
        [11.5, 0, 19.5, 32],
        [19.5, 0, 27.5, 32],
    ]
    assert told["words"] == [
        {"text": "a", "confidence": 0.9, "box": [3.5, 0, 11.5, 32]},
        {"text": "d", "confidence": 0.7, "box": [19.5, 0, 27.5, 32]},
    ]


def test_readings_of_a_lexicon_have_boxes(make_spec, tmp_path):
    """The lexicon's text is laid on the columns of the logits."""

    class Logits(Looks):
        def predict(self, pixels, sizes=None):
            outputs = super().predict(pixels, sizes)
            logits = np.full([len(pixels), 32, len(self.dataset.charset) + 1], -9, np.float32)
            logits[:, :, -1] = 0
            for column, letter in ((2, "a"), (7, "b"), (12, "d"), (12, "c")):
                logits[:, column, self.dataset.charset.encode(letter)[0]] = 9 if letter != "d" else 8
            return {**outputs, "chars_logit": logits}

    spec = make_spec(resize="keep_height", image_height=32, image_width=128)
    (tmp_path / "words.txt").write_text("abd\nda\n")
    backend = Logits(spec, "abc", [[(0, 0, 2)], [(0, 0, 7)], [(0, 0, 12)]], **LINE)
    reader = Reader(*text_search.prepared(backend, ReadConfig(lexicon=str(tmp_path / "words.txt"))))
    (reading,) = reader.read(picture(256, 64))
    assert reading.text == "abd"
    assert [box[0] < x < box[2] for box, x in zip(boxes(reading), (2 * 11.5, 2 * 31.5, 2 * 51.5), strict=True)] == [
        True
    ] * 3


def test_what_prepare_returned_has_boxes_in_its_own_pixels(make_spec):
    reader = Reader(Looks(make_spec(resize="pad"), "a", [[(0, 0, 0)]], **GRID))
    data = picture(160, 80)
    (prepared,) = reader.read_prepared([reader.prepare(data)])
    (fitted,) = reader.read_prepared([reader.fitted(data)])
    assert boxes(prepared) == [(3.5, 3.5, 11.5, 11.5)]
    assert boxes(fitted) == [(7, 7, 23, 23)]
    assert dataclasses.replace(fitted, origin=None).characters == []


@pytest.mark.parametrize("head", ["ctc", "attention"])
def test_beams_of_a_real_network_have_boxes(make_spec, head):
    keras.utils.set_random_seed(2)
    spec = make_spec(resize="keep_height", image_height=32, image_width=128)
    sizes = {"encoder_channels": 8, "num_encoder_lstm_layers": int(head == "ctc"), "num_encoder_lstm_units": 8}
    network = AttentionOcr(ModelConfig(encoder="residual", head=head, **sizes), spec)
    for variable in network.decoder.weights:
        variable.assign(np.random.default_rng(0).normal(0, 1, variable.shape))
    (reading,) = Reader(KerasBackend(network, beam_width=3)).read(picture(200, 64))
    assert len(reading.characters) == len(reading.text) > 0
    for left, top, right, bottom in boxes(reading):
        assert 0 <= left < right <= 200
        assert 0 <= top < bottom <= 64
