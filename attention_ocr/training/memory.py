"""How much memory training will take, told before it does: an estimate from shapes alone."""

import math

import keras

from attention_ocr.config import TrainConfig

BYTES = 4  # of a number in float32
# Numbers that an optimiser remembers for each weight.
SLOTS = {"momentum": 1, "adam": 2, "adamw": 2, "adadelta": 2}
WORKING_SPACE = 1.3  # what is kept, and beside it what a layer is working on; measured with tools/benchmark_memory.py
GATES = 12  # numbers a unit that training keeps of a step of an LSTM


def training_bytes(model, config: TrainConfig, batch_size: int) -> int:
    """What weights, their gradients, the optimiser and a batch's activations take; the framework's own is not in it.

    Args:
        model: an AttentionOcr.
        config: tells the optimiser and the precision.
        batch_size: B.
    """
    weights = sum(math.prod(variable.shape) for variable in model.variables)
    kept = BYTES if config.mixed_precision == "none" else BYTES // 2
    slots = SLOTS[config.optimizer] + (config.moving_average_decay > 0)
    return BYTES * weights * (2 + slots) + int(kept * batch_size * WORKING_SPACE * activations(model))


def activations(model) -> int:
    """Numbers that training keeps of a picture, and of its text, for the gradient."""
    height, full_width, _ = model.geometry.image_shape
    V = model.dataset.num_views
    h, w = model.feature_grid
    kept = V * model.encoder.tower.activations(height, full_width // V)
    columns = model.encoder.columns
    if columns:
        kept += w * columns.num_layers * 2 * GATES * columns.num_units
    return kept + decoder_activations(model, V * h * w)


def decoder_activations(model, num_positions: int) -> int:
    """Of a text: the columns' logits, or what attention compared, the LSTM and the logits.

    What attention compared is kept of each step, but on jax, where each keeps the weights and their gradients alone.
    """
    T, K, U = model.dataset.max_sequence_length, len(model.dataset.charset), model.config.num_lstm_units
    if not hasattr(model.decoder, "start"):
        return 4 * num_positions * (K + 1)
    keys = getattr(model.decoder, "attention_v", None)
    compared = 0
    if keys is not None:
        compared = 2 * num_positions * keys.shape[0]
        compared = compared + 2 * T * num_positions if keras.backend.backend() == "jax" else T * compared
    return compared + T * (GATES * U + 4 * K)
