"""attention-ocr serve."""

from absl import flags

from attention_ocr.config import GenerateConfig
from attention_ocr.flags import backend_from, define_knobs, define_reading, given_knobs, reading_from
from attention_ocr.quiet import quiet_imports
from attention_ocr.serve_config import ServeConfig


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    text = (
        "A model file, an export, or the name of a ready-made reader; NAME=FILE gives it a name, and several "
        "--model serve several. Empty: ppocr where rapidocr is installed, else words."
    )
    flags.DEFINE_multi_string("model", [], text, flag_values=values)
    define_knobs(values, ServeConfig)
    define_knobs(values, GenerateConfig, names=("max_pixels",))
    define_reading(values)


def run(values: flags.FlagValues) -> None:
    """Serves until SIGTERM or Ctrl-C."""
    config = ServeConfig(**given_knobs(values, ServeConfig))
    with quiet_imports():
        from attention_ocr.serving.server import serve

    serve(values.model, config, reading_from(values), backend_from(values), values.max_pixels)
