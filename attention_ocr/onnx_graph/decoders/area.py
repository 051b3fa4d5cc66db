"""`model/area_attention.py`."""

import numpy as np

from attention_ocr.model.description import character_size
from attention_ocr.onnx_graph.decoders import steps
from attention_ocr.onnx_graph.graph import FLOAT, Graph
from attention_ocr.onnx_graph.plan import VALUES, Plan, Positions
from attention_ocr.onnx_graph.weights import Weights


def area(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    """AreaAttentionDecoder."""
    K, U, C = plan.num_classes, plan.config.num_lstm_units, positions.num_features
    E, features = character_size(plan.config, K), positions.features
    embedding, state_kernel, attention_w, scale, query_kernel, lstm_kernel, lstm_bias, *rest = weights.take(
        *[(K + 1, E), (C, 2 * U), (C, C), (C,), (U, C), (E + C + U, 4 * U), (4 * U,)],
        *[(C + U, E), (E, K), (K,)],
    )
    output_kernel, softmax_w, softmax_b = rest
    values = graph.named(graph.linear(features, attention_w), VALUES)
    keys = steps.matched(graph, values)

    def step(body: Graph, t: str, state: list[str], fed: str) -> steps.Step:
        c, h = state
        character = body.op("Gather", embedding, fed)
        query = body.linear(h, query_kernel)
        context, weight = steps.attend(body, positions, keys, values, query, scale)
        gates = body.linear(body.joined(character, context, h), lstm_kernel)
        c, h = steps.lstm_cell(body, gates, c, lstm_bias, forget_bias=0.0)
        output = body.op("Add", body.linear(body.joined(context, h), output_kernel), character)
        return steps.Step((c, h), body.linear(output, softmax_w, softmax_b), weight)

    begun = graph.op("Tanh", graph.linear(_mean_feature(graph, positions), state_kernel))
    first = graph.ops("Split", begun, [U, U], outputs=2, axis=-1)
    return steps.read(graph, plan, features, first, step)


def _mean_feature(graph: Graph, positions: Positions) -> str:
    """As `area_attention.mean_feature`, [B, C]."""
    if positions.is_picture is None:
        return graph.op("ReduceMean", positions.features, axes=[1], keepdims=0)
    inside = graph.cast(positions.is_picture, FLOAT)
    number = graph.op("Max", graph.op("ReduceSum", inside, [1], keepdims=1), np.float32(1))
    shares = graph.op("Unsqueeze", graph.op("Div", inside, number), [1])  # [B, 1, N]
    return graph.op("Squeeze", graph.op("MatMul", shares, positions.features), [1])
