"""One character a step, as a Loop: `model/recurrent.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, helper

from attention_ocr.model.description import HIDDEN, IMPOSSIBLE
from attention_ocr.onnx_graph.decoders.cases import joined
from attention_ocr.onnx_graph.graph import BOOL, FLOAT, INT64, Graph
from attention_ocr.onnx_graph.plan import KEYS, Plan, Positions


@dataclass(frozen=True)
class Step:
    """What a step gives.

    Attributes:
        state: the next state, arrays [B, ...].
        logits: [B, K].
        attention: [B, N]; None: the head has none.
    """

    state: Sequence[str]
    logits: str
    attention: str | None = None


def read(
    graph: Graph, plan: Plan, features: str, state: Sequence[str], step: Callable[[Graph, str, list[str], str], Step]
) -> dict[str, str]:
    """Reads T characters, each step fed with the character before it.

    Args:
        graph: what the loop becomes a part of.
        plan: where it says so, the loop ends when each text of the batch has had its null, and what follows a text's
            null is surely null in its logits and nothing in its attention.
        features: any array [B, ...].
        state: the first state, float arrays [B, ...].
        step: (graph of the loop's body, t int64 [], state, fed int64 [B]) -> what the step gives; `fed` K stands for
            nothing.

    Returns:
        `chars_logit` [B, T, K], and `attention` [B, T, N] where the steps have one.
    """
    B = graph.side(features, 0)
    first = helper.make_tensor("value", INT64, [1], [plan.num_classes])
    carried = [graph.op("ConstantOfShape", B, value=first), *state]
    if plan.stops:
        carried.append(graph.op("ConstantOfShape", B, value=helper.make_tensor("value", BOOL, [1], [False])))
    body, has_attention = _body(graph, plan, len(state), step)
    found = graph.ops(
        "Loop",
        np.int64(plan.num_steps),
        np.bool_(True),
        *carried,
        outputs=len(carried) + 1 + has_attention,
        body=body,
    )[len(carried) :]
    steps = [graph.op("Transpose", each, perm=[1, 0, 2]) for each in found]  # [B, T or fewer, K or N]
    if plan.stops:
        steps = _ended(graph, plan, steps)
    return dict(zip(("chars_logit", "attention"), steps, strict=False))


def _body(graph: Graph, plan: Plan, num_states: int, step: Callable) -> tuple[GraphProto, bool]:
    """The loop's body, and whether its steps have attention."""
    body = Graph(graph)
    t, going = body.name("t"), body.name("going")
    fed, *state = (body.name("carried") for _ in range(1 + num_states))
    before = [fed, *state]
    inputs = [helper.make_tensor_value_info(t, INT64, []), helper.make_tensor_value_info(going, BOOL, [])]
    inputs += [helper.make_tensor_value_info(fed, INT64, [None])]
    inputs += [helper.make_tensor_value_info(name, FLOAT, [None, None]) for name in state]
    given = step(body, t, state, fed)
    logits = joined(body, plan, given.logits)
    likeliest = body.op("ArgMax", logits, axis=-1, keepdims=0)
    after, goes_on = [likeliest, *given.state], going
    if plan.stops:
        had_null = body.name("had_null")
        inputs.append(helper.make_tensor_value_info(had_null, BOOL, [None]))
        before.append(had_null)
        after.append(body.op("Or", had_null, body.op("Equal", likeliest, np.int64(plan.dataset.charset.null_id))))
        ended = body.op("ReduceMin", body.cast(after[-1], FLOAT), keepdims=0)
        goes_on = body.op("Less", ended, np.float32(0.5))
    after += [logits, *([given.attention] if given.attention else [])]
    outputs = [body.op("Identity", goes_on), *[body.op("Identity", name) for name in after]]
    kinds = [BOOL, INT64, *[FLOAT] * num_states, *([BOOL] if plan.stops else []), FLOAT, FLOAT]
    ranks = [0, 1, *[2] * num_states, *([1] if plan.stops else []), 2, 2]
    told = [
        helper.make_tensor_value_info(name, kind, [None] * rank)
        for name, kind, rank in zip(outputs, kinds, ranks, strict=False)
    ]
    made = helper.make_graph(body.nodes, "step", inputs, told, body.constants)
    return made, given.attention is not None


def _ended(graph: Graph, plan: Plan, steps: list[str]) -> list[str]:
    """Logits and attention [B, n, ...] as T steps, those after a text's first null surely null."""
    K, null_id = plan.num_classes, plan.dataset.charset.null_id
    missing = graph.op("Sub", [plan.num_steps], graph.side(steps[0], 1))
    around = graph.joined(graph.constant([0, 0, 0, 0]), missing, graph.constant([0]), axis=0)
    logits, *attention = [graph.op("Pad", each, around) for each in steps]
    ids = graph.op("ArgMax", steps[0], axis=-1, keepdims=0)  # [B, n]
    nulls = graph.cast(graph.op("Equal", ids, np.int64(null_id)), FLOAT)
    before = graph.op("CumSum", nulls, np.int64(1), exclusive=1)  # [B, n]
    counted = graph.op("Less", before, np.float32(0.5))
    width = graph.joined(graph.constant([0, 0, 0]), missing, axis=0)
    counted = graph.op("Greater", graph.op("Pad", graph.cast(counted, FLOAT), width), np.float32(0.5))
    counted = graph.op("Unsqueeze", counted, [2])  # [B, T, 1]
    surely_null = np.where(np.arange(K) == null_id, 0, IMPOSSIBLE).astype(np.float32)
    cleared = [graph.op("Where", counted, each, np.float32(0)) for each in attention]
    return [graph.op("Where", counted, logits, surely_null), *cleared]


def zeros(graph: Graph, features: str, width: int) -> str:
    """Zeros [B, width] for `features` [B, ...]."""
    shape = graph.joined(graph.side(features, 0), graph.constant([width]), axis=0)
    return graph.op("ConstantOfShape", shape, value=helper.make_tensor("value", FLOAT, [1], [0.0]))


def with_nothing(table: np.ndarray) -> np.ndarray:
    """As `recurrent.with_nothing`."""
    return np.pad(table, [[0, 1], [0, 0]])


def matched(graph: Graph, keys: str) -> str:
    """What `attend` takes of keys [B, N, A], computed once a picture: exp(2 * keys)."""
    return graph.named(_doubled_exp(graph, keys), KEYS)


def attend(
    graph: Graph, positions: Positions, keys: str, values: str, query: str, scale: np.ndarray
) -> tuple[str, str]:
    """As `attention.additive_attention`, the mask being the positions': context [B, C] and weights [B, N].

    v tanh(k + q) = v - 2v exp(-2q) / (exp(2k) + exp(-2q)): for each of a picture's N * A entries a step has a sum and a
    quotient instead of a tanh, and runs through memory once less. The first v adds the same to all scores, which
    softmax does not see.

    Args:
        graph: the loop's body.
        positions: they tell the mask.
        keys: what `matched` returns.
        values: [B, N, C].
        query: [B, A].
        scale: [A], the vector v.
    """
    query = _doubled_exp(graph, graph.op("Neg", query))  # [B, A]
    above = graph.op("Unsqueeze", graph.op("Mul", query, -2 * scale), [1])
    shares = graph.op("Div", above, graph.op("Add", keys, graph.op("Unsqueeze", query, [1])))  # [B, N, A]
    scores = graph.op("ReduceSum", shares, [2], keepdims=0)  # [B, N]
    if positions.is_picture is not None:
        scores = graph.op("Where", positions.is_picture, scores, np.float32(HIDDEN))
    weights = graph.op("Softmax", scores, axis=-1)
    context = graph.op("MatMul", graph.op("Unsqueeze", weights, [1]), values)  # [B, 1, C]
    return graph.op("Squeeze", context, [1]), weights


def _doubled_exp(graph: Graph, values: str) -> str:
    """exp(2 * values); beyond +-40, where it would be no number any more, tanh is 1 with many digits to spare."""
    return graph.op("Exp", graph.op("Mul", graph.op("Clip", values, np.float32(-40), np.float32(40)), np.float32(2)))


def lstm_cell(
    graph: Graph,
    gates: str,
    c: str,
    bias: np.ndarray,
    clip: float | None = None,
    forget_bias: float = 1.0,
) -> tuple[str, str]:
    """The new (c, h) of `recurrent.lstm_cell`; `gates` [B, 4U] are its inputs' and state's, without `bias` [4U]."""
    U = len(bias) // 4
    bias = bias + np.repeat(np.array([0, 0, forget_bias, 0], np.float32), U)
    i, j, f, o = graph.ops("Split", graph.op("Add", gates, bias), [U] * 4, outputs=4, axis=-1)
    kept = graph.op("Mul", graph.op("Sigmoid", f), c)
    c = graph.op("Add", kept, graph.op("Mul", graph.op("Sigmoid", i), graph.op("Tanh", j)))
    if clip is not None:
        c = graph.op("Clip", c, np.float32(-clip), np.float32(clip))
    return c, graph.op("Mul", graph.op("Sigmoid", o), graph.op("Tanh", c))
