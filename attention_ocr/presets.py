"""The presets: which knobs each one sets."""

from typing import Any

from attention_ocr.config import Config
from attention_ocr.errors import UserError

SHORT = {"augmentation": "light", "save_interval_steps": 200}

# PP-OCRv6's recogniser, learning rates for going on from its weights.
PPOCR = {
    **SHORT,
    "encoder": "lcnet",
    "lcnet_neck": True,
    "optimizer": "adam",
    "learning_rate": 1e-4,
    "warmup_steps": 50,
    "learning_rate_schedule": "auto",
    "moving_average_decay": 0.999,
}

PRESETS: dict[str, dict[str, Any]] = {
    "fsns": {"encode_coordinates": True},
    "base": {
        **SHORT,
        "early_stop_patience": 20,
        "encoder": "residual",
        "encoder_channels": 128,
        "num_encoder_lstm_layers": 1,
        "num_encoder_lstm_units": 128,
        "head": "ctc",
        "optimizer": "adam",
        "learning_rate": 0.002,
        "warmup_steps": 50,
        "learning_rate_schedule": "auto",
        "moving_average_decay": 0.999,
    },
    "signs": {
        **SHORT,
        "encode_coordinates": True,
        "optimizer": "adam",
        "learning_rate": 0.001,
    },
    # The reference's Chinese fork.
    "chinese": {"encode_coordinates": True},
    # Shi et al. 2015, arXiv 1507.05717.
    "crnn_ctc": {
        **SHORT,
        "encoder": "crnn",
        "num_encoder_lstm_layers": 2,
        "num_encoder_lstm_units": 256,
        "head": "ctc",
        "optimizer": "adadelta",
        "learning_rate": 1.0,
    },
    # Guo and Deng's Attention-OCR, the package aocr.
    "visual_attention": {
        **SHORT,
        "encoder": "sliding",
        "encoder_dropout": 0.5,
        "num_encoder_lstm_layers": 1,
        "num_encoder_lstm_units": 256,
        "head": "stacked_attention",
        "num_decoder_lstm_layers": 2,
        "num_lstm_units": 128,
        "embedding_size": 10,
        "stop_at_end": True,
        "average_across_timesteps": True,
        "label_smoothing": 0.0,
        "optimizer": "adadelta",
        "learning_rate": 1.0,
        "clip_global_norm": 5.0,
        "batch_size": 64,
    },
    # The PyTorch attention OCR for Chinese lines.
    "seq2seq": {
        **SHORT,
        "encoder": "wide_crnn",
        "num_encoder_lstm_layers": 2,
        "num_encoder_lstm_units": 256,
        "head": "gru_attention",
        "num_lstm_units": 256,
        "embedding_size": 256,
        "decoder_dropout": 0.1,
        "teacher_forcing": 0.5,
        "stop_at_end": True,
        "label_smoothing": 0.0,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "clip_gradient_norm": 0.0,
        "batch_size": 64,
    },
    # The winner of ArT 2019, arXiv 1912.04561; one GPU's learning rate.
    "arbitrary": {
        **SHORT,
        "encoder": "inception_v4",
        "head": "area_attention",
        "num_lstm_units": 512,
        "embedding_size": 256,
        "decoder_dropout": 0.5,
        "stop_at_end": True,
        "label_smoothing": 0.0,
        "weight_decay": 1e-5,
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "warmup_steps": 1000,
        "learning_rate_schedule": "cosine",
        "max_number_of_steps": 100_000,
    },
    "ppocr": {**PPOCR, "head": "ctc"},
    "ppocr_attention": {**PPOCR, "head": "attention", "stop_at_end": True},
}

# Learning rates for going on from weights that can read, where a quarter of the preset's is not right.
FINE_TUNING = {"ppocr": 1e-4, "ppocr_attention": 1e-4, "base": 5e-4}


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
