"""What a graph is written of: config, data set, step and weights, from whatever kind of file, without a framework."""

from dataclasses import dataclass

from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.cutting import JoinedCases
from attention_ocr.onnx_graph.weights import Weights


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes:
        config: the network's knobs.
        dataset: what it was trained on.
        step: training steps behind its weights.
        weights: by layer.
        digest: of the file's bytes, 12 hexadecimal digits.
        joined_cases: which letters' two cases are read as one; None: none.
        confidence_power: what a Reader raises confidences to.
    """

    config: ModelConfig
    dataset: DatasetSpec
    step: int
    weights: Weights
    digest: str
    joined_cases: JoinedCases | None = None
    confidence_power: float = 1.0
