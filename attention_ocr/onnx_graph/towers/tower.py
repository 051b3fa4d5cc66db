"""What a tower is to the graph."""

from typing import Protocol

from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan
from attention_ocr.onnx_graph.weights import Weights


class Tower(Protocol):
    """From pictures to features."""

    def features(self, graph: Graph, plan: Plan, weights: Weights, images: str, sizes: str | None) -> tuple[str, int]:
        """[B, C, h, w] of `images` [B, 3, H, W] in -127.5..127.5, and C; `sizes` as in `MultiViewEncoder.call`."""
        ...

    def sizes(self, graph: Graph, plan: Plan, sizes: str) -> str:
        """Rows and columns of the features, int32 [B, 2], of pictures of `sizes` int32 [B, 2] pixels."""
        ...
