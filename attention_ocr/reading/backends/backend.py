"""What runs a network, whatever the runtime."""

from typing import Protocol

import numpy as np

from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec


class Backend(Protocol):
    """A network in a runtime.

    Attributes:
        config: its knobs.
        dataset: what it was trained on: sizes, views, charset.
        step: training steps behind its weights.
        confidence_power: what a Reader raises confidences to, as the model file tells; 1: they stay.
        fingerprint: the digest of the model file, the runtime with its version, and the precision.
        any_batch: whether a batch of a new size costs no more than its pictures. Others compile the network for each
            size of a batch, so that they are better given one size.
    """

    config: ModelConfig
    dataset: DatasetSpec
    step: int
    fingerprint: str
    any_batch: bool
    confidence_power: float

    def predict(self, pixels: np.ndarray, sizes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """The endpoints of `AttentionOcr`.

        Args:
            pixels: uint8 [B, H, V*W, 3] at the data set's size; on the canvas where the network has one.
            sizes: int32 [B, 2], the height and width of each picture on the canvas; None: it fills it.
        """
        ...
