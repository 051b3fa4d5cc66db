"""A letter's two cases as one: `recurrent.joined`."""

import numpy as np

from attention_ocr.model.description import NEVER
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan


def joined(graph: Graph, plan: Plan, logits: str, more: int = 0) -> str:
    """`logits` [..., K + more] in which a letter's two cases count as one, where the plan says so."""
    cases, K = plan.joined_cases, plan.num_classes
    if cases is None:
        return logits
    partners = np.append(cases.partners, np.arange(K, K + more)).astype(np.int64)
    others = graph.op("Gather", logits, partners, axis=-1)
    apart = graph.op("Exp", graph.op("Neg", graph.op("Abs", graph.op("Sub", logits, others))))
    both = graph.op("Add", graph.op("Max", logits, others), graph.op("Log", graph.op("Add", apart, np.float32(1))))
    logits = graph.op("Where", partners == np.arange(K + more), logits, both)
    return graph.op("Where", np.append(cases.removed, np.zeros(more, bool)), np.float32(NEVER), logits)
