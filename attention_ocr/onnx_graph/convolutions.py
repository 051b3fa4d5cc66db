"""Convolutions with batch norm in their kernels, and poolings."""

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
        padding: "same" or "valid".
    """
    around = {"auto_pad": SAME} if padding == "same" else {}
    return graph.op(
        "Conv",
        features,
        kernel.transpose(3, 2, 0, 1),
        bias,
        kernel_shape=kernel.shape[:2],
        strides=strides,
        **around,
    )


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
