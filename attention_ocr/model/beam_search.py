"""Beam search: the likeliest texts of a picture, not only the likeliest character of each step.

The rules are those of TensorFlow Addons' BeamSearchDecoder, which tests/parity/test_tfa.py runs beside this file.
`W` is the beam width; a beam is one of the W texts of a picture that are being read.
"""

from typing import NamedTuple

import keras
from keras import ops

from attention_ocr.model import recurrent

IMPOSSIBLE = float("-inf")


class Beams(NamedTuple):
    """The texts being read, each array [B, W], the best first.

    Attributes:
        log_probability: of the characters so far and of the end, if it was read.
        length: characters so far, the null that ends the text among them.
        finished: whether the null was read.
    """

    log_probability: object
    length: object
    finished: object


class Found(NamedTuple):
    """What a step chose, each array [B, W]: the class, the beam it continues, its log-probability; and attention."""

    ids: object
    parents: object
    gains: object
    attention: object  # [B * W, N] of the beams before the step, or None


def length_penalty(length, weight):
    """What a log-probability is divided by: ((5 + length) / 6) ** weight (Wu et al. 2016, eq. 14)."""
    return ((5.0 + length) / 6.0) ** weight


def search(step, state, num_steps, num_classes, null_id, beam_width, penalty=0.0):
    """The W best texts found by following the W best beginnings.

    A beam that has read the null is finished: only nulls follow, and its log-probability stays. Beams are ordered by
    score: log-probability / `length_penalty`. As in TensorFlow Addons, the length of a text leaves out its null in the
    step that reads it and counts it in later steps, so with a penalty a finished beam's score changes once.

    Args:
        step: (t, state, fed int [B * W]) -> state, logits [B * W, K], attention [B * W, N] or None; `fed` K means no
            character. Rows b * W to b * W + W - 1 are picture b's.
        state: the first state, nested arrays [B * W, ...].
        num_steps: T.
        num_classes: K.
        null_id: the class that ends a text.
        beam_width: W.
        penalty: weight of the length penalty; 0: none.

    Returns:
        ids: int32 [B, W, T], the best text first. Where there are fewer than W texts, the rest have score -inf.
        probabilities: [B, W, T] of each id; 1 for the nulls after the one that ends the text.
        log_probability: [B, W] of the text and the null after it.
        scores: [B, W], falling.
        attention: [B, T, N] of the best text; absent if the step has none.
    """
    W, K = beam_width, num_classes
    B = ops.shape(keras.tree.flatten(state)[0])[0] // W
    beams, fed, history = first_beams(B, W), ops.full([B * W], K, "int32"), []
    for t in range(num_steps):
        state, logits, attention = step(t, state, fed)
        logits = ops.reshape(logits, [B, W, K])
        beams, scores, ids, parents, gains = grow(beams, logits, null_id, penalty)
        rows = ops.reshape(rows_of(parents, W), [-1])  # [B * W]
        state = keras.tree.map_structure(lambda array, rows=rows: ops.take(array, rows, axis=0), state)
        fed = ops.reshape(ids, [-1])
        history.append(Found(ids, parents, gains, attention))
    return {**follow(history, W), "log_probability": beams.log_probability, "scores": scores}


def first_beams(batch_size, beam_width):
    """One empty text per picture; the other W - 1 beams are impossible, so that the first step fills them."""
    first = ops.tile(ops.arange(beam_width)[None] == 0, [batch_size, 1])  # [B, W]
    length = ops.zeros([batch_size, beam_width], "float32")
    return Beams(ops.where(first, 0.0, IMPOSSIBLE), length, ops.logical_not(first))


def grow(beams, logits, null_id, penalty):
    """The W best continuations of W beams.

    Args:
        beams: Beams.
        logits: [B, W, K].
        null_id: the class that ends a text.
        penalty: weight of the length penalty.

    Returns:
        The new Beams, and [B, W] each: their scores, last ids, which beam they continue, log-probability of the id.
    """
    B, W, K = ops.shape(logits)
    is_null = ops.arange(K) == null_id  # [K]
    finished = beams.finished[:, :, None]  # [B, W, 1]
    gains = ops.log_softmax(ops.cast(logits, "float32"))  # [B, W, K]
    gains = ops.where(finished, ops.where(is_null, 0.0, IMPOSSIBLE), gains)
    totals = beams.log_probability[:, :, None] + gains
    longer = ops.cast(ops.logical_not(ops.logical_or(finished, is_null)), "float32")
    scores = totals / length_penalty(beams.length[:, :, None] + longer, penalty)
    scores, chosen = ops.top_k(ops.reshape(scores, [B, W * K]), W)  # [B, W] of W * K
    chosen = ops.cast(chosen, "int32")
    parents, ids = chosen // K, chosen % K
    was_finished = ops.take_along_axis(beams.finished, parents, axis=1)
    grown = Beams(
        ops.take_along_axis(ops.reshape(totals, [B, W * K]), chosen, axis=1),
        ops.take_along_axis(beams.length, parents, axis=1) + ops.cast(ops.logical_not(was_finished), "float32"),
        ops.logical_or(was_finished, ids == null_id),
    )
    return grown, scores, ids, parents, ops.take_along_axis(ops.reshape(gains, [B, W * K]), chosen, axis=1)


