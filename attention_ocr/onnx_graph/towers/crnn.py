"""`model/crnn.py`."""

from typing import Any

import numpy as np

from attention_ocr.model.layouts.crnn import EPSILON, LAYERS, POOL, WIDE_POOL
from attention_ocr.onnx_graph import masks
from attention_ocr.onnx_graph.convolutions import PIXEL, convolution, max_pool, normalized
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan
from attention_ocr.onnx_graph.weights import Weights


class CrnnTower:
    """CRNN's convolutions and those of two relatives, by the config's `encoder`."""

    def features(self, graph: Graph, plan: Plan, weights: Weights, images: str, sizes: str | None) -> tuple[str, int]:
        weights, number = weights.of("Crnn"), 0
        before: Any = 3
        features = masks.clear(graph, images, masks.inside(graph, images, sizes))
        for layer in LAYERS[plan.config.encoder]:
            sizes = None if sizes is None else _shrunk(graph, sizes, layer)
            if layer[0] == POOL:
                features = max_pool(graph, features, layer[1], layer[1])
            elif layer[0] == WIDE_POOL:
                features = max_pool(graph, features, (2, 2), layer[1], sides=1)
            else:
                number += 1
                features = _convolved(graph, weights, features, layer, before, number)
                before = int(layer[0])
            features = masks.clear(graph, features, masks.inside(graph, features, sizes))
        return features, before

    def sizes(self, graph: Graph, plan: Plan, sizes: str) -> str:
        for layer in LAYERS[plan.config.encoder]:
            sizes = _shrunk(graph, sizes, layer)
        return sizes


def _convolved(graph: Graph, weights: Weights, features: str, layer: tuple, before: int, number: int) -> str:
    """A convolution, maybe its batch norm, and ReLU."""
    filters, side, padding, has_norm = layer
    kernel, bias = weights.of(f"convolution_{number}").take((side, side, before, filters), (filters,))
    kernel = kernel * np.float32(PIXEL) if number == 1 else kernel
    if has_norm:
        gamma, beta, mean, variance = weights.of(f"normalization_{number}").take(*[(filters,)] * 4)
        kernel, bias = normalized(kernel, beta, mean, variance, EPSILON, gamma, bias)
    return graph.op("Relu", convolution(graph, features, kernel, bias, padding=padding))


def _shrunk(graph: Graph, sizes: str, layer: tuple) -> str:
    """`sizes` int32 [B, 2] after a layer; no picture shrinks to nothing."""
    if layer[0] == POOL:
        sizes = graph.op("Div", sizes, np.array(layer[1], np.int32))
    elif layer[0] == WIDE_POOL:
        sizes = graph.op(
            "Add", graph.op("Div", sizes, np.array([layer[1][0], 1], np.int32)), np.array([0, 1], np.int32)
        )
    elif layer[2] == "valid":
        sizes = graph.op("Sub", sizes, np.int32(layer[1] - 1))
    return graph.op("Max", sizes, np.int32(1))
