"""`model/encoder.py` and `model/pixels.py`: pixels in, positions out."""

import numpy as np

from attention_ocr.errors import UserError
from attention_ocr.model.geometry import LAYOUTS
from attention_ocr.onnx_graph import masks
from attention_ocr.onnx_graph.graph import FLOAT, INT32, Graph
from attention_ocr.onnx_graph.plan import Plan, Positions
from attention_ocr.onnx_graph.towers.crnn import CrnnTower
from attention_ocr.onnx_graph.towers.inception import InceptionV3Tower, InceptionV4Tower
from attention_ocr.onnx_graph.towers.lcnet import LcNetTower
from attention_ocr.onnx_graph.towers.residual import ResidualTower
from attention_ocr.onnx_graph.towers.tower import Tower
from attention_ocr.onnx_graph.weights import Weights

TOWERS: dict[str, Tower] = {
    "inception_v3": InceptionV3Tower(),
    "inception_v4": InceptionV4Tower(),
    "crnn": CrnnTower(),
    "sliding": CrnnTower(),
    "wide_crnn": CrnnTower(),
    "residual": ResidualTower(),
    "lcnet": LcNetTower(),
}
GATES = (0, 3, 1, 2)  # Keras's input, forget, candidate, output in ONNX's order: input, output, forget, candidate
CLOSED = -1e4  # what a gate is given to be 0, whatever else it is given


def tower_of(plan: Plan) -> Tower:
    """The tower that a config asks for.

    Raises:
        UserError: no graph can be written of it.
    """
    if plan.config.encoder not in TOWERS:
        raise UserError(f"--encoder={plan.config.encoder}: has no ONNX graph; read it with --backend=keras")
    return TOWERS[plan.config.encoder]


def encode(graph: Graph, plan: Plan, weights: Weights, pixels: str, sizes: str | None) -> Positions:
    """As `AttentionOcr.encode`; `pixels` are uint8 [B, H, V*W, 3]."""
    tower = tower_of(plan)
    features, C = tower.features(graph, plan, weights, _centred_views(graph, plan, pixels), sizes)  # [V*B, C, h, w]
    cells = None if sizes is None else tower.sizes(graph, plan, sizes)
    if plan.config.num_encoder_lstm_layers:
        rows, _ = LAYOUTS[plan.config.encoder](plan.config).feature_grid(*_view(plan))
        features, C = _columns(graph, plan, weights.of("columns"), features, cells, rows * C)  # [V*B, C, 1, w]
        cells = None if cells is None else joined_rows(graph, cells)
    is_picture = None
    if cells is not None:
        is_picture = masks.is_picture(graph, cells, graph.side(features, 2), graph.side(features, 3))
    features = _joined_views(graph, plan, features, C)
    if plan.config.encode_coordinates:
        features, more = _with_coordinates(graph, plan, features)
        C += more
    return Positions(features, C, is_picture)


def _joined_views(graph: Graph, plan: Plan, features: str, C: int) -> str:
    """As `encoder.join_views`, [B, N, C] of [V*B, C, h, w]."""
    V, (h, w) = plan.geometry.num_views, plan.geometry.largest_grid
    features = graph.op("Transpose", features, perm=[0, 2, 3, 1])  # as runtimes hold it, so that it costs nothing
    if V == 1:
        return graph.op("Reshape", features, [0, -1, C])
    # Not by a Transpose of the first two axes, which OpenVINO 2026.4 takes for a shuffle of channels and fails at.
    views = graph.ops("Split", graph.op("Reshape", features, [V, -1, h * w, C]), [1] * V, outputs=V, axis=0)
    return graph.op("Squeeze", graph.joined(*views, axis=2), [0])


def joined_rows(graph: Graph, sizes: str) -> str:
    """`sizes` int32 [B, 2] with one row each, as columns of features have."""
    return graph.op("Add", graph.op("Mul", sizes, np.array([0, 1], np.int32)), np.array([1, 0], np.int32))


def _view(plan: Plan) -> tuple[int, int]:
    """Height and width of the largest view that the tower sees."""
    height, width, _ = plan.geometry.image_shape
    return height, width // plan.geometry.num_views


