"""The network of any view layout builds, returns the reference's endpoints, and comes back from its file."""

import json
import zipfile
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model import model_file
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import run_directory

pytestmark = pytest.mark.usefixtures("small_inception")
SMALL = {"num_lstm_units": 8, "final_endpoint": "Mixed_5b"}


def pictures_of(model, number=2):
    return np.random.default_rng(0).integers(0, 256, [number, *model.dataset.image_shape], dtype=np.uint8)


@pytest.fixture(scope="module")
def small_model(make_spec):
    return AttentionOcr(ModelConfig(**SMALL, encode_coordinates=True), make_spec())


@pytest.mark.parametrize(
    ("views", "height", "width", "grid"), [(4, 150, 150, (16, 16)), (1, 50, 200, (3, 22)), (2, 96, 100, (9, 10))]
)
def test_every_layout_of_views_gives_the_endpoints(make_spec, views, height, width, grid):
    spec = make_spec(num_views=views, image_height=height, image_width=width, max_sequence_length=5)
    model = AttentionOcr(ModelConfig(num_lstm_units=8), spec)
    found = {name: np.asarray(value) for name, value in model({"images": pictures_of(model)}).items()}
    B, T, K, N = 2, 5, len(spec.charset), views * grid[0] * grid[1]
    assert tuple(model.feature_grid) == grid
    assert {name: (value.shape, value.dtype.name) for name, value in found.items()} == {
        "chars_logit": ((B, T, K), "float32"),
        "attention": ((B, T, N), "float32"),
        "predicted_chars": ((B, T), "int32"),
        "predicted_scores": ((B, T), "float32"),
        "predicted_length": ((B,), "int32"),
        "predicted_conf": ((B,), "float32"),
        "normalized_seq_conf": ((B,), "float32"),
    }
    np.testing.assert_allclose(found["attention"].sum(axis=-1), 1, rtol=1e-4)


def test_netslice_has_no_attention(make_spec):
    model = AttentionOcr(ModelConfig(**SMALL, head="slice"), make_spec())
    found = model({"images": pictures_of(model)})
    assert "attention" not in found
    assert found["chars_logit"].shape == (2, 4, 6)


def test_a_picture_is_read_alike_in_any_batch(small_model):
    images = pictures_of(small_model, 3)
    together = np.asarray(small_model({"images": images})["chars_logit"])
    alone = np.asarray(small_model({"images": images[1:2]})["chars_logit"])
    np.testing.assert_allclose(alone[0], together[1], rtol=1e-4, atol=1e-5)


def test_labels_are_fed_only_to_teach(small_model):
    images, labels = pictures_of(small_model), np.array([[1, 2, 3, 5], [0, 5, 5, 5]], "int32")
    plain = np.asarray(small_model({"images": images})["chars_logit"])
    given = np.asarray(small_model({"images": images, "labels": labels})["chars_logit"])
    taught = np.asarray(small_model({"images": images, "labels": labels}, teach=True)["chars_logit"])
    np.testing.assert_array_equal(given, plain)
    assert np.abs(taught - plain).max() > 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_in_training_the_labels_are_fed_in_so_many_batches(make_spec, share):
    model = AttentionOcr(ModelConfig(**SMALL, teacher_forcing=share), make_spec())
    images, labels = pictures_of(model), np.array([[1, 2, 3, 5], [0, 5, 5, 5]], "int32")
    features = model.encode(images, training=True)["features"]
    taught, free = (
        np.asarray(model.decoder(features, labels=labels, teach=teach)["chars_logit"]) for teach in (True, False)
    )
    found = np.asarray(model({"images": images, "labels": labels}, training=True)["chars_logit"])
    assert np.abs(taught - free).max() > 1e-3, "says nothing"
    np.testing.assert_allclose(found, taught if share else free, rtol=1e-4, atol=1e-5)


