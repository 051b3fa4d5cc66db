"""An ONNX graph that is being written, node after node."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

Operand = str | np.ndarray | np.generic | Sequence[int]
BOOL, FLOAT, INT32, INT64, UINT8 = (
    TensorProto.BOOL,
    TensorProto.FLOAT,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.UINT8,
)


class Graph:
    """Nodes and constants in order. Each function that adds a node returns the name of what it gives.

    An operand is such a name, a NumPy array, or a list of whole numbers (as int64).

    Args:
        outer: the graph whose loop has this one as its body; its names may be used here. None: there is none.

    Attributes:
        nodes: NodeProtos in order.
        constants: TensorProtos.
    """

    def __init__(self, outer: "Graph | None" = None):
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._numbers: Iterator[int] = outer._numbers if outer else itertools.count()
        self._known: dict[tuple, str] = {}

    def constant(self, value: np.ndarray | np.generic | Sequence[int]) -> str:
        """The name of a constant; equal ones of a graph are one."""
        array = np.ascontiguousarray(value, np.int64 if isinstance(value, list | tuple) else None)
        array = array.reshape(np.shape(value))  # ascontiguousarray makes a scalar a vector
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = self.name("constant")
            self.constants.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]

    def op(self, kind: str, *operands: Operand, **attributes: Any) -> str:
        """A node with one output."""
        return self.ops(kind, *operands, outputs=1, **attributes)[0]

    def ops(self, kind: str, *operands: Operand, outputs: int, **attributes: Any) -> list[str]:
        """A node with several outputs."""
        names = [operand if isinstance(operand, str) else self.constant(operand) for operand in operands]
        given = [self.name(kind.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, given, name=given[0], **attributes))
        return given

    def named(self, source: str, name: str) -> str:
        """The same values under a name of our choice, such as an output's."""
        self.nodes.append(helper.make_node("Identity", [source], [name], name=name))
        return name

    def name(self, kind: str) -> str:
        """A name that neither this graph nor one around it has."""
        return f"{kind}_{next(self._numbers)}"

    # What is written again and again.

    def cast(self, value: str, kind: int) -> str:
        """`value` as one of BOOL, FLOAT, INT32, INT64, UINT8."""
        return self.op("Cast", value, to=kind)

    def linear(self, value: str, kernel: np.ndarray, bias: np.ndarray | None = None) -> str:
        """`value` [..., I] times `kernel` [I, O], plus `bias` [O]."""
        product = self.op("MatMul", value, kernel)
        return product if bias is None else self.op("Add", product, bias)

    def joined(self, *values: str, axis: int = -1) -> str:
        """Arrays one after another along an axis."""
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=axis)

    def side(self, value: str, axis: int) -> str:
        """The length of an axis, int64 [1]."""
        return self.op("Shape", value, start=axis, end=axis + 1)

    def counted_to(self, length: str) -> str:
        """0, 1, ... below `length` int64 [1], int64 [length]."""
        return self.op("Range", np.int64(0), self.op("Squeeze", length, [0]), np.int64(1))

    def part(self, value: str, start: int, end: int, axis: int) -> str:
        """`value` from `start` to below `end` of an axis."""
        return self.op("Slice", value, [start], [end], [axis])
