"""attention-ocr render_words."""

from absl import flags

from attention_ocr import render_jobs
from attention_ocr.config import WordsConfig


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    render_jobs.define_flags(values, "words", sheet_number=60, sizes=WordsConfig)


def run(values: flags.FlagValues) -> None:
    """Draws the words, a sheet of them, or both."""
    from attention_ocr.data.render import making

    render_jobs.run(values, making.word_renderer, WordsConfig)
