"""The ONNX graph of a network gives what its Keras model gives: every encoder, head, batch, width and size."""

import json
import zipfile

import h5py
import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.heads import HEADS
from attention_ocr.model.network import TOWERS, AttentionOcr
from attention_ocr.onnx_graph.encoder import TOWERS as GRAPHS
from attention_ocr.onnx_graph.keras_file import read_keras_file
from attention_ocr.onnx_graph.metadata import Description
from attention_ocr.onnx_graph.network import onnx_model

pytestmark = pytest.mark.usefixtures("small_networks")
TINY = {
    "encoder_channels": 16,
    "final_endpoint": "Mixed_5b",
    "num_lstm_units": 8,
    "num_encoder_lstm_units": 6,
    "embedding_size": 5,
}
SIDES = {"inception_v3": 76}  # pixels, of encoders that need more than 32
CHARSET = Charset.from_labels(["abcdefg"])  # the null last
TOLERANCE = 1e-4


def made(encoder, head, width=64, dataset=None, **knobs):
    """A tiny network with weights and averages as a trained one might have."""
    height = SIDES.get(encoder, 32)
    resize = "stretch" if head == "slice" else "keep_height"
    # CTC reads one row; and recurrent layers are slow to run in Keras.
    layers = 2 if encoder == "residual" and head in ("ctc", "stacked_attention") else 0
    layers = max(layers, int(head == "ctc" and (height > 32 or encoder in ("inception_v4", "lcnet"))))
    config = ModelConfig(encoder=encoder, head=head, **{**TINY, "num_encoder_lstm_layers": layers, **knobs})
    spec = dataset or DatasetSpec("tiny", 1, height, max(width, height), 4, CHARSET, resize)
    keras.utils.set_random_seed(0)
    return with_weights(AttentionOcr(config, spec))


def with_weights(model, seed=0):
    """`model` with batch norm that is no identity, biases, and logits far enough apart."""
    random = np.random.default_rng(seed)
    for variable in model.variables:
        if "moving" in variable.name:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif "bias" in variable.name or "beta" in variable.name:
            variable.assign(random.normal(0, 0.3, variable.shape))
        elif "softmax_w" in variable.name:
            variable.assign(random.normal(0, 1, variable.shape))
    return model


def session_of(model, tmp_path, **options):
    """onnxruntime's session of the file that the model is saved to."""
    path = tmp_path / "model.keras"
    model.save(path)
    return session_of_file(read_keras_file(path), **options)


def session_of_file(file, **options):
    made_of = onnx_model(file, **options)
    onnx.checker.check_model(made_of, full_check=True)
    return onnxruntime.InferenceSession(made_of.SerializeToString(), providers=["CPUExecutionProvider"])


def batch_of(model, number, width):
    """Pixels, and sizes where the network has a canvas: the first picture fills it."""
    random = np.random.default_rng(number + width)
    if not model.geometry.canvas:
        return {"images": random.integers(0, 256, [number, *model.dataset.image_shape], np.uint8)}
    height = model.geometry.canvas.height
    pixels = random.integers(0, 256, [number, height, width, 3], np.uint8)
    sizes = [[height, width], [height, width - 13], [height - 1, width // 2 + 1]][:number]
    return {"images": pixels, "sizes": np.array(sizes, np.int32)}


def run(session, batch):
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, batch), strict=True))


def assert_same(model, session, batch):
    """All endpoints are Keras's, and a picture's are the same alone; after a text's end only the text counts."""
    wanted = {name: np.asarray(value) for name, value in model(batch, training=False).items()}
    found = run(session, batch)
    alone = run(session, {name: array[-1:] for name, array in batch.items()})
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype, name
        assert found[name].shape == value.shape, name
        counted = np.ones(value.shape[:2], bool) if value.ndim > 1 else np.ones(value.shape, bool)
        if model.config.stop_at_end and name in ("chars_logit", "attention"):
            counted = np.arange(model.dataset.max_sequence_length) <= wanted["predicted_length"][:, None]
        scale = max(1.0, np.abs(value[value > -1e8]).max())
        np.testing.assert_allclose(found[name][counted], value[counted], rtol=0, atol=TOLERANCE * scale, err_msg=name)
        np.testing.assert_allclose(alone[name], found[name][-1:], rtol=0, atol=TOLERANCE * scale, err_msg=name)
    np.testing.assert_array_equal(found["predicted_chars"], wanted["predicted_chars"])


def is_quick(encoder, head):
    """Whether a pair is tested each time: each encoder with attention and with CTC; other tests have the other heads.

    Of the two Inceptions, over which Keras takes long, one is.
    """
    if encoder.startswith("inception"):
        return (encoder, head) == ("inception_v3", "attention")
    return head in ("attention", "ctc")


PAIRS = [
    pytest.param(encoder, head, marks=[] if is_quick(encoder, head) else [pytest.mark.slow])
    for encoder in GRAPHS
    for head in HEADS
]


