"""`model/inception.py` and `model/inception_v4.py`."""

import numpy as np

from attention_ocr.model.layouts import inception_v3 as v3
from attention_ocr.model.layouts import inception_v4 as v4
from attention_ocr.onnx_graph import masks
from attention_ocr.onnx_graph.convolutions import PIXEL, average_pool, convolution, max_pool, normalized
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan
from attention_ocr.onnx_graph.weights import Weights

FIRST = "Conv2d_1a_3x3"  # of both


class InceptionV3Tower:
    """Inception-v3, cut at the config's `final_endpoint`."""

    def features(self, graph: Graph, plan: Plan, weights: Weights, images: str, sizes: str | None) -> tuple[str, int]:
        assert sizes is None  # its layout does not mask
        weights = weights.of("InceptionV3")
        weights.skip()  # how many steps its batch norm has seen
        features, before = images, 3
        for name, kernel, stride, padding, filters in v3.STEM:
            if filters:
                layer = (name, kernel, filters, stride, padding)
                features, before = _convolved(graph, weights, "", layer, features, before)
            else:
                features = max_pool(graph, features, (kernel, kernel), (stride, stride), padding == "same")
        for block in v3.blocks_to(plan.config.final_endpoint):
            branches = [
                _branch_v3(graph, weights, f"{block}_Branch_{number}_", branch, features, before)
                for number, branch in enumerate(v3.BLOCKS[block])
            ]
            features, before = _joined(graph, branches)
        return features, before

    def sizes(self, graph: Graph, plan: Plan, sizes: str) -> str:
        raise NotImplementedError("Inception-v3 reads pictures of one size")


def _branch_v3(
    graph: Graph, weights: Weights, prefix: str, branch: tuple, features: str, before: int
) -> tuple[str, int]:
    """Features and channels after a branch's layers."""
    if branch[0] == "average":
        # After the 1 x 1 convolution, whose mean is the same: it has a fifth of the channels.
        features, before = _linear(graph, weights, prefix, branch[1], features, before)
        return graph.op("Relu", average_pool(graph, features, 3)), before
    for step in branch:
        if step == "max":
            features = max_pool(graph, features, (3, 3), (2, 2))
        else:
            forks = [_convolved(graph, weights, prefix, layer, features, before) for layer in v3.convolutions_of(step)]
            features, before = _joined(graph, forks)
    return features, before


class InceptionV4Tower:
    """Inception-v4 to Mixed_6h, 8 pixels from cell to cell."""

    def features(self, graph: Graph, plan: Plan, weights: Weights, images: str, sizes: str | None) -> tuple[str, int]:
        weights = weights.of("InceptionV4")
        weights.skip()
        cells = masks.inside(graph, images, sizes)
        features = masks.clear(graph, images, cells)
        features, before, cells = _branch_v4(graph, weights, "", v4.STEM, features, 3, cells)
        for block, layers in v4.BLOCKS.items():
            branches = [
                _branch_v4(graph, weights, f"{block}_Branch_{number}_", branch, features, before, cells)
                for number, branch in enumerate(layers)
            ]
            features, before = _joined(graph, [(output, filters) for output, filters, _ in branches])
            cells = branches[0][2]
        return features, before

    def sizes(self, graph: Graph, plan: Plan, sizes: str) -> str:
        return graph.op("Div", graph.op("Add", sizes, np.int32(v4.STRIDE - 1)), np.int32(v4.STRIDE))


def _branch_v4(
    graph: Graph, weights: Weights, prefix: str, branch: tuple, features: str, before: int, cells: masks.Cells | None
) -> tuple[str, int, masks.Cells | None]:
    """Features and channels after a branch's layers, and which cells belong to their picture."""
    for name, window, kind, stride in branch:
        cells = masks.strided(graph, cells, stride, stride)
        if kind == v4.AVERAGE:
            features = _average_of_picture(graph, features, window, cells)
        elif kind == v4.MAXIMUM:
            features = max_pool(graph, features, (window, window), (stride, stride), same=True)
        else:
            layer = (name, window, kind, stride, "same")
            features, before = _convolved(graph, weights, prefix, layer, features, before)
        features = masks.clear(graph, features, cells)
    return features, before, cells


def _average_of_picture(graph: Graph, features: str, window: int, cells: masks.Cells | None) -> str:
    """As `inception_v4.average_pool`."""
    means = average_pool(graph, features, window)
    if cells is None:
        return means
    shares = average_pool(graph, masks.share(graph, cells), window)
    return graph.op("Div", means, graph.op("Max", shares, np.float32(1 / window**2)))


def _convolved(
    graph: Graph, weights: Weights, prefix: str, layer: tuple, features: str, before: int
) -> tuple[str, int]:
    """A ConvBatchNormRelu of (name, kernel, filters, stride, padding), and its filters."""
    features, filters = _linear(graph, weights, prefix, layer, features, before)
    return graph.op("Relu", features), filters


def _linear(graph: Graph, weights: Weights, prefix: str, layer: tuple, features: str, before: int) -> tuple[str, int]:
    """A ConvBatchNormRelu without its ReLU."""
    name, side, filters, stride, padding = layer
    rows, columns = side if isinstance(side, tuple) else (side, side)
    weights = weights.of(prefix + name)
    beta, mean, variance = weights.take(*[(filters,)] * 3)
    (kernel,) = weights.of("convolution").take((rows, columns, before, filters))
    kernel = kernel * np.float32(PIXEL) if prefix + name == FIRST else kernel
    merged = normalized(kernel, beta, mean, variance, v3.EPSILON)
    return convolution(graph, features, *merged, (stride, stride), padding), filters


def _joined(graph: Graph, outputs: list[tuple[str, int]]) -> tuple[str, int]:
    """Channels of several (features, channels), one after another."""
    return graph.joined(*[name for name, _ in outputs], axis=1), sum(channels for _, channels in outputs)
