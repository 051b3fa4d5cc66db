"""Each check of one record, on a record that is right but for one thing."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.data.decoding import decode_pixels
from attention_ocr.data.record_checks import hash_of, inspect_record
from attention_ocr.records.examples import write_example

NULL_ID = 5
PIXELS = np.arange(40 * 80 * 3, dtype=np.uint32).reshape(40, 80, 3).astype(np.uint8)
REMOVED = object()


def encoded(pixels=PIXELS, image_format="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, image_format)
    return file.getvalue()


def record(**values):
    """A right record of 'ab' with features replaced or removed; values are bytes or lists of numbers."""
    data = write_example(encoded(), "PNG", 40, 80, 80, [1, 2], 4, NULL_ID, "ab")
    example = tf.train.Example.FromString(data)
    for name, value in values.items():
        example.features.feature[f"image/{name}"].Clear()
        feature = example.features.feature[f"image/{name}"]
        if value is REMOVED:
            del example.features.feature[f"image/{name}"]
        elif isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        else:
            feature.int64_list.value.extend(value)
    return example.SerializeToString()


def label(ids, text):
    """The three features of a label, ids padded to T = 4."""
    padded = [*ids, *[NULL_ID] * (4 - len(ids))]
    return {"class": padded, "unpadded_class": list(ids), "text": text.encode()}


def faults(spec, data):
    """(check, blocks training) of each fault."""
    return [(fault.check, fault.blocks_training) for fault in inspect_record(data, spec).faults]


@pytest.fixture
def spec(make_spec):
    return make_spec()


def test_what_a_right_record_holds(spec):
    found = inspect_record(record(), spec)
    assert found.faults == []
    assert (found.text, found.ids, found.size, found.orig_width) == ("ab", [1, 2], (40, 80), 80)
    assert found.image_format == "PNG"
    assert found.mean == pytest.approx((PIXELS / 255).mean(), abs=1e-5)
    assert found.mean_square == pytest.approx(np.square(PIXELS / 255).mean(), abs=1e-5)


def test_the_hash_is_of_the_pixels_not_of_the_file(spec):
    first = inspect_record(record(), spec)
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG", compress_level=0)
    again = inspect_record(record(encoded=file.getvalue()), spec)
    other = inspect_record(record(encoded=encoded(PIXELS[::-1])), spec)
    assert first.pixel_hash == again.pixel_hash != 0
    assert other.pixel_hash not in (0, first.pixel_hash)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pixels_are_those_of_training(spec, mode):
    picture = Image.fromarray(PIXELS)
    picture.putalpha(Image.fromarray(PIXELS[..., 0]))
    deep = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 200)
    picture = deep if mode == "I;16" else picture.convert("RGB" if mode == "P" else "RGBA").convert(mode)
    file = io.BytesIO()
    picture.save(file, "PNG")
    found = inspect_record(record(encoded=file.getvalue()), spec)
    assert found.faults == []
    assert found.pixel_hash == hash_of(decode_pixels(tf.constant(file.getvalue())).numpy().tobytes())


def test_bytes_that_are_no_example(spec):
    assert faults(spec, b"garbage") == [("example", True)]
    assert faults(spec, b"") == [("example", True)]


@pytest.mark.parametrize("key", ["format", "height", "width", "orig_width", "unpadded_class", "text"])
def test_a_missing_key_that_training_does_without(spec, key):
    assert faults(spec, record(**{key: REMOVED})) == [("keys", False)]


@pytest.mark.parametrize("key", ["encoded", "class"])
def test_a_missing_key_that_training_needs(spec, key):
    assert faults(spec, record(**{key: REMOVED})) == [("keys", True)]


def test_keys_of_a_wrong_kind_or_number(spec):
    found = inspect_record(record(text=[3], height=[40, 40], **{"class": b"ab"}), spec)
    messages = [fault.message.split(";")[0] for fault in found.faults]
    assert sorted(messages) == [
        "image/class holds bytes, not whole numbers",
        "image/height has 2 values, not 1",
        "image/text holds whole numbers, not bytes",
    ]


def test_raw_pixels_are_called_so(spec):
    (fault,) = inspect_record(record(encoded=PIXELS.tobytes()), spec).faults
    assert (fault.check, fault.blocks_training) == ("picture", True)
    assert fault.message.startswith("image/encoded is raw pixels (40 x 80 x 3), not a PNG file; make the records anew")


def test_raw_pixels_of_the_declared_size(spec):
    (fault,) = inspect_record(record(encoded=bytes(30 * 20), height=[30], width=[20], orig_width=[20]), spec).faults
    assert "raw pixels (30 x 20 x 1)" in fault.message


def with_wrong_checksum():
    """A PNG that Pillow reads and TensorFlow refuses."""
    data = bytearray(encoded())
    start = data.index(b"IDAT")
    length = int.from_bytes(data[start - 4 : start], "big")
    data[start + 4 + length] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    "picture",
    [b"", b"no picture", encoded()[:-20], encoded()[:100], encoded(image_format="JPEG")[:-2], with_wrong_checksum()],
    ids=["empty", "text", "without end", "half", "JPEG without end", "wrong checksum"],
)
def test_pictures_that_training_cannot_decode(spec, picture):
    declared = b"JPEG" if picture.startswith(b"\xff") else b"PNG"
    found = inspect_record(record(encoded=picture, format=declared), spec)
    assert [(fault.check, fault.blocks_training) for fault in found.faults] == [("picture", True)]
    assert "\n" not in found.faults[0].message
    assert "{{" not in found.faults[0].message
    assert found.pixel_hash == 0


@pytest.mark.parametrize(
    ("image_format", "declared", "found"),
    [
        ("PNG", b"png", []),
        ("JPEG", b"jpg", []),
        ("JPEG", b"JPEG", []),
        ("JPEG", b"PNG", [("format", False)]),
        ("PNG", b"raw", [("format", False)]),
    ],
)
def test_declared_format(spec, image_format, declared, found):
    assert faults(spec, record(encoded=encoded(image_format=image_format), format=declared)) == found


def test_declared_sizes(spec):
    assert faults(spec, record(width=[81])) == [("size", False)]
    assert faults(spec, record(width=[81], height=[39])) == [("size", False)] * 2


def test_picture_of_another_size(spec, make_spec):
    assert faults(make_spec(image_height=41), record()) == [("size", True)]
    assert faults(make_spec(image_width=79), record()) == [("size", True)]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"num_views": 4, "image_width": 40}, "its picture is 2 views of 40 x 40 side by side, the data set has 4"),
        ({"num_views": 2, "image_width": 80}, "its picture is 1 view of 40 x 80 side by side, the data set has 2"),
    ],
)
def test_another_number_of_views(make_spec, sizes, message):
    (fault,) = inspect_record(record(), make_spec(**sizes)).faults
    assert (fault.check, fault.blocks_training) == ("views", True)
    assert fault.message.startswith(message)


@pytest.mark.parametrize(("width", "found"), [(0, ["orig_width"]), (1, []), (80, []), (81, ["orig_width"])])
def test_orig_width(spec, width, found):
    assert [check for check, _ in faults(spec, record(orig_width=[width]))] == found


@pytest.mark.parametrize(("height", "found"), [(0, ["orig_height"]), (1, []), (40, []), (41, ["orig_height"])])
def test_orig_height(spec, height, found):
    assert [check for check, _ in faults(spec, record(orig_height=[height]))] == found


@pytest.mark.parametrize("class_id", [-1, 6])
def test_class_ids_out_of_range(spec, class_id):
    data = record(**{"class": [1, class_id, 5, 5], "unpadded_class": [1, class_id]})
    assert faults(spec, data) == [("class_range", True)]


def test_the_greatest_class_id_is_in_range(spec):
    assert faults(spec, record(**label([4, 0], "d "))) == []


def test_number_of_class_ids(spec):
    assert faults(spec, record(**{"class": [1, 2, 5]})) == [("class_length", False)]
    assert faults(spec, record(**{"class": [1, 2, 5, 5, 5]})) == [("class_length", True)]


def test_padding_in_the_middle(spec):
    assert faults(spec, record(**label([1, 5, 2], "ab"))) == [("padding", False)]


def test_unpadded_class(spec):
    assert faults(spec, record(unpadded_class=[1])) == [("unpadded_class", False)]
    assert faults(spec, record(unpadded_class=[1, 2, 5, 5])) == [("unpadded_class", False)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"ac", ["'ac'", "'ab'"]),
        (b"ab ", ["'ab '", "'ab'"]),
        (b"az", ["'az' has 'z'", "not in the charset"]),
        (b"\xff", ["not UTF-8 (byte 0)"]),
    ],
)
def test_text_that_is_not_what_the_classes_say(spec, text, words):
    (fault,) = inspect_record(record(text=text), spec).faults
    assert fault.check == "text"
    for word in words:
        assert word in fault.message


def test_each_character_of_a_class_is_right(make_spec):
    spec = make_spec(charset=Charset(((" ",), ("a", "A"), ("b",), ("c",), ("d",), ()), NULL_ID))
    assert faults(spec, record(**label([1, 2], "ab"))) == []
    assert faults(spec, record(**label([1, 2], "Ab"))) == []


def test_an_empty_label_is_no_fault(spec):
    """A picture without text, such as --on_empty=keep makes."""
    found = inspect_record(record(**label([], "")), spec)
    assert (found.faults, found.ids, found.text) == ([], [], "")


@pytest.mark.parametrize(
    ("pixels", "sizes", "shows_nothing"),
    [
        (PIXELS, {}, False),
        (np.full((40, 80, 3), 200, np.uint8), {}, True),
        (np.full((40, 80, 3), (0, 128, 255), np.uint8), {}, True),
        (np.clip(PIXELS, 100, 115), {}, True),  # a scan that could be of anything
        (np.clip(PIXELS, 100, 116), {}, False),
        (np.where(np.arange(80)[:, None] < 60, 9, 127) * np.ones((40, 80, 3), int), {"orig_width": [60]}, True),
        (np.where(np.arange(80)[:, None] < 60, 9, 127) * np.ones((40, 80, 3), int), {"orig_width": [61]}, False),
        (
            np.where(np.abs(np.arange(40) - 19.5) < 10, 9, 127)[:, None, None] * np.ones((40, 80, 3), int),
            {"orig_height": [20]},
            True,
        ),
        (np.full((40, 80, 3), 200, np.uint8), {"orig_width": [0], "orig_height": [-5]}, True),
    ],
)
def test_a_picture_of_one_colour_shows_nothing(spec, pixels, sizes, shows_nothing):
    """Its padding is not counted."""
    data = record(encoded=encoded(pixels.astype(np.uint8)), **sizes)
    assert inspect_record(data, spec).shows_nothing == shows_nothing


def test_one_view_of_one_colour_is_enough(make_spec):
    spec = make_spec(num_views=2, image_width=40)
    assert not inspect_record(record(), spec).shows_nothing
    pixels = PIXELS.copy()
    pixels[:, 40:] = 7
    assert inspect_record(record(encoded=encoded(pixels)), spec).shows_nothing


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF"])
def test_a_picture_of_too_many_pixels_is_not_decoded(spec, image_format):
    values = {"encoded": encoded(image_format=image_format), "format": image_format.encode()}
    (fault,) = inspect_record(record(**values), spec, max_pixels=3199).faults
    assert fault.message.startswith("its picture has 80 x 40 = 3,200 pixels, more than --max_pixels=3199; ")
    assert (fault.check, fault.blocks_training) == ("picture", True)
    assert inspect_record(record(**values), spec, max_pixels=3200).faults == []


@pytest.mark.parametrize("key", ["orig_width", "orig_height", "height", "width", "format", "text"])
def test_a_key_without_a_value_is_a_fault(spec, key):
    assert ("keys", False) in faults(spec, record(**{key: []}))


@pytest.mark.parametrize(
    ("key", "blocks"), [("orig_width", True), ("orig_height", True), ("text", True), ("height", False)]
)
def test_values_of_another_kind_stop_training_where_it_reads_them(spec, key, blocks):
    assert ("keys", blocks) in faults(spec, record(**{key: [3] if key == "text" else b"3"}))
