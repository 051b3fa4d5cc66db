"""`model/gru_attention.py`."""

from attention_ocr.model.description import character_size
from attention_ocr.onnx_graph.decoders import steps
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan, Positions
from attention_ocr.onnx_graph.weights import Weights


def gru(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    """GruAttentionDecoder."""
    K, U, C = plan.num_classes, plan.config.num_lstm_units, positions.num_features
    E, features = character_size(plan.config, K), positions.features
    embedding, query_kernel, key_kernel, key_bias, scale, input_kernel, input_bias, *rest = weights.take(
        *[(K + 1, E), (U, U), (C, U), (U,), (U,), (E + C, U), (U,)],
        *[(U, 3 * U), (3 * U,), (U, 3 * U), (3 * U,), (U, K), (K,)],
    )
    gru_kernel, gru_bias, recurrent_kernel, recurrent_bias, softmax_w, softmax_b = rest
    keys = steps.matched(graph, graph.linear(features, key_kernel, key_bias))

    def step(body: Graph, t: str, state: list[str], fed: str) -> steps.Step:
        (h,) = state
        query = body.linear(h, query_kernel)
        context, weight = steps.attend(body, positions, keys, features, query, scale)
        character = body.op("Gather", embedding, fed)
        inputs = body.op("Relu", body.linear(body.joined(character, context), input_kernel, input_bias))
        h = _gru_cell(
            body, body.linear(inputs, gru_kernel, gru_bias), body.linear(h, recurrent_kernel, recurrent_bias), h, U
        )
        return steps.Step((h,), body.linear(h, softmax_w, softmax_b), weight)

    return steps.read(graph, plan, features, [steps.zeros(graph, features, U)], step)


def _gru_cell(graph: Graph, of_inputs: str, of_state: str, h: str, U: int) -> str:
    """The new h of `gru_attention.gru_cell`; the first two are [B, 3U]."""
    inputs, states = (graph.ops("Split", each, [U] * 3, outputs=3, axis=-1) for each in (of_inputs, of_state))
    r, z = (graph.op("Sigmoid", graph.op("Add", inputs[gate], states[gate])) for gate in (0, 1))
    n = graph.op("Tanh", graph.op("Add", inputs[2], graph.op("Mul", r, states[2])))
    return graph.op("Add", n, graph.op("Mul", z, graph.op("Sub", h, n)))
