"""What test_jax.py asks of a step on jax, in a process of its own, since a process has one backend: prints JSON."""

import functools
import json
import sys
from pathlib import Path

import jax
import keras
import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
from small_networks import smaller

from attention_ocr import canvas
from attention_ocr.augment_config import StrongConfig
from attention_ocr.charset import Charset
from attention_ocr.config import Config, ModelConfig, TrainConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model import encoder, pixels
from attention_ocr.model.distortion.strong import StrongAugmentation
from attention_ocr.training import devices, loop
from attention_ocr.training.painter import Painter
from attention_ocr.training.progress import Callbacks

T = 12
POSITIONS = 40  # of features
WIDTHS = (20, 60, 33, 31, 64, 40, 17, 50, 62, 5)  # in pixels; batches of them are 32 or 64 wide
COLUMNS = (  # layers, units, pictures, columns of the batch, columns of each picture
    (1, 8, 5, 7, None),
    (2, 8, 5, 7, (5, 1, 7, 6, 3)),
)
MORE_COLUMNS = (
    (1, 3, 1, 1, None),
    (2, 3, 5, 6, (6, 6, 6, 6, 6)),
    (2, 8, 1, 13, (6,)),
    (1, 3, 5, 8, (1, 8, 7, 2, 4)),
    (2, 3, 1, 4, None),
)
COMPILING = "/jax/core/compile/backend_compile_duration"
HIT = "/jax/compilation_cache/cache_hits"


def compiled(rematerialize=False, resize="stretch", head="attention"):
    sizes = {"num_views": 1, "image_height": 32, "image_width": 64, "max_sequence_length": T, "resize": resize}
    spec = DatasetSpec(name="tiny", charset=Charset.from_labels([" abcd"]), **sizes)
    columns = {"num_encoder_lstm_layers": 1, "num_encoder_lstm_units": 8}  # few features for the decoder
    if head == "ctc":  # whose graph is made soonest
        columns = {"num_encoder_lstm_layers": 0}
    network = ModelConfig(encoder="crnn", head=head, num_lstm_units=8, **columns)
    return loop.compiled_model(Config(model=network, train=TrainConfig(rematerialize=rematerialize)), spec)


def batch(width=64, **more):
    random = np.random.default_rng(width)
    images = random.integers(0, 256, [4, 32, width, 3], dtype=np.uint8)
    return {"images": images, "labels": random.integers(0, 5, [4, T]).astype("int32"), **more}


def numbers_kept(decoder):
    """How many numbers a step keeps for the decoder's gradient."""
    trained, others = (
        [v.value for v in part] for part in (decoder.trainable_variables, decoder.non_trainable_variables)
    )

    def loss(variables, features):
        labels = keras.ops.convert_to_tensor(batch()["labels"])
        outputs, _ = decoder.stateless_call(variables, others, features, labels=labels, teach=True, training=True)
        return keras.ops.sum(outputs["chars_logit"])

    features = np.ones([4, POSITIONS, decoder.num_features], "float32")
    _, gradient = jax.eval_shape(lambda *values: jax.vjp(loss, *values), trained, features)
    return int(sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(gradient)))


def rematerialized():
    """What is kept without and with it, and how far the weights are apart after two steps."""
    kept, weights = [], []
    for again in (False, True):
        model = compiled(again)
        kept.append(numbers_kept(model.decoder))
        for _ in range(2):
            model.train_on_batch(batch())
        weights.append([np.asarray(variable) for variable in model.weights])
    return kept, max(float(np.abs(one - other).max()) for one, other in zip(*weights, strict=True))


class Seen(keras.callbacks.Callback):
    """Notes what it is given after each step, and how often something was compiled until then."""

    def __init__(self, compilations):
        super().__init__()
        self.compilations, self.kinds, self.counts = compilations, set(), []

    def on_train_batch_end(self, batch, logs=None):
        self.kinds |= {type(value).__name__ for value in logs.values()}
        self.counts.append(len(self.compilations))


def steps_of_many_widths():
    """The widths of batches, compilations until each step's end, what callbacks got, and what the network scaled."""
    model, compilations, scaled = compiled(resize="keep_height", head="ctc"), [], []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compilations.append(seconds) if event == COMPILING else None
    )
    before = pixels.scaled
    pixels.scaled = lambda images: (scaled.append(str(images.dtype)), before(images))[1]
    seen = Seen(compilations)
    widths = [canvas.batch_width(width) for width in WIDTHS]
    batches = (
        (batch(full, sizes=np.array([[32, width]] * 4, "int32")),) for full, width in zip(widths, WIDTHS, strict=True)
    )
    model.fit(batches, steps_per_epoch=len(WIDTHS), callbacks=Callbacks([seen], add_history=True, model=model))
    pixels.scaled = before
    return widths, seen.counts, sorted(seen.kinds), sorted(set(scaled))


