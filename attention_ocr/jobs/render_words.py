"""attention-ocr render_words."""

from absl import flags

from attention_ocr.config import WordsConfig
from attention_ocr.jobs import render


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    render.define_flags(values, "words", sheet_number=60, sizes=WordsConfig)


def run(values: flags.FlagValues) -> None:
    """Draws the words, a sheet of them, or both."""
    from attention_ocr.render import renderers

    render.run(values, renderers.word_renderer, WordsConfig)
