"""PP-OCRv6's recognisers: the weights and characters of their ONNX files, by the names of `layouts.lcnet.parts`."""

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from attention_ocr import extras
from attention_ocr.errors import UserError
from attention_ocr.model.layouts.lcnet import SIZES, Part, parts

PACKAGE = "rapidocr"
WHEEL_FILE = Path("models") / "PP-OCRv6_rec_small.onnx"  # in it
CHARACTERS_KEY = "character"  # of the metadata: one per line, without the blank before and the space after them
SAME_VALUE = (
    "Identity",
    "Squeeze",
    "Unsqueeze",
    "Reshape",
    "Cast",
    "Dropout",
)  # the same numbers, maybe otherwise shaped

# Kernels of the first two layers of LCNetV3, which PP-OCRv4 and v5 mobile have.
LCNET_V3 = [(3, 3, 3, 16), (3, 3, 16, 1)]

# SHA-256 of the files that RapidOCR publishes.
KNOWN = {
    "e16e242de5937ad92609223f19bc2aff3727ee40b095f996907c24749bad251b": "PP-OCRv6 tiny",
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884": "PP-OCRv6 small",
    "eef444829dbbe18d7fea59a3f6eb75647518d2b3a9568d27c92e42940204894b": "PP-OCRv6 medium",
}


@dataclass(frozen=True)
class Recogniser:
    """What a file holds.

    Attributes:
        name: what it is called.
        is_known: whether it is, byte by byte, a file of KNOWN.
        size: which of `layouts.lcnet.SIZES`.
        characters: of the head's classes 1, 2, ...; the last one is the space. Class 0 is CTC's blank.
        weights: of each part its kernel and bias, or its scale and offset; kernels have Keras's shapes, the first one
            is for this project's pixels. Batch norms are part of the kernels before them.
        head: kernel [C, K] and bias [K] of all classes.
    """

    name: str
    is_known: bool
    size: str
    characters: str
    weights: dict[str, tuple[np.ndarray, np.ndarray]]
    head: tuple[np.ndarray, np.ndarray]


def installed_file() -> Path:
    """The file in the installed package `rapidocr`.

    Raises:
        UserError: it is not installed, or has no such file.
    """
    found = importlib.util.find_spec(PACKAGE)
    places = list(found.submodule_search_locations or []) if found else []
    if not places:
        error = ModuleNotFoundError(f"No module named {PACKAGE}", name=PACKAGE)
        raise extras.missing(error, "ppocr") or error
    path = Path(places[0]) / WHEEL_FILE
    if not path.is_file():
        raise UserError(f"{path}: is not there; another version of rapidocr? pip install 'rapidocr>=3.10'")
    return path


def read(path: str | os.PathLike) -> Recogniser:
    """The recogniser of an ONNX file.

    Raises:
        UserError: there is no such file, or it holds another network.
    """
    model, digest = _opened(path)
    found = list(_Graph(model.graph).layers())
    size = next((size for size in SIZES if _fits(found, parts(SIZES[size]))), "")
    if not size:
        raise UserError(f"{path}: {_why_not(found)}; PP-OCRv6 {', '.join(SIZES)} are supported, no others")
    *layers, head = found
    characters = _characters(model, path)
    if head.kernel.shape[1] != len(characters) + 1:
        raise UserError(
            f"{path}: its head has {head.kernel.shape[1]} classes, but its metadata {len(characters) - 1} characters; "
            "a blank and a space should be all there is beside them"
        )
    weights = {
        part.name: (layer.kernel.reshape(part.shape), layer.bias)
        for part, layer in zip(parts(SIZES[size]), layers, strict=True)
    }
    first, bias = weights["stem/first"]
    weights["stem/first"] = (for_our_pixels(first), bias)
    name = KNOWN.get(digest, f"{Path(path).name}, a PP-OCRv6 {size}")
    return Recogniser(name, digest in KNOWN, size, characters, weights, (head.kernel, head.bias))


def for_our_pixels(kernel: np.ndarray) -> np.ndarray:
    """A first kernel [height, width, 3, C] as our pixels need it.

    PaddleOCR's are blue, green, red in -1..1, ours red, green, blue in -1.25..1.25; grey is 0 in both, and so is what
    a convolution has around a picture.
    """
    return kernel[:, :, ::-1] / np.float32(1.25)