def test_whether_the_labels_are_fed_is_drawn_in_each_batch(make_spec):
    """Nothing is learned here, so that the loss has one value where they are fed, and one where not."""
    keras.utils.set_random_seed(0)
    spec = make_spec(image_height=32, image_width=32)
    model = AttentionOcr(ModelConfig(encoder="crnn", num_lstm_units=8, teacher_forcing=0.5), spec)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    batch = {"images": pictures_of(model), "labels": np.array([[1, 2, 3, 5], [0, 5, 5, 5]], "int32")}
    found = [model.train_on_batch(batch, return_dict=True)["sequence_loss"] for _ in range(12)]
    assert len({round(float(loss), 4) for loss in found}) == 2


def test_a_model_file_holds_everything(make_spec, tmp_path):
    config = ModelConfig(**SMALL, encode_coordinates=True, weight_decay=1e-3, crop_height=36)
    model = AttentionOcr(config, make_spec(resize="pad"))
    model.step = 17
    random = np.random.default_rng(1)
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(np.asarray(variable) + random.uniform(0, 0.1, variable.shape))
    model.save(tmp_path / "model.keras")
    again = model_file.load_model(tmp_path / "model.keras")
    assert (again.config, again.dataset, again.step) == (config, model.dataset, 17)
    assert again.dataset.charset == model.dataset.charset
    images = {"images": pictures_of(model)}
    before, after = model(images), again(images)
    for name, value in before.items():
        np.testing.assert_allclose(np.asarray(after[name]), np.asarray(value), rtol=1e-6, err_msg=name)


def test_a_file_of_a_newer_version_says_so(small_model, tmp_path):
    path, newer = tmp_path / "model.keras", tmp_path / "newer.keras"
    small_model.save(path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                values = json.loads(content)
                values["config"] |= {"format_version": 99, "attention_ocr": "7.0", "unheard_of": 1}
                content = json.dumps(values).encode()
            new.writestr(name, content)
    with pytest.raises(
        UserError, match=r"has format 99, written by attention-ocr 7\.0; .*; upgrade attention-ocr"
    ) as error:
        model_file.load_model(newer)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("endpoint", "height", "width"), [("Mixed_5b", 20, 80), ("Mixed_7c", 60, 60)])
def test_too_small_pictures_are_an_error(make_spec, endpoint, height, width):
    spec = make_spec(num_views=2, image_height=height, image_width=width)
    with pytest.raises(UserError) as error:
        AttentionOcr(ModelConfig(final_endpoint=endpoint), spec)
    assert str(error.value) == (
        f"views of {height} x {width} pixels (height x width) are too small for --final_endpoint={endpoint}; "
        "use larger pictures or an earlier endpoint"
    )


def test_a_crop_makes_the_feature_map_smaller(make_spec, small_model):
    model = AttentionOcr(ModelConfig(**SMALL, crop_height=36, crop_width=48), make_spec(num_views=2))
    assert model.geometry.image_shape == (36, 96, 3)
    h, w = model.feature_grid
    assert (h, w) < tuple(small_model.feature_grid)
    assert model({"images": pictures_of(model)})["attention"].shape == (2, 4, 2 * h * w)
    with pytest.raises(UserError, match="--crop_height=36 --crop_width=81: larger than a view, 40 x 80"):
        AttentionOcr(ModelConfig(**SMALL, crop_height=36, crop_width=81), make_spec())


@pytest.mark.parametrize("training", [False, True])
def test_what_a_crop_cuts_off_is_neither_read_nor_learned(make_spec, training):
    keras.utils.set_random_seed(0)
    model = AttentionOcr(ModelConfig(encoder="crnn", head="ctc", crop_height=32, crop_width=48), make_spec())
    images = np.random.default_rng(0).integers(0, 256, [2, 40, 80, 3], np.uint8)
    inside = np.zeros([40, 80, 1], bool)
    inside[4:36, 16:64] = True
    same, other = np.where(inside, images, 255 - images), np.where(inside, 255 - images, images)
    labels = np.array([[1, 2, 5, 5], [0, 3, 1, 5]], np.int32)
    logits = [
        np.asarray(model({"images": one, "labels": labels}, training=training)["chars_logit"])
        for one in (images, same, other)
    ]
    np.testing.assert_array_equal(logits[0], logits[1])
    assert not np.array_equal(logits[0], logits[2])


