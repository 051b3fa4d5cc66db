"""The knobs of exporting a model file in other formats."""

from dataclasses import dataclass

from attention_ocr.errors import UserError
from attention_ocr.knobs import Knobs, knob

EXPORT_FORMATS = ("saved_model", "onnx", "openvino", "int8")


@dataclass(frozen=True)
class ExportConfig(Knobs):
    """What a model file is exported as, and how the export is compared with it."""

    format: str = knob("saved_model", f"What to write, several with commas between: {', '.join(EXPORT_FORMATS)}.")
    stop_early: bool = knob(
        False,
        "onnxruntime and openvino: a text ends with its first null, and reading with the batch's last text, also where "
        "the head was not taught so (--stop_at_end).",
    )
    compare_pictures: int = knob(64, "Pictures that each export is compared with the model on.", minimum=1)
    calibration_pictures: int = knob(128, "int8: other pictures that tell how large features are.", minimum=8)
    max_accuracy_loss: float = knob(
        0.005, "int8: refused if it reads a larger share of the pictures less right than the model.", minimum=0
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
