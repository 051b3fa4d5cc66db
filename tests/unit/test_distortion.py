"""What --augmentation=strong does to pictures: within them, by seed and step, and as other libraries have it."""

import dataclasses
import io

import cv2
import keras
import numpy as np
import pytest
from PIL import Image

from attention_ocr.augment_config import StrongConfig
from attention_ocr.config import ModelConfig
from attention_ocr.model.distortion import camera, warping
from attention_ocr.model.distortion.randoms import COLUMNS, Randoms
from attention_ocr.model.distortion.strong import StrongAugmentation, distorted
from attention_ocr.model.network import AttentionOcr

KNOBS = [knob.name for knob in dataclasses.fields(StrongConfig) if knob.name != "augment_share"]
GEOMETRY = ("augment_rotation", "augment_perspective", "augment_zoom", "augment_bend")
OFF = dict.fromkeys(KNOBS, 0.0)
H, W = 32, 72


def only(*names, share=1.0, **knobs):
    """A config with these distortions alone, at their default strength, of all pictures."""
    defaults = {name: getattr(StrongConfig(), name) for name in names}
    return StrongConfig(**{**OFF, **defaults, **knobs, "augment_share": share})


def result(images, config, seed=1, num_views=1, **options):
    return np.asarray(distorted(images, config, num_views, seed, **options))


@pytest.fixture(scope="module")
def images():
    """uint8 [6, H, W, 3], dark letters on a light, uneven ground."""
    random = np.random.default_rng(0)
    pictures = (np.linspace(150, 230, W)[:, None] + random.uniform(0, 20, [6, H, 1, 3])).astype(np.uint8)
    for picture in pictures:
        cv2.putText(picture, "A1b", (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 40, 60), 2)
    return pictures


@pytest.mark.parametrize("num_views", [1, 3])
@pytest.mark.parametrize(
    "config", [StrongConfig(**OFF), StrongConfig(augment_share=0.0)], ids=["no strength", "no share"]
)
def test_what_is_turned_off_changes_nothing(images, num_views, config):
    np.testing.assert_allclose(result(images, config, num_views=num_views), images, atol=0.01)


@pytest.mark.parametrize("name", KNOBS)
def test_each_knob_changes_pictures_by_itself_and_more_if_it_is_larger(images, name):
    weak, full = (result(images, only(**{name: share * getattr(StrongConfig(), name)})) for share in (0.3, 1))
    changes = [np.abs(found - images).mean() for found in (weak, full)]
    assert 0 < changes[0] < changes[1]


def test_pictures_stay_in_range_and_in_float32(images):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        found = np.asarray(StrongAugmentation(StrongConfig(augment_share=1.0), 1, 0)(images)[0])
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert (found.dtype, found.shape) == (np.float32, images.shape)
    assert found.min() >= 0
    assert found.max() <= 255
    assert found.std(axis=(1, 2)).min() > 5


@pytest.mark.parametrize("seed", range(4))
def test_padding_stays_and_nothing_of_it_comes_into_the_picture(seed):
    sizes = np.array([[32, 72], [32, 20], [20, 72], [9, 11], [1, 1]], np.int32)
    canvas = np.zeros([len(sizes), H, W, 3], np.uint8)
    canvas[..., 1] = 255  # green
    for picture, (height, width) in zip(canvas, sizes, strict=True):
        picture[:height, :width] = 200
    moved = result(canvas, only(*GEOMETRY, "augment_blur"), seed, sizes=sizes)
    np.testing.assert_allclose(moved, canvas, atol=0.01)  # the grey goes on beyond its edge: no dark corners
    found = result(canvas, StrongConfig(augment_share=1.0), seed, sizes=sizes)
    for before, after, (height, width) in zip(canvas, found, sizes, strict=True):
        np.testing.assert_array_equal(after[height:], before[height:])
        np.testing.assert_array_equal(after[:, width:], before[:, width:])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends compile for known shapes")
@pytest.mark.parametrize(("batch", "width", "sized"), [(6, None, 6), (None, None, 6), (6, W, None)])
def test_a_graph_distorts_as_eager_code_does(images, batch, width, sized):
    """Whatever is known of the shapes: Grappler rewrites differ by it."""
    import tensorflow as tf

    specs = [tf.TensorSpec([batch, H, width, 3], tf.uint8), tf.TensorSpec([sized, 2], tf.int32)]
    config, sizes = StrongConfig(), np.array([[H, 40 + n] for n in range(6)], np.int32)
    graph = tf.function(lambda images, sizes: distorted(images, config, 1, 3, sizes), input_signature=specs)
    np.testing.assert_allclose(graph(images, sizes), result(images, config, 3, sizes=sizes), atol=0.1)


def test_each_view_is_distorted_by_itself_and_within_itself(images):
    views = np.concatenate([images[:1]] * 3, axis=2)
    found = np.split(result(views, StrongConfig(augment_share=1.0), num_views=3), 3, axis=2)
    assert len({view.tobytes() for view in found}) == 3
    flat = np.repeat(np.array([10, 120, 250], np.uint8), W)[None, None, :, None] * np.ones([2, H, 1, 3], np.uint8)
    np.testing.assert_allclose(result(flat, only(*GEOMETRY, "augment_blur"), num_views=3), flat, atol=0.01)


def test_places_that_are_learned_stay_where_they_are(images):
    config = only(*GEOMETRY)
    assert np.abs(result(images, config) - images).max() > 20
    np.testing.assert_allclose(result(images, config, moves=False), images, atol=0.01)