def test_the_loss_is_the_sequence_loss_and_the_weights_l2(small_model):
    images, labels = pictures_of(small_model), np.array([[1, 2, 3, 5], [0, 5, 5, 5]], "int32")
    inputs = {"images": images, "labels": labels}
    total = float(small_model.compute_loss(inputs, y_pred=small_model(inputs, teach=True)))
    noted = {name: float(metric.result()) for name, metric in small_model.batch_metrics.items()}
    kernels = [layer.convolution.kernel for layer in small_model.encoder.tower.layers_by_name.values()]
    kernels += [small_model.decoder.softmax_w, small_model.decoder.softmax_b]
    expected = 0.5 * 4e-5 * sum(float((np.asarray(kernel) ** 2).sum()) for kernel in kernels)
    assert noted["regularization"] == pytest.approx(expected, rel=1e-4)
    assert total == pytest.approx(noted["sequence_loss"] + expected, rel=1e-5)
    assert noted["loss_above_floor"] > 0


@pytest.mark.slow
def test_attention_learns_where_characters_are(make_spec):
    config = ModelConfig(**SMALL, encode_coordinates=True, attention_loss_weight=1.0)
    model = AttentionOcr(config, make_spec(num_views=2, image_height=60, image_width=60))
    model.compile("adam", jit_compile=False)
    images = pictures_of(model)
    places = np.full([2, model.dataset.max_sequence_length, 2, 2], np.nan, np.float32)
    places[:, 0, 1] = [[13, 45], [37, 21]]  # the first character of each picture, in its second view alone
    labels = np.zeros([2, model.dataset.max_sequence_length], np.int32)
    losses = [
        model.train_on_batch({"images": images, "labels": labels, "places": places}, return_dict=True)["attention_loss"]
        for _ in range(40)
    ]
    assert losses[-1] < 0.5 * losses[0]
    h, w = model.feature_grid
    looks = np.asarray(model({"images": images}, training=True, teach=False)["attention"])[:, 0].argmax(axis=-1)
    first, stride = model.geometry.cells
    found = [(first + stride * (n % w), first + stride * (n % (h * w) // w)) for n in looks]
    assert (looks >= h * w).all(), "in the second view"
    np.testing.assert_allclose(found, places[:, 0, 1], atol=stride)


def test_places_that_nobody_told_are_an_error_of_one_line(make_spec, tmp_path):
    from attention_ocr.config import Config
    from attention_ocr.training import loop

    config = Config(model=ModelConfig(**SMALL, attention_loss_weight=0.5))
    source = SimpleNamespace(spec=make_spec(), labels=lambda: None)
    with pytest.raises(UserError, match=r"--attention_loss_weight=0\.5: needs --render=signs"):
        loop.train(config, source, run_directory.RunDirectory(tmp_path / "run"))


def test_what_dropout_draws_next_is_in_the_file(make_spec, tmp_path):
    knobs = {"encoder": "crnn", "num_encoder_lstm_layers": 0, "encoder_dropout": 0.5, "num_lstm_units": 8}
    config = ModelConfig(**knobs, head="gru_attention", embedding_size=4, decoder_dropout=0.5, teacher_forcing=0.5)
    model, labels = AttentionOcr(config, make_spec()), np.zeros([2, 4], "int32")

    def drawn(model):
        outputs = model({"images": pictures_of(model), "labels": labels}, training=True)
        return np.asarray(outputs["chars_logit"])

    first = drawn(model)
    model.save(tmp_path / "model.keras")
    second = drawn(model)
    assert np.abs(second - first).max() > 0
    np.testing.assert_allclose(drawn(model_file.load_model(tmp_path / "model.keras")), second, rtol=1e-5, atol=1e-6)


def test_files_without_what_dropout_draws_next_are_opened(make_spec, tmp_path, monkeypatch):
    model = AttentionOcr(ModelConfig(**SMALL), make_spec())
    with monkeypatch.context() as before:
        before.delattr(AttentionOcr, "save_own_variables")
        model.save(tmp_path / "model.keras")
    found = model_file.load_model(tmp_path / "model.keras")
    images = {"images": pictures_of(model)}
    np.testing.assert_allclose(found(images)["chars_logit"], model(images)["chars_logit"], rtol=1e-5, atol=1e-6)
