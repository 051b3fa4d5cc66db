"""CTC (Graves et al. 2006): a class or a blank for each column; runs of a class are one character."""

import itertools

import keras
import numpy as np
from keras import ops

from attention_ocr.model import decoder_axes, recurrent
from attention_ocr.model.description import IMPOSSIBLE

BLANKS = 0.8  # share of the columns that are blanks before anything is learned
MOST_TOO_LONG = 0.01  # share of the texts that may need more columns than their pictures have


@keras.saving.register_keras_serializable("attention_ocr")
class CtcDecoder(keras.layers.Layer):
    """A linear layer from each column to the K classes and, last, the blank.

    Args:
        config: not used.
        num_classes: K; the charset's null is among them and is never predicted.
        max_sequence_length: T.
    """

    def __init__(self, config, num_classes, max_sequence_length, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.num_classes = num_classes
        self.max_sequence_length = max_sequence_length
        self.joined_cases = None  # as in StepwiseDecoder

    def build(self, shape):
        self.num_features = shape[-1]
        shape = (self.num_features, self.num_classes + 1)
        self.softmax_w = self.add_weight(shape, "glorot_uniform", name="softmax_w", autocast=False)
        self.softmax_b = self.add_weight(shape[1:], mostly_blank, name="softmax_b", autocast=False)

    def axes(self):
        """What the entries of each weight's (first, last) axis stand for; fine-tuning matches weights by it."""
        return decoder_axes.ctc(self.config)

    def call(self, features, labels=None, teach=False, is_picture=None, forced=None, training=False):
        """`chars_logit` [B, N, K + 1] of `features` [B, N, C]; the blank is certain where `is_picture` [B, N] is false.

        No character is fed back, so `labels` are ignored.
        """
        del labels, teach, forced, training
        logits = recurrent.joined(ops.matmul(features, self.softmax_w) + self.softmax_b, self.joined_cases)
        if is_picture is not None:
            blank = ops.where(ops.arange(self.num_classes + 1) == self.num_classes, 0.0, IMPOSSIBLE)
            logits = ops.where(is_picture[..., None], ops.cast(logits, "float32"), blank)
        return {"chars_logit": logits}


def mostly_blank(shape, dtype=None):
    """Biases [K + 1] of a column that is a blank with probability BLANKS, any class as likely as another.

    Without this start CTC spends dozens of steps on learning how common blanks are, at the cost of the features; with
    it, it learns characters at once.
    """
    biases = np.zeros(shape, "float32")
    biases[-1] = np.log((len(biases) - 1) * BLANKS / (1 - BLANKS))
    return ops.convert_to_tensor(biases, dtype)


def frames_needed(ids, null_id: int) -> int:
    """Columns that a text needs: one per character, and a blank between two equal neighbours.

    Args:
        ids: int [T].
        null_id: the class of padding.
    """
    text = [class_id for class_id in ids if class_id != null_id]
    return len(text) + sum(one == other for one, other in itertools.pairwise(text))


def loss(config, logits, labels, null_id):
    """Mean negative log-probability of the texts in nats; its floor, 0; and their mean number of characters.

    A text that needs more columns than its picture has contributes 0. One with a logit that is not a number is not a
    number, whatever the backend's loss makes of it (TensorFlow's is 0).

    Args:
        config: not used: CTC knows no label smoothing.
        logits: [B, N, K + 1].
        labels: int [B, T], padded with nulls.
        null_id: the class of padding.
    """
    del config
    B, N, classes = ops.shape(logits)
    is_character = labels != null_id  # [B, T]
    lengths = ops.sum(ops.cast(is_character, "int32"), axis=1)  # [B]
    repeats = ops.logical_and(is_character[:, 1:], labels[:, 1:] == labels[:, :-1])
    needed = lengths + ops.sum(ops.cast(repeats, "int32"), axis=1)
    columns = ops.sum(
        ops.cast(ops.max(logits[:, :, :-1], axis=2) > IMPOSSIBLE / 2, "int32"), axis=1
    )  # [B], the picture's
    lengths = ops.where(needed > columns, 0, lengths)
    losses = ops.ctc_loss(labels, ops.cast(logits, "float32"), lengths, ops.full([B], N, "int32"), classes - 1)
    losses = ops.where(needed > columns, 0.0, losses)
    losses = ops.where(ops.all(ops.isfinite(logits), axis=(1, 2)), losses, float("nan"))
    return ops.mean(losses), ops.zeros(()), ops.mean(ops.cast(lengths, "float32"))


def read(config, logits, null_id, num_steps):
    """The likeliest class of each column, with runs joined and blanks dropped.

    Args:
        config: not used.
        logits: [B, N, K + 1].
        null_id: the class of padding.
        num_steps: T.

    Returns:
        As `heads.read_characters`: `predicted_chars` int32 [B, T]; `predicted_scores` [B, T], the largest probability
        in the character's columns, 1 for padding; `predicted_length`; `predicted_conf` [B], the log-probability of all
        columns; `normalized_seq_conf` [B]. And `attention` [B, T, N]: a character's columns by their probability,
        which sum to 1, and 0 for padding.
    """
    del config
    log_probability = log_probabilities(logits, null_id)  # [B, N, K + 1]
    ids = ops.cast(ops.argmax(log_probability, axis=-1), "int32")  # [B, N]
    is_character = ids != logits.shape[2] - 1
    before = ops.pad(ids[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
    place = ops.cumsum(ops.cast(ops.logical_and(is_character, ids != before), "int32"), axis=1) - 1
    places = ops.where(is_character, place, -1)  # [B, N]
    return endpoints(ids, places, ops.max(log_probability, axis=-1), null_id, num_steps)


def log_probabilities(logits, null_id):
    """[B, N, K + 1] of logits; the null's is IMPOSSIBLE: padding is no character."""
    is_null = ops.arange(logits.shape[2]) == null_id
    return ops.log_softmax(ops.where(is_null, IMPOSSIBLE, ops.cast(logits, "float32")))


def endpoints(ids, places, log_probability, null_id, num_steps):
    """What `read` returns, of a path.

    Args:
        ids: int32 [B, N], the class of each column.
        places: int32 [B, N], which character of the text a column belongs to; -1: a blank.
        log_probability: [B, N] of `ids`.
        null_id: the class of padding.
        num_steps: T.
    """
    belongs = places[:, None] == ops.arange(num_steps, dtype="int32")[:, None]  # [B, T, N]
    is_there = ops.any(belongs, axis=2)  # [B, T]
    probability = ops.where(belongs, ops.exp(log_probability)[:, None], 0.0)  # [B, T, N]
    chars = ops.where(is_there, ops.max(ops.where(belongs, ids[:, None], -1), axis=2), null_id)
    length = ops.sum(ops.cast(is_there, "int32"), axis=1)
    confidence = ops.sum(log_probability, axis=1)
    return {
        "predicted_chars": ops.cast(chars, "int32"),
        "predicted_scores": ops.where(is_there, ops.max(probability, axis=2), 1.0),
        "predicted_length": length,
        "predicted_conf": confidence,
        "normalized_seq_conf": ops.exp(confidence / ops.cast(length + 1, "float32")),
        "attention": probability / ops.maximum(ops.sum(probability, axis=2, keepdims=True), 1e-30),
    }


def search_texts(decoder, features, null_id, beam_width, penalty, is_picture=None):
    """Prefix beam search: the likeliest texts, each with the probability of all its paths together.

    Args:
        decoder: a CtcDecoder.
        features: [B, N, C].
        null_id: the class of padding.
        beam_width: W, the number of texts followed and returned.
        penalty: weight of the length penalty.
        is_picture: bool [B, N], the columns that belong to the picture; None: all.

    Returns:
        As `beam_search.endpoints`; `predicted_conf` is the log-probability of the best text's paths together,
        `predicted_scores` and `attention` are those of its likeliest path.
    """
    T = decoder.max_sequence_length
    log_probability = log_probabilities(decoder(features, is_picture=is_picture)["chars_logit"], null_id)
    B, N, classes = ops.shape(log_probability)  # [B, N, K + 1]
    texts, totals = ops.ctc_decode(
        log_probability,
        ops.full([B], N, "int32"),
        strategy="beam_search",
        beam_width=beam_width,
        top_paths=beam_width,
        mask_index=classes - 1,
    )  # [W, B, N], [B, W]
    texts = ops.transpose(ops.where(texts < 0, null_id, texts), [1, 0, 2])
    texts = ops.cast(ops.pad(texts, [[0, 0], [0, 0], [0, T]], constant_values=null_id)[:, :, :T], "int32")
    texts = ops.reshape(texts, [-1, beam_width, T])  # [B, W, T]
    lengths = ops.sum(ops.cast(texts != null_id, "int32"), axis=2)  # [B, W]
    scores = totals / ((5.0 + ops.cast(lengths, "float32")) / 6.0) ** penalty
    scores, order = ops.top_k(scores, beam_width)
    texts = ops.take_along_axis(texts, order[:, :, None], axis=1)
    totals, lengths = ops.take_along_axis(totals, order, axis=1), ops.take_along_axis(lengths, order, axis=1)
    confidence = ops.exp(totals / ops.cast(lengths + 1, "float32"))
    best = endpoints(*align(log_probability, texts[:, 0], null_id), null_id, T)
    return {
        **best,
        "predicted_chars": texts[:, 0],
        "predicted_length": lengths[:, 0],
        "predicted_conf": totals[:, 0],
        "normalized_seq_conf": confidence[:, 0],
        "beam_chars": texts,
        "beam_scores": scores,
        "beam_conf": confidence,
    }


def align(log_probability, text, null_id):
    """The likeliest path that reads a text (Viterbi's algorithm on CTC's states).

    Args:
        log_probability: [B, N, K + 1].
        text: int32 [B, T], padded with nulls.
        null_id: the class of padding.

    Returns:
        `ids`, `places` and `log_probability` as `endpoints` takes them.
    """
    T, blank = text.shape[1], log_probability.shape[2] - 1
    S = 2 * T + 1  # the states: a blank, the first character, a blank, the second, ...
    characters = ops.where(text == null_id, blank, text)
    states = ops.reshape(ops.stack([ops.full_like(text, blank), characters], axis=2), [-1, 2 * T])
    states = ops.pad(states, [[0, 0], [0, 1]], constant_values=blank)  # [B, S]
    gains = ops.take_along_axis(log_probability, states[:, None], axis=2)  # [B, N, S]
    other = states[:, 2:] != states[:, :-2]
    may_skip = ops.pad(ops.logical_and(other, states[:, 2:] != blank), [[0, 0], [2, 0]], constant_values=False)

    def enter(score, gain):
        """The next column's scores [B, S], and how many states before itself each one was entered from: 0, 1, 2."""
        one = ops.pad(score[:, :-1], [[0, 0], [1, 0]], constant_values=IMPOSSIBLE)
        two = ops.where(may_skip, ops.pad(score[:, :-2], [[0, 0], [2, 0]], constant_values=IMPOSSIBLE), IMPOSSIBLE)
        entered = ops.stack([score, one, two], axis=2)  # [B, S, 3]
        return ops.max(entered, axis=2) + gain, ops.cast(ops.argmax(entered, axis=2), score.dtype)  # scan has one dtype

    def go_back(state, move):
        """The state before, twice."""
        state = ops.maximum(state - ops.take_along_axis(move, state, axis=1), 0)
        return state, state

    first = ops.where(ops.arange(S) < 2, gains[:, 0], IMPOSSIBLE)  # [B, S]
    score, moves = ops.scan(enter, first, ops.transpose(gains, [1, 0, 2])[1:])  # [B, S], [N - 1, B, S]
    moves = ops.cast(moves, "int32")
    last = 2 * ops.sum(ops.cast(text != null_id, "int32"), axis=1, keepdims=True)  # [B, 1], the blank at the end
    before = ops.maximum(last - 1, 0)
    ends_in_blank = ops.take_along_axis(score, last, axis=1) >= ops.take_along_axis(score, before, axis=1)
    state = ops.where(ends_in_blank, last, before)
    _, before = ops.scan(go_back, state, moves, reverse=True)  # [N - 1, B, 1]
    path = ops.concatenate([ops.transpose(before[:, :, 0]), state], axis=1)  # [B, N]
    ids = ops.take_along_axis(states, path, axis=1)
    places = ops.where(path % 2 == 1, path // 2, -1)
    return ids, places, ops.take_along_axis(gains, path[:, :, None], axis=2)[:, :, 0]
