"""AttentionOcr: pictures -> texts, built from a ModelConfig and a DatasetSpec, which its file holds."""

from typing import Any

import keras
import numpy as np
from keras import ops

import attention_ocr
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.migration import FORMAT_VERSION
from attention_ocr.model import losses, metrics, pixels
from attention_ocr.model.crnn import Crnn
from attention_ocr.model.description import CONFIDENCE_POWER, of_this_version
from attention_ocr.model.distortion.again import SeenAgain
from attention_ocr.model.distortion.strong import StrongAugmentation
from attention_ocr.model.encoder import MultiViewEncoder, RecurrentColumns
from attention_ocr.model.geometry import geometry_of
from attention_ocr.model.heads import check_pair, head_of
from attention_ocr.model.inception import InceptionV3
from attention_ocr.model.inception_v4 import InceptionV4
from attention_ocr.model.lcnet import LcNet
from attention_ocr.model.residual import Residual
from attention_ocr.reading_order import reading_order

MOST_NATS = 20.0  # per character; a larger loss would only make the perplexity infinite

# DIFFERS: the reference's --weight_decay reaches softmax_w and softmax_b only; its tower always has the default, 4e-5.
TOWERS = {
    "inception_v3": lambda config, num_views: InceptionV3(
        config.final_endpoint, num_views, config.weight_decay, config.batch_norm_decay, name="InceptionV3"
    ),
    "crnn": lambda config, num_views: Crnn(config.weight_decay, "crnn", config.encoder_dropout, name="Crnn"),
    "sliding": lambda config, num_views: Crnn(config.weight_decay, "sliding", config.encoder_dropout, name="Crnn"),
    "wide_crnn": lambda config, num_views: Crnn(config.weight_decay, "wide_crnn", config.encoder_dropout, name="Crnn"),
    "residual": lambda config, num_views: Residual(
        config.encoder_channels, config.weight_decay, config.encoder_dropout, name="Residual"
    ),
    "inception_v4": lambda config, num_views: InceptionV4(
        config.weight_decay, config.batch_norm_decay, name="InceptionV4"
    ),
    "lcnet": lambda config, num_views: LcNet(
        config.lcnet_size, config.lcnet_neck, config.weight_decay, config.encoder_dropout, name="LcNet"
    ),
}


class LastValue(keras.metrics.Metric):
    """A metric that reports its newest value, so that a summary describes its own batch."""

    def __init__(self, name):
        super().__init__(name=name)
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, value):
        self.value.assign(ops.cast(value, "float32"))

    def result(self):
        return ops.convert_to_tensor(self.value)


