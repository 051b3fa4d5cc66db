"""What a program that XLA has compiled costs, read from its text: kernels, how often each runs, bytes and operations.

The text is that of `jax.jit(...).lower(...).compile().as_text()`. A fusion is one kernel, and so is each other
instruction that computes something. Operations are counted where they can be what a kernel waits for: in convolutions
and in products of matrices.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_COMPUTATION = re.compile(r"(ENTRY )?%(\S+) \(")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%(\S+) = (.*?) ([a-z][a-z\d-]*)\((.*)")
_ARRAY = re.compile(r"([a-z]\w*)\[([\d,]*)\]")
_NAME = re.compile(r"%([\w.-]+)")

FREE = {"parameter", "constant", "get-tuple-element", "tuple", "bitcast", "iota", "after-all", "opt-barrier"}
FUSIONS = {"fusion", "fusion-start"}  # the second need not end before the next kernel begins
SLICES = {"slice", "dynamic-slice", "gather"}  # read of their first operand no more than they return
UPDATE = "dynamic-update-slice"  # writes into its first operand
ENCLOSING = {"call": "to_apply", "async-start": "calls"}  # instructions that run the computation of that attribute


@dataclass(frozen=True)
class Array:
    """The type of an array: that of its numbers, such as bf16, and its sizes."""

    numbers: str
    sizes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        bits = re.search(r"\d+", self.numbers)
        return math.prod(self.sizes) * (int(bits[0]) if bits else 8 * (self.numbers == "pred")) // 8


@dataclass(frozen=True)
class Instruction:
    """A line of a computation.

    Attributes:
        results: the arrays that it returns, those of nested tuples too.
        operands: names of instructions of the same computation.
        attributes: what follows the operands.
    """

    name: str
    opcode: str
    results: tuple[Array, ...]
    operands: tuple[str, ...]
    attributes: str
    is_root: bool

    @property
    def bytes(self) -> int:
        return sum(array.bytes for array in self.results)

    def attribute(self, name: str) -> str:
        """Its value without quotes, braces or %; empty: there is none."""
        value = self.attributes.partition(f"{name}=")[2]
        end = {'"': '"', "{": "}"}.get(value[:1])
        return value[1 : value.index(end, 1)] if end else value.partition(",")[0].lstrip("%")

    @property
    def backend_config(self) -> dict[str, Any]:
        value = self.attributes.partition("backend_config=")[2]
        return json.JSONDecoder().raw_decode(value)[0] if value.startswith("{") else {}

    @property
    def trip_count(self) -> int | None:
        """How often a loop runs, where the compiler knows it."""
        known = self.backend_config.get("known_trip_count")
        return int(known["n"]) if known else None


Computation = dict[str, Instruction]  # by name, in order


@dataclass(frozen=True)
class Program:
    """The computations of a compiled program by name, and the name of the one that runs first."""

    computations: dict[str, Computation]
    entry: str

    def called(self, instruction: Instruction, attribute: str) -> Computation:
        """The computation that an attribute of the instruction names."""
        return self.computations[instruction.attribute(attribute)]

    @property
    def unknown_loops(self) -> list[str]:
        """The names of the loops of which the compiler does not know how often they run."""
        everything = (instruction for found in self.computations.values() for instruction in found.values())
        return [loop.name for loop in everything if loop.opcode == "while" and loop.trip_count is None]


@dataclass(frozen=True)
class Kernel:
    """Something that the device is told to run.

    Attributes:
        kind: the target of a call of a library, or the compiler's name without its number.
        where: the operation in the network that it comes from; empty: not known.
        times: how often it runs in the program.
        bytes: that it reads and writes each time.
        operations: of convolutions and products each time.
        in_float32: some of them are.
        in_loop: a loop runs it.
    """

    kind: str
    where: str
    times: int
    bytes: int
    operations: int
    in_float32: bool
    in_loop: bool


@dataclass(frozen=True)
class Speed:
    """What a device does in a second: bytes moved and operations in bfloat16; and the seconds to launch a kernel."""

    bandwidth: float
    operations: float
    launch: float

    def seconds(self, kernel: Kernel) -> float:
        """The time of all its runs. In float32 half as much is computed in a second."""
        rate = self.operations / (2 if kernel.in_float32 else 1)
        return kernel.times * (max(kernel.bytes / self.bandwidth, kernel.operations / rate) + self.launch)


def parsed(text: str) -> Program:
    """The program of that text."""
    computations: dict[str, Computation] = {}
    entry = ""
    current: Computation = {}
    for line in text.splitlines():
        if head := _COMPUTATION.match(line):
            current = computations[head[2]] = {}
            entry = head[2] if head[1] else entry
        elif body := _INSTRUCTION.match(line):
            root, name, kind, opcode, rest = body.groups()
            operands, _, attributes = rest.partition(")")
            named = tuple(_NAME.findall(operands))
            current[name] = Instruction(name, opcode, _arrays(kind), named, attributes, bool(root))
    return Program(computations, entry)


def _arrays(kind: str) -> tuple[Array, ...]:
    """The arrays of a type, which is an array or a tuple."""
    return tuple(
        Array(numbers, tuple(int(size) for size in sizes.split(",") if size)) for numbers, sizes in _ARRAY.findall(kind)
    )


def kernels(program: Program, name: str = "", times: int = 1, in_loop: bool = False) -> Iterator[Kernel]:
    """The kernels of a computation, the entry if none is named, and of those that it runs.

    A loop of unknown length counts as running once, and of branches the one that moves most bytes is taken.
    """
    computation = program.computations[name or program.entry]
    for instruction in computation.values():
        opcode = instruction.opcode
        if opcode in FREE or opcode.endswith("-done"):
            continue
        if opcode == "while":
            yield from kernels(program, instruction.attribute("body"), times * (instruction.trip_count or 1), True)
        elif opcode == "conditional":
            branches = [name for name in _NAME.findall(instruction.attributes) if name in program.computations]
            found = [list(kernels(program, branch, times, in_loop)) for branch in branches]
            yield from max(found, key=lambda branch: sum(kernel.times * kernel.bytes for kernel in branch))
        elif opcode in ENCLOSING:
            yield from kernels(program, instruction.attribute(ENCLOSING[opcode]), times, in_loop)
        else:
            yield _kernel(program, computation, instruction, times, in_loop)


def _kernel(program: Program, computation: Computation, instruction: Instruction, times: int, in_loop: bool) -> Kernel:
    if instruction.opcode in FUSIONS:
        moved = _fusion_bytes(program.called(instruction, "calls"))
    else:
        moved = _read(computation, instruction) + _written(computation, instruction)
    inner = list(_inner(program, computation, instruction))
    computing = [(found, of) for found, of in inner if _operations(found, of)]
    names = (of.attribute("op_name") for _, of in reversed(inner))
    return Kernel(
        kind=instruction.attribute("custom_call_target") or instruction.name.partition(".")[0],
        where=instruction.attribute("op_name") or next(filter(None, names), ""),
        times=times,
        bytes=moved,
        operations=sum(_operations(found, of) for found, of in computing),
        in_float32=any(found[of.operands[0]].results[0].numbers == "f32" for found, of in computing),
        in_loop=in_loop,
    )


def _inner(
    program: Program, computation: Computation, instruction: Instruction
) -> Iterator[tuple[Computation, Instruction]]:
    """The instructions of a kernel, each with its computation."""
    if instruction.opcode in FUSIONS:
        fused = program.called(instruction, "calls")
        for of in fused.values():
            yield from _inner(program, fused, of)
    else:
        yield computation, instruction


def _read(computation: Computation, instruction: Instruction) -> int:
    """The bytes that an instruction reads."""
    places = enumerate(instruction.operands)
    return sum(_read_at(instruction, place, computation[operand].bytes) for place, operand in places)


def _read_at(instruction: Instruction, place: int, whole: int) -> int:
    """The bytes that an instruction reads of the operand at a place, which has `whole` of them."""
    if place == 0 and instruction.opcode in SLICES:
        return min(instruction.bytes, whole)
    return 0 if place == 0 and instruction.opcode == UPDATE else whole


def _written(computation: Computation, instruction: Instruction) -> int:
    """The bytes that an instruction writes: an update in place those of its part, a library not its workspace."""
    if instruction.opcode == UPDATE:
        return computation[instruction.operands[1]].bytes
    if instruction.opcode == "custom-call":
        first, *others = instruction.results
        return first.bytes + sum(array.bytes for array in others if array.numbers not in ("s8", "u8"))
    return instruction.bytes


def _fusion_bytes(fused: Computation) -> int:
    """The bytes that a fusion reads and writes."""
    users: dict[str, list[tuple[Instruction, int]]] = defaultdict(list)
    for instruction in fused.values():
        for place, operand in enumerate(instruction.operands):
            users[operand].append((instruction, place))

    def read(name: str) -> int:
        whole = fused[name].bytes
        found = (
            read(user.name) if user.opcode == "bitcast" else _read_at(user, place, whole) for user, place in users[name]
        )
        return min(sum(found), whole)

    (root,) = (instruction for instruction in fused.values() if instruction.is_root)
    results = [fused[name] for name in root.operands] if root.opcode == "tuple" else [root]
    parameters = (name for name, instruction in fused.items() if instruction.opcode == "parameter")
    return sum(map(read, parameters)) + sum(_written_by_fusion(fused, result) for result in results)


def _written_by_fusion(fused: Computation, result: Instruction) -> int:
    """The bytes of a result that a fusion writes: where it is a parameter that is updated, those of the update."""
    inner = _behind_bitcasts(fused, result)
    is_in_place = inner.opcode == UPDATE and _behind_bitcasts(fused, fused[inner.operands[0]]).opcode == "parameter"
    return _written(fused, inner) if is_in_place else result.bytes


def _behind_bitcasts(computation: Computation, instruction: Instruction) -> Instruction:
    while instruction.opcode == "bitcast":
        instruction = computation[instruction.operands[0]]
    return instruction


def _operations(computation: Computation, instruction: Instruction) -> int:
    """The multiplications and additions of a convolution or product; 0: it is neither."""
    target = instruction.attribute("custom_call_target")
    operands = [computation[name].results[0] for name in instruction.operands if computation[name].results]
    if instruction.opcode == "dot":
        return _product(instruction.results[0], operands[0], instruction.attribute("lhs_contracting_dims").split(","))
    if target.startswith("__cublas"):
        dimensions = instruction.backend_config["gemm_backend_config"]["dot_dimension_numbers"]
        return _product(instruction.results[0], operands[0], dimensions["lhs_contracting_dimensions"])
    if instruction.opcode == "convolution" or target.startswith("__cudnn$conv"):
        return _convolution(instruction, target, operands)
    return 0


def _product(result: Array, left: Array, summed: list[str]) -> int:
    """Those of a product of matrices; `summed` are the dimensions of the left one that are summed over."""
    return 2 * math.prod(result.sizes) * math.prod(left.sizes[int(dimension)] for dimension in summed if dimension)


def _convolution(instruction: Instruction, target: str, operands: list[Array]) -> int:
    """Those of a convolution: each of its outputs is a sum over the kernel of one output channel."""
    if "BackwardFilter" in target:
        output, kernel = operands[1], instruction.results[0]
    else:
        output, kernel = operands[0] if "BackwardInput" in target else instruction.results[0], operands[1]
    labels = instruction.attribute("dim_labels").partition("->")[0].partition("_")[2]  # of the kernel, such as 01io
    return 2 * math.prod(output.sizes) * math.prod(kernel.sizes) // kernel.sizes[labels.index("o")]
