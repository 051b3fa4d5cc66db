"""The knobs of exporting a model file in other formats."""

from dataclasses import dataclass

from attention_ocr import shared_knobs as shared
from attention_ocr.errors import UserError
from attention_ocr.knobs import Knobs, knob

EXPORT_FORMATS = ("saved_model", "onnx", "openvino", "int8", "litert")


@dataclass(frozen=True)
class ExportConfig(Knobs):
    """What a model file is exported as, and how the export is compared with it."""

    format: str = knob("saved_model", f"What to write, several with commas between: {', '.join(EXPORT_FORMATS)}.")
    stop_early: bool = shared.stop_early()
    compare_pictures: int = knob(64, "Pictures on which each export is compared with the model.", minimum=1)
    calibration_pictures: int = knob(
        128, "int8: other pictures, from which the ranges of the features are taken.", minimum=8
    )
    max_accuracy_loss: float = knob(
        0.005,
        "int8 and --stop_early: refused if the share of pictures it reads right falls by more than this.",
        minimum=0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.formats:
            if name not in EXPORT_FORMATS:
                raise UserError(f"--format={name}: not one of {', '.join(EXPORT_FORMATS)}")

    @property
    def formats(self) -> list[str]:
        """The formats asked for, each once."""
        return list(dict.fromkeys(name.strip() for name in self.format.split(",")))
