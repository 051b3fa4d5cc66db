"""What a new network takes over from an old one: by character, channel, row and column; the old readings stay."""

from types import SimpleNamespace

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.model.heads import head_of
from attention_ocr.model.network import TOWERS, AttentionOcr
from attention_ocr.training import transfer

B, T, U, CHANNELS = 5, 4, 6, 9


def charset_of(text, null_first=False):
    classes = [(character,) for character in text]
    return Charset(((), *classes), 0) if null_first else Charset((*classes, ()), len(text))


def network_of(charset, grid=(2, 3), T=T, channels=CHANNELS, **knobs):
    """What `transfer` looks at, without a tower; all weights are random, and `read` gives texts of features."""
    config = ModelConfig(**{"num_lstm_units": U, "final_endpoint": "Mixed_5b", **knobs})
    decoder = head_of(config).decoder(config, len(charset), T, name="decoder")
    C = channels + (sum(grid) if config.encode_coordinates else 0)
    decoder.build((None, grid[0] * grid[1], C))
    random = np.random.default_rng(3)
    for weight in decoder.weights:
        weight.assign(random.normal(size=weight.shape))
    return SimpleNamespace(config=config, dataset=SimpleNamespace(charset=charset), decoder=decoder, feature_grid=grid)


def moved(old, new):
    """`new` with what it takes from `old`; its fates by the weights' names."""
    classes = transfer.matched_classes(new.dataset.charset, old.dataset.charset)
    found = {}
    for fate, variable, value in transfer.decoder_values(new, old, classes):
        variable.assign(value)
        found[variable.name] = fate
    return found


def features_of(positions=6, coordinates=(), batch=B):
    random = np.random.default_rng(4)
    features = random.normal(size=[batch, positions, CHANNELS])
    if coordinates:
        h, w = coordinates
        rows = np.eye(h)[np.arange(positions) // w % h]
        columns = np.eye(w)[np.arange(positions) % w]
        places = np.concatenate([rows, columns], axis=1)
        features = np.concatenate([features, np.stack([places] * batch)], axis=2)
    return features.astype("float32")


def read(network, features):
    ids = np.asarray(network.decoder(features)["chars_logit"]).argmax(axis=-1)
    symbols = [symbol or "_" for symbol in network.dataset.charset.symbols]
    return ["".join(symbols[class_id] for class_id in row) for row in ids]


def weight(network, name):
    return np.asarray(getattr(network.decoder, name))


def weight_of_start(network, layer):
    return np.asarray(network.decoder.starts[layer][0])


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ([["a"], ["b"], []], [["a"], ["b"], []], [0, 1, 2]),
        ([["b"], ["c"], ["a"], []], [["a"], ["b"], []], [1, -1, 0, 2]),  # re-ordered and larger
        ([["x"], []], [["a"], ["b"], []], [-1, 2]),  # the null alone
        ([["'"], ["’"], ["‘"], []], [["’", "'", "‘"], []], [-1, -1, 0, 1]),  # split: what prints it gets it
        ([["’", "'", "‘"], []], [["'"], ["’"], ["‘"], []], [2, 3]),  # merged: as it prints
        ([["-", "—"], []], [["—", "-"], []], [0, 1]),  # shared, printed otherwise
        ([["'"], []], [["’", "'", "‘"], []], [0, 1]),
    ],
)
def test_classes_match_by_character_each_once(new, old, expected):
    charset, other = Charset.from_list(new, len(new) - 1), Charset.from_list(old, len(old) - 1)
    assert transfer.matched_classes(charset, other) == expected


HEADS = [
    pytest.param({"head": head, "use_autoregression": autoregression}, id=name)
    for name, head, autoregression in [
        ("attention", "attention", True),
        ("attention_no_autoregression", "attention", False),
        ("slice_autoregression", "slice", True),
        ("slice", "slice", False),
    ]
]


NEW_HEADS = [
    pytest.param({"head": head, "embedding_size": 5}, id=head)
    for head in ("stacked_attention", "gru_attention", "area_attention")
]
ALL_HEADS = [*HEADS, *NEW_HEADS, pytest.param({"embedding_size": 5}, id="attention_of_5_inputs")]


