"""Pictures of several sizes in one batch: what lies beyond each one counts for nothing. See `model/padding.py`."""

from dataclasses import dataclass

import numpy as np

from attention_ocr.onnx_graph.graph import FLOAT, INT32, Graph


@dataclass(frozen=True)
class Cells:
    """Which cells of a feature map belong to their picture: those within its rows and its columns.

    Attributes:
        rows: float [B, 1, h, 1], 1 or 0.
        columns: float [B, 1, 1, w].
    """

    rows: str
    columns: str


def inside(graph: Graph, features: str, sizes: str | None) -> Cells | None:
    """The cells of `features` [B, C, h, w] within `sizes` int32 [B, 2], rows and columns; None stays None."""
    if sizes is None:
        return None
    rows, columns = (_within(graph, graph.side(features, axis), sizes, axis - 2) for axis in (2, 3))
    return Cells(graph.op("Unsqueeze", rows, [1, 3]), graph.op("Unsqueeze", columns, [1, 2]))


def is_picture(graph: Graph, sizes: str, rows: str, columns: str) -> str:
    """As `padding.is_picture`, as one row: bool [B, rows * columns]; `rows` and `columns` are int64 [1]."""
    down, across = (
        graph.op("Unsqueeze", _within(graph, length, sizes, axis), [2 - axis])
        for axis, length in enumerate((rows, columns))
    )
    return graph.op("Reshape", graph.op("Greater", graph.op("Mul", down, across), np.float32(0.5)), [0, -1])


def strided(graph: Graph, cells: Cells | None, down: int, across: int) -> Cells | None:
    """The cells after a layer of these strides whose sides are rounded up."""
    if cells is None or (down, across) == (1, 1):
        return cells
    rows = cells.rows if down == 1 else graph.op("Slice", cells.rows, [0], [1 << 30], [2], [down])
    columns = cells.columns if across == 1 else graph.op("Slice", cells.columns, [0], [1 << 30], [3], [across])
    return Cells(rows, columns)


def clear(graph: Graph, features: str, cells: Cells | None) -> str:
    """`features` [B, C, h, w] with zeros beyond each picture."""
    return features if cells is None else graph.op("Mul", features, share(graph, cells))


def share(graph: Graph, cells: Cells) -> str:
    """float [B, 1, h, w], 1 in a picture and 0 beyond it."""
    return graph.op("Mul", cells.rows, cells.columns)


def _within(graph: Graph, length: str, sizes: str, axis: int) -> str:
    """float [B, length], 1 for each index below a picture's side."""
    indices = graph.cast(graph.counted_to(length), INT32)
    return graph.cast(graph.op("Less", indices, graph.part(sizes, axis, axis + 1, axis=1)), FLOAT)
