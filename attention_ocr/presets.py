"""The presets: which knobs each one sets."""

from typing import Any

from attention_ocr.config import Config
from attention_ocr.errors import UserError

PRESETS: dict[str, dict[str, Any]] = {
    "fsns": {"encode_coordinates": True},
    "base": {
        "encode_coordinates": True,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "augmentation": "light",
        "save_interval_steps": 200,
    },
    "crnn_ctc": {
        "encoder": "crnn",
        "num_encoder_lstm_layers": 2,
        "head": "ctc",
        "optimizer": "adadelta",
        "learning_rate": 1.0,
        "augmentation": "light",
        "save_interval_steps": 200,
    },
}


def preset(name: str) -> Config:
    """The config of a preset; an empty name is the released reference.

    Raises:
        UserError: there is no such preset.
    """
    if not name:
        return Config()
    if name not in PRESETS:
        raise UserError(f"--preset={name}: not one of {', '.join(PRESETS)}")
    return Config().replace(**PRESETS[name])
