"""`model/ctc.py`."""

import numpy as np

from attention_ocr.model.description import IMPOSSIBLE
from attention_ocr.onnx_graph.decoders.cases import joined
from attention_ocr.onnx_graph.graph import FLOAT, INT32, Graph
from attention_ocr.onnx_graph.plan import Plan, Positions
from attention_ocr.onnx_graph.weights import Weights


def ctc(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    """CtcDecoder."""
    K = plan.num_classes
    logits = graph.linear(positions.features, *weights.take((positions.num_features, K + 1), (K + 1,)))
    logits = joined(graph, plan, logits, more=1)
    if positions.is_picture is not None:
        blank = np.where(np.arange(K + 1) == K, 0, IMPOSSIBLE).astype(np.float32)
        logits = graph.op("Where", graph.op("Unsqueeze", positions.is_picture, [2]), logits, blank)
    return {"chars_logit": logits}


def read_columns(graph: Graph, plan: Plan, logits: str) -> dict[str, str]:
    """As `ctc.read`."""
    K, T, null_id = plan.num_classes, plan.num_steps, plan.dataset.charset.null_id
    is_null = np.arange(K + 1) == null_id
    log_probability = graph.op("LogSoftmax", graph.op("Where", is_null, np.float32(IMPOSSIBLE), logits), axis=-1)
    ids = graph.op("ArgMax", log_probability, axis=-1, keepdims=0)  # int64 [B, N]
    best = graph.op("ReduceMax", log_probability, axes=[-1], keepdims=0)  # [B, N]
    is_character = graph.op("Not", graph.op("Equal", ids, np.int64(K)))
    before = graph.op("Pad", graph.op("Slice", ids, [0], [-1], [1]), [0, 1, 0, 0], np.int64(-1))
    begins = graph.op("And", is_character, graph.op("Not", graph.op("Equal", ids, before)))
    place = graph.op("Sub", graph.op("CumSum", graph.cast(begins, FLOAT), np.int64(1)), np.float32(1))
    places = graph.op("Where", is_character, place, np.float32(-1))  # [B, N]
    belongs = graph.op(
        "Equal", graph.op("Unsqueeze", graph.cast(places, INT32), [1]), np.arange(T, dtype=np.int32)[:, None]
    )  # [B, T, N]
    return {**_characters(graph, plan, belongs, ids, best), **_confidence(graph, belongs, best)}


def _characters(graph: Graph, plan: Plan, belongs: str, ids: str, best: str) -> dict[str, str]:
    """What `ctc.endpoints` says of each character."""
    probability = graph.op("Unsqueeze", graph.op("Exp", best), [1])
    probability = graph.op("Where", belongs, probability, np.float32(0))  # [B, T, N]
    largest = graph.op("ReduceMax", probability, axes=[2], keepdims=0)
    there = graph.op(
        "Greater", graph.op("ReduceMax", graph.cast(belongs, FLOAT), axes=[2], keepdims=0), np.float32(0.5)
    )
    found = graph.op("Where", belongs, graph.op("Unsqueeze", ids, [1]), np.int64(-1))
    chars = graph.op("ReduceMax", found, axes=[2], keepdims=0)
    total = graph.op("Max", graph.op("ReduceSum", probability, [2], keepdims=1), np.float32(1e-30))
    return {
        "predicted_chars": graph.cast(graph.op("Where", there, chars, np.int64(plan.dataset.charset.null_id)), INT32),
        "predicted_scores": graph.op("Where", there, largest, np.float32(1)),
        "attention": graph.op("Div", probability, total),
    }


def _confidence(graph: Graph, belongs: str, best: str) -> dict[str, str]:
    """What `ctc.endpoints` says of each text."""
    there = graph.op("ReduceMax", graph.cast(belongs, FLOAT), axes=[2], keepdims=0)  # [B, T]
    length = graph.op("ReduceSum", there, [1], keepdims=0)
    confidence = graph.op("ReduceSum", best, [1], keepdims=0)
    return {
        "predicted_length": graph.cast(length, INT32),
        "predicted_conf": confidence,
        "normalized_seq_conf": graph.op("Exp", graph.op("Div", confidence, graph.op("Add", length, np.float32(1)))),
    }
