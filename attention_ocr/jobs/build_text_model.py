"""attention-ocr build_text_model."""

from typing import Any

from absl import flags

from attention_ocr.config import TextModelConfig
from attention_ocr.errors import UserError
from attention_ocr.flags import define_knobs, given_knobs, required


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    text = (
        "Files of texts, one per line, such as what the pictures may show; 'text<TAB>number' says how often it stands."
    )
    flags.DEFINE_list("texts", [], text, **define)
    flags.DEFINE_string("output", "", "The file for the text model (.npz).", **define)
    define_knobs(values, TextModelConfig)


def run(values: flags.FlagValues) -> None:
    """Counts the texts' characters, writes the text model, and says what it holds."""
    required(values, "texts", "output")
    if not values.output.endswith(".npz"):
        raise UserError(f"--output={values.output}: must end in .npz")
    from attention_ocr.reading.texts.text_model import TextModel, counted_texts

    model = TextModel.of_texts(counted_texts(values.texts), TextModelConfig(**given_knobs(values, TextModelConfig)))
    size = model.save(values.output)
    runs = sum(len(level) for level in model.characters.levels)
    print(f"{values.output}: {model.num_texts:,} texts, {len(model.alphabet)} characters, {runs:,} runs of them")
    if model.spelled:
        number = sum(len(level) for level in model.spelled.levels)
        print(f"case and accents: {len(model.spellings)} characters, {number:,} runs")
    print(f"{size / 1e6:.2f} MB; read with --text_model={values.output}")
