"""tools/hlo_costs.py: what a compiled program costs, counted by hand."""

import jax
import pytest
from jax import numpy as jnp

from tools.hlo_costs import Array, Kernel, Speed, kernels, parsed


def costs(text):
    """Of each kernel of a program: kind, times, bytes, operations."""
    return [(found.kind, found.times, found.bytes, found.operations) for found in kernels(parsed(text))]


def entry(*lines, before=""):
    """The text of a program whose entry has these lines."""
    body = "\n".join(f"  {line}" for line in lines)
    head = 'HloModule jit_step, is_scheduled=true\n\nFileNames\n1 "a.py"\n'
    return f"{head}\n{before}\nENTRY %main.1 () -> f32[] {{\n{body}\n}}\n"


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [("f32", 24), ("bf16", 12), ("pred", 6), ("u8", 6), ("s64", 48), ("f8e4m3fn", 6), ("s4", 3), ("token", 0)],
)
def test_bytes_of_an_array(numbers, expected):
    assert Array(numbers, (2, 3)).bytes == expected


def test_what_computes_nothing_is_free():
    text = entry(
        "%a = f32[8]{0} parameter(0)",
        "%b = f32[2,4]{1,0} bitcast(%a)",
        '%c = f32[2,4]{1,0} copy(%b), metadata={op_name="jit(step)/copy"}',
        "ROOT %d = (f32[8]{0}, f32[2,4]{1,0}) tuple(%a, %c)",
    )
    assert list(kernels(parsed(text))) == [Kernel("c", "jit(step)/copy", 1, 64, 0, False, False)]


LOOP = """
%body (state: (s32[], f32[100])) -> (s32[], f32[100]) {
  %state = (s32[], f32[100]{0}) parameter(0)
  %index = s32[] get-tuple-element(%state), index=0
  %values = f32[100]{0} get-tuple-element(%state), index=1
  %negate.1 = f32[100]{0} negate(%values)
  ROOT %next = (s32[], f32[100]{0}) tuple(%index, %negate.1)
}

%condition (state.1: (s32[], f32[100])) -> pred[] {
  %state.1 = (s32[], f32[100]{0}) parameter(0)
  ROOT %true = pred[] constant(true)
}
"""
LOOP_ENTRY = (
    "%start = (s32[], f32[100]{0}) parameter(0)",
    "%while.1 = (s32[], /*index=1*/f32[100]{0}) while(%start), condition=%condition, body=%body",
)
TRIPS = ', backend_config={"dynamic_variables":[],"known_trip_count":{"n":"37"}}'


def test_a_loop_runs_its_kernels_as_often_as_the_compiler_knows():
    program = parsed(entry(LOOP_ENTRY[0], LOOP_ENTRY[1] + TRIPS, before=LOOP))
    assert list(kernels(program)) == [Kernel("negate", "", 37, 800, 0, False, True)]
    assert program.unknown_loops == []


def test_a_loop_of_unknown_length_is_named():
    program = parsed(entry(*LOOP_ENTRY, before=LOOP))
    assert [found.times for found in kernels(program)] == [1]
    assert program.unknown_loops == ["while.1"]


def test_loops_in_loops_multiply():
    outer = LOOP.replace("%body", "%outer").replace("%condition", "%outer_condition")
    outer = outer.replace("%negate.1 = f32[100]{0} negate(%values)", LOOP_ENTRY[1].replace("%start", "%state") + TRIPS)
    outer = outer.replace("%next = (s32[], f32[100]{0}) tuple(%index, %negate.1)", "%next = s32[] copy(%index)")
    called = LOOP_ENTRY[1].replace("%body", "%outer").replace("%condition", "%outer_condition")
    told = costs(entry(LOOP_ENTRY[0], called + TRIPS.replace("37", "3"), before=LOOP + outer))
    assert told == [("negate", 3 * 37, 800, 0), ("next", 3, 8, 0)]


