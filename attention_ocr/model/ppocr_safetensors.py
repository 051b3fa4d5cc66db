"""PP-OCRv6's recognisers as the library `transformers` keeps them: a safetensors file, and the characters beside it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr.errors import UserError
from attention_ocr.model.layouts.lcnet import SIZES, Part, Size, parts
from attention_ocr.model.ppocr_file import Recogniser, checked_characters, for_our_pixels

CHARACTERS_FILE = "preprocessor_config.json"  # beside it
CHARACTERS_KEY = "character_list"  # in that: of each class its character, that of CTC's blank first
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
EPSILON = 1e-5  # of torch's batch norms
MOST_HEADER = 100_000_000  # bytes, as the library safetensors has it
TOWER = "model.backbone.encoder"

# What the file calls our parts: of a tower's stem and blocks, and of the two necks.
STEMS = {
    True: {"first": "stem1", "branch_1": "stem2a", "branch_2": "stem2b", "second": "stem3", "third": "stem4"},
    False: {"first": "conv1", "second": "conv2"},
}
OF_BLOCKS = {
    "depthwise": "token_conv",
    "squeeze": "token_squeeze_excitation.convolutions.0",
    "excite": "token_squeeze_excitation.convolutions.2",
    "widen": "channel_conv1",
    "narrow": "channel_conv2",
}
OF_NECKS = {
    "neck/beside": "head.encoder.conv_block.0",
    "neck/reduce": "head.encoder.conv_block.1",
    "neck/local": "head.encoder.conv_block.2",
    "neck/norm": "head.encoder.norm",
}
OF_TRANSFORMERS = {
    "norm_1": "layer_norm1",
    "asked": "self_attn.qkv",
    "answer": "self_attn.projection",
    "norm_2": "layer_norm2",
    "widen": "mlp.fc1",
    "narrow": "mlp.fc2",
}
OF_GUIDES = {"neck/local": "head.conv1", "neck/mix": "head.conv2", "neck/reduce": "head.fc1"}
GUIDES_NORMS = {"head.conv1": "head.norm1", "head.conv2": "head.norm2"}
HEADS = {True: "head.head", False: "head.fc2"}


def read(path: str | os.PathLike) -> Recogniser:
    """The recogniser of a safetensors file and of CHARACTERS_FILE beside it.

    Raises:
        UserError: one of them is not there or damaged, or the file holds another network.
    """
    tensors = _Tensors(path)
    size = next((size for size in SIZES if tensors.fit(SIZES[size])), "")
    if not size:
        raise UserError(
            f"{path}: is not a recogniser of PP-OCRv6 as transformers keeps them ({len(tensors.shapes)} tensors; "
            f"{', '.join(SIZES)} have others)"
        )
    characters = _characters(Path(path))
    kernel, bias = tensors.layer(HEADS[SIZES[size].branches], "linear")
    if len(characters) >= len(bias):
        raise UserError(
            f"{path}: its head has {len(bias)} classes, but {CHARACTERS_FILE} beside it {len(characters)} characters"
        )
    weights = {}
    for part in parts(SIZES[size]):
        kernel_of_part, offset = tensors.layer(name_of(part, SIZES[size]), part.kind)
        weights[part.name] = kernel_of_part.reshape(part.shape), offset
    first, offset = weights["stem/first"]
    weights["stem/first"] = for_our_pixels(first), offset
    classes = len(characters) + 1  # classes beyond those that have a character cannot be read
    name = f"{Path(path).name}, a PP-OCRv6 {size}"
    return Recogniser(name, False, size, characters, weights, (kernel[:, :classes], bias[:classes]))


def name_of(part: Part, size: Size) -> str:
    """What the file calls a part, without `.weight` and the like."""
    layer = part.name.rpartition("/")[2]
    if part.name.startswith("stem/"):
        return f"{TOWER}.convolution.{STEMS[size.branches][layer]}"
    if block := re.fullmatch(r"block_(\d+)/\w+", part.name):
        stage, place = _stage_of(int(block[1]), size)
        return f"{TOWER}.blocks.{stage}.blocks.{place}.{OF_BLOCKS[layer]}"
    if block := re.fullmatch(r"neck/block_(\d+)/\w+", part.name):
        return f"head.encoder.svtr_block.{int(block[1]) - 1}.{OF_TRANSFORMERS[layer]}"
    return (OF_NECKS if size.branches else OF_GUIDES)[part.name]


def _stage_of(number: int, size: Size) -> tuple[int, int]:
    """Stage and place in it, both from 0, of a block, which we count from 1."""
    place = number - 1
    for stage, (_, blocks) in enumerate(size.stages):
        if place < len(blocks):
            return stage, place
        place -= len(blocks)
    raise ValueError(number)


class _Tensors:
    """A safetensors file: the length of a header, the header as JSON, and the tensors' bytes one after another."""

    def __init__(self, path: str | os.PathLike):
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
        try:
            length = int.from_bytes(content[:8], "little")
            if len(content) < 8 or length > min(len(content) - 8, MOST_HEADER):
                raise ValueError
            header = json.loads(content[8 : 8 + length])
            self._arrays = {
                name: _array(content, 8 + length, told) for name, told in header.items() if name != "__metadata__"
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: is not a safetensors file (or is damaged)") from error
        self.shapes = {name: array.shape for name, array in self._arrays.items()}

    def fit(self, size: Size) -> bool:
        """Whether these are the weights of a network of that size."""
        for part in parts(size):
            kernel = self._kernel(name_of(part, size))
            if kernel is None or _squeezed(_turned(kernel, part.kind).shape) != _squeezed(part.shape):
                return False
        return HEADS[size.branches] + ".weight" in self.shapes

    def layer(self, name: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Kernel as Keras has it and bias of a layer, with its batch norm in them, float32."""
        kernel = self._kernel(name)
        assert kernel is not None, "fit"
        kernel = _turned(np.asarray(kernel, np.float64), kind)
        outputs = kernel.shape[2] if kind == "depthwise" else kernel.shape[-1]
        bias = np.asarray(self._arrays.get(f"{name}.bias", np.zeros(outputs)), np.float64)
        norm = GUIDES_NORMS.get(name, f"{name}.normalization")
        if f"{norm}.running_var" in self._arrays:
            scale, offset, mean, variance = (
                self._arrays[f"{norm}.{one}"].astype(np.float64)
                for one in ("weight", "bias", "running_mean", "running_var")
            )
            factor = scale / np.sqrt(variance + EPSILON)
            kernel = kernel * (factor[:, None] if kind == "depthwise" else factor)
            bias = (bias - mean) * factor + offset
        return kernel.astype(np.float32), bias.astype(np.float32)

    def _kernel(self, name: str) -> np.ndarray | None:
        return self._arrays.get(f"{name}.weight", self._arrays.get(f"{name}.convolution.weight"))


def _array(content: bytes, start: int, told: dict[str, Any]) -> np.ndarray:
    """A tensor of the file; whole numbers, which count batches, as they are."""
    begin, end = told["data_offsets"]
    data = content[start + begin : start + end]
    if told["dtype"] not in DTYPES:
        return np.zeros(0)
    array = np.frombuffer(data, DTYPES[told["dtype"]]).reshape(told["shape"])
    if told["dtype"] == "BF16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def _turned(kernel: np.ndarray, kind: str) -> np.ndarray:
    """torch's kernel [outputs, inputs, ...] with the axes as Keras has them."""
    if kernel.ndim == 3:  # over columns: one row
        kernel = kernel[:, :, None]
    if kernel.ndim == 4:
        return kernel.transpose((2, 3, 0, 1) if kind == "depthwise" else (2, 3, 1, 0))
    return kernel.T


def _squeezed(shape: tuple[int, ...]) -> list[int]:
    return [side for side in shape if side != 1]


def _characters(path: Path) -> str:
    """Those of the classes 1, 2, ...; class 0 is CTC's blank."""
    beside = path.parent / CHARACTERS_FILE
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))[CHARACTERS_KEY]
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found) or len(found) < 2:
            raise ValueError
    except OSError as error:
        raise UserError(
            f"{path}: has no characters beside it ({beside}: {error.strerror or error}); take that file from where "
            "the weights come from"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{beside}: has no list {CHARACTERS_KEY!r} of characters, the first for CTC's blank") from error
    return checked_characters(found[1:], f"{beside}, {CHARACTERS_KEY!r}")
