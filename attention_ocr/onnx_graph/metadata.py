"""What an exported model says of itself, in the metadata of its file: it needs nothing beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from attention_ocr import __version__
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.migration import FORMAT_VERSION
from attention_ocr.model.description import CONFIDENCE_POWER, of_this_version

KEY = "attention_ocr"


@dataclass(frozen=True)
class Description:
    """What a file holds beside its graph.

    Attributes:
        config: the network's knobs.
        dataset: what it was trained on: sizes, views, charset.
        step: training steps behind its weights.
        digest: of the model file it was made from.
        stops: whether a text ends with its first null and reading ends with the batch's last text.
        precision: of its weights and sums: float32 or int8.
        confidence_power: what a Reader raises confidences to.
    """

    config: ModelConfig
    dataset: DatasetSpec
    step: int
    digest: str
    stops: bool
    precision: str = "float32"
    confidence_power: float = 1.0

    def to_strings(self) -> dict[str, str]:
        """The metadata, one entry."""
        values = {
            "format_version": FORMAT_VERSION,
            "attention_ocr": __version__,
            "step": self.step,
            "model": self.config.to_dict(),
            "dataset": self.dataset.to_dict(),
            "made_from": self.digest,
            "stops_early": self.stops,
            "precision": self.precision,
            CONFIDENCE_POWER: self.confidence_power,
        }
        return {KEY: json.dumps(values, ensure_ascii=False)}

    @classmethod
    def from_strings(cls, strings: Mapping[str, str], source: str) -> "Description":
        """The inverse of `to_strings`.

        Raises:
            UserError: it is not the metadata of an export of this project, or a newer version wrote it.
        """
        try:
            values = json.loads(strings[KEY])
            values = of_this_version(values)
            return cls(
                ModelConfig.from_dict(values["model"]),
                DatasetSpec.from_dict(values["dataset"], source),
                values["step"],
                values["made_from"],
                values["stops_early"],
                values["precision"],
                float(values.get(CONFIDENCE_POWER, 1.0)),
            )
        except UserError as error:
            raise UserError(f"{source}: {error}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{source}: was not exported by attention-ocr; make one with `attention-ocr export`"
            ) from error
