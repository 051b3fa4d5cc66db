"""`model/residual.py`."""

import numpy as np

from attention_ocr.model.layouts.residual import EPSILON, STAGES, STRIDE
from attention_ocr.onnx_graph import masks
from attention_ocr.onnx_graph.convolutions import PIXEL, convolution, normalized
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan
from attention_ocr.onnx_graph.weights import Weights


class ResidualTower:
    """Small residual convolutions."""

    def features(self, graph: Graph, plan: Plan, weights: Weights, images: str, sizes: str | None) -> tuple[str, int]:
        weights = weights.of("Residual")
        cells = masks.inside(graph, images, sizes)
        filters = plan.config.encoder_channels // STAGES[0][0]
        features = _convolved(
            graph, weights.of("stem"), masks.clear(graph, images, cells), (3, 3, 3, filters), (2, 2), PIXEL
        )
        cells = masks.strided(graph, cells, 2, 2)
        features = masks.clear(graph, graph.op("Relu", features), cells)
        before = filters
        for stage, (divisor, blocks, strides) in enumerate(STAGES, start=1):
            for number in range(1, blocks + 1):
                filters, step = plan.config.encoder_channels // divisor, strides if number == 1 else (1, 1)
                cells = masks.strided(graph, cells, *step)
                name = f"stage_{stage}_block_{number}"
                features = _block(graph, weights.of(name), features, cells, (before, filters), step)
                before = filters
        return features, before

    def sizes(self, graph: Graph, plan: Plan, sizes: str) -> str:
        stride = np.array(STRIDE, np.int32)
        return graph.op("Div", graph.op("Add", sizes, stride - 1), stride)


def _block(
    graph: Graph,
    weights: Weights,
    features: str,
    cells: masks.Cells | None,
    filters: tuple[int, int],
    strides: tuple[int, int],
) -> str:
    """A ResidualBlock from the first of `filters` to the second.

    What lies beyond a picture is cleared where a 3 x 3 convolution sees it, and once at the end.
    """
    before, after = filters
    shortcut = features
    if strides != (1, 1) or before != after:
        shortcut = _convolved(graph, weights.of("shortcut"), features, (1, 1, before, after), strides)
    first = graph.op("Relu", _convolved(graph, weights.of("first"), features, (3, 3, before, after), strides))
    first = masks.clear(graph, first, cells)
    second = _convolved(graph, weights.of("second"), first, (3, 3, after, after), (1, 1))
    return masks.clear(graph, graph.op("Relu", graph.op("Add", second, shortcut)), cells)


def _convolved(
    graph: Graph,
    weights: Weights,
    features: str,
    shape: tuple[int, int, int, int],
    strides: tuple[int, int],
    scale: float = 1.0,
) -> str:
    """A ConvBatchNorm of `features` times `scale`."""
    (kernel,) = weights.of("convolution").take(shape)
    gamma, beta, mean, variance = weights.of("normalization").take(*[shape[-1:]] * 4)
    return convolution(graph, features, *normalized(kernel * scale, beta, mean, variance, EPSILON, gamma), strides)
