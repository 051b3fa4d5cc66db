"""What the parts of a graph are told of the whole, and what the encoder hands to the decoder."""

from dataclasses import dataclass

from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.cutting import JoinedCases
from attention_ocr.model.geometry import Geometry, geometry_of
from attention_ocr.onnx_graph.model_file import ModelFile

# What is computed once a picture and taken by a decoder's steps; a runtime can part the graph there.
FEATURES, IS_PICTURE, VALUES, KEYS = ONCE = ("features", "is_picture", "values", "keys")


@dataclass(frozen=True)
class Plan:
    """A network to be written.

    Attributes:
        config: its knobs.
        dataset: its pictures and charset.
        geometry: the sizes of its pictures and features.
        stops: whether a text ends with its first null and reading ends with the batch's last text.
        joined_cases: which letters' two cases are read as one; None: none.
    """

    config: ModelConfig
    dataset: DatasetSpec
    geometry: Geometry
    stops: bool
    joined_cases: JoinedCases | None

    @property
    def num_classes(self) -> int:
        """K."""
        return len(self.dataset.charset)

    @property
    def num_steps(self) -> int:
        """T."""
        return self.dataset.max_sequence_length


def plan_of(file: ModelFile, stop_early: bool = False) -> Plan:
    """The plan of a network; `stop_early` stops a head that was not taught to, too."""
    geometry = geometry_of(file.config, file.dataset)
    return Plan(file.config, file.dataset, geometry, file.config.stop_at_end or stop_early, file.joined_cases)


@dataclass(frozen=True)
class Positions:
    """What a decoder looks at.

    Attributes:
        features: [B, N, C].
        num_features: C.
        is_picture: bool [B, N], which positions belong to the picture; None: all.
    """

    features: str
    num_features: int
    is_picture: str | None