def _centred_views(graph: Graph, plan: Plan, pixels: str) -> str:
    """Views one after another [V*B, 3, H, W] in -127.5..127.5, cut to the crop.

    The first convolution does the rest of the scaling; bfloat16 has each of these 256 values exactly.
    """
    V, (height, width) = plan.geometry.num_views, _view(plan)
    top, left = 0, 0
    if any(plan.geometry.crop):
        top = (plan.dataset.image_height - height) // 2
        left = (plan.dataset.image_width - width) // 2
        pixels = graph.part(pixels, top, top + height, axis=1)
    if V > 1 or any(plan.geometry.crop):
        starts = [view * plan.dataset.image_width + left for view in range(V)]
        pixels = graph.joined(*[graph.part(pixels, start, start + width, axis=2) for start in starts], axis=0)
    # While colours lie side by side in rows: of three channels apart, OpenVINO computes one number at a time.
    rows = graph.cast(graph.op("Reshape", pixels, [0, height, -1]), FLOAT)
    values = graph.op("Reshape", graph.op("Sub", rows, np.float32(127.5)), [0, height, -1, 3])
    return graph.op("Transpose", values, perm=[0, 3, 1, 2])


def _with_coordinates(graph: Graph, plan: Plan, features: str) -> tuple[str, int]:
    """`features` [B, N, C] as after `encoder.encode_coordinates`, and how many channels that added."""
    h, w = plan.geometry.largest_grid
    rows = np.repeat(np.eye(h, dtype=np.float32), w, axis=0)
    columns = np.tile(np.eye(w, dtype=np.float32), [h, 1])
    where = np.tile(np.concatenate([rows, columns], axis=1), [plan.geometry.num_views, 1])[None]  # [1, N, h + w]
    shape = graph.joined(graph.side(features, 0), graph.constant(where.shape[1:]), axis=0)
    return graph.joined(features, graph.op("Expand", where, shape)), h + w


def _columns(
    graph: Graph, plan: Plan, weights: Weights, features: str, sizes: str | None, width: int
) -> tuple[str, int]:
    """As `RecurrentColumns.call`, [V*B, 2U, 1, w], and 2U; `width` is that of a column's features."""
    U = plan.config.num_encoder_lstm_units
    columns = graph.op("Transpose", features, perm=[3, 0, 2, 1])  # [w, V*B, h, C]
    columns = graph.op("Reshape", columns, [0, 0, width])
    beyond = None if sizes is None else _beyond(graph, columns, sizes)
    for number in range(1, plan.config.num_encoder_lstm_layers + 1):
        if number > 1:
            columns = graph.linear(columns, *weights.of(f"linear_{number - 1}").take((2 * U, U), (U,)))
            width = U
        columns = _lstm(graph, weights.of(f"lstm_{number}"), columns, width, U, beyond)
    return graph.op("Unsqueeze", graph.op("Transpose", columns, perm=[1, 2, 0]), [2]), 2 * U


def _beyond(graph: Graph, columns: str, sizes: str) -> str:
    """float [w, B, 1], 1 for the columns beyond each picture, of which the first is always in."""
    ends = graph.op("Max", graph.op("Unsqueeze", graph.part(sizes, 1, 2, axis=1), [0]), np.int32(1))  # [1, B, 1]
    indices = graph.cast(graph.counted_to(graph.side(columns, 0)), INT32)
    return graph.cast(graph.op("GreaterOrEqual", graph.op("Unsqueeze", indices, [1, 2]), ends), FLOAT)


def _lstm(graph: Graph, weights: Weights, columns: str, width: int, U: int, beyond: str | None) -> str:
    """An LSTM in both directions, [w, B, 2U]; zeros `beyond` each picture.

    OpenVINO on a CPU ignores ONNX's `sequence_lens`. So what is beyond a picture is one more input, and closes the
    gates: the state stays 0 there, and each direction begins at the picture's own edge.
    """
    directions = []
    for direction in ("forward", "backward"):
        cell = weights.of(f"{direction}_lstm/lstm_cell").take((width, 4 * U), (U, 4 * U), (4 * U,))
        directions.append([_gates(array, U) for array in cell])
    kernel, recurrent = (np.stack([one[part].T for one in directions]) for part in (0, 1))
    bias = np.stack([np.concatenate([one[2], np.zeros(4 * U, np.float32)]) for one in directions])
    if beyond is not None:
        columns = graph.joined(columns, beyond)
        closing = np.repeat(np.array([CLOSED, CLOSED, CLOSED, 0], np.float32), U)[None, :, None]
        kernel = np.concatenate([kernel, np.repeat(closing, 2, axis=0)], axis=2)  # [2, 4U, width + 1]
    (states,) = graph.ops(
        "LSTM", columns, kernel, recurrent, bias, outputs=1, hidden_size=U, direction="bidirectional"
    )  # [w, 2, B, U]
    return graph.op("Reshape", graph.op("Transpose", states, perm=[0, 2, 1, 3]), [0, 0, 2 * U])


def _gates(array: np.ndarray, U: int) -> np.ndarray:
    return np.concatenate([array[..., gate * U : (gate + 1) * U] for gate in GATES], axis=-1)
