"""attention-ocr render_signs."""

from absl import flags

from attention_ocr import render_jobs
from attention_ocr.config import SignsConfig


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    render_jobs.define_flags(values, "signs", sheet_number=24, sizes=SignsConfig)


def run(values: flags.FlagValues) -> None:
    """Draws the signs, a sheet of them, or both."""
    from attention_ocr.data.render import making

    render_jobs.run(values, making.sign_renderer, SignsConfig)