def drawn_in_a_step():
    """Means of pictures, as they are and as a compiled step paints and distorts them; the third is no mask."""
    given, unpainted = batch(40)["images"], np.array([True, True, False, True])
    sizes = np.array([[32, 40]] * len(given), "int32")
    found = {"given": given}
    for name, layer, more in (
        ("painted", Painter(1), (unpainted, sizes)),
        ("distorted", StrongAugmentation(StrongConfig(), 1, 1), (sizes,)),
    ):
        seeds = [variable.value for variable in layer.non_trainable_variables]
        drawn, _ = jax.jit(functools.partial(layer.stateless_call, [], seeds))(given, *more)
        found[name] = drawn if name == "painted" else drawn[0]
    return {name: np.asarray(pictures, float).mean(axis=(1, 2, 3)).tolist() for name, pictures in found.items()}


def taken_from(folder):
    """How often a second compilation is taken from the folder of the first."""
    hits = []
    jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event == HIT else None)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    counts = []
    for _ in range(2):
        with devices.compiled_in(Path(folder)):
            jax.jit(lambda x: keras.ops.sum(x * 3 + 1))(np.ones([7], "float32"))
        jax.clear_caches()
        counts.append(len(hits))
    return counts


def columns_and_gradients(dtype, case):
    """What recurrent columns make of features, and the gradients of all weights and of the features."""
    num_layers, U, B, w, widths = case
    random = np.random.default_rng(0)
    keras.config.set_dtype_policy(dtype)
    layer = encoder.RecurrentColumns(num_layers, U)
    keras.config.set_dtype_policy("float32")
    layer.build([B, 2, w, 3])
    weights = [random.normal(0, 0.7, variable.shape).astype("float32") for variable in layer.trainable_variables]
    features = random.normal(size=[B, 2, w, 3]).astype("float32")
    factors = random.normal(size=[B, 1, w, 2 * U]).astype("float32")
    sizes = None if widths is None else np.array([[2, width] for width in widths], "int32")
    others = [variable.value for variable in layer.non_trainable_variables]

    def loss(weights, features):
        found, _ = layer.stateless_call(weights, others, features, sizes)
        return keras.ops.sum(keras.ops.cast(found, "float32") * factors), found

    (_, found), gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))(weights, features)
    return [np.asarray(array, "float32") for array in jax.tree.leaves((found, gradients))]


def apart(ours, theirs):
    """The largest difference, in units of the largest value of each array of `theirs`, or 1 where it is all zeros."""
    pairs = zip(ours, theirs, strict=True)
    return float(np.max([np.abs(one - other).max() / (np.abs(other).max() or 1) for one, other in pairs]))


def with_keras(dtype, case):
    """`columns_and_gradients` of Keras's own layers."""
    ours = encoder.both_directions
    encoder.both_directions = lambda layer, columns, mask: layer(columns, mask=mask)
    try:
        return columns_and_gradients(dtype, case)
    finally:
        encoder.both_directions = ours


def recurrent_columns(_):
    """How far we are from Keras."""
    return [apart(columns_and_gradients("float32", case), with_keras("float32", case)) for case in COLUMNS]


def more_recurrent_columns(_):
    """How far we are from Keras in more cases; and in bfloat16 how far we are from Keras's float32, and Keras."""
    found = {"float32": [], "bfloat16": [], "keras_bfloat16": []}
    for case in MORE_COLUMNS:
        exact = with_keras("float32", case)
        found["float32"].append(apart(columns_and_gradients("float32", case), exact))
        for name, function in (("bfloat16", columns_and_gradients), ("keras_bfloat16", with_keras)):
            found[name].append(apart(function("mixed_bfloat16", case), exact))
    return found


def in_steps(folder):
    widths, counts, kinds, scaled = steps_of_many_widths()
    found = {"widths": widths, "compilations": counts, "kinds": kinds, "scaled": scaled}
    return {**found, "drawn": drawn_in_a_step(), "hits": taken_from(folder)}


def with_rematerialization(_):
    kept, apart = rematerialized()
    return {"kept": kept, "apart": apart, "compared": 4 * T * POSITIONS * compiled().decoder.num_keys}


with smaller():
    print(json.dumps(globals()[sys.argv[1]](sys.argv[2])))
