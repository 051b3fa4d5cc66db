"""What half precision must not touch: where attention looks, what is read, and the loss."""

import keras
import numpy as np
import pytest
from keras import ops

from attention_ocr.config import ModelConfig
from attention_ocr.model.attention import additive_attention
from attention_ocr.model.heads import HEADS
from attention_ocr.training.loop import precision

B, N, C, K, T, U = 2, 12, 4, 7, 4, 6
NULL = K - 1
HALF = ["bfloat16", "float16"]


def half_decoder(kind, policy):
    with precision(policy):
        decoder = HEADS[kind].decoder(ModelConfig(head=kind, num_lstm_units=U), K, T)
    decoder.build((None, N, C))
    return decoder


@pytest.mark.parametrize("policy", HALF)
@pytest.mark.parametrize("kind", HEADS)
def test_two_logits_that_half_precision_takes_for_one_are_told_apart(kind, policy):
    """Class 2 is ahead of class 1 by a thousandth: at 100, half precision knows no step so small."""
    decoder = half_decoder(kind, policy)
    bias = np.zeros(decoder.softmax_b.shape, "float32")
    bias[1], bias[2] = 100.0, 100.001
    decoder.softmax_b.assign(bias)
    decoder.softmax_w.assign(np.zeros(decoder.softmax_w.shape, "float32"))
    logits = decoder(np.ones([B, N, C], "float32"))["chars_logit"]
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert (np.asarray(logits).argmax(axis=-1) == 2).all()


@pytest.mark.parametrize("policy", HALF)
@pytest.mark.parametrize("kind", HEADS)
def test_a_loss_of_logits_beyond_half_precision_is_right(kind, policy):
    """Logits of 1e5, where float16 ends at 65,504, and a right one that leads by 0.5, which bfloat16 cannot say.

    At 1e5 even float32 has steps of 0.008.
    """
    decoder = half_decoder(kind, policy)
    bias = np.full(decoder.softmax_b.shape, -1e5, "float32")
    bias[1] = 1e5
    bias[-1 if kind == "ctc" else NULL] = 1e5 - 0.5
    decoder.softmax_b.assign(bias)
    decoder.softmax_w.assign(np.zeros(decoder.softmax_w.shape, "float32"))
    labels = np.array([[1, NULL, NULL, NULL]] * B, "int32")
    config = ModelConfig(head=kind, label_smoothing=0.0, ignore_nulls=True)
    logits = decoder(np.ones([B, N, C], "float32"))["chars_logit"]
    loss = float(HEADS[kind].loss(config, logits, labels, NULL)[0])
    character, other = np.log1p(np.exp(-0.5)), np.log1p(np.exp(0.5))
    if kind == "ctc":  # one run of class 1, somewhere in N columns of blanks
        runs = [(N - length + 1) * np.exp(-length * character - (N - length) * other) for length in range(1, N + 1)]
        assert loss == pytest.approx(-np.log(np.sum(runs)), rel=1e-2)
    else:
        assert loss == pytest.approx(character + (T - 1) * other, rel=1e-2)


@pytest.mark.parametrize("policy", HALF)
def test_attention_tells_scores_apart_that_half_precision_takes_for_one(policy):
    """300 keys that each score a little: the sums 240.0 and 240.25 are one number in half precision, or infinite."""
    A = 300
    keys = np.full([1, 2, A], 20.0, policy_dtype(policy))  # whose tanh is 1
    scale = np.full([A], 0.8, "float32")
    keys[0, 0, 0] = 0.3  # its score is lower by 0.57
    features = ops.cast(np.array([[[1.0], [2.0]]], "float32"), policy)
    query = ops.zeros([1, A], policy)
    context, weights = additive_attention(ops.convert_to_tensor(keys), query, features, ops.convert_to_tensor(scale))
    assert keras.backend.standardize_dtype(weights.dtype) == "float32"
    assert keras.backend.standardize_dtype(context.dtype) == policy
    lower = 0.8 * (1 - np.tanh(0.3))
    np.testing.assert_allclose(np.asarray(weights)[0], [1 / (1 + np.exp(lower)), 1 / (1 + np.exp(-lower))], atol=2e-3)


def policy_dtype(policy):
    import ml_dtypes

    return ml_dtypes.bfloat16 if policy == "bfloat16" else np.float16
