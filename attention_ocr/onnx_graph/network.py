"""The whole network as one ONNX model: pixels in, the endpoints of `AttentionOcr` out."""

from collections.abc import Callable
from typing import Any

import onnx
from onnx import helper

from attention_ocr import __version__
from attention_ocr.errors import UserError
from attention_ocr.onnx_graph import encoder
from attention_ocr.onnx_graph.decoders.area import area
from attention_ocr.onnx_graph.decoders.attention import attention, slices
from attention_ocr.onnx_graph.decoders.ctc import ctc, read_columns
from attention_ocr.onnx_graph.decoders.gru import gru
from attention_ocr.onnx_graph.decoders.stacked import stacked
from attention_ocr.onnx_graph.endpoints import read_characters
from attention_ocr.onnx_graph.graph import FLOAT, INT32, UINT8, Graph
from attention_ocr.onnx_graph.metadata import Description
from attention_ocr.onnx_graph.model_file import ModelFile
from attention_ocr.onnx_graph.plan import FEATURES, IS_PICTURE, Plan, Positions, plan_of
from attention_ocr.onnx_graph.weights import Weights

# Heads -> what writes their decoder, and how its logits are read.
DECODERS: dict[str, tuple[Callable, Callable]] = {
    "attention": (attention, read_characters),
    "slice": (slices, read_characters),
    "stacked_attention": (stacked, read_characters),
    "gru_attention": (gru, read_characters),
    "area_attention": (area, read_characters),
    "ctc": (ctc, read_columns),
}
ENDPOINTS = (
    "chars_logit",
    "attention",
    "predicted_chars",
    "predicted_scores",
    "predicted_length",
    "predicted_conf",
    "normalized_seq_conf",
    "feature_sizes",
)
OPSET, IR_VERSION = 17, 8  # ONNX 1.12 of 2022: what old runtimes read, too


def onnx_model(file: ModelFile, stop_early: bool = False) -> onnx.ModelProto:
    """The ONNX model of a model file.

    Its inputs are `images` uint8 [B, H, V*W, 3] and, where the network has a canvas, `sizes` int32 [B, 2]; B may be
    any number and, on a canvas, W any of its widths. Its outputs are the endpoints of `AttentionOcr`. A text ends with
    its first null where the head was taught so, or `stop_early` is asked for.

    Raises:
        UserError: the file lacks weights that its config asks for or has others; or no graph can be written of it.
    """
    plan = plan_of(file, stop_early)
    graph, has_sizes = Graph(), plan.geometry.canvas is not None
    sizes = "sizes" if has_sizes else None
    positions = encoder.encode(graph, plan, file.weights.of("encoder"), "images", sizes)
    graph.named(positions.features, FEATURES)
    mask = positions.is_picture and graph.named(positions.is_picture, IS_PICTURE)
    positions = Positions(FEATURES, positions.num_features, mask)
    found = _decoded(graph, plan, file.weights.of("decoder"), positions)
    if sizes:
        found["feature_sizes"] = _feature_sizes(graph, plan, sizes)
    file.weights.check_all_taken()
    for name, source in found.items():
        graph.named(source, name)
    made = helper.make_graph(graph.nodes, "attention_ocr", _inputs(plan), _outputs(plan, list(found)), graph.constants)
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="attention-ocr",
        producer_version=__version__,
    )
    description = Description(
        *(file.config, file.dataset, file.step, file.digest, plan.stops), confidence_power=file.confidence_power
    )
    helper.set_model_props(model, description.to_strings())
    return model


def _decoded(graph: Graph, plan: Plan, weights: Weights, positions: Positions) -> dict[str, str]:
    name = plan.config.head
    if name not in DECODERS:
        raise UserError(f"--head={name}: has no ONNX graph; read it with --backend=keras")
    decode, read = DECODERS[name]
    outputs = decode(graph, plan, weights, positions)
    return {**outputs, **read(graph, plan, outputs["chars_logit"])}


def _feature_sizes(graph: Graph, plan: Plan, sizes: str) -> str:
    found = encoder.tower_of(plan).sizes(graph, plan, sizes)
    return encoder.joined_rows(graph, found) if plan.config.num_encoder_lstm_layers else found


def _inputs(plan: Plan) -> list[onnx.ValueInfoProto]:
    H, width, _ = plan.dataset.image_shape
    canvas = plan.geometry.canvas
    shape: list[str | int | None] = ["batch", canvas.height, "width", 3] if canvas else ["batch", H, width, 3]
    sizes = [helper.make_tensor_value_info("sizes", INT32, ["batch", 2])] if canvas else []
    return [helper.make_tensor_value_info("images", UINT8, shape), *sizes]


def _outputs(plan: Plan, names: list[str]) -> list[onnx.ValueInfoProto]:
    is_ctc, T, K = plan.config.head == "ctc", plan.num_steps, plan.num_classes
    h, w = plan.geometry.largest_grid
    N = "positions" if plan.geometry.canvas else plan.geometry.num_views * h * w
    shapes: tuple[tuple[int, list[Any]], ...] = (
        (FLOAT, ["batch", N, K + 1] if is_ctc else ["batch", T, K]),
        (FLOAT, ["batch", T, N]),
        (INT32, ["batch", T]),
        (FLOAT, ["batch", T]),
        (INT32, ["batch"]),
        (FLOAT, ["batch"]),
        (FLOAT, ["batch"]),
        (INT32, ["batch", 2]),
    )
    known = dict(zip(ENDPOINTS, shapes, strict=True))
    return [helper.make_tensor_value_info(name, *known[name]) for name in names]
