"""Confidences that are true: of the readings that are 90% sure, 90% are right.

A network that is surer than it is right is so on every text, so one number mends it, the power that its confidences are
raised to: a temperature of the log-probability of a text, which keeps the order of readings. Dividing each character's
logits by a temperature (Guo et al. 2017) leaves more of the error: the geometric mean over characters, which confidence
is, does not fall with the length of a text as its chance to be right does.
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.model.description import CONFIDENCE_POWER

CONFIG_FILE = "config.json"  # in a model file
CONFIDENCES = ("normalized_seq_conf", "beam_conf")  # of texts; a character's score stays the network's
LEAST, MOST = 0.01, 100.0  # powers
STEPS = 100  # each leaves two thirds of where the power may be


def applied(outputs: dict[str, np.ndarray], power: float) -> dict[str, np.ndarray]:
    """A batch's endpoints with calibrated confidences."""
    if power == 1:
        return outputs
    return {name: np.asarray(value) ** power if name in CONFIDENCES else value for name, value in outputs.items()}


def fitted(confidence: ArrayLike, right: ArrayLike) -> float:
    """The power that makes confidences likeliest, given which readings are right.

    Args:
        confidence: of each reading, in [0, 1].
        right: whether it is what the picture shows.

    Raises:
        UserError: all are right, or none is: nothing tells how sure to be.
    """
    is_right = np.asarray(right)
    if is_right.all() or not is_right.any():
        told = "all" if is_right.all() else "none"
        raise UserError(
            f"--calibrate: {told} of {len(is_right)} readings are right; calibrate on a split that has both"
        )
    logs = np.log(np.clip(np.asarray(confidence, float), 1e-9, 1 - 1e-9))

    def surprise(exponent: float) -> float:
        """The negative log-probability of what is right and what is not, a convex function of the power."""
        found = np.exp(exponent) * logs
        return -np.sum(np.where(is_right, found, np.log(-np.expm1(found))))

    low, high = np.log(LEAST), np.log(MOST)
    for _ in range(STEPS):
        third = (high - low) / 3
        if surprise(low + third) < surprise(high - third):
            high -= third
        else:
            low += third
    return float(np.clip(np.exp((low + high) / 2), LEAST, MOST))


def write(source: str | os.PathLike, target: str | os.PathLike, power: float) -> None:
    """Writes a copy of a model file that holds a power; it may take the place of the file.

    Raises:
        UserError: `source` is no model file, or `target` cannot be written.
    """
    check_names(source, target)
    with files.replacing(target) as temporary, zipfile.ZipFile(temporary, "w") as made, zipfile.ZipFile(source) as old:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == CONFIG_FILE:
                described = json.loads(content)
                described["config"][CONFIDENCE_POWER] = power
                content = json.dumps(described).encode()
            made.writestr(entry, content, entry.compress_type)


def check_names(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Raises a UserError unless `source` is a file that a power can be written to, and `target` a name for it."""
    if Path(target).suffix != ".keras":
        raise UserError(f"--calibrate={target}: is a model file; name it FILE.keras")
    if Path(source).suffix != ".keras" or not zipfile.is_zipfile(source):
        raise UserError(f"--calibrate={target}: {source} is no .keras file; calibrate that, and export it anew")
