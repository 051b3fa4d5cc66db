"""What network of this project a recogniser of PP-OCRv6 is: config, data set and head. No framework is needed."""

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.ppocr_file import Recogniser
from attention_ocr.presets import preset

NAME = "ppocr"
HEIGHT = 48  # of a line in pixels
WIDTH = 1536  # of the longest line; longer ones are squeezed
LEAST_WIDTH = 80  # narrower ones are stretched: words of one to three characters are read better so
NULL_BIAS = -30.0  # of the class that is never read: in float32 it takes nothing from the others


def config_of(recogniser: Recogniser) -> ModelConfig:
    """The network's knobs."""
    return preset(NAME).replace(lcnet_size=recogniser.size).model


def charset_of(recogniser: Recogniser) -> Charset:
    """Its characters, and the null that is never read."""
    return Charset((*((character,) for character in recogniser.characters), ()), len(recogniser.characters))


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


def head_of(recogniser: Recogniser) -> tuple[np.ndarray, np.ndarray]:
    """Kernel [C, K + 1] and bias [K + 1] in our order: the characters, the null, the blank."""
    kernel, bias = recogniser.head
    null = np.zeros([len(kernel), 1], np.float32)
    return (
        np.concatenate([kernel[:, 1:], null, kernel[:, :1]], axis=1),
        np.concatenate([bias[1:], [np.float32(NULL_BIAS)], bias[:1]]),
    )
