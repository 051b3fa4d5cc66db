"""How much memory training is said to take."""

from types import SimpleNamespace

import keras
import pytest

from attention_ocr.training import memory

N, A, T = 1000, 300, 37


@pytest.mark.parametrize(
    ("backend", "least", "most"), [("tensorflow", T * N * A, 3 * T * N * A), ("jax", N * A, 4 * N * A)]
)
def test_what_attention_compares_is_kept_of_each_step_but_on_jax(backend, least, most, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    decoder = SimpleNamespace(start=None, attention_v=SimpleNamespace(shape=(A,)))
    dataset = SimpleNamespace(max_sequence_length=T, charset=range(9))
    model = SimpleNamespace(decoder=decoder, dataset=dataset, config=SimpleNamespace(num_lstm_units=8))
    assert least < memory.decoder_activations(model, N) < most
