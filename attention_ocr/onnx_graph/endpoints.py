"""How logits of a class a step are read: `heads.read_characters`."""

import numpy as np

from attention_ocr.onnx_graph.graph import FLOAT, INT32, Graph
from attention_ocr.onnx_graph.plan import Plan


def read_characters(graph: Graph, plan: Plan, logits: str) -> dict[str, str]:
    """As `heads.read_characters`; `logits` are [B, T, K]."""
    null_id = plan.dataset.charset.null_id
    ids = graph.op("ArgMax", logits, axis=-1, keepdims=0)  # int64 [B, T]
    largest = graph.op("ReduceMax", logits, axes=[-1], keepdims=1)
    total = graph.op("ReduceSum", graph.op("Exp", graph.op("Sub", logits, largest)), [-1], keepdims=0)
    best = graph.op("Neg", graph.op("Log", total))  # [B, T]
    if plan.stops:
        nulls = graph.op("CumSum", graph.cast(graph.op("Equal", ids, np.int64(null_id)), FLOAT), np.int64(1))
        is_text = graph.op("Less", nulls, np.float32(0.5))  # [B, T]
        ends = graph.op(
            "Pad", graph.op("Slice", graph.cast(is_text, FLOAT), [0], [-1], [1]), [0, 1, 0, 0], np.float32(1)
        )
        ids = graph.op("Where", is_text, ids, np.int64(null_id))
        best = graph.op("Where", graph.op("Greater", ends, np.float32(0.5)), best, np.float32(0))
    is_character = graph.op("Not", graph.op("Equal", ids, np.int64(null_id)))
    length = graph.op("ReduceSum", graph.cast(is_character, FLOAT), [1], keepdims=1)  # [B, 1]
    # The characters and the null after them: the first length + 1 steps, as far as there are so many.
    counted = graph.op("LessOrEqual", np.arange(plan.num_steps, dtype=np.float32), length)  # [B, T]
    confidence = graph.op("ReduceSum", graph.op("Where", counted, best, np.float32(0)), [1], keepdims=0)
    length = graph.op("Squeeze", length, [1])
    return {
        "predicted_chars": graph.cast(ids, INT32),
        "predicted_scores": graph.op("Exp", best),
        "predicted_length": graph.cast(length, INT32),
        "predicted_conf": confidence,
        "normalized_seq_conf": graph.op("Exp", graph.op("Div", confidence, graph.op("Add", length, np.float32(1)))),
    }
