"""`model/attention.py` and `model/slice.py`: the reference's decoders."""

import numpy as np

from attention_ocr.model.description import character_size
from attention_ocr.onnx_graph.decoders import steps
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan, Positions
from attention_ocr.onnx_graph.weights import Weights


def attention(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    """AttentionDecoder."""
    K, U, C = plan.num_classes, plan.config.num_lstm_units, positions.num_features
    I, features = character_size(plan.config, K), positions.features  # noqa: E741
    attention_w, scale, input_kernel, input_bias, lstm_kernel, lstm_bias, *rest = weights.take(
        *[(C, C), (C,), (K + C, I), (I,), (I + U, 4 * U), (4 * U,)],
        *[(2 * U, C), (C,), (U + C, U), (U,), (U, K), (K,)],
    )
    query_kernel, query_bias, output_kernel, output_bias, softmax_w, softmax_b = rest
    keys = steps.matched(graph, graph.linear(features, attention_w))

    def step(body: Graph, t: str, state: list[str], fed: str) -> steps.Step:
        c, h, context = state
        inputs = body.linear(context, input_kernel[K:], input_bias)  # [B, I]
        if plan.config.use_autoregression:
            inputs = body.op("Add", inputs, body.op("Gather", steps.with_nothing(input_kernel[:K]), fed))
        gates = body.linear(body.joined(inputs, h), lstm_kernel)
        c, h = steps.lstm_cell(body, gates, c, lstm_bias, plan.config.lstm_state_clip_value)
        query = body.linear(body.joined(c, h), query_kernel, query_bias)
        context, weight = steps.attend(body, positions, keys, features, query, scale)
        output = body.linear(body.joined(h, context), output_kernel, output_bias)
        return steps.Step((c, h, context), body.linear(output, softmax_w, softmax_b), weight)

    first = [steps.zeros(graph, features, width) for width in (U, U, C)]
    return steps.read(graph, plan, features, first, step)


def slices(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    """SliceDecoder."""
    K, U, C = plan.num_classes, plan.config.num_lstm_units, positions.num_features
    h, w = plan.geometry.largest_grid
    length = plan.geometry.num_views * h * w // plan.num_steps
    width, feeds = length * C, plan.config.use_autoregression
    lstm_kernel, lstm_bias, softmax_w, softmax_b = weights.take((width + K * feeds + U, 4 * U), (4 * U,), (U, K), (K,))
    ends = [width, width + K * feeds]
    of_slice, of_fed, of_state = np.split(lstm_kernel, ends)

    def step(body: Graph, t: str, state: list[str], fed: str) -> steps.Step:
        c, h = state
        start = body.op("Unsqueeze", t, [0])
        end = body.op("Add", start, [length])
        inputs = body.op("Reshape", body.op("Slice", positions.features, start, end, [1]), [0, width])
        gates = body.op("Add", body.linear(inputs, of_slice), body.linear(h, of_state))
        if feeds:
            gates = body.op("Add", gates, body.op("Gather", steps.with_nothing(of_fed), fed))
        c, h = steps.lstm_cell(body, gates, c, lstm_bias, plan.config.lstm_state_clip_value)
        return steps.Step((c, h), body.linear(h, softmax_w, softmax_b))

    first = [steps.zeros(graph, positions.features, U) for _ in range(2)]
    return steps.read(graph, plan, positions.features, first, step)