def test_of_branches_the_dearest_is_taken():
    branch = "%{0} (p.{0}: f32[{1}]) -> f32[{1}] {{\n  %p.{0} = f32[{1}]{{0}} parameter(0)\n"
    branch += "  ROOT %{0}_negate = f32[{1}]{{0}} negate(%p.{0})\n}}\n"
    text = entry(
        "%which = pred[] parameter(0)",
        "%little = f32[10]{0} parameter(1)",
        "%much = f32[100]{0} parameter(2)",
        "%one = f32[] conditional(%which, %much, %little), true_computation=%large, false_computation=%small",
        before=branch.format("large", 100) + branch.format("small", 10),
    )
    assert costs(text) == [("large_negate", 1, 800, 0)]


def test_called_computations_are_followed():
    wrapped = "%inner (p: f32[10]) -> f32[10] {\n  %p = f32[10]{0} parameter(0)\n"
    wrapped += "  ROOT %negate.2 = f32[10]{0} negate(%p)\n}\n"
    text = entry(
        "%a = f32[10]{0} parameter(0)",
        "%call.1 = f32[10]{0} call(%a), to_apply=%inner",
        "%async-start.1 = ((f32[10]{0}), f32[10]{0}, s32[]) async-start(%a), calls=%inner",
        "ROOT %async-done.1 = f32[10]{0} async-done(%async-start.1)",
        before=wrapped,
    )
    assert costs(text) == [("negate", 1, 80, 0)] * 2


SLICING = """
%fused_slice (p: f32[50,8], i: s32[]) -> f32[8] {
  %p = f32[50,8]{1,0} parameter(0)
  %i = s32[] parameter(1)
  %zero = s32[] constant(0)
  %flat = f32[50,8]{1,0} bitcast(%p)
  %part = f32[1,8]{1,0} dynamic-slice(%flat, %i, %zero), dynamic_slice_sizes={1,8}
  ROOT %row = f32[8]{0} bitcast(%part), metadata={op_name="jit(step)/while/body/slice"}
}
"""
SLICING_ENTRY = ("%a = f32[50,8]{1,0} parameter(0)", "%i.1 = s32[] parameter(1)")


def test_a_fusion_reads_the_slice_of_its_parameter():
    line = "ROOT %loop_slice_fusion.7 = f32[8]{0} fusion(%a, %i.1), kind=kLoop, calls=%fused_slice"
    (found,) = kernels(parsed(entry(*SLICING_ENTRY, line, before=SLICING)))
    assert found == Kernel("loop_slice_fusion", "jit(step)/while/body/slice", 1, 32 + 4 + 32, 0, False, False)


def test_a_fusion_reads_all_of_a_parameter_that_it_also_uses_whole():
    whole = SLICING.replace("ROOT %row", "%sum = f32[50,8]{1,0} add(%p, %p)\n  ROOT %row")
    line = "ROOT %fusion = f32[8]{0} fusion(%a, %i.1), kind=kLoop, calls=%fused_slice"
    assert costs(entry(*SLICING_ENTRY, line, before=whole)) == [("fusion", 1, 1600 + 4 + 32, 0)]


def test_an_asynchronous_fusion_counts_once():
    start = "((f32[50,8]{1,0}, s32[]), f32[8]{0}, u32[]) fusion-start(%a, %i.1), kind=kLoop, calls=%fused_slice"
    text = entry(
        *SLICING_ENTRY,
        f"%fusion-start.1 = {start}",
        "ROOT %fusion-done.1 = f32[8]{0} fusion-done(%fusion-start.1)",
        before=SLICING,
    )
    assert costs(text) == [("fusion-start", 1, 32 + 4 + 32, 0)]


UPDATING = """
%fused_update (p: f32[50,8], u: f32[8], i: s32[]) -> f32[50,8] {
  %p = f32[50,8]{1,0} parameter(0)
  %u = f32[8]{0} parameter(1)
  %i = s32[] parameter(2)
  %zero = s32[] constant(0)
  %part = f32[1,8]{1,0} bitcast(%u)
  ROOT %updated = f32[50,8]{1,0} dynamic-update-slice(%p, %part, %i, %zero)
}
"""
UPDATING_ENTRY = (
    "%a = f32[50,8]{1,0} parameter(0)",
    "%b = f32[8]{0} parameter(1)",
    "%i.1 = s32[] parameter(2)",
    "ROOT %fusion = f32[50,8]{1,0} fusion(%a, %b, %i.1), kind=kLoop, calls=%fused_update",
)


