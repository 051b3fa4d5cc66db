"""`model/lcnet.py`: LCNetV4, maybe with the neck of PP-OCRv6."""

import numpy as np

from attention_ocr.model.layouts.lcnet import LEAST_LINE, SIZES, STRIDE, Block
from attention_ocr.onnx_graph import masks
from attention_ocr.onnx_graph.convolutions import PIXEL, convolution, depthwise, gelu, max_pool
from attention_ocr.onnx_graph.graph import Graph
from attention_ocr.onnx_graph.plan import Plan
from attention_ocr.onnx_graph.towers.lcnet_necks import NECKS
from attention_ocr.onnx_graph.weights import Weights


class LcNetTower:
    """LCNet's convolutions, by the config's `lcnet_size` and `lcnet_neck`."""

    def features(self, graph: Graph, plan: Plan, weights: Weights, images: str, sizes: str | None) -> tuple[str, int]:
        weights, size = weights.of("LcNet"), SIZES[plan.config.lcnet_size]
        images = masks.clear(graph, images, masks.inside(graph, images, sizes))
        if plan.config.lcnet_neck:
            images = _as_long_as_a_line(graph, images)
            sizes = None if sizes is None else _at_least_a_line(graph, sizes)
        cells = masks.inside(graph, images, sizes)
        stem = _branching_stem if size.branches else _stem
        features, cells = stem(graph, weights.of("stem"), images, cells, size.stem)
        for number, block in enumerate(size.blocks, start=1):
            cells = masks.strided(graph, cells, block.down, 1)
            features = _block(graph, weights.of(f"block_{number}"), features, cells, block)
        if not plan.config.lcnet_neck:
            return features, size.channels
        features = NECKS[type(size.neck)](graph, weights.of("neck"), size, features, cells)
        if sizes is not None:
            features = masks.clear(graph, features, masks.inside(graph, features, self.sizes(graph, plan, sizes)))
        return features, size.neck.channels

    def sizes(self, graph: Graph, plan: Plan, sizes: str) -> str:
        stride = np.array(STRIDE, np.int32)
        if not plan.config.lcnet_neck:
            return graph.op("Div", graph.op("Add", sizes, stride - 1), stride)
        columns = graph.part(_at_least_a_line(graph, sizes), 1, 2, axis=1)
        columns = graph.op("Div", graph.op("Add", columns, np.int32(STRIDE[1] - 1)), np.int32(2 * STRIDE[1]))
        return graph.joined(graph.op("Add", graph.op("Mul", columns, np.int32(0)), np.int32(1)), columns, axis=1)


def _as_long_as_a_line(graph: Graph, images: str) -> str:
    """`images` [B, 3, H, W] with grey, which is 0, at the right of those that are not LEAST_LINE wide."""
    missing = graph.op("Max", graph.op("Sub", [LEAST_LINE], graph.side(images, 3)), [0])
    return graph.op("Pad", images, graph.joined(graph.constant([0] * 7), missing, axis=0))


def _at_least_a_line(graph: Graph, sizes: str) -> str:
    """As `lcnet._at_least_a_line`; `sizes` int32 [B, 2]."""
    return graph.op("Max", sizes, np.array([0, LEAST_LINE], np.int32))


def _convolved(
    graph: Graph,
    weights: Weights,
    name: str,
    features: str,
    shape: tuple[int, int, int],
    strides: tuple[int, int] = (1, 1),
    padding: str = "same",
    scale: float = 1.0,
) -> str:
    """A square convolution of `features` times `scale`; `shape` is (side, channels before, channels after)."""
    side, before, after = shape
    kernel, bias = weights.of(name).take((side, side, before, after), (after,))
    return convolution(graph, features, kernel * np.float32(scale), bias, strides, padding)


def _stem(
    graph: Graph, weights: Weights, images: str, cells: masks.Cells | None, channels: tuple[int, int]
) -> tuple[str, masks.Cells | None]:
    """The features of `lcnet.Stem`, and which cells are a picture's."""
    inside, after = channels
    features = _convolved(graph, weights, "first", images, (3, 3, inside), (2, 2), "around", PIXEL)
    cells = masks.strided(graph, cells, 2, 2)
    features = masks.clear(graph, gelu(graph, features), cells)
    features = _convolved(graph, weights, "second", features, (3, inside, after), (2, 2), "around")
    cells = masks.strided(graph, cells, 2, 2)
    return masks.clear(graph, features, cells), cells


def _branching_stem(
    graph: Graph, weights: Weights, images: str, cells: masks.Cells | None, channels: tuple[int, int]
) -> tuple[str, masks.Cells | None]:
    """As `_stem`, of `lcnet.BranchingStem`."""
    inside, after = channels
    features = _convolved(graph, weights, "first", images, (3, 3, inside), (2, 2), "around", PIXEL)
    cells = masks.strided(graph, cells, 2, 2)
    features = masks.clear(graph, graph.op("Relu", features), cells)
    branch = features
    for name, before, filters in (("branch_1", inside, inside // 2), ("branch_2", inside // 2, inside)):
        branch = _convolved(graph, weights, name, branch, (2, before, filters))
        branch = masks.clear(graph, graph.op("Relu", branch), cells)
    features = graph.joined(max_pool(graph, features, (2, 2), (1, 1), same=True), branch, axis=1)
    features = _convolved(graph, weights, "second", features, (3, 2 * inside, inside), (2, 2), "around")
    features = _convolved(graph, weights, "third", graph.op("Relu", features), (1, inside, after))
    cells = masks.strided(graph, cells, 2, 2)
    return masks.clear(graph, graph.op("Relu", features), cells), cells


def _block(graph: Graph, weights: Weights, features: str, cells: masks.Cells | None, block: Block) -> str:
    """As `lcnet.LcNetBlock`; `cells` are those of the output."""
    before, middle = block.before, 2 * block.before
    kernel, bias = weights.of("depthwise").take((3, 3, before, 1), (before,))
    features = depthwise(graph, features, kernel, bias, (block.down, 1))
    if block.excites:  # else what is beyond a picture stays there until it is cleared at the end
        features = masks.clear(graph, features, cells)
        share = _convolved(graph, weights, "squeeze", _mean_of_cells(graph, features, cells), (1, before, before // 4))
        share = _convolved(graph, weights, "excite", graph.op("Relu", share), (1, before // 4, before))
        features = graph.op("Mul", features, graph.op("HardSigmoid", share, alpha=1 / 6, beta=0.5))
    mixed = gelu(graph, _convolved(graph, weights, "widen", features, (1, before, middle)))
    mixed = _convolved(graph, weights, "narrow", mixed, (1, middle, block.channels))
    return masks.clear(graph, graph.op("Add", features, mixed) if block.has_shortcut else mixed, cells)


def _mean_of_cells(graph: Graph, features: str, cells: masks.Cells | None) -> str:
    """As `lcnet_layers.mean_of_cells`, [B, C, 1, 1]."""
    if cells is None:
        return graph.op("ReduceMean", features, axes=[2, 3], keepdims=1)
    count = graph.op(
        "Mul", graph.op("ReduceSum", cells.rows, [2], keepdims=1), graph.op("ReduceSum", cells.columns, [3], keepdims=1)
    )
    return graph.op("Div", graph.op("ReduceSum", features, [2, 3], keepdims=1), count)
