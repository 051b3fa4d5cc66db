"""PP-OCRv6's recognisers as models of this project: to read with, learn on, cut and export like any other."""

import os

import numpy as np

from attention_ocr import files
from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model import ppocr_file
from attention_ocr.model.cutting import kept_classes
from attention_ocr.model.network import AttentionOcr
from attention_ocr.model.ppocr_file import Recogniser
from attention_ocr.presets import preset

NAME = "ppocr"
HEIGHT = 48  # of a line in pixels
WIDTH = 1536  # of the longest line; longer ones are squeezed
LEAST_WIDTH = 80  # narrower ones are stretched: words of one to three characters are read better so
NULL_BIAS = -30.0  # of the class that is never read: in float32 it takes nothing from the others


def open_recogniser(path: str | os.PathLike = "", characters: str | None = None) -> AttentionOcr:
    """The network of an ONNX file of PP-OCRv6.

    Args:
        path: the file; empty: that of the installed package rapidocr.
        characters: those it is to read, in the file's order; None: all. Blank, null and weights stay as they are.

    Raises:
        UserError: there is no such file, it holds another network, or it knows none of the characters.
    """
    path = path or ppocr_file.installed_file()
    return network_of(ppocr_file.read(path), characters)


def convert(target: str | os.PathLike, path: str | os.PathLike = "", characters: str | None = None) -> AttentionOcr:
    """Writes `open_recogniser` to a `.keras` file, and returns it."""
    model = open_recogniser(path, characters)
    with files.replacing(target) as temporary:
        model.save(temporary)
    return model


def network_of(recogniser: Recogniser, characters: str | None = None) -> AttentionOcr:
    """The network with a recogniser's weights; `characters` as in `open_recogniser`."""
    whole = Charset((*((character,) for character in recogniser.characters), ()), len(recogniser.characters))
    classes = list(range(len(whole))) if characters is None else kept_classes(whole, characters)
    config = preset(NAME).replace(lcnet_size=recogniser.size).model
    model = AttentionOcr(config, spec_of(recogniser.name, whole.kept(classes)))
    for variable in model.encoder.weights:
        _, part, kind = split_path(variable.path)
        kernel, bias = recogniser.weights[part]
        variable.assign((bias if kind in ("bias", "beta") else kernel).reshape(variable.shape))
    kernel, bias = head_of(recogniser)
    taken = [*classes, -1]
    model.decoder.softmax_w.assign(kernel[:, taken])
    model.decoder.softmax_b.assign(bias[taken])
    return model


def spec_of(name: str, charset: Charset) -> DatasetSpec:
    """What lines these networks read."""
    return DatasetSpec(
        name,
        1,
        HEIGHT,
        WIDTH,
        WIDTH // 8,
        charset,
        "keep_height",
        vertical="rotate",
        least_width=LEAST_WIDTH,
    )


def split_path(path: str) -> tuple[str, str, str]:
    """The tower, the part and the weight of a variable's path in the encoder, such as `LcNet`, `stem/first`, `bias`."""
    _, tower, *part, kind = path.split("/")
    return tower, "/".join(part), kind


def head_of(recogniser: Recogniser) -> tuple[np.ndarray, np.ndarray]:
    """Kernel [C, K + 1] and bias [K + 1] in our order: the characters, the null, the blank."""
    kernel, bias = recogniser.head
    null = np.zeros([len(kernel), 1], np.float32)
    return (
        np.concatenate([kernel[:, 1:], null, kernel[:, :1]], axis=1),
        np.concatenate([bias[1:], [np.float32(NULL_BIAS)], bias[:1]]),
    )
