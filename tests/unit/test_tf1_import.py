"""TF1 checkpoints come in whole, under the reference's names, or an error names everything that is wrong."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.config import FINAL_ENDPOINTS, ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import tf1_import
from attention_ocr.model.inception import InceptionV3
from attention_ocr.model.network import AttentionOcr

HEAD = "AttentionOcr_v1/sequence_logit_fn/SQLR"
DECODER = f"{HEAD}/LSTM/attention_decoder"
ATTENTION = {
    f"{DECODER}/AttnV_0": "attention_v",
    f"{DECODER}/kernel": "input_kernel",
    f"{DECODER}/bias": "input_bias",
    f"{DECODER}/lstm_cell/kernel": "lstm_kernel",
    f"{DECODER}/lstm_cell/bias": "lstm_bias",
    f"{DECODER}/Attention_0/kernel": "query_kernel",
    f"{DECODER}/Attention_0/bias": "query_bias",
    f"{DECODER}/AttnOutputProjection/kernel": "output_kernel",
    f"{DECODER}/AttnOutputProjection/bias": "output_bias",
}
SLICE = {
    f"{HEAD}/LSTM/rnn_decoder/lstm_cell/kernel": "lstm_kernel",
    f"{HEAD}/LSTM/rnn_decoder/lstm_cell/bias": "lstm_bias",
}
SLOW = pytest.mark.slow
VIEWS = (2, 40, 72)  # their number, height, width


def random_model(views=VIEWS, T=3, K=7, seed=0, **knobs):
    """A model all of whose weights are random, batch norm's too."""
    config = ModelConfig(**{"final_endpoint": "Mixed_5b", "num_lstm_units": 8, **knobs})
    model = AttentionOcr(config, DatasetSpec("random", *views, T, tf1_import.placeholder_charset(K)))
    random = np.random.default_rng(seed)
    for layer in model.encoder.tower.layers_by_name.values():
        for weight in (layer.beta, layer.moving_mean, layer.moving_variance):
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
    for weight in model.decoder.weights:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return model


def tower_variables(model, prefix):
    found = {}
    for path, layer in model.encoder.tower.layers_by_name.items():
        found[f"{prefix}/{path}/weights"] = layer.convolution.kernel
        found[f"{prefix}/{path}/BatchNorm/beta"] = layer.beta
        found[f"{prefix}/{path}/BatchNorm/moving_mean"] = layer.moving_mean
        found[f"{prefix}/{path}/BatchNorm/moving_variance"] = layer.moving_variance
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


def tf1_variables(model, step=123456):
    """TF1 name -> values, written down once more to test the importer's names."""
    decoder = model.decoder
    names = {**(ATTENTION if model.config.head == "attention" else SLICE)}
    names |= {f"{HEAD}/softmax_w": "softmax_w", f"{HEAD}/softmax_b": "softmax_b"}
    found = {name: ops.convert_to_numpy(getattr(decoder, ours)) for name, ours in names.items()}
    if model.config.head == "attention":
        found[f"{DECODER}/AttnW_0"] = ops.convert_to_numpy(decoder.attention_w)[None, None]
    found["global_step"] = np.int64(step)
    return found | tower_variables(model, "AttentionOcr_v1/conv_tower_fn/INCE/InceptionV3")


