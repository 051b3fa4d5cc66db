"""`model/lcnet_necks.py`: one row of columns of LCNet's features."""

import numpy as np

from attention_ocr.model.description import HIDDEN
from attention_ocr.model.layouts.lcnet import Guide, LightSvtr, Size
from attention_ocr.onnx_graph import masks
from attention_ocr.onnx_graph.convolutions import depthwise, hard_swish, silu
from attention_ocr.onnx_graph.graph import FLOAT, Graph
from attention_ocr.onnx_graph.weights import Weights


def light_svtr(graph: Graph, weights: Weights, size: Size, features: str, cells: masks.Cells | None) -> str:
    """LightSvtrNeck, [B, C, 1, w / 2] of `features` [B, C', h, w]."""
    neck = size.neck
    assert isinstance(neck, LightSvtr)
    C = neck.channels
    pairs, own = _pooled_pairs(graph, features, cells)  # [B, C', 1, w / 2]
    columns = _as_columns(graph, pairs)  # [B, w / 2, C']
    beside = silu(graph, graph.linear(columns, *weights.of("beside").take((size.channels, C), (C,))))
    columns = silu(graph, graph.linear(columns, *weights.of("reduce").take((size.channels, C), (C,))))
    row = _as_row(graph, columns)  # [B, C, 1, w / 2]
    row = row if own is None else graph.op("Mul", row, own)
    row = graph.op("Add", row, silu(graph, _local(graph, weights, row, 7, C)))
    columns = _as_columns(graph, row)
    for number in range(1, neck.blocks + 1):
        columns = _transformer(graph, weights.of(f"block_{number}"), columns, own, neck)
    columns = _layer_norm(graph, weights.of("norm"), columns, C, 1e-6)
    return _as_row(graph, graph.op("Add", columns, beside))


def guide(graph: Graph, weights: Weights, size: Size, features: str, cells: masks.Cells | None) -> str:
    """GuideNeck, as `light_svtr`."""
    C = size.channels
    pairs, _ = _pooled_pairs(graph, features, cells)
    columns = _as_columns(graph, hard_swish(graph, _local(graph, weights, pairs, 5, C)))
    columns = hard_swish(graph, graph.linear(columns, *weights.of("mix").take((C, C), (C,))))
    filters = size.neck.channels
    return _as_row(graph, graph.linear(columns, *weights.of("reduce").take((C, filters), (filters,))))


NECKS = {LightSvtr: light_svtr, Guide: guide}


def _pooled_pairs(graph: Graph, features: str, cells: masks.Cells | None) -> tuple[str, str | None]:
    """As `lcnet_necks.pooled_pairs`: [B, C, 1, w / 2], and float [B, 1, 1, w / 2], 1 for a picture's own; or None."""
    if cells is None:
        return _mean_of_two(graph, graph.op("ReduceMean", features, axes=[2], keepdims=1)), None
    shares = _mean_of_two(graph, cells.columns)  # 0, 1/2 or 1
    rows = graph.op("ReduceSum", cells.rows, [2], keepdims=1)  # [B, 1, 1, 1]
    count = graph.op("Max", graph.op("Mul", shares, rows), np.float32(0.5))
    means = graph.op("Div", _mean_of_two(graph, graph.op("ReduceSum", features, [2], keepdims=1)), count)
    own = graph.cast(graph.op("Greater", shares, np.float32(0.75)), FLOAT)
    return graph.op("Mul", means, own), own


def _mean_of_two(graph: Graph, row: str) -> str:
    """The means of each two columns of a row [B, C, 1, w], a last odd one left out."""
    return graph.op("AveragePool", row, kernel_shape=[1, 2], strides=[1, 2])


def _local(graph: Graph, weights: Weights, row: str, side: int, C: int) -> str:
    """A depthwise convolution over a row."""
    kernel, bias = weights.of("local").take((side, C, 1), (C,))
    return depthwise(graph, row, kernel[None], bias)


def _transformer(graph: Graph, weights: Weights, columns: str, own: str | None, neck: LightSvtr) -> str:
    """As `lcnet_necks.TransformerBlock`, [B, w, C]."""
    C = neck.channels
    normed = _layer_norm(graph, weights.of("norm_1"), columns, C, 1e-5)
    asked = graph.linear(normed, *weights.of("asked").take((C, 3 * C), (3 * C,)))
    answer = graph.linear(_looked(graph, asked, own, neck), *weights.of("answer").take((C, C), (C,)))
    columns = graph.op("Add", columns, answer)
    normed = _layer_norm(graph, weights.of("norm_2"), columns, C, 1e-5)
    wide = silu(graph, graph.linear(normed, *weights.of("widen").take((C, neck.widened), (neck.widened,))))
    return graph.op("Add", columns, graph.linear(wide, *weights.of("narrow").take((neck.widened, C), (C,))))


def _looked(graph: Graph, asked: str, own: str | None, neck: LightSvtr) -> str:
    """The values [B, w, C] of `asked` [B, w, 3C], averaged as queries match keys."""
    C, heads = neck.channels, neck.heads
    queries, keys, values = (
        graph.op("Reshape", part, [0, 0, heads, C // heads])
        for part in graph.ops("Split", asked, [C] * 3, outputs=3, axis=-1)
    )
    queries = graph.op("Mul", graph.op("Transpose", queries, perm=[0, 2, 1, 3]), np.float32((C // heads) ** -0.5))
    scores = graph.op("MatMul", queries, graph.op("Transpose", keys, perm=[0, 2, 3, 1]))  # [B, heads, w, w]
    if own is not None:
        scores = graph.op("Where", graph.op("Greater", own, np.float32(0.5)), scores, np.float32(HIDDEN))
    weights = graph.op("Softmax", scores, axis=-1)
    found = graph.op("MatMul", weights, graph.op("Transpose", values, perm=[0, 2, 1, 3]))
    return graph.op("Reshape", graph.op("Transpose", found, perm=[0, 2, 1, 3]), [0, 0, C])


def _layer_norm(graph: Graph, weights: Weights, columns: str, C: int, epsilon: float) -> str:
    gamma, beta = weights.take((C,), (C,))
    return graph.op("LayerNormalization", columns, gamma, beta, axis=-1, epsilon=epsilon)


def _as_columns(graph: Graph, row: str) -> str:
    """[B, w, C] of [B, C, 1, w]."""
    return graph.op("Transpose", graph.op("Squeeze", row, [2]), perm=[0, 2, 1])


def _as_row(graph: Graph, columns: str) -> str:
    """The opposite of `_as_columns`."""
    return graph.op("Unsqueeze", graph.op("Transpose", columns, perm=[0, 2, 1]), [2])
