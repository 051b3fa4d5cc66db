"""How logits are read, by hand: T = 3 steps, classes a, b and the null."""

import numpy as np
import pytest

from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model.heads import ALWAYS_FED, check_pair, head_of, read_characters

A, B, NULL = 0, 1, 2
CONFIG = ModelConfig()


def logits_of(ids, probabilities):
    """Logits whose largest probability at each step is that of `ids`; the rest is shared by the other classes."""
    table = np.empty([1, len(ids), 3])
    for step, (class_id, probability) in enumerate(zip(ids, probabilities, strict=True)):
        table[0, step] = (1 - probability) / 2
        table[0, step, class_id] = probability
    return (np.log(table) - 5).astype("float32")


@pytest.mark.parametrize(
    ("ids", "probabilities", "length", "counted"),
    [
        ([A, NULL, NULL], [0.8, 0.6, 0.5], 1, 2),  # the character and the null after it
        ([A, B, NULL], [0.8, 0.6, 0.5], 2, 3),
        ([B, A, B], [0.8, 0.6, 0.5], 3, 3),  # full length: no null after it, all T are counted
        ([NULL, NULL, NULL], [0.8, 0.6, 0.5], 0, 1),
        ([A, NULL, B], [0.8, 0.6, 0.5], 2, 3),  # a null in between: the first length + 1 steps, whatever they are
        ([NULL, NULL, B], [0.8, 0.6, 0.5], 1, 2),
    ],
)
def test_confidence_counts_the_text_and_the_null_after_it(ids, probabilities, length, counted):
    outputs = read_characters(CONFIG, logits_of(ids, probabilities), NULL)
    found = {name: np.asarray(value)[0] for name, value in outputs.items()}
    assert found["predicted_chars"].tolist() == ids
    assert found["predicted_length"] == length
    np.testing.assert_allclose(found["predicted_scores"], probabilities, rtol=1e-5)
    product = np.prod(probabilities[:counted])
    np.testing.assert_allclose(found["predicted_conf"], np.log(product), rtol=1e-5)
    np.testing.assert_allclose(found["normalized_seq_conf"], product ** (1 / (length + 1)), rtol=1e-5)


def test_texts_of_a_batch_do_not_meet():
    logits = np.concatenate([logits_of([A, NULL, NULL], [0.9] * 3), logits_of([B, B, B], [0.4] * 3)])
    found = read_characters(CONFIG, logits, NULL)
    np.testing.assert_allclose(np.asarray(found["predicted_conf"]), [2 * np.log(0.9), 3 * np.log(0.4)], rtol=1e-5)
    assert np.asarray(found["predicted_length"]).tolist() == [1, 3]


def test_knobs_choose_decoder_and_loss():
    logits, labels = logits_of([A, B, NULL], [0.8, 0.6, 0.5]), np.array([[A, B, NULL]], "int32")
    plain = ModelConfig(label_smoothing=0.0, ignore_nulls=False, average_across_timesteps=True)
    loss, floor, steps = head_of(plain).loss(plain, logits, labels, NULL)
    assert float(loss) == pytest.approx(-np.log(0.8 * 0.6) / 2, rel=1e-5)
    assert (float(floor), float(steps)) == (0, 1)
    assert head_of(ModelConfig()).decoder is not head_of(ModelConfig(head="slice")).decoder


@pytest.mark.parametrize("head", ALWAYS_FED)
def test_heads_that_are_always_fed_refuse_not_to_be(head, make_spec):
    with pytest.raises(UserError) as error:
        check_pair(ModelConfig(head=head, use_autoregression=False), make_spec(), (1, 9))
    assert str(error.value) == (
        f"--nouse_autoregression: --head={head} always feeds back the previous character; leave the flag out, or "
        "use --head=attention"
    )


@pytest.mark.parametrize("head", ["attention", "slice", "ctc"])
def test_other_heads_need_not_be_fed(head, make_spec):
    assert check_pair(ModelConfig(head=head, use_autoregression=False), make_spec(), (1, 9)) is None  # no error


def test_a_text_that_stops_at_its_end_has_nothing_after_it():
    config = ModelConfig(stop_at_end=True, label_smoothing=0.0)
    logits = logits_of([A, NULL, B], [0.8, 0.6, 0.5])
    found = {name: np.asarray(value)[0] for name, value in read_characters(config, logits, NULL).items()}
    assert found["predicted_chars"].tolist() == [A, NULL, NULL]
    assert found["predicted_length"] == 1
    np.testing.assert_allclose(found["predicted_scores"], [0.8, 0.6, 1], rtol=1e-5)
    np.testing.assert_allclose(found["predicted_conf"], np.log(0.8 * 0.6), rtol=1e-5)
    loss, floor, steps = head_of(config).loss(config, logits, np.array([[A, NULL, NULL]], "int32"), NULL)
    assert float(loss) == pytest.approx(-np.log(0.8 * 0.6), rel=1e-5)
    assert (float(floor), float(steps)) == (0, 2)