def _opened(path: str | os.PathLike) -> tuple[Any, str]:
    """The ONNX model and the SHA-256 of its file."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own errors differ by implementation
        raise UserError(f"{path}: is not an ONNX file (or is damaged)") from error
    return model, hashlib.sha256(data).hexdigest()


def _characters(model: Any, path: str | os.PathLike) -> str:
    found = {entry.key: entry.value for entry in model.metadata_props}
    if CHARACTERS_KEY not in found:
        raise UserError(f"{path}: has no characters (metadata {CHARACTERS_KEY!r}, as RapidOCR's files have them)")
    return checked_characters([*found[CHARACTERS_KEY].split("\n"), " "], f"{path}, metadata {CHARACTERS_KEY!r}")


def checked_characters(found: list[str], source: str) -> str:
    """Characters one after another.

    Args:
        found: of each class, without the blank.
        source: how messages call where they come from.

    Raises:
        UserError: one is not one character, or comes twice.
    """
    odd = next((one for one in found if len(one) != 1), None)
    if odd is not None:
        raise UserError(f"{source}: {odd!r} is not one character")
    if len(set(found)) < len(found):
        twice = next(one for one in found if found.count(one) > 1)
        raise UserError(f"{source}: has {twice!r} twice")
    return "".join(found)


@dataclass(frozen=True)
class _Layer:
    """A layer with weights: its node, what kind of `Part` it is, its kernel as Keras has it and its bias."""

    node: Any
    kind: str
    kernel: np.ndarray
    bias: np.ndarray


def _fits(found: list[_Layer], wanted: list[Part]) -> bool:
    """Whether the layers are those parts, and a linear head."""
    if len(found) != len(wanted) + 1 or found[-1].kind != "linear":
        return False
    return all(
        # A linear layer may be a convolution of one pixel.
        (layer.kind == part.kind or {layer.kind, part.kind} == {"linear", "convolution"})
        and _squeezed(layer.kernel.shape) == _squeezed(part.shape)
        for layer, part in zip(found, wanted, strict=False)
    )


def _why_not(found: list[_Layer]) -> str:
    """What a file with these layers is instead."""
    if [layer.kernel.shape for layer in found[:2]] == LCNET_V3:
        return "is a recogniser of an earlier PP-OCR (LCNetV3, as v4 and v5 mobile have it), of other blocks than v6"
    told = f"{len(found)} layers with weights" if found else "no layers with weights"
    return f"is not a recogniser of PP-OCRv6 ({told})"


def _squeezed(shape: tuple[int, ...]) -> list[int]:
    return [side for side in shape if side != 1]


class _Graph:
    """The nodes of an ONNX graph, asked for their layers."""

    def __init__(self, graph: Any):
        self.nodes = list(graph.node)
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        for node in self.nodes:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        self.readers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.makers = {name: node for node in self.nodes for name in node.output}

    def layers(self) -> Iterator[_Layer]:
        """Those with weights in the order in which they compute."""
        found = [layer for node in self.nodes if (layer := self._layer(node)) is not None]
        # Of the two linear layers that read the features, the one beside the transformer comes first with us.
        for number, (one, two, three) in enumerate(zip(found, found[1:], found[2:], strict=False)):
            same = one.kernel.shape == two.kernel.shape and one.node.input[0] == two.node.input[0]
            if same and three.kind == "depthwise" and self._is_before(one.node, three.node, two.node):
                found[number], found[number + 1] = two, one
        return iter(found)

    def _layer(self, node: Any) -> _Layer | None:
        if node.op_type == "Conv" and node.input[1] in self.constants:
            kernel = self.constants[node.input[1]]
            groups = next((a.i for a in node.attribute if a.name == "group"), 1)
            kernel = kernel if kernel.ndim == 4 else kernel[:, :, None]  # over columns: one row
            axes = (2, 3, 0, 1) if groups > 1 else (2, 3, 1, 0)
            kind = "depthwise" if groups > 1 else "convolution"
            bias = self.constants[node.input[2]] if len(node.input) > 2 else None
            return self._with_what_follows(node, kind, kernel.transpose(axes), bias)
        if node.op_type == "MatMul" and node.input[1] in self.constants and self.constants[node.input[1]].ndim == 2:
            return self._with_what_follows(node, "linear", self.constants[node.input[1]], None)
        if node.op_type == "LayerNormalization":
            return _Layer(node, "norm", *(self.constants[name] for name in node.input[1:3]))
        if node.op_type == "Mul" and (scale := self._constant(node)) is not None and scale.ndim == 1 and scale.size > 1:
            added = self._next(node.output[0])
            offset = self._constant(added) if added is not None and added.op_type == "Add" else None
            return _Layer(node, "norm", scale, offset) if offset is not None and offset.ndim == 1 else None
        return None

    def _with_what_follows(self, node: Any, kind: str, kernel: np.ndarray, bias: np.ndarray | None) -> _Layer:
        """The layer with the bias and the batch norm after it."""
        outputs = kernel.shape[2] if kind == "depthwise" else kernel.shape[-1]
        after = self._next(node.output[0])
        if bias is None:
            added = self._constant(after) if after is not None and after.op_type == "Add" else None
            bias = np.zeros(outputs, np.float32)
            if after is not None and added is not None and added.size == outputs:
                bias, after = added.reshape(-1), self._next(after.output[0])
        if after is not None and after.op_type == "BatchNormalization":
            scale, offset, mean, variance = (self.constants[name] for name in after.input[1:5])
            epsilon = next((a.f for a in after.attribute if a.name == "epsilon"), 1e-5)
            factor = scale / np.sqrt(variance + epsilon)
            kernel = kernel * (factor[:, None] if kind == "depthwise" else factor)
            bias = (bias - mean) * factor + offset
        return _Layer(node, kind, np.asarray(kernel, np.float32), np.asarray(bias, np.float32))

    def _constant(self, node: Any) -> np.ndarray | None:
        """The constant that a node of two inputs reads."""
        return next((self.constants[name] for name in node.input if name in self.constants), None)

    def _next(self, name: str) -> Any | None:
        """The first node that does something with a value."""
        for node in self.readers.get(name, []):
            return self._next(node.output[0]) if node.op_type in SAME_VALUE else node
        return None

    def _is_before(self, first: Any, last: Any, other: Any) -> bool:
        """Whether `last` reads what comes of `first`, without `other` between them."""
        waiting, seen = [last], set()
        while waiting:
            node = waiting.pop()
            for name in node.input:
                maker = self.makers.get(name)
                if maker is None or maker is other or maker.output[0] in seen:
                    continue
                if maker is first:
                    return True
                seen.add(maker.output[0])
                waiting.append(maker)
        return False
