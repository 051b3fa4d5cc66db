"""`model/stacked_attention.py`."""

import numpy as np

from attention_ocr.model.description import character_size
from attention_ocr.onnx_graph.decoders import steps
from attention_ocr.onnx_graph.graph import INT64, Graph
from attention_ocr.onnx_graph.plan import Plan, Positions
from attention_ocr.onnx_graph.weights import Weights


def stacked(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    """StackedAttentionDecoder."""
    K, U, C, L = plan.num_classes, plan.config.num_lstm_units, positions.num_features, _layers(plan)
    E, features = character_size(plan.config, K), positions.features
    halves = [C // 2 if layer % 2 == 0 else C - C // 2 for layer in range(L)]
    of_layers = [shape for half in halves for shape in ((half, 2 * U), (2 * U,), (2 * U, 4 * U), (4 * U,))]
    embedding, attention_w, scale, input_kernel, input_bias, *rest = weights.take(
        *[(K + 1, E), (C, C), (C,), (E + C, U), (U,)],
        *of_layers,
        *[(L * 2 * U, C), (C,), (U + C, U), (U,), (U, K), (K,)],
    )
    query_kernel, query_bias, output_kernel, output_bias, softmax_w, softmax_b = rest[4 * L :]
    keys = steps.matched(graph, graph.linear(features, attention_w))
    feedback = embedding @ input_kernel[:E]  # [K + 1, U]

    def step(body: Graph, t: str, state: list[str], fed: str) -> steps.Step:
        context, *cells = state
        inputs = body.op("Add", body.linear(context, input_kernel[E:], input_bias), body.op("Gather", feedback, fed))
        for layer in range(L):
            kernel, bias = rest[4 * layer + 2 : 4 * layer + 4]
            c, h = cells[2 * layer : 2 * layer + 2]
            c, inputs = steps.lstm_cell(body, body.linear(body.joined(inputs, h), kernel), c, bias)
            cells[2 * layer : 2 * layer + 2] = c, inputs
        query = body.linear(body.joined(*cells), query_kernel, query_bias)
        context, weight = steps.attend(body, positions, keys, features, query, scale)
        output = body.linear(body.joined(inputs, context), output_kernel, output_bias)
        return steps.Step((context, *cells), body.linear(output, softmax_w, softmax_b), weight)

    starts = [rest[4 * layer : 4 * layer + 2] for layer in range(L)]
    first = [steps.zeros(graph, features, C), *_first_cells(graph, positions, starts, U)]
    return steps.read(graph, plan, features, first, step)


def _layers(plan: Plan) -> int:
    return plan.config.num_decoder_lstm_layers


def _first_cells(graph: Graph, positions: Positions, starts: list[list[np.ndarray]], U: int) -> list[str]:
    """The first c and h of each layer, [B, U] each."""
    C = positions.num_features
    ends = (
        graph.part(_last_position(graph, positions), 0, C // 2, axis=1),
        graph.part(graph.op("Squeeze", graph.part(positions.features, 0, 1, axis=1), [1]), C // 2, C, axis=1),
    )
    cells = []
    for layer, (kernel, bias) in enumerate(starts):
        cells += graph.ops("Split", graph.linear(ends[layer % 2], kernel, bias), [U, U], outputs=2, axis=-1)
    return cells


def _last_position(graph: Graph, positions: Positions) -> str:
    """As `stacked_attention.last_position`, [B, C]."""
    if positions.is_picture is None:
        return graph.op("Squeeze", graph.op("Slice", positions.features, [-1], [1 << 30], [1]), [1])
    indices = graph.counted_to(graph.side(positions.features, 1))
    found = graph.op("Mul", graph.cast(positions.is_picture, INT64), indices)
    last = graph.op("ReduceMax", found, axes=[1], keepdims=1)  # [B, 1]
    return graph.op("GatherND", positions.features, last, batch_dims=1)