def test_a_step_draws_the_same_whatever_came_before(images):
    whole, resumed, other = (StrongAugmentation(StrongConfig(), 1, seed) for seed in (7, 7, 8))
    whole.begin(0)
    steps = [np.asarray(whole(images)[0]) for _ in range(3)]
    resumed.begin(2)
    np.testing.assert_array_equal(np.asarray(resumed(images)[0]), steps[2])
    other.begin(2)
    drawn = [*steps, np.asarray(other(images)[0])]
    assert len({found.tobytes() for found in drawn}) == 4


def test_a_preview_changes_nothing_of_what_is_drawn(images):
    layer, again = (StrongAugmentation(StrongConfig(), 1, 7) for _ in range(2))
    assert layer.preview(images).dtype == np.uint8
    np.testing.assert_array_equal(np.asarray(layer(images)[0]), np.asarray(again(images)[0]))


def test_too_many_numbers_of_a_seed_are_an_error_and_not_the_same_ones_again():
    randoms = Randoms(0, 2)
    first = np.asarray(randoms.uniform(0.0, 1.0, channels=COLUMNS)).ravel()
    assert len(np.unique(first)) > 0.99 * len(first)
    with pytest.raises(ValueError, match="at most"):
        randoms.uniform(0.0, 1.0)


def test_seeds_next_to_each_other_draw_other_numbers():
    seeds = [0, 1, 2, 3]
    drawn = [np.asarray(Randoms(seed, 1).uniform(0.0, 1.0, channels=50)).ravel() for seed in seeds]
    drawn += [np.asarray(Randoms(seed, 1).normal([50])) for seed in seeds]
    assert len(np.unique(np.round(np.concatenate(drawn), 6))) > 390


def test_a_quad_is_drawn_as_opencv_does(images):
    quads = np.array([[[3, -2], [70, 1], [75, 30], [-4, 35]]] * 6, np.float32)
    sizes = np.full([6, 2], [H, W], np.float32)
    found = np.asarray(warping.warped(images.astype("float32"), sizes, quads, np.zeros(6, np.float32)))
    corners = np.array([[0, 0], [W, 0], [W, H], [0, H]], np.float32)
    to_centres = cv2.getPerspectiveTransform(corners - 0.5, quads[0] - 0.5)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for picture, ours in zip(images, found, strict=True):
        expected = cv2.warpPerspective(
            picture.astype("float32"), to_centres, (W, H), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        np.testing.assert_allclose(ours, expected, atol=4)  # OpenCV rounds positions to 1/32 of a pixel


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0])
def test_a_blur_is_that_of_opencv(images, sigma):
    pictures = images.astype("float32")
    sigmas, radius = np.full([6, 1, 1, 1], sigma, np.float32), int(np.ceil(2.5 * sigma))
    found = np.asarray(camera.blurred_along(camera.blurred_along(pictures, sigmas, 1, radius), sigmas, 2, radius))
    size = (2 * radius + 1, 2 * radius + 1)
    for picture, ours in zip(pictures, found, strict=True):
        expected = cv2.GaussianBlur(picture, size, sigma, borderType=cv2.BORDER_REPLICATE)
        np.testing.assert_allclose(ours, expected, atol=0.01)


@pytest.mark.parametrize("quality", [20, 50, 80])
@pytest.mark.parametrize("crop", [(32, 72), (30, 61)], ids=["whole blocks", "parts of blocks"])
def test_compression_leaves_what_jpeg_leaves(images, quality, crop):
    pictures = images[:, : crop[0], : crop[1]]
    coarse = 50 / quality if quality < 50 else 2 - quality / 50
    found = np.asarray(camera.jpeg(pictures.astype("float32") / 255, np.full([6, 1, 1, 1], coarse, np.float32))) * 255
    for picture, ours in zip(pictures, found.clip(0, 255), strict=True):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=0)
        expected = np.asarray(Image.open(file)).astype("float32")
        lost = np.abs(expected - picture).mean()
        assert np.abs(ours - expected).mean() < 0.5 * lost


@pytest.mark.parametrize("seed", range(3))
def test_the_ends_of_a_long_line_stay_in_view(seed):
    line = np.full([8, 32, 640, 3], 255, np.uint8)
    line[:, 8:24, 4:16] = line[:, 8:24, -16:-4] = 0
    found = result(line, only(*GEOMETRY), seed)
    for picture in found.mean(axis=-1):
        for end in (picture[:, :120], picture[:, -120:]):
            assert (end < 128).sum() > 0.6 * 16 * 12


def test_letters_keep_most_of_their_contrast(images):
    """At default strength a picture's letters still stand out from their ground."""
    ink = images.mean(axis=-1) < 100
    for seed in range(3):
        found = result(images, only("augment_colours", "augment_light", "augment_shadows", "augment_jpeg"), seed)
        for picture, letters in zip(found.mean(axis=-1), ink, strict=True):
            assert abs(picture[letters].mean() - picture[~letters].mean()) > 25


def test_a_network_distorts_what_it_learns_and_not_what_it_reads(make_spec, images):
    spec = make_spec(image_height=H, image_width=W)
    config = ModelConfig(encoder="crnn", head="ctc", num_encoder_lstm_layers=1, num_encoder_lstm_units=4)
    model = AttentionOcr(config, spec, StrongAugmentation(StrongConfig(augment_share=1.0), 1, 0))
    seen = []
    model.encode = lambda images, *_: seen.append(np.asarray(images)) or {"features": np.zeros([6, 5, 8], "float32")}
    model.decoder = lambda features, **_: {"chars_logit": np.zeros([6, 5, len(spec.charset)], "float32")}
    for training in (False, True, True):
        model.call({"images": images, "labels": np.zeros([6, 4], "int32")}, training=training)
    np.testing.assert_array_equal(seen[0], images)
    assert np.abs(seen[1] - images).mean() > 3
    assert np.abs(seen[1] - seen[2]).mean() > 3