def test_every_encoder_has_a_graph():
    assert set(GRAPHS) == set(TOWERS)


def test_an_encoder_without_a_graph_is_named(tmp_path, monkeypatch):
    monkeypatch.delitem(GRAPHS, "residual")
    with pytest.raises(UserError, match="--encoder=residual: has no ONNX graph; read it with --backend=keras"):
        session_of(made("residual", "attention"), tmp_path)


@pytest.mark.parametrize(("encoder", "head"), PAIRS)
def test_every_pair_gives_what_keras_gives(encoder, head, tmp_path):
    model = made(encoder, head)
    session = session_of(model, tmp_path)
    assert_same(model, session, batch_of(model, 3, 64))
    if model.geometry.canvas:
        assert_same(model, session, batch_of(model, 1, 32))
    else:  # pictures of one size: another width is another network
        other = made(encoder, head, width=97)
        assert_same(other, session_of(other, tmp_path), batch_of(other, 1, 97))


@pytest.mark.parametrize(
    "knobs",
    [
        {"encode_coordinates": True, "crop_height": 40, "crop_width": 45},
        {"use_autoregression": False, "lstm_state_clip_value": 0.1, "stop_at_end": True},
        {"head": "slice", "use_autoregression": False},
        {"num_encoder_lstm_layers": 1},
        pytest.param({"encoder": "inception_v3", "encode_coordinates": True}, marks=pytest.mark.slow),
        pytest.param({"encoder": "inception_v3", "final_endpoint": "Mixed_7c"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_knob_of_the_reference_gives_what_keras_gives(knobs, tmp_path):
    sides = (76, 85) if "encoder" in knobs else (46, 51)
    dataset = DatasetSpec("views", 2, *sides, 4, CHARSET)
    model = made(**{"encoder": "residual", "head": "attention", **knobs}, dataset=dataset)
    assert_same(model, session_of(model, tmp_path), batch_of(model, 3, sides[1]))


@pytest.mark.parametrize("head", [head for head in HEADS if head not in ("ctc", "slice")])
def test_pictures_of_any_height_and_texts_that_end(head, tmp_path):
    dataset = DatasetSpec("pad", 1, 48, 64, 9, CHARSET, "pad")
    model = made("residual", head, dataset=dataset, stop_at_end=True, num_decoder_lstm_layers=3, embedding_size=0)
    assert_same(model, session_of(model, tmp_path), batch_of(model, 3, 64))


@pytest.mark.parametrize(
    ("encoder", "height", "width"),
    [
        ("residual", 37, 53),
        pytest.param("crnn", 41, 63, marks=pytest.mark.slow),
        pytest.param("inception_v4", 31, 45, marks=pytest.mark.slow),
    ],
)
def test_sizes_that_fit_no_stride(encoder, height, width, tmp_path):
    """Convolutions that pad begin elsewhere where a side is odd."""
    model = made(encoder, "attention", dataset=DatasetSpec("odd", 1, height, width, 3, CHARSET))
    assert not model.geometry.canvas
    assert_same(model, session_of(model, tmp_path), batch_of(model, 1, 0))


QUICK_LINES = (("small", True, 160), ("tiny", True, 50))
LINES = [
    pytest.param(size, has_neck, *kind, marks=[] if (size, has_neck, kind[1]) in QUICK_LINES else [pytest.mark.slow])
    for size in ("tiny", "small")
    for has_neck in (True, False)
    for kind in (("keep_height", 160), ("stretch", 157), ("stretch", 50))
]


@pytest.mark.parametrize(("size", "has_neck", "resize", "width"), LINES)
def test_each_size_of_lcnet(size, has_neck, resize, width, tmp_path):
    """On a canvas, and where all pictures have one size, which may be shorter than a line."""
    dataset = DatasetSpec("lines", 1, 33, width, 5, CHARSET, resize)
    head = "ctc" if has_neck else "attention"
    model = made("lcnet", head, dataset=dataset, lcnet_size=size, lcnet_neck=has_neck)
    session = session_of(model, tmp_path)
    assert_same(model, session, batch_of(model, 3, 160))
    if model.geometry.canvas:
        assert_same(model, session, batch_of(model, 1, 96))


def test_lcnet_of_several_views(tmp_path):
    """Features of noise are as good as equal after other encoders, so that the order of views would not show."""
    model = made("lcnet", "attention", dataset=DatasetSpec("views", 2, 32, 40, 4, CHARSET))
    assert_same(model, session_of(model, tmp_path), batch_of(model, 3, 40))


def test_reading_ends_with_the_last_text(tmp_path):
    model = made("residual", "slice", dataset=DatasetSpec("long", 1, 32, 64, 30, CHARSET))
    random = np.random.default_rng(6)
    for variable in model.decoder.weights:  # its characters keep changing, by the picture too
        variable.assign(random.normal(0, 1, variable.shape))
    for variable in model.encoder.variables:
        variable.assign(variable * (2.0 if "gamma" in variable.name else 1.0))
    early, whole = (session_of(model, tmp_path, stop_early=stop) for stop in (True, False))
    noise = np.random.default_rng(0).integers(0, 2, [32, 64, 3]) * 255
    batch = {"images": np.stack([np.zeros([32, 64, 3]), np.full([32, 64, 3], 255), noise]).astype(np.uint8)}
    texts, found = run(whole, batch), run(early, batch)
    null_id = CHARSET.null_id
    lengths = [[*ids, null_id].index(null_id) for ids in texts["predicted_chars"]]
    assert lengths == [4, 15, 3]  # so that there is something to end
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(found["predicted_chars"][row, :length], texts["predicted_chars"][row, :length])
        assert (found["predicted_chars"][row, length:] == null_id).all()
        assert found["predicted_length"][row] == length
        np.testing.assert_allclose(
            found["chars_logit"][row, : length + 1], texts["chars_logit"][row, : length + 1], atol=TOLERANCE
        )
        assert (found["chars_logit"][row, length + 1 :].argmax(-1) == null_id).all()
        np.testing.assert_allclose(found["predicted_scores"][row, length + 1 :], 1)


def test_a_file_tells_what_it_is(tmp_path):
    model = made("residual", "ctc")
    model.step = 77
    made_of = json.loads(dict(session_of(model, tmp_path).get_modelmeta().custom_metadata_map)["attention_ocr"])
    told = Description.from_strings({"attention_ocr": json.dumps(made_of)}, "file")
    assert (told.config, told.dataset, told.step) == (model.config, model.dataset, 77)
    assert (told.stops, told.precision) == (False, "float32")
    assert len(told.digest) == 12
    with pytest.raises(UserError, match="format 99, written by"):
        Description.from_strings({"attention_ocr": json.dumps({**made_of, "format_version": 99})}, "file")
    with pytest.raises(UserError, match="file: was not exported by attention-ocr"):
        Description.from_strings({}, "file")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    made("residual", "attention").save(path)
    return path


def changed(path, target, change):
    """A copy of a model file whose weights `change` was called on."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    weights = target.with_suffix(".h5")
    weights.write_bytes(parts["model.weights.h5"])
    with h5py.File(weights, "r+") as opened:
        change(opened)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, weights.read_bytes() if name == "model.weights.h5" else content)
    return target


def remove(opened):
    del opened["encoder/tower/stem/convolution/vars/0"]


def reshape(opened):
    remove(opened)
    opened["encoder/tower/stem/convolution/vars/0"] = np.zeros([5, 5, 3, 2], np.float32)


def add(opened):
    opened.create_group("encoder/tower/extra/vars").attrs["name"] = "gate"
    opened["encoder/tower/extra/vars/0"] = np.zeros([4], np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove, "has no weights of the layer encoder/Residual/stem/convolution, which its config asks for"),
        (
            reshape,
            r"layer encoder/Residual/stem/convolution has weights of the shapes \(5, 5, 3, 2\); expected are \(3,",
        ),
        (add, "has weights of a layer encoder/Residual/gate, which this version does not know"),
    ],
)
def test_weights_that_are_not_the_configs_are_named(saved, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        onnx_model(read_keras_file(changed(saved, tmp_path / "other.keras", change)))


def test_a_damaged_file_is_told_in_a_line(saved, tmp_path):
    whole = saved.read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "text": b"hello", "empty": b""}.items():
        path = tmp_path / f"{name}.keras"
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"{name}.keras: is not a .keras model file") as caught:
            read_keras_file(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"none\.keras: no such model file"):
        read_keras_file(tmp_path / "none.keras")


def test_another_projects_model_is_told_in_a_line(tmp_path):
    path = tmp_path / "other.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(path)
    with pytest.raises(UserError, match=r"other\.keras: holds a Sequential, not a model of attention-ocr"):
        read_keras_file(path)


def test_weights_of_half_precision_are_read(saved, tmp_path):
    """Files may be stored so, to be half as large."""

    def halve(opened):
        names = []
        opened.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in names:
            if opened[name].dtype == np.float32:
                half = opened[name][()].astype(np.float16)
                del opened[name]
                opened[name] = half

    half = read_keras_file(changed(saved, tmp_path / "half.keras", halve))
    whole = read_keras_file(saved)
    assert half.dataset == whole.dataset
    assert half.digest != whole.digest
    pixels = np.random.default_rng(0).integers(0, 256, [2, 32, 64, 3], np.uint8)
    batch = {"images": pixels, "sizes": np.array([[32, 64], [32, 51]], np.int32)}
    found, wanted = (run(session_of_file(file), batch) for file in (half, whole))
    np.testing.assert_array_equal(found["predicted_chars"], wanted["predicted_chars"])
    assert not np.array_equal(found["chars_logit"], wanted["chars_logit"])
    for name in ("chars_logit", "predicted_scores"):
        scale = np.abs(wanted[name]).max()
        np.testing.assert_allclose(found[name], wanted[name], atol=5e-3 * scale, err_msg=name)  # float16: three digits
