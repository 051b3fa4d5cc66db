"""Known texts as a tree of their beginnings, which what they share is computed once for."""

import logging
import os
import unicodedata
from collections.abc import Sequence

import numpy as np

from attention_ocr import files
from attention_ocr.charset import Charset
from attention_ocr.errors import UserError

logger = logging.getLogger(__name__)


class Trie:
    """The beginnings of texts, the shorter ones first; the first one is empty.

    Args:
        texts: the class ids of each text, all different.
        num_classes: K.

    Attributes:
        texts: the same.
        classes: int [M], the last class of each beginning; -1 for the empty one.
        parents: int [M], the beginning without its last class; 0 for the empty one.
        levels: where in [0, M) those of 0, 1, 2, ... characters begin, and at last M.
        ends: int [L], the beginning that is the whole text.
    """

    def __init__(self, texts: Sequence[Sequence[int]], num_classes: int):
        self.texts = texts
        lengths = np.array([len(text) for text in texts])
        padded = np.zeros([len(texts), lengths.max()], np.int64)
        for row, text in zip(padded, texts, strict=True):
            row[: len(text)] = text
        nodes, self.levels = np.zeros(len(texts), np.int64), [0, 1]
        classes, parents = [np.array([-1])], [np.array([0])]
        for place in range(padded.shape[1]):
            longer = lengths > place
            keys, owners = np.unique(nodes[longer] * num_classes + padded[longer, place], return_inverse=True)
            parents.append(keys // num_classes)
            classes.append(keys % num_classes)
            nodes[longer] = self.levels[-1] + owners
            self.levels.append(self.levels[-1] + len(keys))
        self.classes, self.parents, self.ends = np.concatenate(classes), np.concatenate(parents), nodes

    def __len__(self) -> int:
        """M."""
        return len(self.classes)


def load_texts(path: str | os.PathLike, charset: Charset, most: int) -> list[list[int]]:
    """The class ids of the texts of a file, one per line, each once.

    Texts that the reader cannot write, or of more than `most` characters, are left out, and that is told.

    Raises:
        UserError: the file cannot be read, or no text is left.
    """
    lines = unicodedata.normalize("NFC", files.read_text(path)).split("\n")
    found, left_out, total = dict[tuple[int, ...], None](), [], 0
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        total += 1
        unknown = charset.unknown(text)
        if unknown:
            left_out.append(f"{path}:{number}: {text!r} has {unknown[0]!r}, which the reader does not know")
        elif len(text) > most:
            left_out.append(f"{path}:{number}: {text!r} has {len(text)} characters, the reader's most are {most}")
        else:
            found[tuple(charset.encode(text))] = None
    if not found:
        raise UserError(left_out[0] if left_out else f"{path}: has no text; write one per line")
    if left_out:
        logger.warning("%d of %d texts are left out: %s", len(left_out), total, left_out[0])
    return [list(text) for text in found]