def test_an_update_in_place_moves_its_part_alone():
    assert costs(entry(*UPDATING_ENTRY, before=UPDATING)) == [("fusion", 1, 32 + 4 + 32, 0)]
    pair = UPDATING.replace("ROOT %updated", "%updated") + "}"
    pair = pair.replace("%i, %zero)\n}", "%i, %zero)\n  ROOT %both = (f32[50,8]{1,0}, f32[8]{0}) tuple(%updated, %u)")
    assert costs(entry(*UPDATING_ENTRY, before=pair)) == [("fusion", 1, 32 + 4 + 32 + 32, 0)]


def test_an_update_of_what_the_fusion_makes_writes_all():
    made = UPDATING.replace("dynamic-update-slice(%p,", "dynamic-update-slice(%twice,")
    made = made.replace("  ROOT", "  %twice = f32[50,8]{1,0} add(%p, %p)\n  ROOT")
    assert costs(entry(*UPDATING_ENTRY, before=made)) == [("fusion", 1, 1600 + 32 + 4 + 1600, 0)]


def test_slices_and_updates_without_a_fusion():
    text = entry(
        *SLICING_ENTRY,
        "%row.1 = f32[1,8]{1,0} dynamic-slice(%a, %i.1, %i.1), dynamic_slice_sizes={1,8}",
        "ROOT %put = f32[50,8]{1,0} dynamic-update-slice(%a, %row.1, %i.1, %i.1)",
    )
    assert costs(text) == [("row", 1, 32 + 8 + 32, 0), ("put", 1, 32 + 8 + 32, 0)]


# A convolution of 4 pictures of 10 x 12 x 16 with 32 kernels of 3 x 5 x 16: 4 x 8 x 8 x 32 sums of 240 products.
OPERATIONS = 2 * (4 * 8 * 8 * 32) * (3 * 5 * 16)
PICTURES, KERNELS, OUTPUTS = "bf16[4,10,12,16]", "bf16[32,3,5,16]", "bf16[4,8,8,32]"
BYTES = 2 * (4 * 10 * 12 * 16 + 32 * 3 * 5 * 16 + 4 * 8 * 8 * 32)


@pytest.mark.parametrize(
    ("target", "result", "first", "second"),
    [
        ("convForward", OUTPUTS, PICTURES, KERNELS),
        ("convBackwardInput", PICTURES, OUTPUTS, KERNELS),
        ("convBackwardFilter", KERNELS, PICTURES, OUTPUTS),
    ],
)
def test_convolutions_of_cudnn(target, result, first, second):
    text = entry(
        f"%a = {first}{{3,2,1,0}} parameter(0)",
        f"%b = {second}{{3,2,1,0}} parameter(1)",
        f"%cudnn-conv.1 = ({result}{{3,2,1,0}}, u8[4096]{{0}}) custom-call(%a, %b), window={{size=3x5}}, "
        f'dim_labels=b01f_o01i->b01f, custom_call_target="__cudnn${target}", '
        'backend_config={"cudnn_conv_backend_config":{"activation_mode":"kNone"}}',
        "ROOT %out = f32[] constant(0)",
    )
    assert costs(text) == [(f"__cudnn${target}", 1, BYTES, OPERATIONS)]


def test_a_convolution_without_a_library():
    text = entry(
        "%a = f32[4,10,12,16]{3,2,1,0} parameter(0)",
        "%b = f32[3,5,16,32]{3,2,1,0} parameter(1)",
        "ROOT %c = f32[4,8,8,32]{3,2,1,0} convolution(%a, %b), window={size=3x5}, dim_labels=b01f_01io->b01f",
    )
    (found,) = kernels(parsed(text))
    assert found == Kernel("c", "", 1, 2 * BYTES, OPERATIONS, True, False)