@pytest.mark.parametrize("head", ALL_HEADS)
def test_the_same_shapes_are_a_plain_copy(head):
    old, new = network_of(charset_of("abc"), **head), network_of(charset_of("abc"), **head)
    for variable in new.decoder.weights:
        variable.assign(np.zeros(variable.shape))
    assert {fate.fate for fate in moved(old, new).values()} == {"loaded"}
    for ours, theirs in zip(new.decoder.weights, old.decoder.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("head", ALL_HEADS)
@pytest.mark.parametrize("charset", [charset_of("dcbefagh"), charset_of("cba", null_first=True)])
def test_a_larger_or_reordered_charset_reads_the_old_characters_as_before(head, charset):
    old, new = network_of(charset_of("abc"), **head), network_of(charset, **head)
    features = features_of(batch=40)
    before = read(old, features)
    assert len(set("".join(before))) > 2, "says nothing"
    assert before != read(new, features)
    moved(old, new)
    assert read(new, features) == before


def test_each_class_keeps_its_row_and_column():
    old, new = network_of(charset_of("ab")), network_of(charset_of("xba"))  # K 3 and 4
    fresh = {name: weight(new, name) for name in ("input_kernel", "lstm_kernel")}
    fates = moved(old, new)
    names = ("softmax_w", "softmax_b", "input_kernel", "lstm_kernel")
    softmax_w, softmax_b, input_kernel, lstm_kernel = (weight(new, name) for name in names)
    theirs = {name: weight(old, name) for name in names}
    np.testing.assert_array_equal(softmax_w[:, [2, 1, 3]], theirs["softmax_w"])
    np.testing.assert_allclose(softmax_w[:, 0], theirs["softmax_w"].mean(axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(softmax_b, np.append(theirs["softmax_b"].mean(), theirs["softmax_b"][[1, 0, 2]]), 1e-5)
    np.testing.assert_array_equal(input_kernel[[2, 1, 3]][:, :3], theirs["input_kernel"][:3])
    np.testing.assert_array_equal(input_kernel[0], fresh["input_kernel"][0])  # fed after an x alone
    np.testing.assert_array_equal(input_kernel[4:, :3], theirs["input_kernel"][3:])  # the context's rows
    np.testing.assert_array_equal(input_kernel[:, 3], fresh["input_kernel"][:, 3])
    np.testing.assert_array_equal(lstm_kernel[:3], theirs["lstm_kernel"][:3])
    np.testing.assert_array_equal(lstm_kernel[3], 0)  # so that the fresh column has no effect yet
    np.testing.assert_array_equal(lstm_kernel[4:], theirs["lstm_kernel"][3:])
    assert (fates["softmax_w"].fate, fates["softmax_w"].note) == ("resized", "3 of 3 columns (now 4)")
    assert fates["input_kernel"].note == "12 of 12 rows (now 13), 3 of 3 columns (now 4)"
    assert fates["softmax_b"].note == "3 of 3 entries (now 4)"
    assert fates["query_kernel"].fate == "loaded"


def test_a_smaller_charset_keeps_the_characters_it_has():
    """The inputs x_t that the old network really used are 3 of its 7, so all of them fit."""
    old, new = network_of(charset_of("abcdef")), network_of(charset_of("ca"))  # K 7 and 3
    random = np.random.default_rng(0)
    old.decoder.lstm_kernel.assign(
        np.concatenate([random.normal(size=[7, 3]) @ random.normal(size=[3, 4 * U]), weight(old, "lstm_kernel")[7:]])
    )
    old.decoder.softmax_b.assign([0, -1e3, 0, -1e3, -1e3, -1e3, 0])  # it reads a, c and the null only
    features = features_of(batch=40)
    before = read(old, features)
    assert set("".join(before)) == set("ac_")
    fates = moved(old, new)
    assert read(new, features) == before
    assert fates["lstm_kernel"].note == "9 of 13 rows (now 9)"
    assert fates["softmax_w"].note == "3 of 7 columns (now 3)"
    np.testing.assert_array_equal(weight(new, "softmax_w"), weight(old, "softmax_w")[:, [2, 0, 6]])


def test_a_narrow_lstm_needs_fewer_inputs_than_a_charset_has_classes():
    """K = 7 and U = 1: x_t passes a matrix of rank 4, and the 5 inputs of the new network are more than enough."""
    old, new = (network_of(charset_of(text), num_lstm_units=1) for text in ("abcdef", "fedc"))
    old.decoder.softmax_b.assign([-1e3, -1e3, 0, 0, 0, 0, 0])
    fates = moved(old, new)
    features = features_of(batch=40)
    assert read(new, features) == read(old, features)
    assert fates["input_bias"].note == "4 of 7 entries (now 5)"


@pytest.mark.parametrize("grids", [((2, 3), (3, 5)), ((3, 5), (2, 3)), ((2, 5), (3, 3))])
def test_another_picture_size_keeps_the_rows_and_columns_both_have(grids):
    (h, w), (new_h, new_w) = grids
    old, new = (network_of(charset_of("abc"), grid=grid, encode_coordinates=True) for grid in grids)
    moved(old, new)
    theirs, ours = weight(old, "output_kernel"), weight(new, "output_kernel")  # units, channels, rows, columns
    np.testing.assert_array_equal(ours[: U + CHANNELS], theirs[: U + CHANNELS])
    for start, old_start, size, old_size in ((0, 0, new_h, h), (new_h, h, new_w, w)):
        ours_, theirs_ = ours[U + CHANNELS + start :][:size], theirs[U + CHANNELS + old_start :][:old_size]
        both = min(size, old_size)
        np.testing.assert_array_equal(ours_[:both], theirs_[:both])
        np.testing.assert_array_equal(ours_[both:], 0)


def test_a_larger_picture_is_read_as_before_where_both_have_coordinates():
    old, new = (network_of(charset_of("abc"), grid=grid, encode_coordinates=True) for grid in [(2, 3), (4, 5)])
    moved(old, new)
    small, large = features_of(6, (2, 3)), features_of(20, (4, 5))
    large = large[:, [0, 1, 2, 5, 6, 7]]  # the places of the small map
    large[..., :CHANNELS] = small[..., :CHANNELS]
    np.testing.assert_allclose(
        np.asarray(new.decoder(large)["chars_logit"]),
        np.asarray(old.decoder(small)["chars_logit"]),
        rtol=1e-3,
        atol=1e-4,
    )


# Not stacked_attention: it cuts the features in two, so that other ones begin its second half.
@pytest.mark.parametrize("head", [*HEADS, *NEW_HEADS[1:]])
def test_coordinates_may_be_switched_on(head):
    old = network_of(charset_of("abc"), **head)
    new = network_of(charset_of("abc"), encode_coordinates=True, **head)
    moved(old, new)
    assert read(new, features_of(6, (2, 3))) == read(old, features_of(6))


def test_coordinates_may_be_switched_off():
    old, new = network_of(charset_of("abc"), encode_coordinates=True), network_of(charset_of("abc"))
    fates = moved(old, new)
    np.testing.assert_array_equal(weight(new, "attention_w"), weight(old, "attention_w")[:CHANNELS, :CHANNELS])
    assert fates["attention_w"].note == "9 of 14 rows (now 9), 9 of 14 columns (now 9)"


@pytest.mark.parametrize("head", ["attention", "slice"])
def test_autoregression_may_be_switched_on(head):
    old = network_of(charset_of("abc"), head=head, use_autoregression=False)
    new = network_of(charset_of("abcd"), head=head)
    moved(old, new)
    features = features_of(batch=40)
    assert read(new, features) == read(old, features)


def test_the_number_of_views_and_t_are_not_in_the_attention_decoders_weights():
    old, new = network_of(charset_of("abc")), network_of(charset_of("abc"), grid=(4, 6), T=7)
    assert {fate.fate for fate in moved(old, new).values()} == {"loaded"}
    assert [text[:T] for text in read(new, features_of())] == read(old, features_of())


def test_a_slice_head_of_another_t_keeps_the_first_positions_of_its_window():
    head = {"head": "slice"}
    old, new = network_of(charset_of("abc"), T=3, **head), network_of(charset_of("abc"), T=2, **head)
    assert (old.decoder.slice_length, new.decoder.slice_length) == (2, 3)
    fates, rows = moved(old, new), 2 * CHANNELS + 4 + U
    assert fates["lstm_kernel"].note == f"{rows} of {rows} rows (now {rows + CHANNELS})"
    np.testing.assert_array_equal(weight(new, "lstm_kernel")[2 * CHANNELS : 3 * CHANNELS], 0)
    np.testing.assert_array_equal(
        weight(new, "lstm_kernel")[3 * CHANNELS :], weight(old, "lstm_kernel")[2 * CHANNELS :]
    )
    assert read(new, features_of()) == [text[:2] for text in read(old, features_of())]


def test_other_units_start_fresh_and_say_so():
    old, new = network_of(charset_of("abc")), network_of(charset_of("abcd"), num_lstm_units=U + 1)
    fresh = {variable.name: np.asarray(variable) for variable in new.decoder.weights}
    fates = moved(old, new)
    names = ("lstm_kernel", "lstm_bias", "query_kernel", "output_kernel", "output_bias", "softmax_w")
    assert [name for name, fate in fates.items() if fate.fate == "new"] == list(names)
    for name in names:
        np.testing.assert_array_equal(weight(new, name), fresh[name])
        assert fates[name].note == "num_lstm_units were 6, are 7"
    assert fates["attention_w"].fate == "loaded"


@pytest.mark.parametrize("head", NEW_HEADS)
def test_each_embedded_character_keeps_its_row(head):
    old, new = network_of(charset_of("ab"), **head), network_of(charset_of("xba"), **head)  # K 3 and 4
    fresh = weight(new, "embedding")
    fates = moved(old, new)
    np.testing.assert_array_equal(weight(new, "embedding")[[2, 1, 3, 4]], weight(old, "embedding"))  # a, b, null, go
    np.testing.assert_array_equal(weight(new, "embedding")[0], fresh[0])
    assert fates["embedding"].note == "4 of 4 rows (now 5)"


@pytest.mark.parametrize("head", NEW_HEADS)
def test_another_embedding_size_starts_fresh_and_says_so(head):
    old, new = network_of(charset_of("abc"), **head), network_of(charset_of("abc"), **{**head, "embedding_size": 6})
    fates = moved(old, new)
    assert (fates["embedding"].fate, fates["embedding"].note) == ("new", "embedding_size was 5, is 6")
    assert {fate.note for fate in fates.values() if fate.fate == "new"} == {"embedding_size was 5, is 6"}
    assert "loaded" in {fate.fate for fate in fates.values()}


def test_a_layer_more_starts_fresh_and_says_so():
    head = {"head": "stacked_attention", "embedding_size": 5}
    old, new = (network_of(charset_of("abc"), num_decoder_lstm_layers=layers, **head) for layers in (2, 3))
    fates = moved(old, new)
    found = {name: fate.note for name, fate in fates.items() if fate.fate == "new"}
    names = ("start_3_kernel", "start_3_bias", "lstm_3_kernel", "lstm_3_bias")
    assert found == dict.fromkeys(names, "not in the file")
    assert fates["query_kernel"].note == f"{4 * U} of {4 * U} rows (now {6 * U})"
    moved(new, old)  # nor is a layer fewer an error


def test_each_direction_keeps_its_half_of_the_features():
    """Of 9 channels the forward direction has 4; with 5 for the coordinates, 7."""
    head = {"head": "stacked_attention", "embedding_size": 5}
    old, new = network_of(charset_of("abc"), **head), network_of(charset_of("abc"), encode_coordinates=True, **head)
    fates = moved(old, new)
    np.testing.assert_array_equal(weight_of_start(new, 0)[:4], weight_of_start(old, 0))
    np.testing.assert_array_equal(weight_of_start(new, 1)[:2], weight_of_start(old, 1)[3:])
    assert fates["start_1_kernel"].note == "4 of 4 rows (now 7)"
    assert fates["start_2_kernel"].note == "2 of 5 rows (now 7)"


def test_another_decoder_starts_fresh():
    fates = moved(network_of(charset_of("abc")), network_of(charset_of("abc"), head="slice"))
    assert {(fate.fate, fate.note) for fate in fates.values()} == {("new", "another decoder")}


def test_channels_of_another_endpoint_are_not_taken_for_the_same():
    fates = moved(network_of(charset_of("abc"), final_endpoint="Mixed_5c"), network_of(charset_of("abc")))
    assert (fates["attention_w"].fate, fates["attention_w"].note) == ("new", "the tower was inception_v3 to Mixed_5c")
    assert fates["input_kernel"].note == "4 of 13 rows (now 13)"


@pytest.mark.parametrize(
    ("knobs", "tower"),
    [
        ({"encoder_channels": 64}, "residual of 64 channels"),
        ({"num_encoder_lstm_layers": 2, "num_encoder_lstm_units": 4}, "residual of 128 channels with 2 LSTMs of 4"),
    ],
)
def test_channels_of_another_width_or_of_lstms_are_not_taken_for_the_same(knobs, tower):
    common = {"encoder": "residual", "encoder_channels": 128, "head": "ctc"}
    old, new = (network_of(charset_of("abc"), **{**common, **others}) for others in (knobs, {}))
    fates = moved(old, new)
    assert (fates["softmax_w"].fate, fates["softmax_w"].note) == ("new", f"the tower was {tower}")
    assert fates["softmax_b"].fate == "loaded"


@pytest.mark.parametrize("head", ALL_HEADS)
def test_every_weight_of_a_decoder_says_what_its_axes_are(head):
    model = network_of(charset_of("abc"), encode_coordinates=True, **head)
    axes = transfer.labels_of(model, range(4))
    shapes = {name: tuple(len(axis) for axis in pair if axis) for name, pair in axes.items()}
    assert shapes == {variable.name: tuple(variable.shape) for variable in model.decoder.weights}


SLOW = ("inception_v4",)


@pytest.mark.usefixtures("small_lcnets")
@pytest.mark.parametrize(
    "encoder", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in TOWERS]
)
def test_an_encoder_is_carried_over_whole(encoder, make_spec):
    """Its variables have the same names in the second model of a process as in the first."""
    layers = 0 if encoder == "inception_v3" else 2
    sizes = {"encoder_channels": 16, "num_encoder_lstm_layers": layers, "num_encoder_lstm_units": 4}
    config = ModelConfig(encoder=encoder, encoder_dropout=0.5, num_lstm_units=4, **sizes)
    first, second = (AttentionOcr(config, make_spec(image_height=80)) for _ in range(2))
    found = transfer.tower_values(second, first)
    assert {fate.fate for fate, _, _ in found} == {"loaded"}
    for _, variable, value in found:
        variable.assign(value)
    for ours, theirs in zip(second.encoder.weights, first.encoder.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