@keras.saving.register_keras_serializable("attention_ocr")
class AttentionOcr(keras.Model):
    """The network of Wojna et al. 2017 (arXiv 1704.03549) and its variants.

    Call it on `{"images": uint8 or float [B, H, V*W, 3] in 0..255}`; where its geometry has a canvas, on batches of the
    canvas's height and any of its widths with `"sizes": int32 [B, 2]`, the height and width of the picture at the top
    left of each. Add `"labels"`, int32 [B, T], and `teach=True` (the default in training) to feed them to the decoder.
    It returns a dict: `chars_logit` [B, T, K], `attention` [B, T, N] where the head has one, and the endpoints of
    `heads.read_characters`.

    Attributes:
        config: the ModelConfig.
        dataset: the DatasetSpec whose pictures and charset it reads.
        geometry: the sizes of its pictures and features.
        order: what turns right-to-left texts into the order of the picture, in which `predicted_chars` are; None: there
            are none.
        feature_grid: (h, w), rows and columns of the largest view's feature map; attention positions are V*h*w.
        step: training steps behind the weights, set by whoever saves the model.
        encoder_is_frozen: whether training leaves the encoder's averages of batch norm, too, as they are.
        augmentation: the distortions of a training step; None: it has none.
        painter: paints pictures that come unpainted to a training step, before they are distorted; None: none do.
        confidence_power: what a Reader raises confidences to, as `reading.calibration` found it; 1: nobody looked.
    """

    def __init__(
        self,
        config: ModelConfig,
        dataset: DatasetSpec,
        augmentation: StrongAugmentation | SeenAgain | None = None,
        painter: keras.Layer | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.config = config
        self.dataset = dataset
        self.step = 0
        self.confidence_power = 1.0
        self.encoder_is_frozen = False
        self.geometry = geometry_of(config, dataset)
        self.feature_grid = self.geometry.largest_grid
        self.head = head_of(config)
        self.order = reading_order(config, dataset.charset)
        check_pair(config, dataset, self.feature_grid, self.geometry.cuts_padding)
        self.encoder = encoder_of(config, dataset)
        self.decoder = self.head.decoder(config, len(dataset.charset), dataset.max_sequence_length, name="decoder")
        names = ["sequence_loss", "loss_above_floor", "perplexity", "regularization"]
        names += ["CharacterAccuracy", "SequenceAccuracy"]
        names += ["attention_loss"] if config.attention_loss_weight else []
        self.batch_metrics = {name: LastValue(name) for name in names}
        self.decoder(self.encoder(keras.KerasTensor((None, *self.geometry.image_shape)))["features"])  # makes weights
        self.seed_generator = keras.random.SeedGenerator()
        self.augmentation, self.painter = augmentation, painter
        self.built = True

    def call(self, inputs, training=False, teach=None):
        teach = bool(training) if teach is None else teach
        sizes, labels = inputs.get("sizes"), self._learned(inputs["labels"]) if teach else None
        images = inputs["images"]
        if training and self.painter:
            images = self.painter(images, inputs["unpainted"], sizes)
        moved = {}
        if training and self.augmentation:
            images, places = self.augmentation(images, sizes, inputs.get("places"), inputs.get("unpainted"))
            moved = {} if places is None else {"places": places}
        seen = self.encode(images, sizes, training)
        features, is_picture = seen["features"], seen.get("is_picture")  # [B, N, C], [B, N]
        forced = self._forced() if training and teach else None
        outputs = self.decoder(
            features, labels=labels, teach=teach, is_picture=is_picture, forced=forced, training=training
        )
        null_id, T = self.dataset.charset.null_id, self.dataset.max_sequence_length
        found = self.head.read(self.config, outputs["chars_logit"], null_id, T)
        return {**outputs, **found, **self.seen_sizes(sizes), **moved}

    def encode(self, images, sizes=None, training=False):
        """What `MultiViewEncoder.call` returns of pictures; `images` and `sizes` as in `call`."""
        images = pixels.cropped(images, self.dataset.num_views, self.geometry.crop)
        return self.encoder(pixels.scaled(images), sizes, training=training and not self.encoder_is_frozen)

    def _learned(self, labels):
        """int32 [B, T], the labels in the order in which characters are learned and read."""
        return labels if self.order is None else self.order.turned(ops.cast(labels, "int32"), xp=ops)[0]

    def _forced(self):
        """Whether the labels are fed in a batch of training, bool [], drawn anew each time; None: they always are."""
        share = self.config.teacher_forcing
        return keras.random.uniform([], seed=self.seed_generator) < share if share < 1 else None

    def seen_sizes(self, sizes):
        """`feature_sizes` int32 [B, 2], each picture's rows and columns of features; nothing where `sizes` is None."""
        return {} if sizes is None else {"feature_sizes": self.encoder.feature_sizes(sizes)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The sequence loss plus the weights' L2 terms; also notes the batch's metrics."""
        del sample_weight, training
        labels, null_id = self._learned(x["labels"]), self.dataset.charset.null_id
        loss, floor, symbols = self.head.loss(self.config, y_pred["chars_logit"], labels, null_id)
        regularization = ops.sum(ops.stack(self.losses))
        values = {
            "sequence_loss": loss,
            "loss_above_floor": loss - floor,
            "perplexity": ops.exp(ops.minimum((loss - floor) / ops.maximum(symbols, 1.0), MOST_NATS)),
            "regularization": regularization,
            "CharacterAccuracy": ops.mean(metrics.character_accuracies(labels, y_pred["predicted_chars"], null_id)),
            "SequenceAccuracy": ops.mean(metrics.sequence_accuracies(labels, y_pred["predicted_chars"], null_id)),
        }
        if self.config.attention_loss_weight:
            top, left = pixels.crop_offset((self.dataset.image_height, self.dataset.image_width), self.geometry.crop)
            places = y_pred.get("places", x["places"]) - np.array([left, top], "float32")
            looks = losses.attention_loss(y_pred["attention"], places, self.feature_grid, self.geometry.cells)
            values["attention_loss"] = looks
            loss = loss + self.config.attention_loss_weight * looks
        for name, value in values.items():
            self.batch_metrics[name].update_state(value)
        return loss + regularization

    def get_config(self) -> dict[str, Any]:
        """All that a model file must hold besides the weights."""
        return {
            "format_version": FORMAT_VERSION,
            "attention_ocr": attention_ocr.__version__,
            "step": self.step,
            CONFIDENCE_POWER: self.confidence_power,
            "model": self.config.to_dict(),
            "dataset": self.dataset.to_dict(),
        }

    def save_own_variables(self, store):
        """Adds the random state of dropout and teacher forcing, which Keras leaves out, so that runs resume exactly."""
        super().save_own_variables(store)
        for number, state in enumerate(self._seed_states()):
            store[f"seed_{number}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        """The inverse of `save_own_variables`."""
        names = list(store.keys())
        for number, state in enumerate(self._seed_states()):
            if f"seed_{number}" in names:  # not in files written before these were saved
                state.assign(np.asarray(store[f"seed_{number}"]))
        super().load_own_variables({name: store[name] for name in names if not name.startswith("seed_")})

    def _seed_states(self):
        return [variable for variable in self.non_trainable_variables if variable.name == "seed_generator_state"]

    def get_compile_config(self):
        """Nothing: the run's config.json holds the recipe; the optimiser's state is saved all the same."""

    @classmethod
    def from_config(cls, config, custom_objects=None):
        del custom_objects
        config = of_this_version(config)
        model = cls(ModelConfig.from_dict(config["model"]), DatasetSpec.from_dict(config["dataset"]))
        model.step = config["step"]
        model.confidence_power = float(config.get(CONFIDENCE_POWER, 1.0))
        return model


def encoder_of(config: ModelConfig, dataset: DatasetSpec) -> MultiViewEncoder:
    """The encoder that a config asks for."""
    return MultiViewEncoder(
        TOWERS[config.encoder](config, dataset.num_views),
        dataset.num_views,
        config.encode_coordinates,
        recurrent_columns(config),
        name="encoder",
    )


def recurrent_columns(config: ModelConfig) -> RecurrentColumns | None:
    """The recurrent layers that a config asks for."""
    if not config.num_encoder_lstm_layers:
        return None
    return RecurrentColumns(config.num_encoder_lstm_layers, config.num_encoder_lstm_units, name="columns")
