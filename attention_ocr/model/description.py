"""What a model file says of its network before any weight is read, and the numbers every runtime must share.

No framework is needed to know it.
"""

from typing import Any

from attention_ocr import __version__
from attention_ocr.config import ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.migration import FORMAT_VERSION, current

MOST_ONE_HOT = 1000  # classes up to which, as in the reference, a character fed back has an entry for each
HIDDEN = -3e4  # the attention's score of what must not be looked at; a number of half precision
NEVER = -3e4  # the logit of a class that is not read; as HIDDEN
CONFIDENCE_POWER = "confidence_power"  # what a reading's confidence is raised to; 1 where a file does not tell
IMPOSSIBLE = -1e9  # a log-probability that survives sums and differences, unlike -inf


def character_size(config: ModelConfig, num_classes: int) -> int:
    """How many entries stand for a character fed back: K up to MOST_ONE_HOT classes, then U, or what was asked for."""
    return config.embedding_size or (num_classes if num_classes <= MOST_ONE_HOT else config.num_lstm_units)


def of_this_version(description: dict[str, Any]) -> dict[str, Any]:
    """A model file's description as this version of attention-ocr writes it.

    Args:
        description: what `AttentionOcr.get_config` gave.

    Raises:
        UserError: a newer version wrote it.
    """
    version = description["format_version"]
    if version > FORMAT_VERSION:
        raise UserError(
            f"the model file has format {version}, written by attention-ocr {description['attention_ocr']}; this is "
            f"{__version__}, which knows format {FORMAT_VERSION}; upgrade attention-ocr"
        )
    return current(description)