def test_a_product_of_cublas():
    text = entry(
        "%a = f32[3,64,32]{2,1,0} parameter(0)",
        "%b = f32[3,32,16]{2,1,0} parameter(1)",
        "%custom-call.1 = (f32[3,64,16]{2,1,0}, s8[33554432]{0}) custom-call(%a, %b), "
        'custom_call_target="__cublas$lt$matmul", backend_config={"operation_queue_id":"0","gemm_backend_config":'
        '{"dot_dimension_numbers":{"lhs_contracting_dimensions":["2"],"rhs_contracting_dimensions":["1"],'
        '"lhs_batch_dimensions":["0"],"rhs_batch_dimensions":["0"]},"epilogue":"DEFAULT"}}',
        "ROOT %out = f32[] constant(0)",
    )
    (found,) = kernels(parsed(text))
    moved = 4 * 3 * (64 * 32 + 32 * 16 + 64 * 16)
    assert found == Kernel("__cublas$lt$matmul", "", 1, moved, 2 * 3 * 64 * 32 * 16, True, False)


GEMM = """
%gemm (l: bf16[64,2,32], r: f32[2,32,16]) -> f32[2,64,16] {
  %l = bf16[64,2,32]{2,1,0} parameter(0)
  %r = f32[2,32,16]{2,1,0} parameter(1)
  %half = bf16[2,32,16]{2,1,0} convert(%r)
  ROOT %dot.1 = f32[2,64,16]{2,1,0} dot(%l, %half), lhs_batch_dims={1}, lhs_contracting_dims={2}, rhs_batch_dims={0}
}
"""
AROUND_GEMM = """
%around (m: bf16[64,2,32], s: f32[2,32,16]) -> f32[2,64,16] {
  %m = bf16[64,2,32]{2,1,0} parameter(0)
  %s = f32[2,32,16]{2,1,0} parameter(1)
  ROOT %nested = f32[2,64,16]{2,1,0} fusion(%m, %s), kind=kCustom, calls=%gemm
}
"""


@pytest.mark.parametrize("called", ["gemm", "around"])
def test_a_product_in_a_fusion(called):
    text = entry(
        "%a = bf16[64,2,32]{2,1,0} parameter(0)",
        "%b = f32[2,32,16]{2,1,0} parameter(1)",
        f"ROOT %gemm_fusion_dot.9 = f32[2,64,16]{{2,1,0}} fusion(%a, %b), kind=kCustom, calls=%{called}",
        before=GEMM + AROUND_GEMM,
    )
    (found,) = kernels(parsed(text))
    moved = 2 * 64 * 2 * 32 + 4 * 2 * 32 * 16 + 4 * 2 * 64 * 16
    assert found == Kernel("gemm_fusion_dot", "", 1, moved, 2 * 2 * 64 * 32 * 16, False, False)


def test_time_is_that_of_bytes_or_of_operations_and_of_the_launch():
    speed = Speed(bandwidth=100.0, operations=1000.0, launch=0.5)
    assert speed.seconds(Kernel("", "", 1, 200, 1000, False, False)) == 2.5
    assert speed.seconds(Kernel("", "", 1, 200, 5000, False, False)) == 5.5
    assert speed.seconds(Kernel("", "", 3, 200, 5000, True, False)) == 3 * 10.5


@jax.jit
def scanned(rows, weights):
    """Five products in a loop."""

    def turn(state, row):
        return jnp.tanh(state @ weights) + row, state.sum()

    return jax.lax.scan(turn, rows[0], rows)


def test_a_program_that_jax_compiled():
    shapes = [jax.ShapeDtypeStruct(sizes, jnp.float32) for sizes in ([5, 8, 16], [16, 16])]
    program = parsed(scanned.lower(*shapes).compile().as_text())
    found = list(kernels(program))
    assert program.unknown_loops == []
    products = [kernel for kernel in found if kernel.operations]
    assert sum(kernel.times * kernel.operations for kernel in products) == 5 * 2 * 8 * 16 * 16
    assert {(kernel.times, kernel.in_float32, kernel.in_loop) for kernel in products} == {(5, True, True)}
    assert any("dot_general" in kernel.where for kernel in products)
    whole = 4 * 5 * 8 * 16  # of the rows, which no turn reads whole
    assert max(kernel.bytes for kernel in found if kernel.in_loop and not kernel.operations) < whole
