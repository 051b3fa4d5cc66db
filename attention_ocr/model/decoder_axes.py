"""What the entries of each decoder's weights stand for, whatever runs it. No framework is needed.

By the name of a weight, in the order in which a model file has them: what its (first, last) axis counts.

    class: K in the charset's order
    unfed: K that are never used
    blank, go: one: CTC's; what is fed before the first character
    feature: C channels, rows and columns; forward, backward: the first C // 2 of them and the rest
    embedding, input: E entries of a character that is fed back, and of x_t, none of which belongs to a class
    unit: U
    key: A
"""

from collections.abc import Callable

from attention_ocr.config import ModelConfig

Axes = dict[str, tuple[str, str]]
GATES = "unit unit unit unit"
SOFTMAX: Axes = {"softmax_w": ("unit", "class"), "softmax_b": ("", "class")}


def attention(config: ModelConfig, slice_length: int = 0) -> Axes:
    """Of AttentionDecoder."""
    fed = "class" if config.use_autoregression else "unfed"
    return {
        "attention_w": ("feature", "key"),
        "attention_v": ("key", ""),
        "input_kernel": (f"{fed} feature", "input"),
        "input_bias": ("", "input"),
        "lstm_kernel": ("input unit", GATES),
        "lstm_bias": ("", GATES),
        "query_kernel": ("unit unit", "key"),
        "query_bias": ("", "key"),
        "output_kernel": ("unit feature", "unit"),
        "output_bias": ("", "unit"),
        **SOFTMAX,
    }


def slices(config: ModelConfig, slice_length: int = 0) -> Axes:
    """Of SliceDecoder, whose slices have `slice_length` positions."""
    fed = ["class"] if config.use_autoregression else []
    return {
        "lstm_kernel": (" ".join([*["feature"] * slice_length, *fed, "unit"]), GATES),
        "lstm_bias": ("", GATES),
        **SOFTMAX,
    }


def stacked(config: ModelConfig, slice_length: int = 0) -> Axes:
    """Of StackedAttentionDecoder; units are those of x_t, too."""
    layers = range(1, config.num_decoder_lstm_layers + 1)
    cells: Axes = {}
    for layer in layers:
        cells[f"start_{layer}_kernel"] = ("forward" if layer % 2 else "backward", "unit unit")
        cells[f"start_{layer}_bias"] = ("", "unit unit")
        cells[f"lstm_{layer}_kernel"] = ("unit unit", GATES)
        cells[f"lstm_{layer}_bias"] = ("", GATES)
    return {
        "embedding": ("class go", "embedding"),
        "attention_w": ("feature", "key"),
        "attention_v": ("key", ""),
        "input_kernel": ("embedding feature", "unit"),
        "input_bias": ("", "unit"),
        **cells,
        "query_kernel": (" ".join("unit unit" for _ in layers), "key"),
        "query_bias": ("", "key"),
        "output_kernel": ("unit feature", "unit"),
        "output_bias": ("", "unit"),
        **SOFTMAX,
    }


def gru(config: ModelConfig, slice_length: int = 0) -> Axes:
    """Of GruAttentionDecoder; units are those of a key and of x_t, too."""
    gates = "unit unit unit"
    return {
        "embedding": ("class go", "embedding"),
        "query_kernel": ("unit", "unit"),
        "key_kernel": ("feature", "unit"),
        "key_bias": ("", "unit"),
        "attention_v": ("unit", ""),
        "input_kernel": ("embedding feature", "unit"),
        "input_bias": ("", "unit"),
        "gru_kernel": ("unit", gates),
        "gru_bias": ("", gates),
        "gru_recurrent_kernel": ("unit", gates),
        "gru_recurrent_bias": ("", gates),
        **SOFTMAX,
    }


def area(config: ModelConfig, slice_length: int = 0) -> Axes:
    """Of AreaAttentionDecoder; keys are those of the context, too."""
    return {
        "embedding": ("class go", "embedding"),
        "state_kernel": ("feature", "unit unit"),
        "attention_w": ("feature", "key"),
        "attention_v": ("key", ""),
        "query_kernel": ("unit", "key"),
        "lstm_kernel": ("embedding key unit", GATES),
        "lstm_bias": ("", GATES),
        "output_kernel": ("key unit", "embedding"),
        "softmax_w": ("embedding", "class"),
        "softmax_b": ("", "class"),
    }


def ctc(config: ModelConfig, slice_length: int = 0) -> Axes:
    """Of CtcDecoder."""
    return {"softmax_w": ("feature", "class blank"), "softmax_b": ("", "class blank")}


# By the config's `head`.
AXES: dict[str, Callable[[ModelConfig, int], Axes]] = {
    "attention": attention,
    "slice": slices,
    "stacked_attention": stacked,
    "gru_attention": gru,
    "area_attention": area,
    "ctc": ctc,
}
