"""What a head is: a decoder, the loss it learns by, and how its logits are read. One registry line each."""

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

from attention_ocr import losses
from attention_ocr.config import ModelConfig
from attention_ocr.model.attention import AttentionDecoder
from attention_ocr.model.slice import SliceDecoder


@dataclass(frozen=True)
class Head:
    """A way from features to texts.

    Attributes:
        decoder: the layer class, called on (features, labels, teach); returns `chars_logit` and maybe `attention`.
        loss: (config, logits, labels) -> loss and its floor.
        read: (logits, null id) -> the reference's endpoints.
    """

    decoder: Callable
    loss: Callable
    read: Callable


def smoothed_cross_entropy(config: ModelConfig, logits, labels):
    """`losses.sequence_loss` with the config's knobs."""
    return losses.sequence_loss(
        logits, labels, config.label_smoothing, config.ignore_nulls, config.average_across_timesteps
    )


def read_characters(logits, null_id):
    """The reference's endpoints of a head that gives one class a step.

    Args:
        logits: [B, T, K].
        null_id: the class of padding.

    Returns:
        `predicted_chars` int32 [B, T]; `predicted_scores` [B, T], their probabilities; `predicted_length` int32 [B],
        the ids that are not null; `predicted_conf` [B], the log-probability of the text and the null after it;
        `normalized_seq_conf` [B] in [0, 1], its geometric mean over those characters.
    """
    log_probability = ops.log_softmax(ops.cast(logits, "float32"))  # [B, T, K]
    ids = ops.cast(ops.argmax(log_probability, axis=-1), "int32")  # [B, T]
    best = ops.max(log_probability, axis=-1)  # [B, T]
    length = ops.sum(ops.cast(ids != null_id, "int32"), axis=1)  # [B]
    cumulated = ops.cumsum(ops.pad(best, [[0, 0], [0, 1]]), axis=1)  # [B, T + 1]
    confidence = ops.take_along_axis(cumulated, length[:, None], axis=1)[:, 0]  # [B]
    return {
        "predicted_chars": ids,
        "predicted_scores": ops.exp(best),
        "predicted_length": length,
        "predicted_conf": confidence,
        "normalized_seq_conf": ops.exp(confidence / ops.cast(length + 1, "float32")),
    }


HEADS = {
    "attention": Head(AttentionDecoder, smoothed_cross_entropy, read_characters),
    "slice": Head(SliceDecoder, smoothed_cross_entropy, read_characters),
}


def head_of(config: ModelConfig) -> Head:
    """The head a config asks for."""
    return HEADS["attention" if config.use_attention else "slice"]
