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
from attention_ocr.model import pixels
from attention_ocr.model.distortion.strong import StrongAugmentation
from attention_ocr.training import devices, loop
from attention_ocr.training.painter import Painter
from attention_ocr.training.progress import Callbacks

T = 12
WIDTHS = (20, 60, 33, 31, 64, 40, 17, 50, 62, 5)  # in pixels; batches of them are 32 or 64 wide
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

    features = np.ones([4, 40, decoder.num_features], "float32")
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


def in_steps(folder):
    widths, counts, kinds, scaled = steps_of_many_widths()
    found = {"widths": widths, "compilations": counts, "kinds": kinds, "scaled": scaled}
    return {**found, "drawn": drawn_in_a_step(), "hits": taken_from(folder)}


def with_rematerialization(_):
    kept, apart = rematerialized()
    return {"kept": kept, "apart": apart}


with smaller():
    print(json.dumps(globals()[sys.argv[1]](sys.argv[2])))
