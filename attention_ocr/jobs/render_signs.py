"""attention-ocr render_signs."""

from absl import flags

from attention_ocr.config import SignsConfig
from attention_ocr.jobs import render


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    render.define_flags(values, "signs", sheet_number=24, sizes=SignsConfig)


def run(values: flags.FlagValues) -> None:
    """Draws the signs, a sheet of them, or both."""
    from attention_ocr.render import renderers

    render.run(values, renderers.sign_renderer, SignsConfig)
