"""Convolutions with batch norm in their kernels, and poolings."""

from typing import Any

import numpy as np

from attention_ocr.onnx_graph.graph import Graph

PIXEL = 2.5 / 255  # what a grey level is to a network; its first convolution multiplies by it
SAME = "SAME_UPPER"  # what Keras calls "same": of an odd number of rows of padding, one more below


def convolution(
    graph: Graph,
    features: str,
    kernel: np.ndarray,
    bias: np.ndarray,
    strides: tuple[int, int] = (1, 1),
    padding: str = "same",
) -> str:
    """`features` [B, C, h, w] convolved.

    Args:
        graph: what it becomes a part of.
        features: [B, C, h, w].
        kernel: [rows, columns, C, filters], as Keras has it.
        bias: [filters].
        strides: (down, across).
        padding: "same" or "valid"; "around": a row or column on each side, whatever the strides.
    """
    paddings: dict[str, dict[str, Any]] = {"same": {"auto_pad": SAME}, "valid": {}, "around": {"pads": [1, 1, 1, 1]}}
    return graph.op(
        "Conv",
        features,
        kernel.transpose(3, 2, 0, 1),
        bias,
        kernel_shape=kernel.shape[:2],
        strides=strides,
        **paddings[padding],
    )


def depthwise(
    graph: Graph, features: str, kernel: np.ndarray, bias: np.ndarray, strides: tuple[int, int] = (1, 1)
) -> str:
    """`features` [B, C, h, w] convolved channel by channel by `kernel` [rows, columns, C, 1] of odd sides, as Keras has
    it; the first cell of each stride is in the middle of its window, on padding of half a kernel."""
    rows, columns, C, _ = kernel.shape
    return graph.op(
        "Conv",
        features,
        kernel.transpose(2, 3, 0, 1),
        bias,
        kernel_shape=[rows, columns],
        strides=strides,
        group=C,
        pads=[rows // 2, columns // 2] * 2,
    )


def gelu(graph: Graph, features: str) -> str:
    """x times the probability that a normal variable is below x."""
    share = graph.op("Erf", graph.op("Div", features, np.float32(np.sqrt(2))))
    return graph.op("Mul", graph.op("Mul", features, graph.op("Add", share, np.float32(1))), np.float32(0.5))


def silu(graph: Graph, features: str) -> str:
    """x times sigmoid(x)."""
    return graph.op("Mul", features, graph.op("Sigmoid", features))


def hard_swish(graph: Graph, features: str) -> str:
    """x times x / 6 + 1/2, clipped to 0..1."""
    return graph.op("Mul", features, graph.op("HardSigmoid", features, alpha=1 / 6, beta=0.5))


def normalized(
    kernel: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
    gamma: float | np.ndarray = 1.0,
    bias: float | np.ndarray = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a convolution and the batch norm after it, as one."""
    scale = gamma / np.sqrt(variance.astype(np.float64) + epsilon)
    return (kernel * scale).astype(np.float32), (beta + (bias - mean) * scale).astype(np.float32)


def max_pool(
    graph: Graph, features: str, window: tuple[int, int], strides: tuple[int, int], same: bool = False, sides: int = 0
) -> str:
    """The largest of each window; `sides` columns are added at the left and the right."""
    around = {"auto_pad": SAME} if same else {"pads": [0, sides, 0, sides]}
    return graph.op("MaxPool", features, kernel_shape=window, strides=strides, **around)


def average_pool(graph: Graph, features: str, window: int) -> str:
    """The mean of those cells around each that are in the map, [B, C, h, w]."""
    return graph.op("AveragePool", features, kernel_shape=[window, window], auto_pad=SAME)
