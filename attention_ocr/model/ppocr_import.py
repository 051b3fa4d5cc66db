"""PP-OCRv6's recognisers as models of this project: to read with, learn on, cut and export like any other."""

import os

from attention_ocr import files
from attention_ocr.model import ppocr_file, ppocr_files
from attention_ocr.model.cutting import kept_classes
from attention_ocr.model.network import AttentionOcr
from attention_ocr.model.ppocr_file import Recogniser
from attention_ocr.model.ppocr_network import charset_of, config_of, head_of, spec_of


def open_recogniser(path: str | os.PathLike = "", characters: str | None = None) -> AttentionOcr:
    """The network of an ONNX or a safetensors file of PP-OCRv6.

    Args:
        path: the file; empty: that of the installed package rapidocr.
        characters: those it is to read, in the file's order; None: all. Blank, null and weights stay as they are.

    Raises:
        UserError: there is no such file, it holds another network, or it knows none of the characters.
    """
    path = path or ppocr_file.installed_file()
    return network_of(ppocr_files.read(path), characters)


def convert(target: str | os.PathLike, path: str | os.PathLike = "", characters: str | None = None) -> AttentionOcr:
    """Writes `open_recogniser` to a `.keras` file, and returns it."""
    model = open_recogniser(path, characters)
    with files.replacing(target) as temporary:
        model.save(temporary)
    return model


def network_of(recogniser: Recogniser, characters: str | None = None) -> AttentionOcr:
    """The network with a recogniser's weights; `characters` as in `open_recogniser`."""
    whole = charset_of(recogniser)
    classes = list(range(len(whole))) if characters is None else kept_classes(whole, characters)
    model = AttentionOcr(config_of(recogniser), spec_of(recogniser.name, whole.kept(classes)))
    for variable in model.encoder.weights:
        _, part, kind = split_path(variable.path)
        kernel, bias = recogniser.weights[part]
        variable.assign((bias if kind in ("bias", "beta") else kernel).reshape(variable.shape))
    kernel, bias = head_of(recogniser)
    taken = [*classes, -1]
    model.decoder.softmax_w.assign(kernel[:, taken])
    model.decoder.softmax_b.assign(bias[taken])
    return model


def split_path(path: str) -> tuple[str, str, str]:
    """The tower, the part and the weight of a variable's path in the encoder, such as `LcNet`, `stem/first`, `bias`."""
    _, tower, *part, kind = path.split("/")
    return tower, "/".join(part), kind