def write(path, variables):
    """Writes a TF1 checkpoint (V2 format) and returns its prefix."""
    names = sorted(variables)
    tensors = [tf.constant(variables[name]) for name in names]
    tf.raw_ops.SaveV2(prefix=str(path), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
    return path


def outputs(model):
    V, H, W = model.dataset.num_views, model.dataset.image_height, model.dataset.image_width
    images = np.random.default_rng(9).uniform(0, 1, (2, H, V * W, 3)).astype("float32")
    return {name: ops.convert_to_numpy(value) for name, value in model({"images": images}).items()}


def fates(rows):
    return {row.what: (row.fate, len(row.names)) for row in rows}


@pytest.fixture(scope="module")
def model():
    return random_model(encode_coordinates=True)


@pytest.fixture(scope="module")
def variables(model):
    return tf1_variables(model)


@pytest.mark.parametrize(
    ("views", "T", "knobs"),
    [
        (VIEWS, 3, {}),
        ((1, 45, 90), 5, {"encode_coordinates": True, "num_lstm_units": 12, "final_endpoint": "Mixed_5d"}),
        (VIEWS, 4, {"use_autoregression": False}),
        # Deep towers: the two below have the others' names and the same knobs in other pairs.
        pytest.param((1, 48, 100), 2, {"final_endpoint": "Mixed_6a", "encode_coordinates": True}, marks=SLOW),
        ((1, 75, 110), 2, {"final_endpoint": "Mixed_7a"}),
        (VIEWS, 3, {"head": "slice"}),
        (VIEWS, 3, {"head": "slice", "encode_coordinates": True}),
        ((1, 48, 100), 2, {"head": "slice", "use_autoregression": False, "final_endpoint": "Mixed_6a"}),
        ((3, 40, 60), 2, {"head": "slice", "use_autoregression": False, "encode_coordinates": True}),
    ],
)
def test_an_imported_network_gives_the_same(views, T, knobs, tmp_path):
    model = random_model(views, T, seed=len(str(knobs)), **knobs)
    prefix = write(tmp_path / "model.ckpt-7", tf1_variables(model))
    told = knobs.get("use_autoregression", True) if knobs.get("head") != "slice" else None
    imported, rows = tf1_import.import_model(prefix, views, T, None, told)
    assert imported.config == model.config
    assert imported.step == 123456
    assert imported.count_params() == sum(np.size(value) for value in tf1_variables(model).values())
    assert {row.fate for row in rows} == {"loaded"}
    expected, actual = outputs(model), outputs(imported)
    for name, values in expected.items():
        np.testing.assert_array_equal(actual[name], values, name)


@pytest.mark.slow
def test_the_deepest_tower_is_mapped(tmp_path):
    model = random_model((1, 75, 110), 1, final_endpoint="Mixed_7c")
    imported, _ = tf1_import.import_model(write(tmp_path / "m", tf1_variables(model)), (1, 75, 110), 1, None)
    for ours, theirs in zip(imported.weights, model.weights, strict=True):
        if ours.path != model.encoder.tower.num_updates.path:
            np.testing.assert_array_equal(ours, theirs, ours.path)


@pytest.mark.parametrize("endpoint", FINAL_ENDPOINTS)
def test_channels_are_told_without_building(endpoint):
    channels = {"5b": 256, "5c": 288, "5d": 288, "7a": 1280, "7b": 2048, "7c": 2048}
    assert InceptionV3(endpoint, 1, 0.0, 0.0).num_channels == channels.get(endpoint.removeprefix("Mixed_"), 768)


def test_slots_averages_and_strangers_are_ignored(model, variables, tmp_path):
    weights = [name for name in variables if name.endswith("weights")]
    extra = {f"{name}/Momentum": np.zeros_like(variables[name]) for name in weights}
    extra |= {f"{name}/ExponentialMovingAverage": np.zeros_like(variables[name]) for name in weights[:3]}
    prefix = write(tmp_path / "m", {**variables, **extra, "beta1_power": np.float32(0.9)})
    imported, rows = tf1_import.import_model(prefix, VIEWS, 3, None)
    assert imported.count_params() == model.count_params()
    assert fates(rows) == {
        "tower, up to Mixed_5b": ("loaded", 48),
        "decoder": ("loaded", 12),
        "global_step": ("loaded", 1),
        "*/Momentum": ("ignored", len(weights)),
        "*/ExponentialMovingAverage": ("ignored", 3),
        "beta1_power": ("ignored", 1),
    }
    np.testing.assert_array_equal(outputs(imported)["chars_logit"], outputs(model)["chars_logit"])


def test_a_step_that_is_not_there_is_told(variables, tmp_path):
    prefix = write(tmp_path / "m", {name: value for name, value in variables.items() if name != "global_step"})
    imported, rows = tf1_import.import_model(prefix, VIEWS, 3, None)
    assert imported.step == 0
    assert fates(rows)["global_step, taken as 0"] == ("missing", 1)


def assert_fails(arguments, *words):
    with pytest.raises(UserError) as caught:
        tf1_import.import_model(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def test_all_that_is_wrong_is_named_at_once(variables, tmp_path):
    spoilt = dict(variables)
    weights = "AttentionOcr_v1/conv_tower_fn/INCE/InceptionV3/Conv2d_1a_3x3/weights"
    del spoilt[weights], spoilt[f"{HEAD}/softmax_w"]
    spoilt[f"{DECODER}/lstm_cell/bias"] = np.zeros([4 * 8, 1], "float32")
    spoilt[f"{HEAD}/softmax_b"] = np.zeros([9], "float32")
    spoilt[f"{DECODER}/bias"] = np.zeros([9], "float32")
    assert_fails(
        (write(tmp_path / "m", spoilt), VIEWS, 3, None),
        f"{weights} [3, 3, 3, 32] is missing",
        f"{HEAD}/softmax_w [8, 9] is missing",
        f"{DECODER}/lstm_cell/bias is [32, 1], needed [32]",
        f"{DECODER}/kernel is [",
    )


def test_wrong_picture_size(variables, tmp_path):
    prefix = write(tmp_path / "m", variables)
    assert_fails((prefix, (2, 40, 200), 3, None), "AttnW_0 is for 264 channels", "256 at Mixed_5b", "--image_width")


def test_wrong_length_of_slices(tmp_path):
    prefix = write(tmp_path / "m", tf1_variables(random_model(head="slice")))
    assert_fails((prefix, VIEWS, 4, None), "lstm_cell/kernel is for inputs of", "--max_sequence_length")


def test_charset_of_another_size(variables, tmp_path):
    assert_fails((write(tmp_path / "m", variables), VIEWS, 3, Charset.from_labels(["abc"])), "4 classes", "has 7")


def test_another_network(model, tmp_path):
    prefix = write(tmp_path / "m", tower_variables(model, "InceptionV3"))
    assert_fails((prefix, VIEWS, 3, None), "AttentionOcr_v1", "--checkpoint_inception")


def test_a_network_without_decoder(model, tmp_path):
    tower = tower_variables(model, "AttentionOcr_v1/conv_tower_fn/INCE/InceptionV3")
    assert_fails((write(tmp_path / "m", tower), VIEWS, 3, None), "the decoder is missing")


@pytest.mark.parametrize("what", ["none", "no checkpoint", "truncated"])
def test_the_job_ends_with_one_line_and_writes_nothing(what, variables, tmp_path, capsys):
    prefix = tmp_path / "in" / "model.ckpt-7"
    prefix.parent.mkdir()
    if what == "no checkpoint":
        prefix.write_bytes(b"a picture, say" * 100)
    if what == "truncated":
        data = prefix.with_name("model.ckpt-7.data-00000-of-00001")
        write(prefix, variables)
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    flags = [f"--tf1_checkpoint={prefix}", f"--output={tmp_path / 'out' / 'm.keras'}", "--max_sequence_length=3"]
    views = ["--num_views=2", "--image_height=40", "--image_width=72"]
    assert main(["import_checkpoint", *flags, *views]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"error: --tf1_checkpoint={prefix}: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flag", ["tf1_checkpoint", "output", "num_views", "image_height", "image_width"])
def test_what_the_variables_do_not_tell_is_asked_for(flag, tmp_path, capsys):
    given = {
        "tf1_checkpoint": "m",
        "output": f"{tmp_path}/m.keras",
        "num_views": 1,
        "image_height": 9,
        "image_width": 9,
    }
    assert main(["import_checkpoint", *(f"--{name}={value}" for name, value in given.items() if name != flag)]) == 1
    assert f"--{flag} is missing" in capsys.readouterr().err


def test_a_tower_starts_from_inception(model, tmp_path):
    source = random_model(seed=5, final_endpoint="Mixed_5c")
    others = {"InceptionV3/Logits/Conv2d_1c_1x1/weights": np.zeros([1, 1, 8, 3], "float32"), "global_step": np.int64(9)}
    prefix = write(tmp_path / "inception_v3.ckpt", {**tower_variables(source, "InceptionV3"), **others})
    started = random_model(seed=6)
    decoder = [ops.convert_to_numpy(weight) for weight in started.decoder.weights]
    rows = tf1_import.start_tower_from(started, prefix)
    assert fates(rows) == {
        "tower": ("loaded", 48),
        "InceptionV3/Logits": ("ignored", 1),
        "InceptionV3/Mixed_5c": ("ignored", 28),
        "global_step": ("ignored", 1),
    }
    for name, layer in started.encoder.tower.layers_by_name.items():
        for ours, theirs in zip(layer.weights, source.encoder.tower.layers_by_name[name].weights, strict=True):
            np.testing.assert_array_equal(ours, theirs, name)
    for before, weight in zip(decoder, started.decoder.weights, strict=True):
        np.testing.assert_array_equal(weight, before)


def test_a_tower_does_not_start_from_the_whole_network(model, variables, tmp_path):
    with pytest.raises(UserError, match="import_checkpoint"):
        tf1_import.start_tower_from(model, write(tmp_path / "m", variables))


def test_a_tower_starts_whole_or_not_at_all(tmp_path):
    source = tower_variables(random_model(seed=5), "InceptionV3")
    del source["InceptionV3/Conv2d_2a_3x3/weights"]
    started = random_model()
    before = ops.convert_to_numpy(started.encoder.tower.layers_by_name["Conv2d_1a_3x3"].beta)
    with pytest.raises(UserError, match=r"--checkpoint_inception=.*Conv2d_2a_3x3/weights .* is missing"):
        tf1_import.start_tower_from(started, write(tmp_path / "m", source))
    np.testing.assert_array_equal(started.encoder.tower.layers_by_name["Conv2d_1a_3x3"].beta, before)