def follow(history, beam_width):
    """Traces each final beam back to its start: `ids`, `probabilities` and maybe `attention`, as in `search`."""
    beam = ops.zeros_like(history[-1].parents) + ops.arange(beam_width, dtype="int32")  # [B, W]
    ids, probabilities, attention = [], [], []
    for found in reversed(history):
        ids.append(ops.take_along_axis(found.ids, beam, axis=1))
        probabilities.append(ops.exp(ops.take_along_axis(found.gains, beam, axis=1)))
        beam = ops.take_along_axis(found.parents, beam, axis=1)
        if found.attention is not None:
            attention.append(ops.take(found.attention, rows_of(beam, beam_width)[:, 0], axis=0))  # [B, N]
    texts = {"ids": ops.stack(ids[::-1], axis=2), "probabilities": ops.stack(probabilities[::-1], axis=2)}
    return {**texts, "attention": ops.stack(attention[::-1], axis=1)} if attention else texts


def rows_of(beams, beam_width):
    """The rows of beams [B, W] in arrays [B * W, ...]."""
    return ops.arange(ops.shape(beams)[0], dtype="int32")[:, None] * beam_width + beams


def endpoints(found, null_id):
    """The reference's endpoints of the best text, and all W texts.

    Args:
        found: what `search` returns.
        null_id: the class of padding.

    Returns:
        As `heads.read_characters` without logits: `predicted_chars`, `predicted_scores`, `predicted_length`;
        `predicted_conf`, the log-probability of the text and of its end (none where the text fills all T steps),
        never divided by a length penalty; `normalized_seq_conf` = exp(predicted_conf / (length + 1)). Further
        `beam_chars` int32 [B, W, T], `beam_scores` [B, W] (log-probability / length penalty: the order) and
        `beam_conf` [B, W], each text's `normalized_seq_conf`.
    """
    lengths = ops.sum(ops.cast(found["ids"] != null_id, "int32"), axis=2)  # [B, W]
    confidence = ops.exp(found["log_probability"] / ops.cast(lengths + 1, "float32"))
    outputs = {
        "predicted_chars": found["ids"][:, 0],
        "predicted_scores": found["probabilities"][:, 0],
        "predicted_length": lengths[:, 0],
        "predicted_conf": found["log_probability"][:, 0],
        "normalized_seq_conf": confidence[:, 0],
        "beam_chars": found["ids"],
        "beam_scores": found["scores"],
        "beam_conf": confidence,
    }
    return {**outputs, "attention": found["attention"]} if "attention" in found else outputs


def search_texts(decoder, features, null_id, beam_width, penalty, is_picture=None):
    """The endpoints of a decoder that reads one character a step.

    Args:
        decoder: has `start` and `logits`.
        features: [B, N, C].
        null_id: the class of padding.
        beam_width: W.
        penalty: weight of the length penalty.
        is_picture: bool [B, N], the positions that belong to the picture; None: all.
    """
    step, state = recurrent.start(decoder, features, beam_width, is_picture)
    found = search(step, state, decoder.max_sequence_length, decoder.num_classes, null_id, beam_width, penalty)
    return endpoints(found, null_id)


class BeamReader(keras.Model):
    """Reads like an AttentionOcr, but by beam search; a model of its own, so that `predict` compiles it once.

    Called on `{"images"}` it returns `endpoints`. It shares the network's weights and sees their later changes.

    Args:
        network: the AttentionOcr.
        beam_width: W.
        penalty: weight of the length penalty; 0: none.
    """

    def __init__(self, network, beam_width, penalty, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.beam_width = beam_width
        self.penalty = penalty
        self.built = True

    def call(self, inputs, training=False):
        del training
        network = self.network
        seen = network.encode(inputs["images"], inputs.get("sizes"))  # once a picture
        features, is_picture = seen["features"], seen.get("is_picture")
        null_id = network.dataset.charset.null_id
        found = network.head.search(network.decoder, features, null_id, self.beam_width, self.penalty, is_picture)
        return {**found, **network.seen_sizes(inputs.get("sizes"))}
